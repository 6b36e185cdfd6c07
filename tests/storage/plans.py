"""How SQLite means to carry out the statements of something: for tests of what must not grow with what is there."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx


def steps_of(database: Database, act: Callable[[Tx], object]) -> list[str]:
    """The steps of the plan of each statement that `act` makes in one transaction and that looks for something."""
    said: list[tuple[str, Any]] = []

    def listen(*event: Any) -> None:
        said.append((event[2], event[3]))

    with database.transaction() as tx:
        sa.event.listen(database.engine, "before_cursor_execute", listen)
        try:
            act(tx)
        finally:
            sa.event.remove(database.engine, "before_cursor_execute", listen)
        searching = [each for each in said if each[0].startswith(("SELECT", "UPDATE", "DELETE"))]
        plans = [tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values) for statement, values in searching]
        return [str(step[3]) for plan in plans for step in plan]
