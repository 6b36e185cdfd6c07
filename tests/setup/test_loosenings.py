"""An exposure is accepted with a reason and an end; its people are told a week before; at its end it closes itself, once, whole."""

import os
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from tests.databases import MASTER_KEYS
from tests.setup.mail import mails as waiting
from tests.setup.stage import Stage

from gatebridge.monitoring import exposures
from gatebridge.monitoring.exposures import AppExposures, Wanted
from gatebridge.records.change import Target, record_change
from gatebridge.rules.actors import ActorKind
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.events import Event
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.loosenings import Loosening, Outcome
from gatebridge.rules.network import Relaxation
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup import end_loosenings
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.setup.loosenings import AcceptExposure, WithdrawLoosening, accept_exposure, withdraw_loosening
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.storage import apps, installations, loosenings
from gatebridge.storage.database import Database, open_database
from gatebridge.storage.outbox import Entry
from gatebridge.storage.tx import Tx
from gatebridge.worker import Worker

REASON = "The partner moves to fixed addresses in spring."
ANYBODY = PermittedUsers.SELF_AUTHORIZE


class Post:
    """Delivers mail by keeping it."""

    most_attempts = None

    def __init__(self) -> None:
        self.kept: list[Entry] = []

    def deliver(self, entry: Entry) -> None:
        self.kept.append(entry)


POST = Post()


@pytest.fixture(autouse=True)
def empty_post() -> None:
    POST.kept.clear()


def mails(stage: Stage, org: Org | None = None) -> list[dict[str, str]]:
    """What people of the org were told, by mail that has arrived or is on its way."""
    arrived = [entry.payload for entry in POST.kept if entry.org_id == (org or stage.org).id]
    return [*cast("list[dict[str, str]]", arrived), *waiting(stage, org)]


def worker(database: Database) -> Worker:
    return Worker(database, {"mail": POST}, random=os.urandom)


def a_minute_later(stage: Stage, by: Worker | None = None) -> int:
    """How many loosenings a round of the worker did something about; a minute is how often it looks."""
    stage.clock.forward(minutes=2)
    return (by or worker(stage.database)).run_once().loosenings


def opened(stage: Stage, api_name: str = "Nightly_Job", **policies: Any) -> CreatedApp:
    made = stage.app(api_name)
    stage.do(edit_policies, EditPolicies(made.app.id, **policies or {"ip_relaxation": Relaxation.RELAX}))
    return made


def accepted(stage: Stage, made: CreatedApp, exposure: str = "ip_relaxed", days: float = 30) -> Loosening:
    return stage.do(accept_exposure, AcceptExposure(made.app.id, exposure, REASON, stage.clock.now + timedelta(days=days)))


def found(stage: Stage, app_id: str, org: Org | None = None) -> AppExposures:
    judged = stage.read(lambda tx: exposures.of_app(tx, org or stage.org, app_id))
    assert judged is not None
    return judged


def who_answers(stage: Stage, app_id: str, exposure: str = "ip_relaxed") -> str | None:
    standing = found(stage, app_id).of(exposure)
    return standing.accepted.by if standing is not None and standing.accepted is not None else None


def policies(stage: Stage, made: CreatedApp) -> AppPolicies:
    read = stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id))
    assert read is not None
    return read


def settings(stage: Stage, made: CreatedApp) -> AppSettings:
    read = stage.read(lambda tx: apps.settings_of(tx, stage.org.id, made.app.id))
    assert read is not None
    return read


def outcomes(stage: Stage, app_id: str) -> list[Outcome]:
    return [each.outcome for each in stage.read(lambda tx: loosenings.of_app(tx, stage.org.id, app_id, 10))]


def test_an_accepted_exposure_is_shown_with_its_reason_and_its_end_and_the_trail_keeps_it(stage: Stage) -> None:
    made = opened(stage)
    loosening = accepted(stage, made)
    standing = found(stage, made.app.id).of("ip_relaxed")
    assert standing is not None
    assert standing.accepted is not None
    assert (standing.accepted.reason, standing.accepted.ends_at) == (REASON, stage.clock.now + timedelta(days=30))
    assert (standing.accepted.by, standing.accepted.loosening_id) == (stage.ada.user_id, loosening.id)
    assert found(stage, made.app.id).weight > found(stage, made.app.id).unaccepted_weight
    line = stage.audit()[0]
    assert (line.event, line.target_id, line.reason) == ("setup:loosening:accepted", made.app.id, REASON)
    assert {"exposure", "setting", "why", "accepted_until"} <= {change["field"] for change in line.changes}


