"""Following the history: every line comes once, also one that is recorded after a newer one, and none that the reader may not see."""

from datetime import datetime, timedelta

import pytest
from tests.records.on_a_clock import clock, database, org
from tests.records.seed import ManualClock, SmallOrg, line, make_org

from gatebridge.monitoring import history_tail
from gatebridge.monitoring.history_tail import LATE, News, Seen
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.storage import login_history
from gatebridge.storage.database import Database

__all__ = ["clock", "database", "org"]

READER = Permission.MONITOR_LOGIN_HISTORY
ALL = HistoryFilter()


def minted(org: SmallOrg, at: datetime) -> str:
    return org.mint.mint(Prefix.RECEIPT, at)


def record(database: Database, org: SmallOrg, *receipt_ids: str, at: datetime, **given: object) -> None:
    with database.transaction() as tx:
        login_history.insert_many(tx, [line(org, at, id=each, **given) for each in receipt_ids])


def begin(database: Database, org: SmallOrg, after: str | None, wanted: HistoryFilter = ALL) -> Seen:
    with database.reading() as tx:
        return history_tail.begin(tx, org.actor(READER), wanted, after)


def look(database: Database, org: SmallOrg, seen: Seen, wanted: HistoryFilter = ALL) -> News:
    with database.reading() as tx:
        return history_tail.look(tx, org.actor(READER), wanted, seen)


def told(news: News) -> list[str]:
    return [each.id for each in news.receipts]


def test_every_line_comes_once_and_one_that_was_recorded_late_comes_all_the_same(
    database: Database, org: SmallOrg, clock: ManualClock
) -> None:
    shown, slow, quick = (minted(org, clock() - timedelta(seconds=back)) for back in (3, 2, 1))
    record(database, org, shown, at=clock())
    seen = begin(database, org, shown)
    assert told(look(database, org, seen)) == []
    record(database, org, quick, at=clock())
    first = look(database, org, seen)
    record(database, org, slow, at=clock())
    second = look(database, org, first.seen)
    assert [told(first), told(second), told(look(database, org, second.seen))] == [[quick], [slow], []]
    clock.advance(seconds=LATE.total_seconds() * 2)
    late = look(database, org, second.seen)
    assert (told(late), late.seen) == ([], Seen(quick, frozenset()))


def test_who_comes_back_is_told_what_came_meanwhile(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    shown, missed, newest = (minted(org, clock() + timedelta(minutes=minutes)) for minutes in (0, 5, 10))
    clock.advance(minutes=10)
    record(database, org, shown, missed, newest, at=clock())
    assert told(look(database, org, begin(database, org, shown))) == [newest, missed]


def test_behind_an_empty_list_begins_what_is_new(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    seen = begin(database, org, None)
    new = minted(org, clock())
    record(database, org, new, at=clock())
    assert told(look(database, org, seen)) == [new]


def test_only_what_fits_the_filters_comes(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    wanted = HistoryFilter(outcome="refused", user_id=org.user_id)
    seen = begin(database, org, None, wanted)
    fits, granted = minted(org, clock()), minted(org, clock())
    record(database, org, fits, at=clock(), outcome="refused", reason="scope_unknown", user_id=org.user_id)
    record(database, org, granted, at=clock(), user_id=org.user_id)
    assert told(look(database, org, seen, wanted)) == [fits]


def test_of_very_many_at_once_the_newest_come_and_that_others_were_left_out_is_said(
    database: Database, org: SmallOrg, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_tail, "MOST", 2)
    seen = begin(database, org, None)
    lines = [minted(org, clock()) for _ in range(3)]
    record(database, org, *lines, at=clock())
    news = look(database, org, seen)
    assert (told(news), news.skipped) == ([lines[2], lines[1]], True)
    assert told(look(database, org, news.seen)) == []


def test_X_AD_06_nobody_follows_what_nobody_may_read(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    with database.transaction() as tx:
        other = make_org(tx, "other")
    seen = begin(database, org, None)
    record(database, other, minted(other, clock()), at=clock())
    assert told(look(database, org, seen)) == []
    with database.reading() as tx:
        for read in (
            lambda actor: history_tail.begin(tx, actor, ALL, None),
            lambda actor: history_tail.look(tx, actor, ALL, seen),
        ):
            with pytest.raises(Refused, match="permission_missing"):
                read(org.actor(Permission.VIEW_SETUP))
