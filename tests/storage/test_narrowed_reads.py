"""Reads that pages of setup alone make: each finds what it is narrowed to and nothing beside it, on both databases.

The modules of those pages run on one database (tests/one_database.py), and what they send to PostgreSQL is sent from here.
"""

from datetime import timedelta

from tests.records.seed import ManualClock, SmallOrg, add_grant, add_token, change, line
from tests.storage.people_flows import a_session

from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Profile
from gatebridge.storage import (
    audit_trail,
    history_reading,
    listed_sessions,
    live_tokens,
    login_history,
    orgs,
    profiles,
    recorded_uses,
    sessions,
)
from gatebridge.storage.database import Database
from gatebridge.storage.recorded_uses import Lines


def test_the_trail_by_event_by_records_and_since(timed: Database, acme: SmallOrg, other: SmallOrg, clock: ManualClock) -> None:
    for number in range(3):
        with timed.transaction() as tx:
            change(tx, acme, number)
            change(tx, other, number)
        clock.advance(minutes=1)
    began = clock.now - timedelta(minutes=2)
    with timed.snapshot() as tx:
        newest, *older = audit_trail.page(tx, acme.id, limit=10)
        both = {acme.app_id, other.app_id}
        assert audit_trail.page(tx, acme.id, limit=10, target_ids=both) == [newest, *older]
        assert audit_trail.page(tx, acme.id, limit=10, target_ids={other.app_id}) == []
        assert audit_trail.page(tx, acme.id, limit=10, event=newest.event, target_ids=both) == [newest, *older]
        assert audit_trail.page(tx, acme.id, limit=10, event="app.deleted", target_ids=both) == []
        assert audit_trail.page(tx, acme.id, limit=10, event=newest.event, target_ids=both, since=began) == [newest, older[0]]
        assert audit_trail.page(tx, acme.id, limit=2, event=newest.event, rising=True) == older[::-1]


def test_the_history_of_one_user_at_one_app_since(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    now = clock.now
    of_both = {"user_id": acme.user_id, "outcome": "refused"}
    with timed.transaction() as tx:
        wanted = line(acme, now, **of_both)
        others = [
            line(acme, now - timedelta(hours=2), **of_both),
            line(acme, now, **of_both | {"user_id": acme.owner_id}),
            line(acme, now, **of_both | {"outcome": "success"}),
            line(acme, now, **of_both | {"app_id": ""}),
        ]
        login_history.insert_many(tx, [wanted, *others])
        since = now - timedelta(hours=1)
        found = history_reading.page(tx, acme.id, limit=10, app_id=acme.app_id, user_id=acme.user_id, outcome="refused", since=since)
        assert [each.id for each in found] == [wanted.id]


def test_the_history_of_many_reasons_goes_on_where_it_left_off(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    reasons = ("user_frozen", "secret_wrong", "flow_not_enabled", "user_frozen", "secret_wrong", "user_frozen")
    with timed.transaction() as tx:
        made = [
            line(acme, clock.now + timedelta(minutes=n), outcome="refused", reason=reason, user_id=acme.user_id)
            for n, reason in enumerate(reasons)
        ]
        login_history.insert_many(tx, [*made, line(acme, clock.now)])
        ids = [each.id for each in made if each.reason != "flow_not_enabled"]
        wanted = {"user_frozen", "secret_wrong", "client_unknown"}
        for oldest_first, expected in ((True, ids), (False, ids[::-1])):
            found: list[str] = []
            for _ in range(3):
                before = found[-1] if found else None
                page = history_reading.page(tx, acme.id, before=before, limit=2, oldest_first=oldest_first, reasons=wanted)
                found += [each.id for each in page]
            assert found == expected
        assert [each.id for each in history_reading.page(tx, acme.id, limit=9, reasons=wanted, user_id=acme.user_id)] == ids[::-1]
        since = clock.now + timedelta(minutes=4)
        assert [each.id for each in history_reading.page(tx, acme.id, limit=9, reasons=wanted, since=since)] == ids[:-3:-1]


def test_a_session_by_its_id_while_it_lives_and_in_its_own_org(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        session = a_session(tx, acme, org_epoch=0, user_epoch=0)
        here, there = orgs.by_id(tx, acme.id), orgs.by_id(tx, other.id)
        assert here is not None
        assert there is not None
        found = listed_sessions.by_id(tx, here, session.id)
        assert found is not None
        assert (found.session, found.standing.user.id) == (session, acme.user_id)
        assert listed_sessions.by_id(tx, there, session.id) is None
        assert listed_sessions.list_page(tx, here, after=None, limit=5, user_id=acme.user_id) == [found]
        assert listed_sessions.list_page(tx, here, after=None, limit=5, user_id=acme.owner_id) == []
        sessions.end(tx, acme.id, session.id, "signed out")
        assert listed_sessions.by_id(tx, here, session.id) is None


def test_the_live_tokens_of_one_grant_newest_first(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        grant, theirs = add_grant(tx, acme), add_grant(tx, acme, acme.owner_id)
        made = [add_token(tx, acme, grant).id for _ in range(3)]
        add_token(tx, acme, theirs)
        assert [each.id for each in live_tokens.of_grant(tx, acme.id, grant, 2)] == [made[2], made[1]]
    clock.advance(hours=3)
    with timed.snapshot() as tx:
        assert live_tokens.of_grant(tx, acme.id, grant, 2) == []


def test_profiles_by_a_part_of_their_name_oldest_first(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        for org, name in ((acme, "Night shift"), (acme, "Day"), (acme, "NIGHTLY"), (other, "Night"), (acme, "N%ght")):
            assert profiles.insert(tx, Profile(tx.new_id(Prefix.PROFILE), org.id, name, "", frozenset(), tx.now))
        assert [each.name for each in profiles.list_page(tx, acme.id, after=None, limit=10, search="night")] == ["Night shift", "NIGHTLY"]
        assert [each.name for each in profiles.list_page(tx, acme.id, after=None, limit=10, search="n%")] == ["N%ght"]


def test_the_requests_of_one_app_are_counted_up_to_a_limit(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    now = clock.now
    lines = [
        *(line(acme, now) for _ in range(3)),
        line(acme, now - timedelta(days=2)),
        line(acme, now, app_id=""),
        line(acme, now, event="sign_in"),
    ]
    with timed.transaction() as tx:
        login_history.insert_many(tx, lines)
        wanted = Lines(events=("token",), since=now - timedelta(days=1), app_id=acme.app_id)
        assert [recorded_uses.count(tx, acme.id, wanted, most) for most in (10, 2)] == [3, 2]