def test_who_accepts_again_gives_a_new_reason_and_end(stage: Stage) -> None:
    made = opened(stage)
    accepted(stage, made)
    accepted(stage, made, days=60)
    standing = found(stage, made.app.id).of("ip_relaxed")
    assert standing is not None
    assert standing.accepted is not None
    assert standing.accepted.ends_at == stage.clock.now + timedelta(days=60)
    assert outcomes(stage, made.app.id) == [Outcome.OPEN, Outcome.REPLACED]


def test_what_was_widened_further_is_not_what_was_accepted(stage: Stage) -> None:
    made = opened(stage, refresh_grace_seconds=20)
    accepted(stage, made, "refresh_grace")
    assert who_answers(stage, made.app.id, "refresh_grace") == stage.ada.user_id
    stage.do(edit_policies, EditPolicies(made.app.id, refresh_grace_seconds=60))
    assert who_answers(stage, made.app.id, "refresh_grace") is None
    stage.do(edit_policies, EditPolicies(made.app.id, refresh_grace_seconds=20))
    assert who_answers(stage, made.app.id, "refresh_grace") == stage.ada.user_id


def test_an_acceptance_that_is_taken_back_leaves_the_exposure_to_nobody(stage: Stage) -> None:
    made = opened(stage)
    loosening = accepted(stage, made)
    stage.do(withdraw_loosening, WithdrawLoosening(made.app.id, loosening.id))
    assert who_answers(stage, made.app.id) is None
    assert found(stage, made.app.id).of("ip_relaxed") is not None
    assert stage.audit()[0].event == "setup:loosening:dropped"
    stage.refused(reasons.STATE_CONFLICT, withdraw_loosening, WithdrawLoosening(made.app.id, loosening.id))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({"exposure": "may_administer"}, {"exposure"}, id="an exposure that the app does not have"),
        pytest.param({"exposure": "no_such_thing"}, {"exposure"}, id="an exposure that there is not"),
        pytest.param({"exposure": "no_refresh_expiry"}, {"exposure"}, id="the one that is accepted in the policies"),
        pytest.param({"days": 0}, {"ends_at"}, id="an end that is now"),
        pytest.param({"days": 731}, {"ends_at"}, id="an end in more than two years"),
        pytest.param({"exposure": "no_pkce", "days": -1}, {"exposure", "ends_at"}, id="both at once"),
    ],
)
def test_what_cannot_be_accepted_is_told_at_its_field(stage: Stage, changes: dict[str, Any], fields: set[str]) -> None:
    made = opened(stage)
    ends_at = stage.clock.now + timedelta(days=changes.get("days", 30))
    command = AcceptExposure(made.app.id, changes.get("exposure", "ip_relaxed"), REASON, ends_at)
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, accept_exposure, command)) == fields


def test_an_acceptance_needs_a_reason_a_right_and_an_app_of_the_own_org(stage: Stage) -> None:
    made = opened(stage)
    ends_at = stage.clock.now + timedelta(days=30)
    stage.refused(reasons.REASON_REQUIRED, accept_exposure, AcceptExposure(made.app.id, "ip_relaxed", " ", ends_at))
    command = AcceptExposure(made.app.id, "ip_relaxed", REASON, ends_at)
    stage.refused(reasons.PERMISSION_MISSING, accept_exposure, command, stage.dan)
    stage.refused(reasons.RECORD_NOT_FOUND, accept_exposure, command, stage.otto)
    loosening = accepted(stage, made)
    stage.refused(reasons.PERMISSION_MISSING, withdraw_loosening, WithdrawLoosening(made.app.id, loosening.id), stage.dan)
    stage.refused(reasons.RECORD_NOT_FOUND, withdraw_loosening, WithdrawLoosening(made.app.id, loosening.id), stage.otto)
    other = opened(stage, "Other_Job")
    stage.refused(reasons.RECORD_NOT_FOUND, withdraw_loosening, WithdrawLoosening(other.app.id, loosening.id))


def test_the_exception_from_refresh_expiry_shows_as_accepted_until_its_own_end(stage: Stage) -> None:
    until = stage.clock.now + timedelta(days=10)
    made = opened(
        stage,
        refresh_policies=(RefreshPolicy("until_revoked"),),
        refresh_exception_reason="The vendor cannot sign in again.",
        refresh_exception_until=until,
    )
    standing = found(stage, made.app.id).of("no_refresh_expiry")
    assert standing is not None
    assert standing.accepted is not None
    assert (standing.accepted.reason, standing.accepted.ends_at) == ("The vendor cannot sign in again.", until)
    stage.clock.forward(days=10)
    assert found(stage, made.app.id).of("no_refresh_expiry") is None


