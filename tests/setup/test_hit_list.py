"""The guard of whatever tightens access: nobody locks out people and jobs unawares (X-AD-12), and it costs a few statements."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from tests.setup.stage import Stage
from tests.signin.people import statements

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import IdMint, Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as reasons
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.assign_access import AssignAccess, RemoveAccess, assign_access, remove_access
from gatebridge.setup.assign_permission_set import (
    AssignPermissionSet,
    UnassignPermissionSet,
    assign_permission_set,
    unassign_permission_set,
)
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_permission_sets import EditPermissionSet, edit_permission_set
from gatebridge.setup.manage_profiles import CreateProfile, EditProfile, create_profile, edit_profile
from gatebridge.setup.manage_users import EditUser, edit_user
from gatebridge.storage import grants, login_history, people, usage
from gatebridge.storage.login_history import HistoryLine

OFFICE, AWAY = "192.0.2.10", "203.0.113.9"
IN_OFFICE = (TypedRange("192.0.2.0/24"),)
FLOWS = frozenset({Flow.CLIENT_CREDENTIALS, Flow.WEB_SERVER, Flow.REFRESH_TOKEN})


@dataclass
class InUse:
    """An app through which Sam's set may come, which runs as Sam, and what is recorded of its use."""

    stage: Stage
    made: CreatedApp
    callers: str
    mint: IdMint = field(default_factory=lambda: IdMint(9))

    @property
    def sam(self) -> str:
        return self.stage.sam.user_id or ""

    def use(
        self, user_id: str | None = None, address: str = OFFICE, flow: Flow = Flow.CLIENT_CREDENTIALS, scopes: str = "api", **ago: float
    ) -> None:
        """A success in the history, so long ago."""
        moment = self.stage.clock.now - timedelta(**ago)
        line = HistoryLine(
            org_id=self.stage.org.id,
            id=self.mint.mint(Prefix.RECEIPT, moment),
            at=moment,
            event="token",
            outcome="success",
            status=200,
            address=address,
            user_agent="job/1",
            receipt={},
            app_id=self.made.app.id,
            user_id=user_id or self.sam,
            flow=flow,
            scopes_given=scopes,
            auth_method="client_secret_post",
        )
        with self.stage.database.transaction() as tx:
            login_history.insert_many(tx, [line])

    def roll_up(self) -> None:
        """Let the worker count the lines, and let them go, as retention does."""
        with self.stage.database.transaction() as tx:
            assert usage.roll_up(tx, self.stage.org.id, 1_000)
            tx.connection.execute(login_history.login_history.delete())

    def family(self, user_id: str, address: str) -> None:
        """A refresh family that lives, used yesterday."""
        here, now = self.made.installation.id, self.stage.clock.now
        with self.stage.database.transaction() as tx:
            grant = Grant(
                *(tx.new_id(Prefix.GRANT), self.stage.org.id, self.made.app.id, here, user_id, Flow.WEB_SERVER, 0, now),
                scopes=("api", "refresh_token"),
                address=address,
                last_used_at=now - timedelta(days=1),
            )
            assert grants.insert_if_first(tx, grant)

    def bare_profile(self) -> str:
        """A profile that gives no right."""
        return self.stage.do(create_profile, CreateProfile("Bare")).id

    def person(self, name: str) -> str:
        """One more user who holds the set."""
        stage = self.stage
        with stage.database.transaction() as tx:
            user = User(
                tx.new_id(Prefix.USER),
                *(stage.org.id, name, f"{name}@acme.example", name.title(), "Example"),
                *(stage.user_of(stage.sam).profile_id, UserState.ACTIVE, False, 0, tx.now),
            )
            assert people.insert(tx, user)
        stage.do(assign_permission_set, AssignPermissionSet(user.id, self.callers))
        return user.id


