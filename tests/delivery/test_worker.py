"""The clock of the house: one node at a time works, what has expired goes, and a crash costs nothing."""

import os
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.records.on_a_clock import clock, database, org
from tests.records.seed import ManualClock, SmallOrg, add_grant, add_token, change, line

from gatebridge.delivery.email import FileMailer
from gatebridge.delivery.file import HeadsFile
from gatebridge.monitoring import audit_heads
from gatebridge.monitoring.audit_trail import verify
from gatebridge.storage import assertions, idempotency, leases, login_history, outbox, strangers, tokens
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.database import Database
from gatebridge.worker import LEASE, LEASE_LIFE, Worker

__all__ = ["clock", "database", "org"]


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    return tmp_path / "heads.log"


def worker(database: Database, heads: Path) -> Worker:
    return Worker(database, {"audit_head": HeadsFile(heads)}, random=os.urandom)


def rows(database: Database, table: sa.Table) -> int:
    with database.reading() as tx:
        return tx.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_of_two_workers_one_works(database: Database, org: SmallOrg, heads: Path) -> None:
    first, second = worker(database, heads), worker(database, heads)
    assert [first.run_once().leading, second.run_once().leading, first.run_once().leading] == [True, False, True]


def test_of_one_worker_two_rounds_never_overlap(database: Database, org: SmallOrg) -> None:
    """The demo asks for a round while the worker's own thread is at one: what that one has in hand is not sent once more."""
    began, again, over = threading.Event(), threading.Event(), threading.Event()

    class Slow:
        most_attempts = None

        def deliver(self, entry: outbox.Entry) -> None:
            (again if began.is_set() else began).set()
            assert over.wait(20)

    with database.transaction() as tx:
        change(tx, org, 1)
    busy = Worker(database, {"audit_head": Slow()}, random=os.urandom)
    rounds = [threading.Thread(target=busy.run_once) for _ in range(2)]
    rounds[0].start()
    try:
        assert began.wait(20)
        rounds[1].start()
        assert not again.wait(0.5)
    finally:
        over.set()
        for each in rounds:
            each.join(20)
    assert not again.is_set()


def test_when_a_node_falls_silent_another_takes_over(database: Database, org: SmallOrg, heads: Path, clock: ManualClock) -> None:
    first, second = worker(database, heads), worker(database, heads)
    assert first.run_once().leading
    clock.now += LEASE_LIFE
    assert second.run_once().leading
    assert not first.run_once().leading


def test_of_many_that_ask_at_once_one_gets_the_lease(database: Database) -> None:
    taken: list[bool] = []
    gate = threading.Barrier(6)

    def ask(holder: str) -> None:
        gate.wait()
        with database.transaction() as tx:
            taken.append(leases.acquire(tx, "work", holder, timedelta(minutes=1)))

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 5 + [True]


def test_a_worker_that_stops_gives_the_lease_back_at_once(database: Database, org: SmallOrg, heads: Path) -> None:
    """The heads arrive through a real thread, and after `stop` another node need not wait."""
    arrived = threading.Event()

    class Announcing:
        most_attempts = None

        def deliver(self, entry: outbox.Entry) -> None:
            HeadsFile(heads).deliver(entry)
            arrived.set()

    with database.transaction() as tx:
        change(tx, org, 1)
    first = Worker(database, {"audit_head": Announcing()}, interval_seconds=0.01, random=os.urandom)
    first.start()
    assert arrived.wait(20)
    first.stop()
    assert worker(database, heads).run_once().leading
    assert len(audit_heads.read(heads)) == 1


def test_a_round_that_fails_does_not_end_the_worker(database: Database, org: SmallOrg, heads: Path) -> None:
    """The table of the outbox is away when the worker begins, and comes back; the head arrives all the same."""
    arrived = threading.Event()

    class Announcing:
        most_attempts = None

        def deliver(self, entry: outbox.Entry) -> None:
            arrived.set()

    with database.transaction() as tx:
        change(tx, org, 1)
        tx.connection.exec_driver_sql("ALTER TABLE outbox RENAME TO away")
    failed = threading.Event()

    class Worse(Worker):
        def run_once(self):  # type: ignore[no-untyped-def]
            try:
                return super().run_once()
            except sa.exc.DBAPIError:
                failed.set()
                raise

    restless = Worse(database, {"audit_head": Announcing()}, interval_seconds=0.01, random=os.urandom)
    restless.start()
    try:
        assert failed.wait(20)
        with database.transaction() as tx:
            tx.connection.exec_driver_sql("ALTER TABLE away RENAME TO outbox")
        assert arrived.wait(20)
    finally:
        restless.stop()


