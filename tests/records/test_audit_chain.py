"""The setup audit trail is written with the act, by one at a time, and nobody can take a line back (X-AU-01, 03, 06, 09)."""

import ast
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.records.seed import SmallOrg, change, make_org

from gatebridge.monitoring.audit_trail import verify
from gatebridge.storage import audit_trail, outbox
from gatebridge.storage.database import Database
from gatebridge.storage.people import users

STORAGE = Path(audit_trail.__file__)
CANARY = "gbs_" + "Canary7" * 6


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def test_X_AU_01_an_act_whose_line_cannot_be_written_is_undone(database: Database, org: SmallOrg) -> None:
    """The chain of the org is made unwritable (its next number is taken); the act rolls back together with its line."""
    with database.transaction() as tx:
        change(tx, org, 1)
        tx.connection.execute(sa.update(audit_trail.audit_heads).values(sequence=0))

    def act() -> None:
        with database.transaction() as tx:
            tx.connection.execute(sa.update(users).values(frozen=True))
            change(tx, org, 2)

    with pytest.raises(sa.exc.IntegrityError):
        act()
    with database.reading() as tx:
        assert tx.connection.execute(sa.select(sa.func.count()).where(users.c.frozen)).scalar_one() == 0
        assert len(audit_trail.chunk(tx, org.id, 0, 10)) == 1


def test_X_AU_01_an_act_that_is_undone_leaves_no_line_and_no_head(database: Database, org: SmallOrg) -> None:

    def act() -> None:
        with database.transaction() as tx:
            change(tx, org, 1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act()
    with database.reading() as tx:
        assert audit_trail.chunk(tx, org.id, 0, 10) == []
        assert audit_trail.head(tx, org.id) is None
        assert outbox.due(tx, 10) == []


def test_X_AU_03_eight_writers_make_one_chain_without_a_gap(database: Database, org: SmallOrg) -> None:
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            for number in range(25):
                with database.transaction() as tx:
                    change(tx, org, writer * 100 + number)
        except BaseException as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    with database.snapshot() as tx:
        assert [line.sequence for line in audit_trail.chunk(tx, org.id, 0, 1000)] == list(range(1, 201))
        verified = verify(tx, org.id, MASTER_KEYS, [])
    assert (verified.state, verified.checked) == ("intact", 200)


def test_X_AU_03_the_chains_of_two_orgs_do_not_touch(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        other = make_org(tx, "other")
        change(tx, org, 1)
        change(tx, other, 1)
        change(tx, org, 2)
    with database.snapshot() as tx:
        assert [line.sequence for line in audit_trail.chunk(tx, org.id, 0, 10)] == [1, 2]
        assert [line.sequence for line in audit_trail.chunk(tx, other.id, 0, 10)] == [1]


def test_X_AU_06_no_secret_reaches_a_line_or_the_outbox(database: Database, org: SmallOrg) -> None:
    """A canary is put into fields of every suspicious kind; no column of the two tables holds it afterwards."""
    with database.transaction() as tx:
        change(tx, org, 1, consumer_secret=CANARY, note=f"use {CANARY} here", nested={"new_password": CANARY}, values=[CANARY])
    with database.reading() as tx:
        for table in (audit_trail.audit_trail, outbox.outbox):
            rows = tx.connection.execute(sa.select(table)).all()
            assert rows
            assert not [row for row in rows if CANARY in repr(row)]


def test_X_AU_09_no_function_changes_or_removes_a_line() -> None:
    """In the whole of the product the table of lines is given to no UPDATE and no DELETE."""
    touched = []
    for path in STORAGE.parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("update", "delete", "upsert") and "audit_trail" in [part.split(".")[-1] for part in map(ast.unparse, node.args)]:
                touched.append(f"{path.name}: {ast.unparse(node)}")
    assert touched == []
    assert "sa.insert(audit_trail)" in STORAGE.read_text()  # the search knows the table by the name under which it is written
