"""What only so many are let through of, counted in windows, and the locks that come of it: under a clock that goes step by step."""

from datetime import timedelta

from tests.records.seed import ManualClock, SmallOrg
from tests.storage.people_flows import at_once

from gatebridge.storage import limited_acts
from gatebridge.storage.database import Database
from gatebridge.storage.limited_acts import Counted, Kind

WINDOW = timedelta(minutes=15)
LOCK = timedelta(minutes=20)
MOST = 3
INSTANT = timedelta(microseconds=1)


def fail(database: Database, org: SmallOrg, key: str = "ada", kind: Kind = "user", most: int = MOST) -> Counted:
    with database.transaction() as tx:
        counted = limited_acts.count(tx, org.id, kind, key, window=WINDOW, most=most, lock=LOCK)
        assert limited_acts.of(tx, org.id, kind, key) == counted
    return counted


def test_nothing_is_counted_before_the_first_failure(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        assert limited_acts.of(tx, acme.id, "user", "ada") is None


def test_std_G_10_so_many_within_one_window_lock_for_a_while(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    began = clock.now
    assert fail(timed, acme) == Counted(1, began, None)
    clock.advance(minutes=7)
    assert fail(timed, acme) == Counted(2, began, None)
    clock.advance(minutes=8)  # the last moment of the window
    locked = fail(timed, acme)
    assert locked == Counted(3, began, clock.now + LOCK)
    assert [locked.locks(clock.now + LOCK - INSTANT), locked.locks(clock.now + LOCK)] == [True, False]


def test_a_window_that_is_over_begins_anew(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    fail(timed, acme)
    fail(timed, acme)
    clock.advance(minutes=15, microseconds=1)
    assert fail(timed, acme) == Counted(1, clock.now, None)
    assert fail(timed, acme).count == 2


def test_std_G_10_a_window_begins_with_its_first_failure_and_does_not_slide(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    for _ in range(6):
        assert fail(timed, acme).locked_until is None  # one every eight minutes is never more than two in a window
        clock.advance(minutes=8)


def test_X_BF_06_trying_on_during_a_lock_makes_it_no_longer(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    until = clock.now + LOCK
    for _ in range(MOST):
        locked = fail(timed, acme)
    assert locked.locked_until == until
    for _ in range(19):
        clock.advance(minutes=1)
        assert fail(timed, acme).locked_until == until


def test_std_G_10_after_a_lock_so_many_more_lock_again(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    for _ in range(MOST):
        fail(timed, acme)
    clock.advance(minutes=20)
    again = [fail(timed, acme) for _ in range(MOST)]
    assert [(each.count, each.locks(clock.now)) for each in again] == [(1, False), (2, False), (3, True)]
    assert again[-1].locked_until == clock.now + LOCK


def test_the_first_failure_locks_where_one_is_too_many(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    assert fail(timed, acme, most=1) == Counted(1, clock.now, clock.now + LOCK)


def test_X_BF_05_failures_at_once_are_all_counted_and_lock_together(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    counted = at_once(8, lambda _: fail_once(timed, acme))
    assert sorted(each.count for each in counted) == list(range(1, 9))
    assert sorted(each.locks(clock.now) for each in counted) == [False] * 4 + [True] * 4


def fail_once(database: Database, org: SmallOrg) -> Counted:
    with database.transaction() as tx:
        return limited_acts.count(tx, org.id, "user", "ada", window=WINDOW, most=5, lock=LOCK)


def test_orgs_kinds_and_keys_are_counted_apart(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    fail(timed, acme)
    for org, key, kind in ((other, "ada", "user"), (acme, "ada", "address"), (acme, "Ada", "user")):
        assert fail(timed, org, key, kind).count == 1  # type: ignore[arg-type]
    with timed.transaction() as tx:
        limited_acts.clear(tx, acme.id, "user", "ada")
        assert limited_acts.of(tx, acme.id, "user", "ada") is None
        assert limited_acts.of(tx, other.id, "user", "ada") is not None
        assert limited_acts.of(tx, acme.id, "address", "ada") is not None
        assert limited_acts.of(tx, acme.id, "user", "Ada") is not None


def test_what_was_cleared_begins_at_one_and_is_not_locked(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    for _ in range(MOST):
        fail(timed, acme)
    with timed.transaction() as tx:
        limited_acts.clear(tx, acme.id, "user", "ada")
    assert fail(timed, acme) == Counted(1, clock.now, None)


def test_the_purge_forgets_what_was_last_counted_before_the_oldest_first(
    timed: Database, acme: SmallOrg, other: SmallOrg, clock: ManualClock
) -> None:
    fail(timed, other, "theirs")
    for key in ("first", "second", "third", "fourth"):
        fail(timed, acme, key)
        clock.advance(minutes=1)
    fail(timed, acme, "first")
    with timed.transaction() as tx:
        assert limited_acts.purge(tx, acme.id, clock.now - timedelta(minutes=1), 1) == 1
        kept = [limited_acts.of(tx, acme.id, "user", key) is not None for key in ("first", "second", "third", "fourth")]
        assert kept == [True, False, True, True]
        assert [limited_acts.purge(tx, acme.id, clock.now, 10) for _ in range(2)] == [2, 0]
        assert limited_acts.of(tx, other.id, "user", "theirs") is not None
