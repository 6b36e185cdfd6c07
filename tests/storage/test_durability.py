"""What must hold of the databases themselves: nothing acknowledged is lost, nobody is turned away by a lock, a full disk is an outage."""

import os
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS, migrate
from tests.records.seed import make_org

from gatebridge.rules.ids import Prefix
from gatebridge.storage import backup, dialects, orgs, outbox
from gatebridge.storage.database import Database, open_database

WRITERS = 200


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "gatebridge.db"
    migrate(f"sqlite:///{file}")
    return file


def opened(file: Path, *, timeout: int = 10) -> Database:
    return open_database(f"sqlite:///{file}", MASTER_KEYS, statement_timeout=timeout)


def test_X_RL_02_every_connection_waits_for_the_disk_before_it_acknowledges(file: Path) -> None:
    database = opened(file)
    try:
        for open_one in (database.transaction, database.snapshot, database.reading):
            with open_one() as tx:
                assert tx.connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
                assert tx.connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    finally:
        database.close()


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_X_RL_03_a_write_ahead_log_is_used_only_where_it_is_safe(version: tuple[int, ...], safe: bool) -> None:
    assert dialects.wal_is_safe(version) is safe


def test_X_RL_03_the_journal_follows_from_the_version(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for safe, journal in ((True, "wal"), (False, "truncate")):
        monkeypatch.setattr(dialects, "wal_is_safe", lambda safe=safe: safe)
        database = opened(file)
        try:
            with database.snapshot() as tx:
                assert tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == journal
        finally:
            database.close()


def test_X_RL_04_two_hundred_writers_at_once_all_get_their_turn(database: Database) -> None:
    with database.transaction() as tx:
        org = make_org(tx)
    failed: list[BaseException] = []
    begin = threading.Barrier(WRITERS)

    def write() -> None:
        begin.wait(30)
        try:
            with database.transaction() as tx:
                assert orgs.by_id(tx, org.id) is not None  # a read first, which is what a late upgrade to writing fails on
                outbox.insert(tx, org.id, tx.new_id(Prefix.OUTBOX), "audit_head", {"org": org.id})
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # PostgreSQL's pool is smaller than the crowd: whoever waits too long for a connection is told that it is an outage, never a defect.
    assert [error for error in failed if not dialects.is_outage(error)] == []
    assert failed == [] or not database.is_sqlite
    with database.snapshot() as tx:
        of_org = outbox.outbox.c.org_id == org.id
        written = tx.connection.execute(sa.select(sa.func.count()).select_from(outbox.outbox).where(of_org)).scalar_one()
    assert written >= WRITERS - len(failed)


def test_X_RL_06_a_full_disk_is_an_outage_that_leaves_nothing_half_done_and_passes_by_itself(file: Path) -> None:
    database = opened(file)
    try:
        with database.transaction() as tx:
            org = make_org(tx)
            pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            before = outbox.waiting_everywhere(tx)

        def fill() -> None:
            with database.transaction() as tx:
                tx.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
                for _ in range(200):
                    outbox.insert(tx, org.id, tx.new_id(Prefix.OUTBOX), "audit_head", {"filler": "x" * 4000})

        with pytest.raises(sa.exc.DBAPIError) as full:
            fill()
        assert dialects.is_outage(full.value)
        with database.snapshot() as tx:
            assert orgs.by_id(tx, org.id) is not None  # reading goes on
            assert outbox.waiting_everywhere(tx) == before
        with database.transaction() as tx:
            tx.connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
            outbox.insert(tx, org.id, tx.new_id(Prefix.OUTBOX), "audit_head", {"filler": "x"})
        with database.snapshot() as tx:
            assert outbox.waiting_everywhere(tx) == before + 1
    finally:
        database.close()


def test_X_RL_05_a_copy_of_a_database_in_use_is_of_one_moment(file: Path, tmp_path: Path) -> None:
    """Writers add pairs all the while; in the copy no pair is torn."""
    database = opened(file)
    stop = threading.Event()
    try:
        with database.transaction() as tx:
            org = make_org(tx)

        def write() -> None:
            while not stop.is_set():
                with database.transaction() as tx:
                    for half in ("first", "second"):
                        outbox.insert(tx, org.id, tx.new_id(Prefix.OUTBOX), half, {"filler": "x" * 500})

        writers = [threading.Thread(target=write) for _ in range(4)]
        for writer in writers:
            writer.start()
        copies = [tmp_path / f"copy{number}.db" for number in range(3)]
        for copy in copies:
            assert backup.copy_to(database, copy) > 0
        stop.set()
        for writer in writers:
            writer.join(20)
        for copy in copies:
            assert backup.check(copy) == "ok"
            assert copy.stat().st_mode & 0o077 == 0
            other = opened(copy)
            with other.snapshot() as tx:
                halves = (
                    sa.select(outbox.outbox.c.kind, sa.func.count().label("counted"))
                    .where(outbox.outbox.c.kind.in_(("first", "second")))
                    .group_by(outbox.outbox.c.kind)
                )
                counted = {row.kind: row.counted for row in tx.connection.execute(halves)}
            other.close()
            assert counted.get("first") == counted.get("second")
    finally:
        stop.set()
        database.close()


def test_nobody_else_can_read_a_copy_while_it_is_being_written(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "chmod", lambda *_: None)  # what is done to a finished copy comes too late
    before = os.umask(0)
    database = opened(file)
    try:
        backup.copy_to(database, tmp_path / "copy.db")
    finally:
        os.umask(before)
        database.close()
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


def test_a_copy_is_not_written_over_something(file: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    database = opened(file)
    try:
        with pytest.raises(backup.NotCopied, match="exists"):
            backup.copy_to(database, taken)
        assert taken.read_text() == "mine"
    finally:
        database.close()