def test_one_work_that_fails_holds_up_no_other(database: Database, org: SmallOrg, heads: Path, clock: ManualClock) -> None:
    """The table of one work is away: the round says so, and all that does not need it is done."""
    with database.transaction() as tx:
        change(tx, org, 1)
        idempotency.claim(tx, org.id, org.user_id, "old", bytes(32))
        login_history.insert_many(tx, [line(org, clock())])
        tx.connection.exec_driver_sql("ALTER TABLE usage RENAME TO away")
    clock.advance(hours=25)
    with pytest.raises(sa.exc.DBAPIError):
        worker(database, heads).run_once()
    assert len(audit_heads.read(heads)) == 1
    assert rows(database, idempotency.idempotency_keys) == 0
    with database.transaction() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE away RENAME TO usage")


def test_a_mail_whose_seal_is_broken_holds_up_nothing_beside_it(database: Database, org: SmallOrg, heads: Path, tmp_path: Path) -> None:
    with database.transaction() as tx:
        outbox.insert(tx, org.id, "0OB000000000001", "mail", {"to": "ada@example.com", "subject": "Hello", "text": "Hello."})
        tx.connection.execute(sa.update(outbox.outbox).values(id="0OB000000000002"))  # it opens in its own place only
        outbox.insert(tx, org.id, "0OB000000000003", "mail", {"to": "eve@example.com", "subject": "Hello", "text": "Hello."})
        change(tx, org, 1)
    mailing = Worker(database, {"audit_head": HeadsFile(heads), "mail": FileMailer(tmp_path / "mail")}, random=os.urandom)
    report = mailing.run_once()
    assert (report.sent, report.not_sent) == (2, 1)
    with database.reading() as tx:
        (broken,) = tx.connection.execute(
            sa.select(outbox.outbox.c.id, outbox.outbox.c.last_error).where(outbox.outbox.c.sent_at.is_(None))
        )
    assert (broken.id, broken.last_error[:10]) == ("0OB000000000002", "SealBroken")


