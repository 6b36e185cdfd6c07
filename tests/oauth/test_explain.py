"""Explain access: it says what the doors say, names the setting, tells each reader what that one may see, and leaves no trace."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
import sqlalchemy as sa
from tests.oauth.closures import CLOSURES, SELF_AUTHORIZED, close
from tests.oauth.everything import Everything, everything
from tests.oauth.tenants import Client, Tenant

from gatebridge.monitoring import explain
from gatebridge.monitoring.explain import Question
from gatebridge.monitoring.explained import ExplainedDoor, ExplainedFinding, ExplainedReceipt, Explanation, Outcome
from gatebridge.monitoring.hypothetical import Situation
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.ids import Prefix, long, parse
from gatebridge.rules.levels import Level
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.verdict import State
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage.metadata import metadata

OFFICE = ip_address("192.0.2.10")
# What is imagined is in order, so what only a request can be wrong about is not found again.
OF_THE_REQUEST = frozenset(
    {
        "client secret wrong",
        "client secret retired",
        "certificate retired",
        "app contained",
        "callback differs",
        "verifier wrong",
        "challenge missing",
    }
    | {"sessions ended", "grants ended", "app revoked", "user revoked", "org epoch raised", "callback removed", "consent withdrawn"}
)
OF_SETTINGS = [closure for closure in CLOSURES if closure not in OF_THE_REQUEST]


@pytest.fixture
def held(acme: Tenant) -> Everything:
    return everything(acme, Dialect.STANDARD)


def asked(held: Everything, flow: Flow = Flow.WEB_SERVER, *, actor: Actor | None = None, **said: Any) -> Explanation:
    user = None if flow is Flow.CLIENT_CREDENTIALS else held.user.username
    app, user, when = said.pop("app", held.app_id), said.pop("user", user), said.pop("at", None)
    question = Question(app, Situation(flow, **{"address": OFFICE} | said), user, when)
    with held.acme.standing.database.snapshot() as tx:
        return explain.explain(tx, actor or held.acme.admin, question)


def of_receipt(held: Everything, receipt_id: str, actor: Actor | None = None) -> ExplainedReceipt:
    with held.acme.standing.database.snapshot() as tx:
        return explain.from_receipt(tx, actor or held.acme.admin, parse(receipt_id, Prefix.RECEIPT) or receipt_id)


def at(doors: Sequence[ExplainedDoor], door: Door, gate: Gate) -> ExplainedFinding:
    return next(each for found in doors if found.door is door for each in found.findings if each.gate is gate)


def whoever(held: Everything, *permissions: Permission, user_id: str | None = None) -> Actor:
    return Actor(ActorKind.USER, held.acme.org.id, "somebody", frozenset(permissions), user_id=user_id)


# --- What it says --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "doors"),
    [
        (Flow.WEB_SERVER, (Door.AUTHORIZE, Door.CODE, Door.INTROSPECT)),
        (Flow.REFRESH_TOKEN, (Door.REFRESH, Door.INTROSPECT)),
        (Flow.JWT_BEARER, (Door.ASSERTION, Door.INTROSPECT)),
        (Flow.CLIENT_CREDENTIALS, (Door.TOKEN, Door.INTROSPECT)),
    ],
)
def test_what_would_be_let_through_is_explained_door_by_door_with_the_setting_of_every_gate(
    held: Everything, flow: Flow, doors: tuple[Door, ...]
) -> None:
    found = asked(held, flow)
    assert (found.outcome, found.decided_by, found.narrowed) == (Outcome.GRANTED, None, False)
    assert tuple(door.door for door in found.doors) == doors
    assert (found.app, found.user, found.user_id) == ("Workbench", held.user.username, held.user.id)
    for door in found.doors:
        assert [each.gate.number for each in door.findings] == sorted(each.gate.number for each in door.findings)
        assert {each.state for each in door.findings} == {State.PASSED}
        assert all(each.setting is not None and each.setting.by for each in door.findings)
    assert "setup_api" in found.doors[0].scopes


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
@pytest.mark.parametrize("closure", OF_SETTINGS)
def test_whatever_a_setting_refuses_is_foretold_and_found_again_for_the_same_reason(acme: Tenant, closure: str) -> None:
    held = everything(acme, Dialect.STANDARD, self_authorized=closure in SELF_AUTHORIZED)
    close(closure, held)
    for holder, flow in (("refresh token", Flow.REFRESH_TOKEN), ("assertion", Flow.JWT_BEARER), ("client", Flow.CLIENT_CREDENTIALS)):
        reason = held.use(holder).reason
        foretold = asked(held, flow, scopes=None if holder == "refresh token" else ("api",)).doors[0]
        assert (foretold.reason.code if foretold.reason else None) == reason, holder
        assert (foretold.outcome is Outcome.REFUSED) == (reason is not None)
        now = of_receipt(held, held.acme.history()[-1].id).now
        assert now is not None
        assert (now.reason.code if now.reason else None) == reason, holder
    held.use("token asked about")
    line = held.acme.history()[-1]
    if line.event == "introspection":
        again = of_receipt(held, line.id)
        assert again.now is not None
        assert again.now.reason is not None
        assert again.now.reason.code == line.reason


def test_a_later_time_shows_what_will_have_run_out(acme: Tenant, held: Everything) -> None:
    until = acme.standing.clock() + timedelta(days=2)
    with acme.standing.database.transaction() as tx:
        assign_permission_set(tx, acme.admin, AssignPermissionSet(held.user.id, acme.approved.id, until))
    assert asked(held, at=until - timedelta(seconds=1)).outcome is Outcome.GRANTED
    later = asked(held, at=until)
    assert later.decided_by is not None
    assert later.decided_by.reason is not None
    assert later.decided_by.reason.code == "approval_expired"
    setting = at(later.doors, Door.AUTHORIZE, Gate.PERMITTED).setting
    assert setting is not None
    assert setting.cli == f"gatebridge users assign {long(held.user.id)} {long(acme.approved.id)} --until TIME"


def test_a_refresh_token_of_today_is_seen_to_end_by_its_policy(acme: Tenant, held: Everything) -> None:
    idle = asked(held, Flow.REFRESH_TOKEN, at=acme.standing.clock() + timedelta(days=30))
    assert idle.decided_by is not None
    assert idle.decided_by.reason is not None
    assert (idle.decided_by.door, idle.decided_by.reason.code) == (Door.REFRESH, "refresh_expired")


def test_at_an_earlier_time_nothing_is_refused_for_what_was_ended_since(held: Everything) -> None:
    close("user revoked", held)
    assert asked(held, Flow.JWT_BEARER, at=datetime(2026, 1, 1, tzinfo=UTC)).outcome is Outcome.GRANTED


def test_who_has_not_approved_yet_is_asked_and_not_refused(acme: Tenant) -> None:
    held = everything(acme, Dialect.STANDARD, self_authorized=True)
    assert asked(held).outcome is Outcome.GRANTED
    close("consent withdrawn", held)
    found = asked(held)
    assert (found.outcome, found.doors[0].outcome, found.doors[0].reason) == (
        Outcome.ASKED,
        Outcome.ASKED,
        at(found.doors, Door.AUTHORIZE, Gate.CONSENT).reason,
    )
    assert asked(held, Flow.JWT_BEARER).outcome is Outcome.REFUSED


def test_where_nobody_is_signed_in_the_browser_is_led_to_sign_in(held: Everything) -> None:
    found = asked(held, user=None)
    assert (found.outcome, [door.door for door in found.doors]) == (Outcome.ASKED, [Door.AUTHORIZE])
    assert (found.user, found.user_id) == ("", None)
    assert at(found.doors, Door.AUTHORIZE, Gate.USER).state is State.UNREACHED


@pytest.mark.parametrize(("level", "outcome"), [(Level.STANDARD, Outcome.ASKED), (Level.HIGH, Outcome.GRANTED)])
def test_a_surer_sign_in_can_be_supposed_and_else_the_user_is_asked_for_it(held: Everything, level: Level, outcome: Outcome) -> None:
    close("level raised by the app", held)
    assert asked(held, level=level).outcome is outcome


def test_a_callback_can_be_tried_and_is_else_taken_for_good(held: Everything) -> None:
    assert at(asked(held).doors, Door.AUTHORIZE, Gate.CALLBACK).assumed
    wrong = at(asked(held, callback="https://elsewhere.example/").doors, Door.AUTHORIZE, Gate.CALLBACK)
    assert (wrong.state, wrong.assumed) == (State.REFUSED, False)
    assert wrong.compared[0].sent == "https://elsewhere.example/"
    assert not at(asked(held, callback="https://portal.example/callback").doors, Door.AUTHORIZE, Gate.CALLBACK).assumed


def test_scopes_can_be_tried(held: Everything) -> None:
    assert asked(held, scopes=("api",)).doors[0].scopes == ("api",)
    assert asked(held, scopes=("web",)).doors[-1].outcome is Outcome.GRANTED, "the doors behind tell of what the app may have"
    lacking = asked(held, scopes=("api", "web")).decided_by
    assert lacking is not None
    assert lacking.reason is not None
    assert lacking.reason.code == "scope_not_assigned"


def test_an_app_may_be_named_by_its_key_and_a_user_by_id(held: Everything) -> None:
    found = asked(held, app=held.portal.app.consumer_key, user=long(held.user.id))
    assert (found.app_id, found.user_id) == (held.app_id, held.user.id)


def test_it_leaves_no_trace(acme: Tenant, held: Everything) -> None:
    def counted() -> dict[str, int]:
        with acme.standing.database.snapshot() as tx:
            return {
                table.name: tx.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
            }

    held.use("client")
    receipt_id = acme.history()[-1].id
    before = counted()
    asked(held)
    of_receipt(held, receipt_id)
    assert counted() == before


# --- What was, and what is now -------------------------------------------------------------------------------------------


def test_a_receipt_says_what_has_changed_since(acme: Tenant, held: Everything) -> None:
    close("user frozen", held)
    held.use("refresh token")
    receipt_id = acme.history()[-1].id
    assert [each.gate for each in of_receipt(held, receipt_id).gates if each.changed] == []
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(held.app_id, access_token_minutes=30))
    close("flows with a user at a browser off", held)
    found = of_receipt(held, receipt_id)
    assert {each.gate for each in found.gates if each.changed} == {Gate.FLOW}
    gate = next(each for each in found.gates if each.gate is Gate.FLOW)
    assert gate.then is not None
    assert gate.now is not None
    assert (gate.then.state, gate.now.state) == ("passed", State.REFUSED)


def test_a_grant_that_was_ended_since_is_found_ended(acme: Tenant, held: Everything) -> None:
    held.portal.refresh(held.tokens["refresh_token"])
    receipt_id = acme.history()[-1].id
    assert of_receipt(held, receipt_id).now is not None
    close("grants ended", held)
    now = of_receipt(held, receipt_id).now
    assert now is not None
    assert now.reason is not None
    assert now.reason.code == "refresh_ended"


def test_what_named_no_app_cannot_be_asked_anew(acme: Tenant, held: Everything) -> None:
    held.portal.app.ask(client_id="nobody", client_secret="nothing")
    found = of_receipt(held, acme.history()[-1].id)
    assert (found.now, found.words.partition(",")[0]) == (None, "It named no app that exists")
    assert found.receipt.reason == "client_unknown"


def test_what_passes_no_gates_of_an_app_cannot_be_asked_anew(acme: Tenant, held: Everything) -> None:
    held.portal.app.revoke(held.tokens["access_token"])
    found = of_receipt(held, acme.history()[-1].id)
    assert found.now is None
    assert "nothing to ask anew" in found.words


# --- Who may ask ---------------------------------------------------------------------------------------------------------


def test_without_rights_nobody_asks_about_others(held: Everything, acme: Tenant) -> None:
    held.use("client")
    receipt_id = acme.history()[-1].id
    others = (Permission.VIEW_SETUP,), (Permission.MONITOR_LOGIN_HISTORY,), tuple(set(Permission) - set(explain.NEEDED))
    for permissions in others:
        actor = whoever(held, *permissions, user_id=acme.runner.id)
        for app in (held.app_id, "0H4zzzzzzz00000", "no-such-key"):
            with pytest.raises(Refused) as refused:
                asked(held, actor=actor, app=app)
            assert refused.value.reason.code == "permission_missing"
    with pytest.raises(Refused) as refused:
        of_receipt(held, receipt_id, whoever(held, Permission.VIEW_SETUP, user_id=acme.runner.id))
    assert refused.value.reason.code == "permission_missing"


def test_a_user_may_ask_about_oneself_and_learns_nothing_of_what_is_set(held: Everything) -> None:
    close("profile's range tightened", held)
    mine = asked(held, actor=held.actor, callback="https://elsewhere.example/")
    assert mine.narrowed
    assert mine.user == held.user.username
    assert at(mine.doors, Door.AUTHORIZE, Gate.PERMITTED).words == "approved through Sync Users"
    for secret in ("203.0.113", "https://portal.example", "gatebridge ", "/api/v1/", held.acme.org.issuer):
        assert secret not in repr([(each.words, each.compared, each.setting) for door in mine.doors for each in door.findings
                                   if each.gate not in (Gate.USER, Gate.PERMITTED, Gate.SESSION)]), secret  # fmt: skip
    callback = at(mine.doors, Door.AUTHORIZE, Gate.CALLBACK)
    assert callback.reason is not None
    assert (callback.state, callback.words, callback.compared) == (State.REFUSED, callback.reason.sentence, ())
    with pytest.raises(Refused):
        asked(held, actor=held.actor, user=held.acme.runner.username)


def test_the_owner_of_an_app_sees_the_app_and_of_the_user_only_whether_it_would_be_refused(held: Everything, acme: Tenant) -> None:
    close("user frozen", held)
    owner = whoever(held, user_id=acme.admin.user_id)
    found = asked(held, actor=owner)
    assert (found.narrowed, found.user, found.user_id) == (True, "", None)
    flow, user = at(found.doors, Door.AUTHORIZE, Gate.FLOW), at(found.doors, Door.AUTHORIZE, Gate.USER)
    assert flow.setting is not None
    assert flow.setting.cli.startswith("gatebridge apps settings")
    assert user.reason is not None
    assert (user.state, user.words) == (State.REFUSED, user.reason.sentence)
    assert user.setting is not None
    assert (user.setting.words, user.setting.cli, user.setting.by) == ("", "", "Manage Users")
    told = repr([(each.words, each.compared, each.setting) for door in found.doors for each in door.findings])
    assert held.user.username not in told
    assert long(held.user.id) not in told


def test_owner_and_user_may_open_the_explanation_of_a_receipt_each_with_what_is_theirs(held: Everything, acme: Tenant) -> None:
    with acme.standing.database.transaction() as tx:
        freeze_user(tx, acme.admin, FreezeUser(held.user.id, "Lost laptop."))
    held.use("refresh token")
    receipt_id = acme.history()[-1].id
    owners = of_receipt(held, receipt_id, whoever(held, user_id=acme.admin.user_id))
    assert owners.receipt.narrowed
    assert owners.receipt.user_id is None
    assert held.user.username not in repr(owners)
    users = of_receipt(held, receipt_id, held.actor)
    assert users.receipt.narrowed
    assert users.receipt.request == ()
    assert users.now is not None
    assert users.now.reason is not None
    assert users.now.reason.code == "user_frozen"
    told = [each.now for each in users.gates if each.now is not None]
    assert "gatebridge " not in repr([(each.words, each.compared, each.setting) for each in told])
    monitors = of_receipt(held, receipt_id, whoever(held, Permission.MONITOR_LOGIN_HISTORY))
    assert (monitors.now, monitors.words) == (None, "What would be found now is for whoever holds View Setup too.")
    assert not monitors.receipt.narrowed


def test_an_app_of_another_org_is_none_here(rival: Tenant, held: Everything) -> None:
    theirs: Client = rival.app("Theirs")
    for app in (theirs.id, theirs.consumer_key):
        with pytest.raises(Refused) as refused:
            asked(held, app=app)
        assert refused.value.reason.code == "record_not_found"
    held.use("client")
    with pytest.raises(Refused) as refused:
        of_receipt(held, held.acme.history()[-1].id, replace(rival.admin, user_id=None))
    assert refused.value.reason.code == "record_not_found"


@pytest.mark.parametrize(
    ("flow", "said", "field"),
    [
        (Flow.CLIENT_CREDENTIALS, {"user": "0"}, "user"),
        (Flow.JWT_BEARER, {"user": None}, "user"),
        (Flow.REFRESH_TOKEN, {"user": None}, "user"),
        (Flow.WEB_SERVER, {"user": "nobody@example.com"}, "user"),
    ],
)
def test_a_question_without_an_answer_is_told_what_is_wrong_with_it(held: Everything, flow: Flow, said: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        asked(held, flow, **said)
    assert (refused.value.reason.code, [each.field for each in refused.value.fields]) == ("field_invalid", [field])