@pytest.fixture
def app(stage: Stage) -> InUse:
    made = stage.app(flows=FLOWS, scopes=("api", "refresh_token"), callbacks=("https://a.example/cb",))
    callers = stage.permission_set()
    stage.do(assign_permission_set, AssignPermissionSet(stage.sam.user_id or "", callers.id))
    stage.do(assign_access, AssignAccess(made.app.id, callers.id))
    stage.do(edit_policies, EditPolicies(made.app.id, run_as_user_id=stage.sam.user_id))
    return InUse(stage, made, callers.id)


def first_of(refused: Refused) -> list[dict[str, Any]]:
    """Those who are named in a refusal."""
    first = refused.facts["first"]
    assert isinstance(first, list)
    return first


Act = Callable[[InUse, bool], tuple[Any, Any]]

# Each takes the app away from Sam, by its verb and its command.
TIGHTENINGS: dict[str, Act] = {
    "access removed": lambda app, yes: (remove_access, RemoveAccess(app.made.app.id, app.callers, yes)),
    "set taken away": lambda app, yes: (unassign_permission_set, UnassignPermissionSet(app.sam, app.callers, yes)),
    "app ranges": lambda app, yes: (
        edit_policies,
        EditPolicies(app.made.app.id, ip_ranges=(TypedRange("198.51.100.0/24"),), confirmed=yes),
    ),
    "nobody to run as": lambda app, yes: (edit_policies, EditPolicies(app.made.app.id, run_as_user_id=None, confirmed=yes)),
    "another factor": lambda app, yes: (edit_policies, EditPolicies(app.made.app.id, required_level=Level.HIGH, confirmed=yes)),
    "profile ranges": lambda app, yes: (
        edit_profile,
        EditProfile(app.stage.user_of(app.stage.sam).profile_id, login_ranges=(TypedRange("198.51.100.0/24"),), confirmed=yes),
    ),
    "trusted ranges": lambda app, yes: (edit_org, EditOrg(trusted_ranges=(TypedRange("198.51.100.0/24"),), confirmed=yes)),
    "another profile": lambda app, yes: (edit_user, EditUser(app.sam, profile_id=app.bare_profile(), confirmed=yes)),
    "no API": lambda app, yes: (
        edit_profile,
        EditProfile(app.stage.user_of(app.stage.sam).profile_id, permissions=frozenset(), confirmed=yes),
    ),
}
every_tightening = pytest.mark.parametrize("act", TIGHTENINGS.values(), ids=TIGHTENINGS)


@every_tightening
def test_X_AD_12_who_used_it_lately_is_not_locked_out_unawares(app: InUse, act: Act) -> None:
    app.use(days=3)
    refused = app.stage.refused(reasons.LOCKS_OUT, *act(app, False))
    (first,) = first_of(refused)
    last = (app.stage.clock.now - timedelta(days=3)).isoformat().replace("+00:00", "Z")
    assert (first["name"], first["app"], first["job"], first["last_at"]) == ("Sam", "Nightly Job", True, last)
    assert refused.facts["number"] == 1
    assert f"Sam (Nightly Job, last used {last})" in (refused.detail or "")


@every_tightening
def test_confirmed_it_is_done_and_the_audit_line_says_whom_it_locked_out(app: InUse, act: Act) -> None:
    app.use(days=3)
    app.stage.do(*act(app, True))
    changed = {each["field"]: each["after"] for each in app.stage.audit()[0].changes}
    assert changed["locked_out.number"] == 1
    assert changed["locked_out.names"] == ["Sam (Nightly Job)"]


@every_tightening
def test_what_was_not_used_for_a_month_is_nobodys_loss(app: InUse, act: Act) -> None:
    app.use(days=31)
    app.person("kim")  # so that somebody is left who may use it
    app.stage.do(assign_access, AssignAccess(app.made.app.id, app.stage.user_of(app.stage.sam).profile_id))
    app.stage.do(*act(app, False))
    assert not any(str(each["field"]).startswith("locked_out") for each in app.stage.audit()[0].changes)


@pytest.mark.parametrize("act", [TIGHTENINGS[each] for each in ("access removed", "set taken away", "another profile", "no API")])
def test_the_roll_up_alone_tells_of_them_when_their_lines_are_gone(app: InUse, act: Act) -> None:
    app.use(days=3)
    app.roll_up()
    refused = app.stage.refused(reasons.LOCKS_OUT, *act(app, False))
    assert refused.facts["number"] == 1