def test_a_slow_delivery_keeps_the_lease(
    database: Database, org: SmallOrg, heads: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one node waits for a mail server, another must not take its place and send the same mail once more."""
    monkeypatch.setattr("gatebridge.worker.RENEW_SECONDS", 0.01)
    began, over = threading.Event(), threading.Event()

    class Slow:
        most_attempts = None

        def deliver(self, entry: outbox.Entry) -> None:
            began.set()
            assert over.wait(20)

    def held_until() -> datetime:
        with database.reading() as tx:
            until: datetime = tx.connection.execute(sa.select(leases.leases.c.until).where(leases.leases.c.name == LEASE)).scalar_one()
            return until

    with database.transaction() as tx:
        change(tx, org, 1)
    slow = threading.Thread(target=Worker(database, {"audit_head": Slow()}, random=os.urandom).run_once)
    slow.start()
    try:
        assert began.wait(20)
        clock.advance(seconds=45)
        given_up = time.monotonic() + 20
        while held_until() < clock() + LEASE_LIFE and time.monotonic() < given_up:
            time.sleep(0.01)
        clock.advance(seconds=45)
        assert not worker(database, heads).run_once().leading
    finally:
        over.set()
        slow.join(20)


def test_after_a_round_the_chain_verifies_against_the_heads_file(
    database: Database, org: SmallOrg, heads: Path, clock: ManualClock
) -> None:
    with database.transaction() as tx:
        for number in range(250):
            change(tx, org, number)
    assert worker(database, heads).run_once().sent == 250
    clock.advance(hours=1)
    with database.snapshot() as tx:
        assert verify(tx, org.id, MASTER_KEYS, audit_heads.read(heads)).state == "intact"


def test_expired_tokens_go_a_day_later_and_live_ones_stay(database: Database, org: SmallOrg, heads: Path, clock: ManualClock) -> None:
    with database.transaction() as tx:
        grant = add_grant(tx, org)
        add_token(tx, org, grant)
    clock.advance(hours=25)
    with database.transaction() as tx:
        kept = add_token(tx, org, grant)
    assert worker(database, heads).run_once().purged == 0
    clock.advance(hours=2)
    assert worker(database, heads).run_once().leading is True
    with database.reading() as tx:
        assert tx.connection.scalars(sa.select(tokens.access_tokens.c.id)).all() == [kept.id]


def test_used_assertions_go_when_they_could_only_be_refused_as_expired(
    database: Database, org: SmallOrg, heads: Path, clock: ManualClock
) -> None:
    with database.transaction() as tx:
        for minutes in (5, 15):
            used = UsedAssertion(org.id, "client", org.app_id, bytes([minutes]) * 32, clock() + timedelta(minutes=minutes))
            assert assertions.use_up(tx, used)
    clock.advance(minutes=10)
    worker(database, heads).run_once()
    assert rows(database, assertions.used_assertions) == 1


def test_idempotency_keys_go_after_a_day(database: Database, org: SmallOrg, heads: Path, clock: ManualClock) -> None:
    with database.transaction() as tx:
        idempotency.claim(tx, org.id, org.user_id, "old", bytes(32))
    clock.advance(hours=23)
    with database.transaction() as tx:
        idempotency.claim(tx, org.id, org.user_id, "young", bytes(32))
    clock.advance(hours=2)
    worker(database, heads).run_once()
    with database.reading() as tx:
        assert tx.connection.scalars(sa.select(idempotency.idempotency_keys.c.key)).all() == ["young"]


def test_counting_rows_of_strangers_go_after_ninety_days(database: Database, org: SmallOrg, heads: Path, clock: ManualClock) -> None:
    with database.transaction() as tx:
        for days in (0, 60):
            strangers.count(tx, org.id, clock() + timedelta(days=days), "client_unknown", "192.0.2.0/24", f"0Ya00000000000{days}"[:15])
    clock.advance(days=91)
    worker(database, heads).run_once()
    assert rows(database, strangers.stranger_counts) == 1


def test_what_was_delivered_goes_after_a_week_and_what_was_not_stays(
    database: Database, org: SmallOrg, heads: Path, clock: ManualClock
) -> None:
    with database.transaction() as tx:
        change(tx, org, 1)
        outbox.insert(tx, org.id, "0OB000000000001", "nobody", {})
    diligent = worker(database, heads)
    assert (diligent.run_once().sent, rows(database, outbox.outbox)) == (1, 2)
    clock.advance(days=8)
    diligent.run_once()
    assert rows(database, outbox.outbox) == 1


def test_the_database_is_told_how_large_its_tables_have_become(
    database: Database, org: SmallOrg, heads: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it SQLite takes every org for small, and a page about one user reads five million lines."""
    monkeypatch.setattr("gatebridge.storage.dialects.SMALL_IN_PAGES", 1)
    known = "SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'login_history'" if database.is_sqlite else "SELECT 1"
    diligent = worker(database, heads)
    diligent.run_once()
    with database.transaction() as tx:
        login_history.insert_many(tx, [line(org, clock())])
    clock.advance(hours=1)
    diligent.run_once()
    with database.reading() as tx:
        assert tx.connection.exec_driver_sql(known).scalar_one() > 0


def test_a_purge_takes_what_is_more_than_a_chunk_too(
    database: Database, org: SmallOrg, heads: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatebridge.worker.CHUNK", 3)
    with database.transaction() as tx:
        for number in range(10):
            idempotency.claim(tx, org.id, org.user_id, str(number), bytes(32))
        login_history.insert_many(tx, [line(org, clock()) for _ in range(10)])
    clock.advance(hours=25)
    report = worker(database, heads).run_once()
    assert (report.purged, report.rolled_up) == (10, 10)


class TestIdempotency:
    """One key buys one act."""

    def test_a_key_is_new_once_and_answers_the_same_for_ever_after(self, database: Database, org: SmallOrg) -> None:
        with database.transaction() as tx:
            assert idempotency.claim(tx, org.id, org.user_id, "k", b"r" * 32) is None
            idempotency.keep(tx, org.id, org.user_id, "k", 201, {"id": "x"})
        with database.transaction() as tx:
            again = idempotency.claim(tx, org.id, org.user_id, "k", b"other".ljust(32))
            assert again is not None
            assert (again.request, again.status, again.answer) == (b"r" * 32, 201, {"id": "x"})
            assert idempotency.claim(tx, org.id, org.owner_id, "k", b"r" * 32) is None

    def test_of_two_at_once_one_acts_and_the_other_gets_its_answer(self, database: Database, org: SmallOrg) -> None:
        acted: list[str] = []
        answers: list[object] = []
        gate = threading.Barrier(2)

        def ask(name: str) -> None:
            gate.wait()
            with database.transaction() as tx:
                before = idempotency.claim(tx, org.id, org.user_id, "k", bytes(32))
                if before is None:
                    acted.append(name)
                    idempotency.keep(tx, org.id, org.user_id, "k", 201, {"by": name})
                else:
                    answers.append(before.answer)

        threads = [threading.Thread(target=ask, args=(name,)) for name in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [{"by": acted[0]}]
        assert len(acted) == 1
