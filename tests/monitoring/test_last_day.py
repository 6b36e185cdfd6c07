"""The last day of an org by hours, and the credentials that end soon: counted in the database, bounded, and of this org alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from tests.records.seed import ManualClock, SmallOrg, at_the_time_of, line, make_org

from gatebridge.monitoring import last_day
from gatebridge.monitoring.last_day import LastDay
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.storage import ending_credentials, last_hours, login_history
from gatebridge.storage.credentials import certificates, secrets
from gatebridge.storage.database import Database

NOW = datetime(2026, 11, 5, 12, 20, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with at_the_time_of(ManualClock(NOW), database_url) as opened:
        yield opened


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def record(database: Database, org: SmallOrg, ago: timedelta, times: int = 1, **given: object) -> None:
    with database.transaction() as tx:
        login_history.insert_many(tx, [line(org, NOW - ago, **given) for _ in range(times)])


def read(database: Database, org: SmallOrg, zone: str = "UTC") -> LastDay:
    with database.snapshot() as tx:
        return last_day.of_org(tx, org.actor(Permission.MONITOR_LOGIN_HISTORY), ZoneInfo(zone))


def test_each_hour_has_what_came_in_it_and_the_most_frequent_reason_comes_first(database: Database, org: SmallOrg) -> None:
    record(database, org, timedelta(hours=23, minutes=21))
    record(database, org, timedelta(hours=23, minutes=20), 2, outcome="refused", reason="secret_wrong")
    record(database, org, timedelta(minutes=21), outcome="refused", reason="scope_unknown")
    record(database, org, timedelta(minutes=20), 2)
    with database.transaction() as tx:
        other = make_org(tx, "other")
    record(database, other, timedelta(minutes=1))
    found = read(database, org)
    counted = {f"{hour.start:%d %H:%M}": (hour.granted, hour.refused) for hour in found.hours if hour.granted or hour.refused}
    assert counted == {"05 12:00": (2, 0), "05 11:00": (0, 1), "04 13:00": (0, 2)}
    assert (len(found.hours), found.granted, found.refused, found.exact) == (24, 2, 3, True)
    assert [(cause.reason, cause.number) for cause in found.causes] == [("secret_wrong", 2), ("scope_unknown", 1)]


def test_hours_begin_as_they_do_for_the_reader(database: Database, org: SmallOrg) -> None:
    record(database, org, timedelta(minutes=30))
    assert [f"{hour.start:%H:%M}" for hour in read(database, org, "Asia/Kolkata").hours if hour.granted] == ["11:30"]


def test_of_a_busy_hour_the_first_are_counted_and_that_is_said(database: Database, org: SmallOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_hours, "MOST", 2)
    record(database, org, timedelta(minutes=1), 4)
    assert ((found := read(database, org)).granted, found.exact) == (2, False)


def test_nobody_without_the_right_is_told(database: Database, org: SmallOrg) -> None:
    with database.snapshot() as tx, pytest.raises(Refused, match="permission_missing"):
        last_day.of_org(tx, org.actor(Permission.VIEW_SETUP), UTC)


def test_what_ends_between_two_moments_comes_soonest_first_and_what_nobody_has_any_more_does_not(database: Database, org: SmallOrg) -> None:
    given = {"org_id": org.id, "app_id": org.app_id, "created_at": NOW, "created_by": org.owner_id}
    of_key = {"fingerprint": "x", "subject": "", "key_type": "", "algorithms": [], "public_pem": "", "not_before": NOW}
    ends = {"0SK000000000a1": 9, "0SK000000000a2": 40, "0SK000000000a3": 3, "0P1000000000a4": 2}
    with database.transaction() as tx:
        for each, days in ends.items():
            at = NOW + timedelta(days=days)
            retired = {"retired_at": NOW if days == 3 else None}
            if each.startswith("0P1"):
                tx.connection.execute(sa.insert(certificates).values(id=each, name=each, not_after=at, **of_key, **retired, **given))
            else:
                values = {"id": each, "name": each, "hint": "", "digest": bytes(32), "expires_at": at}
                tx.connection.execute(sa.insert(secrets).values(**values, **retired, **given))
    with database.snapshot() as tx:
        span = {"since": NOW, "until": NOW + timedelta(days=30)}
        found, number = ending_credentials.page(tx, org.id, **span, owner_id=org.owner_id, limit=1)
        assert ([each.id for each in found], number, found[0].is_certificate) == (["0P1000000000a4"], 2, True)
        found, _ = ending_credentials.page(tx, org.id, **span, owner_id=None, limit=9)
        assert [(each.id, each.app) for each in found] == [("0P1000000000a4", "Billing"), ("0SK000000000a1", "Billing")]
        assert ending_credentials.page(tx, org.id, **span, owner_id=org.user_id, limit=9) == ([], 0)
