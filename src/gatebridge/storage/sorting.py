"""Lists in an order of the reader's choice: by a key and, of two alike, by id. Read behind a record, never by counting.

A position is the id of a record, whatever a list is sorted by: its key is looked up when the list goes on behind it, so an address
stays short, and a record that has moved meanwhile takes the reader to where it stands now.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from gatebridge.storage.tx import Tx


def page(
    tx: Tx,
    among: sa.Select[Any],
    *wanted: sa.ColumnElement[bool],
    record_id: sa.ColumnElement[str],
    key: sa.ColumnElement[Any] | None = None,
    indexed: bool = False,
    descending: bool = False,
    after: str | None = None,
    limit: int,
) -> Sequence[sa.Row[Any]]:
    """Those `among` all records of an org that are `wanted`, at most `limit`, behind the record with the id `after`.

    Without a `key` they are sorted by id, which is by age. A key is never null. Behind a record that is gone the list begins again.
    `indexed`: an index holds them in this order.
    """
    fitting = among.where(*wanted)
    if key is None:
        beyond = () if after is None else (record_id < after if descending else record_id > after,)
        return _read(tx, fitting.where(*beyond), descending, limit, record_id)
    standing = None
    if after is not None:
        standing = tx.connection.execute(among.with_only_columns(key, maintain_column_froms=True).where(record_id == after)).one_or_none()
    if standing is None:
        return _read(tx, fitting, descending, limit, key, record_id)
    alike = sa.and_(key == standing[0], record_id < after if descending else record_id > after)
    behind = key < standing[0] if descending else key > standing[0]
    if not indexed:
        return _read(tx, fitting.where(sa.or_(alike, behind)), descending, limit, key, record_id)
    # In two steps, each of which the index serves: what has the same key, and what lies behind it.
    found = _read(tx, fitting.where(alike), descending, limit, record_id)
    if len(found) == limit:
        return found
    return [*found, *_read(tx, fitting.where(behind), descending, limit - len(found), key, record_id)]


def _read(tx: Tx, statement: sa.Select[Any], descending: bool, limit: int, *order: sa.ColumnElement[Any]) -> Sequence[sa.Row[Any]]:
    ordered = statement.order_by(*(each.desc() if descending else each for each in order))
    return tx.connection.execute(ordered.limit(limit)).all()
