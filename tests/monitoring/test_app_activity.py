"""The activity of an app is counted by the days of its reader, bounded to its newest lines, and told to who may see it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.records.on_a_clock import database, org
from tests.records.seed import ManualClock, SmallOrg, line

from gatebridge.monitoring import app_activity
from gatebridge.monitoring.app_activity import Activity
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.storage import app_activity as counted
from gatebridge.storage import login_history
from gatebridge.storage.database import Database

__all__ = ["database", "org"]

READER = Permission.VIEW_OAUTH_USAGE
# The hour was put back on this day, which had 25 of them, in Berlin.
LONG_DAY = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 5, 12, tzinfo=UTC))


def record(database: Database, org: SmallOrg, at: datetime, **given: object) -> None:
    with database.transaction() as tx:
        login_history.insert_many(tx, [line(org, at, **given)])


def activity(database: Database, org: SmallOrg, zone: str = "UTC") -> Activity:
    with database.snapshot() as tx:
        return app_activity.of_app(tx, org.actor(READER), org.app_id, ZoneInfo(zone))


def test_each_outcome_is_on_the_day_that_it_was_for_the_reader(database: Database, org: SmallOrg) -> None:
    record(database, org, LONG_DAY.astimezone(UTC))
    record(database, org, (LONG_DAY + timedelta(hours=23, minutes=59)).astimezone(UTC), outcome="refused", reason="scope_unknown")
    record(database, org, LONG_DAY.astimezone(UTC) - timedelta(seconds=1))
    berlin = {f"{day.start:%d %b}": (day.granted, day.refused) for day in activity(database, org, "Europe/Berlin").days}
    assert (len(berlin), berlin["24 Oct"], berlin["25 Oct"], berlin["26 Oct"]) == (30, (1, 0), (1, 1), (0, 0))
    utc = {f"{day.start:%d %b}": (day.granted, day.refused) for day in activity(database, org).days}
    assert (utc["24 Oct"], utc["25 Oct"]) == ((2, 0), (0, 1))


def test_it_says_what_proved_the_app_why_it_was_refused_and_for_whom_it_was_let_through(
    database: Database, org: SmallOrg, clock: ManualClock
) -> None:
    for hours, reason in ((100, "scope_unknown"), (30, "scope_unknown"), (29, "scope_unknown"), (2, "secret_wrong")):
        record(database, org, clock() - timedelta(hours=hours), outcome="refused", reason=reason)
    record(database, org, clock() - timedelta(hours=1), user_id=org.user_id, credential_id=org.secret_id)
    for hours in (23, 24 * 10):  # before the first of the days, though not thirty times 24 hours ago; and long before
        record(database, org, clock() - timedelta(days=29, hours=hours), user_id=org.owner_id, credential_id=org.secret_id)
    found = activity(database, org)
    assert (found.granted, found.refused, found.proven, found.exact) == (1, 4, 1, True)
    assert found.credentials == {org.secret_id: 1}
    assert [(cause.reason, cause.number, f"{cause.worst:%d %b}", cause.on_worst) for cause in found.causes] == [
        ("scope_unknown", 3, "04 Nov", 2),
        ("secret_wrong", 1, "05 Nov", 1),
    ]
    with database.snapshot() as tx:
        users = app_activity.users_of_app(tx, org.actor(READER), org.app_id, 10, UTC)
    assert ([(each.user_id, each.number) for each in users.first], users.number) == ([(org.user_id, 1)], 1)


def test_of_a_busy_app_the_newest_lines_are_counted_and_that_is_said(
    database: Database, org: SmallOrg, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (counted, app_activity):
        monkeypatch.setattr(module, "MOST", 3)
    for hours in range(6):
        record(database, org, clock() - timedelta(hours=hours))
    found = activity(database, org)
    assert (found.exact, found.granted) == (False, 4)


def test_nobody_without_the_right_is_told(database: Database, org: SmallOrg) -> None:
    with database.snapshot() as tx:
        for read in (
            lambda actor: app_activity.of_app(tx, actor, org.app_id, UTC),
            lambda actor: app_activity.users_of_app(tx, actor, org.app_id, 1, UTC),
        ):
            with pytest.raises(Refused, match="permission_missing"):
                read(org.actor(Permission.VIEW_SETUP))
