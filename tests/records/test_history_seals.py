"""The login history is sealed hour by hour into the audit chain, whatever happens meanwhile; and what was kept for long enough goes."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.records.on_a_clock import clock, database, org
from tests.records.seed import ManualClock, SmallOrg, change, line

from gatebridge.delivery.file import HeadsFile
from gatebridge.monitoring import audit_heads, audit_history, audit_trail
from gatebridge.monitoring.audit_history import HistoryVerification
from gatebridge.records import history
from gatebridge.records import history_seals as pen
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import history_seals as rules
from gatebridge.rules.events import Event
from gatebridge.storage import audit_trail as trail
from gatebridge.storage import login_history
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.storage.database import Database
from gatebridge.worker import Worker

__all__ = ["clock", "database", "org"]


def worker(database: Database, **given: Any) -> Worker:
    return Worker(database, {}, random=os.urandom, **given)


def log_in(database: Database, org: SmallOrg, times: int = 1) -> None:
    with database.transaction() as tx:
        history.write(tx, [HistoryEntry(line(org, tx.now, user_agent=f"probe/{number}")) for number in range(times)])


def seals(database: Database, org: SmallOrg, event: Event = Event.LOGIN_HISTORY_SEALED) -> list[AuditLine]:
    with database.reading() as tx:
        return trail.page(tx, org.id, limit=100, event=event, rising=True)


def counts(lines: list[AuditLine]) -> list[object]:
    return [each["after"] for line in lines for each in line.changes if each["field"] == "lines"]


def verified(database: Database, org: SmallOrg) -> HistoryVerification:
    with database.snapshot() as tx:
        return audit_history.verify(tx, org.id, MASTER_KEYS)


def lines_left(database: Database) -> int:
    with database.reading() as tx:
        return tx.connection.execute(sa.select(sa.func.count()).select_from(login_history.login_history)).scalar_one()


def test_each_hour_with_lines_gets_one_line_in_the_chain(database: Database, org: SmallOrg, clock: ManualClock, tmp_path: Path) -> None:
    heads = tmp_path / "heads.log"
    log_in(database, org, 3)
    clock.advance(hours=1)
    log_in(database, org, 2)
    clock.advance(hours=1, minutes=20)
    busy = Worker(database, {"audit_head": HeadsFile(heads)}, random=os.urandom)
    assert [busy.run_once().sealed, worker(database).run_once().sealed, busy.run_once().sealed] == [2, 0, 0]
    (first, second) = seals(database, org)
    assert counts([first, second]) == [3, 2]
    assert (first.target_name, first.actor_kind) == ("Login History until 2026-03-02 13:00 UTC", "house")
    assert verified(database, org).words == "Until 2026-03-02 14:00 UTC, 5 lines of login history under 2 seals fit what was sealed."
    clock.advance(minutes=2)
    with database.snapshot() as tx:
        assert audit_trail.verify(tx, org.id, MASTER_KEYS, audit_heads.read(heads)).state == "intact"


def test_after_a_quiet_day_its_hours_are_sealed_empty(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    log_in(database, org)
    clock.advance(days=1, hours=3)
    sealing = worker(database)
    assert [sealing.run_once().sealed, sealing.run_once().sealed] == [2, 0]
    assert counts(seals(database, org)) == [1, 0]


def test_an_hour_with_very_many_lines_gets_several_seals(
    database: Database, org: SmallOrg, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_LINES", 3)
    monkeypatch.setattr(pen, "CHUNK", 2)
    log_in(database, org, 7)
    clock.advance(hours=2)
    assert worker(database).run_once().sealed == 3
    assert counts(seals(database, org)) == [3, 3, 1]
    assert verified(database, org).lines == 7


def test_of_two_nodes_that_seal_at_once_one_writes(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    log_in(database, org)
    clock.advance(hours=2)
    with database.reading() as tx:
        first, second = pen.next_seal(tx, org.id), pen.next_seal(tx, org.id)
    assert first is not None
    assert second is not None
    with database.transaction() as tx:
        assert pen.write(tx, org.id, first)
    with database.transaction() as tx:
        assert not pen.write(tx, org.id, second)
    assert len(seals(database, org)) == 1


def test_a_crash_between_the_seals_leaves_what_the_next_round_goes_on_with(
    database: Database, org: SmallOrg, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        log_in(database, org)
        clock.advance(hours=1)
    clock.advance(minutes=20)
    real, calls = pen.write, iter((True, False))

    def crashes(*given: Any) -> bool:
        done = real(*given)
        if not next(calls):
            raise RuntimeError("the power goes before the commit")
        return done

    monkeypatch.setattr("gatebridge.worker.history_seals.write", crashes)
    with pytest.raises(RuntimeError):
        worker(database).run_once()
    monkeypatch.undo()
    clock.advance(minutes=2)
    assert len(seals(database, org)) == 1
    assert worker(database).run_once().sealed == 2
    assert verified(database, org).state == "intact"


def test_a_line_that_comes_too_late_for_its_hour_is_written_under_an_id_of_now(
    database: Database, org: SmallOrg, clock: ManualClock
) -> None:
    """A node that stood still for an hour goes on where it was; a slow clock makes the same."""
    log_in(database, org)
    stood_still = line(org, clock())
    barely = line(org, clock() + timedelta(minutes=55))
    clock.advance(hours=1)
    with database.transaction() as tx:
        late, in_time = history.write(tx, [HistoryEntry(stood_still, folds=True), HistoryEntry(barely)])
    assert (late > stood_still.id, in_time) == (True, barely.id)
    with database.reading() as tx:
        assert [row.id for row in login_history.stretch(tx, org.id, stood_still.id, "0Yaz", ("id",), 9)] == [in_time, late]
    clock.advance(hours=1, minutes=20)
    worker(database).run_once()
    assert (counts(seals(database, org)), verified(database, org).state) == ([2, 1], "intact")


def test_what_the_database_holds_is_sealed_whole() -> None:
    assert {*pen.COLUMNS, "org_id"} == {column.name for column in login_history.login_history.columns}


# Each database keeps a receipt as text of its own. Seals are for ever, so neither digest may ever become another one.
DIGESTS = {
    "sqlite": "2ad77c7946081efcee3f73339648756716cd694fc03eb004c8d89dd8a4f86a02",
    "postgresql": "ebff24a2a23af09cd858a6d02c6b32abc46ea1109b0a380df98be9baf09fac69",
}


def test_a_line_is_digested_as_it_always_was(database: Database, org: SmallOrg, clock: ManualClock) -> None:
    receipt = {"request": {"b": "ü\u2028", "a": None}, "findings": [{"words": 'a "quoted" one', "compared": [1, True]}]}
    with database.transaction() as tx:
        login_history.insert_many(tx, [line(org, clock(), receipt=receipt, app_id="0H4000000000001", id="0Ya000000000001")])
        found = pen.held(tx, org.id, rules.BEGINNING, "0Yaz")
    assert (found.lines, found.sha256) == (1, DIGESTS[database.engine.dialect.name])


class TestForgetting:
    """Lines go by whole days when they were kept for long enough, and the trail says so."""

    def test_what_is_old_goes_once_it_is_sealed_and_the_trail_tells_of_it(
        self, database: Database, org: SmallOrg, clock: ManualClock
    ) -> None:
        log_in(database, org, 4)
        clock.advance(days=31)
        log_in(database, org)
        keeping = worker(database, keep_days=30)
        assert keeping.run_once().purged == 0  # it is sealed in this round
        clock.advance(minutes=2)
        assert keeping.run_once().purged == 4
        clock.advance(minutes=2)
        assert keeping.run_once().purged == 0
        (told,) = seals(database, org, Event.LOGIN_HISTORY_EXPIRED)
        assert (told.target_name, counts([told])) == ("Login History before 2026-03-03 00:00 UTC", [4])
        clock.advance(hours=2)
        keeping.run_once()
        found = verified(database, org)
        assert (found.state, found.lines) == ("intact", 1)
        assert found.words.endswith("What was older than 2026-03-03 00:00 UTC was removed when its time was over.")

    def test_a_crash_while_it_goes_is_no_tampering(self, database: Database, org: SmallOrg, clock: ManualClock) -> None:
        log_in(database, org, 4)
        clock.advance(days=31)
        worker(database).run_once()
        with database.transaction() as tx:
            assert pen.forget(tx, org.id, 3, timedelta(days=30)) == 3
        assert (lines_left(database), verified(database, org).state) == (1, "intact")
        with database.transaction() as tx:
            assert pen.forget(tx, org.id, 3, timedelta(days=30)) == 1
        assert len(seals(database, org, Event.LOGIN_HISTORY_EXPIRED)) == 1

    def test_without_a_line_in_the_trail_what_is_gone_is_missed(self, database: Database, org: SmallOrg, clock: ManualClock) -> None:
        log_in(database, org, 4)
        clock.advance(days=31)
        worker(database).run_once()
        with database.transaction() as tx:
            assert login_history.forget(tx, org.id, "0Yaz", 9) == 4
            change(tx, org, 1)
        assert (verified(database, org).state, verified(database, org).first_bad) == ("tampered", 1)