def test_a_family_that_lives_is_held_against_new_ranges_by_its_address(app: InUse) -> None:
    kim = app.person("kim")
    app.family(kim, AWAY)
    refused = app.stage.refused(reasons.LOCKS_OUT, edit_policies, EditPolicies(app.made.app.id, ip_ranges=IN_OFFICE))
    (first,) = first_of(refused)
    assert (first["name"], first["job"], first["reason"]) == ("Kim Example", False, "address_outside_app_ranges")
    app.stage.do(edit_policies, EditPolicies(app.made.app.id, ip_ranges=(*IN_OFFICE, TypedRange(AWAY))))


def org_of(app: InUse, **said: Any) -> None:
    app.stage.do(edit_org, EditOrg(confirmed=True, **said))


@pytest.fixture
def panel(stage: Stage) -> InUse:
    """An app that devices and browsers use, in an org that lets them, with a scope of the org's own."""
    sam = stage.sam.user_id or ""
    stage.do(edit_org, EditOrg(device_flow=True, custom_scopes=(("ledger_read", "Read your ledger"),)))
    flows = frozenset({Flow.DEVICE, Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
    made = stage.app("Panel", flows=flows, scopes=("api", "refresh_token", "ledger_read"), callbacks=("https://a.example/cb",))
    callers = stage.permission_set()
    stage.do(assign_permission_set, AssignPermissionSet(sam, callers.id))
    stage.do(assign_access, AssignAccess(made.app.id, callers.id))
    return InUse(stage, made, callers.id)


DEVICES_OFF, SCOPE_GONE = EditOrg(device_flow=False), EditOrg(custom_scopes=())


@pytest.mark.parametrize(
    ("flow", "tightened", "reason"),
    [
        (Flow.DEVICE, DEVICES_OFF, "flow_off_in_org"),
        (Flow.WEB_SERVER, DEVICES_OFF, None),
        (Flow.WEB_SERVER, SCOPE_GONE, "scope_insufficient"),
    ],
)
def test_X_AD_12_a_flow_or_a_scope_that_is_taken_away_names_who_comes_by_it(
    panel: InUse, flow: Flow, tightened: EditOrg, reason: str | None
) -> None:
    panel.use(flow=flow, scopes="api ledger_read", days=3)
    if reason is None:
        panel.stage.do(edit_org, tightened)
        return
    (first,) = first_of(panel.stage.refused(reasons.LOCKS_OUT, edit_org, tightened))
    assert (first["name"], first["app"], first["reason"]) == ("Sam", "Panel", reason)
    org_of(panel, device_flow=tightened.device_flow, custom_scopes=tightened.custom_scopes)
    changed = {each["field"]: each["after"] for each in panel.stage.audit()[0].changes}
    assert changed["locked_out.names"] == ["Sam (Panel)"]


def test_of_whom_only_the_roll_up_tells_nobody_is_guessed_to_use_the_one_flow_that_is_switched_off(panel: InUse) -> None:
    panel.use(flow=Flow.DEVICE, days=3)
    panel.roll_up()
    panel.stage.do(edit_org, DEVICES_OFF)  # the app has another flow
    org_of(panel, device_flow=True)
    panel.stage.do(edit_settings, EditSettings(panel.made.app.id, flows=frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN})))
    assert panel.stage.refused(reasons.LOCKS_OUT, edit_org, DEVICES_OFF).facts["number"] == 1


def test_another_sentence_for_a_scope_takes_it_from_nobody(panel: InUse) -> None:
    panel.use(flow=Flow.WEB_SERVER, scopes="api ledger_read", days=3)
    panel.stage.do(edit_org, EditOrg(custom_scopes=(("ledger_read", "See what is in your ledger"),)))


