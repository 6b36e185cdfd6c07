"""Rows made of one that is there: how a benchmark fills a database with many records of a kind."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

import sqlalchemy as sa

from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

CHUNK = 5_000
Made = Callable[[Tx, Mapping[str, Any], int], Mapping[str, Any]]


def row(database: Database, table: sa.Table, which: sa.ColumnElement[bool]) -> dict[str, Any]:
    with database.snapshot() as tx:
        return dict(tx.connection.execute(sa.select(table).where(which).limit(1)).one()._mapping)


def added(
    database: Database,
    table: sa.Table,
    like: Mapping[str, Any],
    made: Made,
    count: int,
) -> list[Mapping[str, Any]]:
    """So many rows, each made of the same one by its number; the rows."""
    with database.snapshot() as tx:
        rows = [made(tx, like, n) for n in range(count)]
    insert(database, table, rows)
    return rows


def insert(database: Database, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
    left = iter(rows)
    while chunk := list(islice(left, CHUNK)):
        with database.transaction() as tx:
            tx.connection.execute(sa.insert(table), [dict(row) for row in chunk])
