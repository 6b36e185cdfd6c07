"""Grants in the database: one live shared grant per installation, user and flow, so many of a user's own, each ended once."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.records.seed import ManualClock, SmallOrg, add_grant, at_the_time_of, make_org
from tests.storage.people_flows import a_grant, at_once
from tests.storage.plans import steps_of

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.storage import grants
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def test_the_live_service_grant_is_found_by_installation_and_user(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        grant = add_grant(tx, org)
        assert grants.shared_grant(tx, org.id, org.installation_id, org.user_id, Flow.CLIENT_CREDENTIALS) == grant
        assert grants.by_id(tx, org.id, grant.id) == grant
        assert grants.shared_grant(tx, org.id, org.installation_id, org.owner_id, Flow.CLIENT_CREDENTIALS) is None


def test_each_run_as_user_has_a_service_grant_and_none_has_two(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = add_grant(tx, org)
        second = add_grant(tx, org, org.owner_id)
        assert first.id != second.id
        assert not grants.insert_if_first(tx, replace(first, id=tx.new_id(Prefix.GRANT)))


def test_grants_of_other_flows_do_not_exclude_each_other(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = add_grant(tx, org)
        for _ in range(2):
            assert grants.insert_if_first(tx, replace(first, id=tx.new_id(Prefix.GRANT), flow=Flow.WEB_SERVER))
        assert len(grants.live_of_user(tx, org.id, org.user_id, org.installation_id)) == 3


def test_an_ended_grant_makes_room_for_the_next_one(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = add_grant(tx, org)
        assert [grants.end(tx, org.id, first.id, "revoked"), grants.end(tx, org.id, first.id, "revoked")] == [True, False]
        ended = grants.by_id(tx, org.id, first.id)
        assert ended is not None
        assert (ended.ended_at, ended.epoch) == (tx.now, 1)
        assert grants.shared_grant(tx, org.id, org.installation_id, org.user_id, Flow.CLIENT_CREDENTIALS) is None
        assert add_grant(tx, org).id != first.id


def test_another_org_sees_and_ends_nothing(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        grant, other = add_grant(tx, org), make_org(tx, "other")
        assert grants.by_id(tx, other.id, grant.id) is None
        assert grants.shared_grant(tx, other.id, org.installation_id, org.user_id, Flow.CLIENT_CREDENTIALS) is None
        assert grants.live_of_user(tx, other.id, org.user_id) == []
        assert not grants.end(tx, other.id, grant.id, "theirs")


def test_an_app_has_grants_from_the_first_one_on_even_when_it_has_ended(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        assert not grants.any_of_app(tx, org.app_id)
        grants.end(tx, org.id, add_grant(tx, org).id, "revoked")
        assert grants.any_of_app(tx, org.app_id)


# --- What users have approved ------------------------------------------------------------------------------------------------


def live(tx: Tx, org: SmallOrg) -> list[Grant]:
    return grants.live_of_user(tx, org.id, org.user_id)


def test_everything_of_an_approved_grant_comes_back_as_it_was_kept(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        kept = a_grant(
            tx,
            acme,
            scopes=("openid", "api"),
            address="192.0.2.1",
            last_used_at=tx.now,
            session_id="0Ak000000000001",
            level=Level.HIGH,
            methods=("pwd", "otp"),
            authenticated_at=tx.now - timedelta(minutes=1),
            nonce="n-0S6_WzA2Mj",
        )
        assert grants.by_id(tx, acme.id, kept.id) == kept


def test_assertions_of_one_user_share_one_grant_beside_that_of_client_credentials(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        shared, service = a_grant(tx, acme, Flow.JWT_BEARER), add_grant(tx, acme)
        assert not grants.insert_if_first(tx, replace(shared, id=tx.new_id(Prefix.GRANT)))
        for flow, expected in ((Flow.JWT_BEARER, shared), (Flow.CLIENT_CREDENTIALS, service)):
            assert grants.shared_grant(tx, acme.id, acme.installation_id, acme.user_id, flow) == expected


def test_grants_in_use_are_touched_together(timed: Database, acme: SmallOrg, other: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        first, second, resting, theirs = a_grant(tx, acme), a_grant(tx, acme), a_grant(tx, acme), a_grant(tx, other)
    clock.advance(minutes=2)
    with timed.transaction() as tx:
        grants.touch_many(tx, [(acme.id, second.id), (acme.id, first.id), (acme.id, second.id), (other.id, resting.id)])
        used = [grants.by_id(tx, grant.org_id, grant.id) for grant in (first, second, resting, theirs)]
        assert [grant and grant.last_used_at for grant in used] == [clock.now, clock.now, None, None]


def test_one_more_than_the_limit_ends_the_least_recently_used(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    made = []
    for _ in range(4):
        with timed.transaction() as tx:
            made.append(a_grant(tx, acme))
        clock.advance(minutes=1)
    oldest, second, third, newest = made
    with timed.transaction() as tx:
        grants.touch_many(tx, [(acme.id, oldest.id)])
        assert grants.end_beyond(tx, acme.id, acme.installation_id, acme.user_id, 4) == []
        assert grants.end_beyond(tx, acme.id, acme.installation_id, acme.user_id, 2) == [third, second]
        assert [grant.id for grant in live(tx, acme)] == [oldest.id, newest.id]
        ended = grants.by_id(tx, acme.id, second.id)
        assert ended is not None
        assert (ended.ended_at, ended.epoch) == (clock.now, 1)


def test_the_limit_counts_what_users_approve_at_one_app(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        kept = [
            add_grant(tx, acme),
            a_grant(tx, acme, Flow.JWT_BEARER),
            a_grant(tx, acme, installation_id="0HI000000000001"),
            a_grant(tx, acme, user_id=acme.owner_id),
            a_grant(tx, other),
        ]
        approved = [a_grant(tx, acme, flow) for flow in (Flow.WEB_SERVER, Flow.DEVICE, Flow.USER_AGENT)]
        ended = grants.end_beyond(tx, acme.id, acme.installation_id, acme.user_id, 0)
        assert {grant.id for grant in ended} == {grant.id for grant in approved}
        assert [grants.by_id(tx, grant.org_id, grant.id) for grant in kept] == kept
        assert grants.end_beyond(tx, other.id, acme.installation_id, acme.user_id, 0) == []


def test_of_two_who_approve_at_once_the_second_counts_the_first(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    limit = 3
    for _ in range(limit):
        with timed.transaction() as tx:
            a_grant(tx, acme)
        clock.advance(minutes=1)
    # SQLite has one writer, so there the second begins when the first has ended.
    both_added = threading.Barrier(1 if timed.is_sqlite else 2)

    def approve(_: int) -> list[Grant]:
        with timed.transaction() as tx:
            a_grant(tx, acme)
            both_added.wait(timeout=30)
            return grants.end_beyond(tx, acme.id, acme.installation_id, acme.user_id, limit)

    first, second = at_once(2, approve)
    with timed.snapshot() as tx:
        assert len(live(tx, acme)) == limit
        assert len({grant.id for grant in [*first, *second]}) == len([*first, *second]) == 2


def test_users_of_an_app_are_counted_once_each_while_they_have_a_grant(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        ended = a_grant(tx, acme, user_id="005000000000001")
        for user_id in (acme.user_id, acme.user_id, acme.owner_id):
            a_grant(tx, acme, user_id=user_id)
        a_grant(tx, acme, Flow.JWT_BEARER, user_id="005000000000002")
        grants.end(tx, acme.id, ended.id, "revoked")
        assert grants.users_of(tx, acme.id, acme.installation_id) == 2
        assert grants.users_of(tx, acme.id, acme.installation_id, but=acme.user_id) == 1
        assert grants.users_of(tx, other.id, acme.installation_id) == 0


def test_whether_an_app_was_ever_granted_anything_is_asked_of_its_installations_and_not_of_every_grant(
    sqlite_url: str, clock: ManualClock
) -> None:
    with at_the_time_of(clock, sqlite_url) as database:
        steps = steps_of(database, lambda tx: grants.any_of_app(tx, "0H4000000000001"))
    assert [step for step in steps if "grants" in step] == [
        "SEARCH grants USING INDEX ix_grants_org_id_installation_id_user_id (org_id=? AND installation_id=?)"
    ]