def test_a_week_before_the_end_its_people_are_told_once(stage: Stage) -> None:
    made = opened(stage)
    accepted(stage, made)
    stage.clock.forward(days=22)
    assert a_minute_later(stage) == 0
    stage.clock.forward(days=1)
    assert a_minute_later(stage) == 1
    assert a_minute_later(stage) == 0
    told = mails(stage)
    assert {mail["to"] for mail in told} == {"dan@acme.example", "ada@acme.example"}, "the owner, and who accepted it"
    for mail in told:
        assert mail["subject"] == "An exposure of Nightly Job closes soon"
        assert REASON in mail["text"]
        assert "Enforce the ranges" in mail["text"]
        assert "2026-06-03 12:00 UTC" in mail["text"]
    assert policies(stage, made).ip_relaxation is Relaxation.RELAX
    assert who_answers(stage, made.app.id) == stage.ada.user_id


def test_at_its_end_the_smaller_setting_is_made_audited_and_told(stage: Stage) -> None:
    made = opened(stage)
    accepted(stage, made)
    stage.clock.forward(days=30)
    assert a_minute_later(stage) == 1
    assert policies(stage, made).ip_relaxation is Relaxation.ENFORCE
    assert outcomes(stage, made.app.id) == [Outcome.CLOSED]
    assert found(stage, made.app.id).of("ip_relaxed") is None
    end, edit = stage.audit()[:2]
    assert (edit.event, end.event) == ("setup:app:policies_edited", "setup:loosening:ended")
    assert (edit.actor_kind, edit.actor_name, edit.actor_id) == (ActorKind.HOUSE, "Gatebridge", None)
    assert [mail["subject"] for mail in mails(stage)] == ["An exposure of Nightly Job was closed"] * 2
    assert a_minute_later(stage) == 0


def test_a_setting_of_the_developer_closes_as_well(stage: Stage) -> None:
    made = stage.app(flows=frozenset({Flow.WEB_SERVER}), callbacks=("https://a.example/cb",), pkce_required=False)
    accepted(stage, made, "no_pkce", days=1)
    stage.clock.forward(days=1)
    a_minute_later(stage)
    assert settings(stage, made).pkce_required is True
    assert outcomes(stage, made.app.id) == [Outcome.CLOSED]


def test_what_no_machine_can_choose_is_left_and_its_owner_is_told(stage: Stage) -> None:
    made = opened(stage)
    accepted(stage, made, "no_ranges", days=1)
    stage.clock.forward(days=1)
    assert a_minute_later(stage) == 1
    assert outcomes(stage, made.app.id) == [Outcome.LEFT]
    standing = found(stage, made.app.id).of("no_ranges")
    assert standing is not None
    assert standing.accepted is None
    mail = mails(stage)[-1]
    assert mail["subject"] == "Nobody answers for an exposure of Nightly Job"
    assert "cannot choose the smaller setting" in mail["text"]
    assert stage.audit()[0].event == "setup:loosening:ended"


def test_a_smaller_setting_that_cannot_be_saved_is_left_with_the_reason_and_holds_up_no_other(stage: Stage) -> None:
    made, other = opened(stage), opened(stage, "Other_Job")
    with stage.database.transaction() as tx:
        # As a version of the server with other bounds would have left it.
        kept = installations.policies_of(tx, stage.org.id, made.installation.id)
        assert kept is not None
        assert installations.update_policies(tx, stage.org.id, replace(kept, max_grants_per_user=100_000))
    accepted(stage, made, days=1)
    accepted(stage, other, days=1)
    stage.clock.forward(days=1)
    assert a_minute_later(stage) == 2
    assert (policies(stage, made).ip_relaxation, policies(stage, other).ip_relaxation) == (Relaxation.RELAX, Relaxation.ENFORCE)
    assert (outcomes(stage, made.app.id), outcomes(stage, other.app.id)) == ([Outcome.LEFT], [Outcome.CLOSED])
    assert any("(field_invalid)" in mail["text"] for mail in mails(stage))


