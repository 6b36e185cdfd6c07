"""OAuth usage equals the login history at every moment, whatever the worker has rolled up so far."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.records.on_a_clock import clock, database, org
from tests.records.seed import ManualClock, SmallOrg, add_grant, add_token, line, make_org

from gatebridge.monitoring import oauth_usage
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.storage import exercised_scopes, grants, leases, login_history, usage
from gatebridge.storage.database import Database
from gatebridge.storage.usage import SETTLED_AFTER, Usage

__all__ = ["clock", "database", "org"]

READER = Permission.VIEW_OAUTH_USAGE
EVERY_REPORT = (
    oauth_usage.of_app, oauth_usage.users_of_app, oauth_usage.credentials_of_app, oauth_usage.grants_of_app, oauth_usage.scopes_of_app,
)  # fmt: skip


def record(database: Database, org: SmallOrg, at: datetime, **given: object) -> None:
    with database.transaction() as tx:
        login_history.insert_many(tx, [line(org, at, **given)])


def record_many(database: Database, org: SmallOrg, clock: ManualClock, count: int) -> None:
    """Successes of both users in turn, every third refused, a second apart."""
    with database.transaction() as tx:
        people = (org.owner_id, org.user_id)
        lines = [
            line(
                org,
                clock() + timedelta(seconds=number),
                user_id=people[number % 2],
                credential_id=org.secret_id,
                outcome="refused" if number % 3 == 0 else "success",
                reason="scope_unknown" if number % 3 == 0 else None,
            )
            for number in range(count)
        ]
        login_history.insert_many(tx, lines)


def roll_up(database: Database, org: SmallOrg, limit: int) -> int:
    with database.transaction() as tx:
        return usage.roll_up(tx, org.id, limit)


def of_app(database: Database, org: SmallOrg) -> Usage:
    with database.snapshot() as tx:
        return oauth_usage.of_app(tx, org.actor(READER), org.app_id).usage


def counted(database: Database, org: SmallOrg) -> dict[str, tuple[int, int]]:
    """Granted and refused by subject, as the product tells them."""
    with database.snapshot() as tx:
        actor = org.actor(READER)
        found = [oauth_usage.of_app(tx, actor, org.app_id).usage]
        found += [each.usage for each in oauth_usage.users_of_app(tx, actor, org.app_id)]
        found += [each.usage for each in oauth_usage.credentials_of_app(tx, actor, org.app_id)]
    return {each.subject_id: (each.granted, each.refused) for each in found}


def true_counts(database: Database, org: SmallOrg) -> dict[str, tuple[int, int]]:
    """The same, counted from every line of the history."""
    history = login_history.login_history
    granted: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    with database.snapshot() as tx:
        for row in tx.connection.execute(sa.select(history).where(history.c.org_id == org.id, history.c.app_id == org.app_id)):
            (granted if row.outcome == "success" else refused).update(
                subject for subject in (row.app_id, row.user_id, row.credential_id) if subject is not None
            )
    return {subject: (granted[subject], refused[subject]) for subject in granted | refused}


@pytest.mark.parametrize("rounds", range(6))
def test_the_counts_equal_the_history_after_any_number_of_chunks(
    database: Database, org: SmallOrg, clock: ManualClock, rounds: int
) -> None:
    record_many(database, org, clock, 20)
    clock.advance(hours=1)
    assert [roll_up(database, org, 5) for _ in range(rounds)] == [5, 5, 5, 5, 0][:rounds]
    assert counted(database, org) == true_counts(database, org)


def test_a_crash_in_the_middle_of_a_roll_up_counts_nothing_twice(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    record_many(database, org, clock, 20)
    clock.advance(hours=1)
    roll_up(database, org, 7)

    def crash() -> None:
        with database.transaction() as tx:
            assert usage.roll_up(tx, org.id, 7) == 7
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crash()
    assert counted(database, org) == true_counts(database, org)
    while roll_up(database, org, 7):
        pass
    assert counted(database, org) == true_counts(database, org)


def test_the_roll_up_stays_behind_what_may_still_be_committing(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    """A line whose id is older than one that is counted already appears later, because its transaction took longer; it counts too."""
    began = clock()
    record(database, org, began + timedelta(seconds=1))
    clock.advance(seconds=2)
    assert roll_up(database, org, 100) == 0
    record(database, org, began)
    clock.now = began + SETTLED_AFTER + timedelta(seconds=2)
    assert roll_up(database, org, 100) == 2
    assert of_app(database, org).granted == 2


def test_an_app_of_which_a_token_came_in_an_address_is_remembered_with_when_that_was(
    database: Database, org: SmallOrg, clock: ManualClock
) -> None:
    def seen() -> dict[str, datetime]:
        clock.advance(hours=1)
        roll_up(database, org, 100)
        with database.snapshot() as tx:
            assert usage.seen_in_the_open(tx, org.id, ["0H4000000000000"]) == usage.seen_in_the_open(tx, org.id, []) == {}
            return usage.seen_in_the_open(tx, org.id, [org.app_id])

    record(database, org, clock())
    record(database, org, clock(), event="userinfo", outcome="refused", reason="bearer_in_query")
    assert seen() == {}
    for event in ("identity", "userinfo"):
        began = clock()
        record(database, org, began, event=event)
        assert seen() == {org.app_id: began}
    record(database, org, clock())
    assert seen() == {org.app_id: began}


def test_first_and_last_use_are_those_of_successes(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    """Whoever guesses at a consumer key makes nothing look used."""
    start = clock()
    for minutes, outcome in enumerate(["refused", "success", "success", "refused"]):
        record(database, org, start + timedelta(minutes=minutes), outcome=outcome)
    expected = Usage(
        org.app_id,
        org.app_id,
        start + timedelta(minutes=1),
        start + timedelta(minutes=2),
        start + timedelta(minutes=3),
        granted=2,
        refused=2,
    )
    assert of_app(database, org) == expected
    clock.advance(hours=1)
    for taken in (1, 1, 1, 1, 0):
        assert roll_up(database, org, 1) == taken
        assert of_app(database, org) == expected


def test_what_came_from_nobody_known_is_no_apps_usage(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    record(database, org, clock(), app_id="", outcome="refused", reason="client_unknown")
    clock.advance(hours=1)
    assert roll_up(database, org, 10) == 1
    with database.reading() as tx:
        assert tx.connection.execute(sa.select(sa.func.count()).select_from(usage.usage)).scalar_one() == 0


def test_users_come_page_by_page_from_the_roll_up_and_the_tail_together(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    people = [f"00500000000000{number}" for number in range(6)]
    for person in people[::2]:
        record(database, org, clock(), user_id=person)
    clock.advance(hours=1)
    roll_up(database, org, 100)
    for person in people:
        record(database, org, clock(), user_id=person)
    with database.snapshot() as tx:
        actor = org.actor(READER)
        first = oauth_usage.users_of_app(tx, actor, org.app_id, limit=4)
        second = oauth_usage.users_of_app(tx, actor, org.app_id, after=first[-1].subject_id, limit=4)
    assert [(each.subject_id, each.usage.granted) for each in first + second] == [
        (person, 2 - number % 2) for number, person in enumerate(people)
    ]


def test_names_stand_beside_the_ids(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    record(database, org, clock(), user_id=org.user_id, credential_id=org.secret_id)
    with database.snapshot() as tx:
        assert [each.name for each in oauth_usage.users_of_app(tx, org.actor(READER), org.app_id)] == ["Uwe Example"]
        assert [each.name for each in oauth_usage.credentials_of_app(tx, org.actor(READER), org.app_id)] == ["first"]


def test_every_installed_app_is_listed_with_what_is_alive(database: Database, org: SmallOrg) -> None:
    with database.snapshot() as tx:
        (idle,) = oauth_usage.of_apps(tx, org.actor(READER))
    assert (idle.app, idle.usage.last_at, idle.live_tokens, idle.grants, idle.users) == ("Billing", None, 0, 0, 0)
    with database.transaction() as tx:
        for person in (org.user_id, org.owner_id):
            grant = add_grant(tx, org, person)
            add_token(tx, org, grant)
        add_token(tx, org, grant)
    with database.snapshot() as tx:
        (used,) = oauth_usage.of_apps(tx, org.actor(READER))
        assert oauth_usage.of_apps(tx, org.actor(READER), after=org.app_id) == []
    assert (used.usage.granted, used.live_tokens, used.grants, used.users, used.exact) == (3, 3, 2, 2, True)


def use(database: Database, org: SmallOrg, grant_id: str, *scopes: str) -> None:
    with database.transaction() as tx:
        exercised_scopes.note(tx, [(org.id, grant_id, scope) for scope in scopes])


def test_X_CO_08_each_grant_shows_what_it_used_and_what_it_never_used(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    held = ("full", "openid", "email", "refresh_token", "web")
    with database.transaction() as tx:
        idle = add_grant(tx, org, org.owner_id)
        busy = replace(idle, id=tx.new_id(Prefix.GRANT), flow=Flow.WEB_SERVER, user_id=org.user_id, scopes=held)
        assert grants.insert_if_first(tx, busy)
    began = clock()
    use(database, org, busy.id, "openid", "visualforce")
    clock.advance(hours=2)
    use(database, org, busy.id, "openid")
    with database.snapshot() as tx:
        actor = org.actor(READER)
        found = {each.grant_id: each for each in oauth_usage.grants_of_app(tx, actor, org.app_id)}
        pages = [oauth_usage.grants_of_app(tx, actor, org.app_id, limit=1)]
        pages.append(oauth_usage.grants_of_app(tx, actor, org.app_id, after=pages[0][0].place))
    assert [each.grant_id for page in pages for each in page] == list(found)
    assert (found[idle.id].exercised, found[idle.id].user) == ((), "Olga Example")
    seen = [(each.scope, each.first_at, each.last_at) for each in found[busy.id].exercised]
    assert seen == [("openid", began, began + timedelta(hours=2)), ("visualforce", began, began)]
    # `full` and `web` were used for something that they imply; that access lasts is no use that could be made of it.
    assert (found[busy.id].user, found[busy.id].flow, found[busy.id].unused) == ("Uwe Example", Flow.WEB_SERVER, ("email",))


def test_two_orgs_are_counted_apart(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    with database.transaction() as tx:
        other = make_org(tx, "other")
    record(database, org, clock())
    record(database, other, clock())
    clock.advance(hours=1)
    assert [roll_up(database, org, 10), of_app(database, org).granted, of_app(database, other).granted] == [1, 1, 1]
    with database.reading() as tx:
        assert leases.progress(tx, f"usage:{other.id}") == {}


def test_it_needs_the_permission_and_an_app_of_the_org(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        other = make_org(tx, "other")
    with database.snapshot() as tx:
        with pytest.raises(Refused) as refused:
            oauth_usage.of_apps(tx, org.actor(*set(Permission) - {READER}))
        assert refused.value.reason.code == "permission_missing"
        for read in EVERY_REPORT:
            with pytest.raises(Refused) as refused:
                read(tx, org.actor(READER), other.app_id)
            assert refused.value.reason.code == "record_not_found"