def test_X_AD_12_a_set_that_gives_less_names_who_comes_by_what_it_gave(app: InUse) -> None:
    app.stage.do(edit_permission_set, EditPermissionSet(app.callers, permissions=frozenset({Permission.API_ENABLED})))
    app.use(days=3)
    app.stage.do(edit_user, EditUser(app.sam, profile_id=app.bare_profile()))  # the set gives what the profile does not
    app.stage.do(edit_permission_set, EditPermissionSet(app.callers, label="Renamed"))
    refused = app.stage.refused(reasons.LOCKS_OUT, edit_permission_set, EditPermissionSet(app.callers, permissions=frozenset()))
    assert [(each["name"], each["reason"]) for each in first_of(refused)] == [("Sam", "api_not_enabled")]
    app.stage.do(edit_permission_set, EditPermissionSet(app.callers, permissions=frozenset(), confirmed=True))
    changed = {each["field"]: each["after"] for each in app.stage.audit()[0].changes}
    assert changed["locked_out.names"] == ["Sam (Nightly Job)"]


def test_nobody_would_be_left_to_use_it(app: InUse) -> None:
    refused = app.stage.refused(reasons.LOCKS_OUT, remove_access, RemoveAccess(app.made.app.id, app.callers))
    assert (refused.facts["number"], refused.facts["nobody_left"]) == (0, True)
    assert refused.detail == "Nobody would be left who may use the app."
    app.stage.do(remove_access, RemoveAccess(app.made.app.id, app.callers, confirmed=True))
    assert {"field": "nobody_left", "before": None, "after": True} in app.stage.audit()[0].changes


def test_an_app_for_everybody_that_nobody_is_approved_for_leaves_nobody_when_admins_approve(stage: Stage) -> None:
    made = stage.app()
    stage.do(edit_policies, EditPolicies(made.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE))
    back = EditPolicies(made.app.id, permitted_users=PermittedUsers.ADMIN_APPROVED)
    assert stage.refused(reasons.LOCKS_OUT, edit_policies, back).facts["nobody_left"] is True


def test_no_more_than_ten_are_named_and_all_are_counted(app: InUse) -> None:
    for number in range(12):
        app.use(app.person(f"person{number}"), flow=Flow.WEB_SERVER, hours=number)
    refused = app.stage.refused(reasons.LOCKS_OUT, remove_access, RemoveAccess(app.made.app.id, app.callers))
    first = first_of(refused)
    assert (refused.facts["number"], len(first), first[0]["name"]) == (12, 10, "Person0 Example")
    assert (refused.detail or "").endswith(" and 2 more.")


@pytest.mark.parametrize(
    "changed",
    [{"access_token_minutes": 20}, {"refresh_grace_seconds": 0}, {"monitored_ranges": IN_OFFICE}, {"ip_ranges": IN_OFFICE}],
    ids=lambda changed: next(iter(changed)),
)
def test_what_refuses_nobody_needs_no_confirmation(app: InUse, changed: dict[str, Any]) -> None:
    app.use(days=1)
    app.stage.do(edit_policies, EditPolicies(app.made.app.id, **changed))
    app.stage.do(edit_org, EditOrg(session_minutes=30))
    app.stage.do(edit_profile, EditProfile(app.stage.user_of(app.stage.sam).profile_id, name="Renamed"))


def test_it_reads_the_same_few_statements_however_many_use_the_app(app: InUse) -> None:
    def cost() -> int:
        with statements(app.stage.database) as seen:
            app.stage.refused(reasons.LOCKS_OUT, edit_policies, EditPolicies(app.made.app.id, required_level=Level.HIGH))
        return len(seen)

    app.use(days=1)
    alone = cost()
    for number in range(20):
        app.use(app.person(f"person{number}"), flow=Flow.WEB_SERVER)
    app.roll_up()
    for number in range(20):
        app.use(app.person(f"more{number}"), flow=Flow.WEB_SERVER)
    assert cost() == alone
    with statements(app.stage.database) as ordinary:
        app.stage.do(edit_policies, EditPolicies(app.made.app.id, access_token_minutes=20))
    assert len(ordinary) < alone
