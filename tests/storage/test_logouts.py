"""Who is told of the end of a session is found by its own rows: a busy org has millions of grants and sessions."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS

from gatebridge.storage import logouts, sessions
from gatebridge.storage.database import open_database
from gatebridge.storage.tx import Tx

ORG = "00D000000000001"
PLACE = logouts.Place("005000000000001", "0GR000000000001")

ASKED: dict[str, Callable[[Tx], object]] = {
    "a session": lambda tx: logouts.of_session(tx, ORG, "0Ak000000000001"),
    "a user": lambda tx: logouts.of_user(tx, ORG, PLACE.user_id),
    "grants": lambda tx: logouts.of_grants(tx, ORG, (PLACE.grant_id,)),
    "an app": lambda tx: logouts.of_app(tx, ORG, "0HI000000000001", before=tx.now, after=PLACE, limit=9),
    "a line": lambda tx: sessions.ids_in_line(tx, ORG, "0Ak000000000001"),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED.keys())
def test_no_org_is_read_from_end_to_end(sqlite_url: str, ask: Callable[[Tx], object]) -> None:
    database = open_database(sqlite_url, MASTER_KEYS)
    sent: list[tuple[str, object]] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda _, __, statement, values, *___: sent.append((statement, values)))
    with database.transaction() as tx:
        ask(tx)
        (statement, values) = sent[-1]
        plan = [str(step[3]) for step in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]  # type: ignore[arg-type]
    database.close()
    steps = [step for step in plan if step.startswith(("SEARCH", "SCAN"))]
    assert steps
    assert [step for step in steps if step.startswith("SCAN") or step.endswith("(org_id=?)")] == []