def test_an_exposure_that_was_mended_before_closes_without_a_word(stage: Stage) -> None:
    made, other = opened(stage), opened(stage, "Other_Job")
    accepted(stage, made)
    accepted(stage, other, days=1)
    for each in (made, other):
        stage.do(edit_policies, EditPolicies(each.app.id, ip_relaxation=Relaxation.ENFORCE))
    stage.clock.forward(days=25)
    assert a_minute_later(stage) == 2
    assert (outcomes(stage, made.app.id), outcomes(stage, other.app.id)) == ([Outcome.MENDED], [Outcome.MENDED])
    assert mails(stage) == []


def test_the_loosening_of_an_app_that_is_gone_closes_without_a_word(stage: Stage) -> None:
    made = opened(stage)
    accepted(stage, made, days=1)
    stage.do(delete_app, DeleteApp(made.app.id, made.app.api_name, "Nobody uses it."))
    stage.clock.forward(days=1)
    assert a_minute_later(stage) == 1
    assert outcomes(stage, made.app.id) == [Outcome.MENDED]
    assert mails(stage) == []


def test_an_owner_who_is_away_is_not_written_to(stage: Stage) -> None:
    made = opened(stage)
    dan, eve = stage.user_of(stage.dan).id, stage.user_of(stage.eve).id
    stage.do(transfer_ownership, TransferOwnership(made.app.id, backup_owner_id=eve))
    stage.do(freeze_user, FreezeUser(dan, "Left a laptop on a train."))
    operator = replace(stage.ada, user_id=None, kind=ActorKind.OPERATOR)
    ends_at = stage.clock.now + timedelta(days=1)
    stage.do(accept_exposure, AcceptExposure(made.app.id, "ip_relaxed", REASON, ends_at), operator)
    a_minute_later(stage)
    assert [mail["to"] for mail in mails(stage)] == ["eve@acme.example"]
    stage.do(freeze_user, FreezeUser(eve, "Left as well."))
    stage.clock.forward(days=1)
    a_minute_later(stage)
    assert [mail["to"] for mail in mails(stage)[1:]] == ["dan@acme.example"], "the contact of the app, which is a mailbox"


def test_of_another_orgs_app_the_policies_close_and_the_publishers_settings_are_left(stage: Stage) -> None:
    made = stage.app(
        flows=frozenset({Flow.WEB_SERVER}), callbacks=("https://a.example/cb",), pkce_required=False, dialect=Dialect.SALESFORCE
    )
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    stage.do(edit_policies, EditPolicies(made.app.id, permitted_users=ANYBODY), stage.otto)
    ends_at = stage.clock.now + timedelta(days=1)
    for exposure in ("self_authorize", "no_pkce"):
        stage.do(accept_exposure, AcceptExposure(made.app.id, exposure, REASON, ends_at), stage.otto)
    stage.clock.forward(days=1)
    assert a_minute_later(stage) == 2
    there = found(stage, made.app.id, stage.other)
    assert (there.of("self_authorize"), settings(stage, made).pkce_required) == (None, False)
    assert there.of("no_pkce") is not None
    assert {mail["to"] for mail in mails(stage, stage.other)} == {"otto@other.example"}
    assert mails(stage) == []


def test_of_several_nodes_that_end_one_loosening_at_once_one_does(stage: Stage) -> None:
    made = opened(stage)
    loosening = accepted(stage, made, days=1)
    stage.clock.forward(days=1)
    gate, ends = threading.Barrier(4), []

    def end() -> None:
        gate.wait()
        with stage.database.transaction() as tx:
            house = end_loosenings.house_of(stage.org.id)
            ends.append(end_loosenings.end_loosening(tx, house, end_loosenings.EndLoosening(loosening.id)))

    threads = [threading.Thread(target=end) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == [Outcome.OPEN] * 3 + [Outcome.CLOSED]
    assert [line.event for line in stage.audit()].count("setup:loosening:ended") == 1
    assert len(mails(stage)) == 2


def test_an_admin_who_edits_the_app_at_that_moment_and_the_house_do_not_wait_for_each_other(stage: Stage) -> None:
    made = opened(stage)
    loosening = accepted(stage, made, days=1)
    stage.clock.forward(days=1)
    refused: list[object] = []

    def end() -> None:
        try:
            with stage.database.transaction() as tx:
                end_loosenings.end_loosening(tx, end_loosenings.house_of(stage.org.id), end_loosenings.EndLoosening(loosening.id))
        except Refused as stale:
            refused.append(stale.reason)

    house = threading.Thread(target=end)
    with stage.database.transaction() as tx:
        # The admin has saved the policies, and comes to the line of the audit trail when the house is in between.
        assert installations.update_policies(tx, stage.org.id, policies(stage, made))
        house.start()
        somebody_waits(stage.database)
        record_change(tx, stage.ada, Event.APP_POLICIES_EDITED, Target("app", made.app.id, made.app.label), {"a": 1}, {"a": 2})
    house.join()
    # SQLite lets the house begin when the admin is through; on PostgreSQL it began before, and tries again.
    assert refused == ([] if stage.database.is_sqlite else [reasons.VERSION_STALE])
    assert a_minute_later(stage) == len(refused)
    assert outcomes(stage, made.app.id) == [Outcome.CLOSED]


def somebody_waits(database: Database) -> None:
    """Until somebody waits for a lock of the database. On SQLite whoever writes second does from the beginning."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ends = time.monotonic() + 20
    while not database.is_sqlite:
        with database.reading() as tx:
            if tx.connection.exec_driver_sql(asked).scalar_one():
                return
        assert time.monotonic() < ends, "nobody came to wait"
        time.sleep(0.02)


def test_a_crash_in_between_leaves_nothing_half_done_and_another_node_does_it_whole(
    stage: Stage, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opened(stage)
    accepted(stage, made, days=1)
    stage.clock.forward(days=1)
    lines = len(stage.audit())

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt  # after the edit and its audit line, before the mail

    with monkeypatch.context() as broken:
        broken.setattr("gatebridge.setup.end_loosenings.outbox.leave", die)
        with pytest.raises(KeyboardInterrupt):
            a_minute_later(stage)
    assert policies(stage, made).ip_relaxation is Relaxation.RELAX
    assert (outcomes(stage, made.app.id), len(stage.audit())) == ([Outcome.OPEN], lines)
    another = open_database(database_url, MASTER_KEYS, clock=stage.clock)
    try:
        assert a_minute_later(stage, worker(another)) == 1
    finally:
        another.close()
    assert policies(stage, made).ip_relaxation is Relaxation.ENFORCE
    assert outcomes(stage, made.app.id) == [Outcome.CLOSED]


def test_somebody_who_edits_at_the_very_moment_is_not_overwritten(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made = opened(stage)
    accepted(stage, made, days=1)
    stage.clock.forward(days=1)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(installations, "update_policies", lambda *_: False)
        assert a_minute_later(stage) == 0
    assert outcomes(stage, made.app.id) == [Outcome.OPEN]
    assert a_minute_later(stage) == 1
    assert outcomes(stage, made.app.id) == [Outcome.CLOSED]


def test_the_report_lists_the_heaviest_first_page_by_page_and_only_what_fits(stage: Stage) -> None:
    light, heavy = stage.app("Light"), opened(stage, "Heavy")
    wide = opened(stage, "Wide", permitted_users=ANYBODY)
    full = stage.do(edit_settings, EditSettings(wide.app.id, scopes=("full",), full_scope_reason="Everything is needed."))
    assert full.scopes == ("full",)

    def report(after: str | None = None, limit: int = 10, **wanted: Any) -> list[AppExposures]:
        return stage.read(lambda tx: exposures.heaviest(tx, stage.org, Wanted(**wanted), after=after, limit=limit))

    everything = report()
    assert [each.app.label for each in everything] == ["Wide", "Heavy", "Light"]
    assert [each.grade for each in everything] == ["E", "C", "B"]
    first = report(limit=2)
    assert [each.app.id for each in report(after=first[-1].position)] == [light.app.id]
    assert [each.app.label for each in report(exposure="ip_relaxed")] == ["Heavy"]
    assert [each.app.label for each in report(at_least=5)] == ["Wide"]
    assert report(owner_id=stage.eve.user_id) == []
    assert len(report(owner_id=stage.dan.user_id)) == 3
    accepted(stage, heavy)
    assert report(exposure="ip_relaxed", unaccepted=True) == []
    stage.do(delete_app, DeleteApp(heavy.app.id, heavy.app.api_name, "Nobody uses it."))
    assert [each.app.label for each in report()] == ["Wide", "Light"]


def test_an_app_that_was_never_here_has_no_exposures(stage: Stage) -> None:
    made = stage.app()

    def elsewhere(tx: Tx) -> AppExposures | None:
        return exposures.of_app(tx, stage.other, made.app.id)

    assert stage.read(elsewhere) is None
