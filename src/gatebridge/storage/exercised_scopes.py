"""Which scopes a grant has made use of, when first and when last.

The first use is written at once, and later ones by each process once a minute: nothing hot is updated by every request.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Moment, upsert
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

exercised_scopes = sa.Table(
    "exercised_scopes",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("grant_id", Id, primary_key=True),
    sa.Column("scope", sa.String(128), primary_key=True),
    sa.Column("first_used_at", Moment, nullable=False),
    sa.Column("last_used_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)


ScopeUse = tuple[str, str, str]
"""Org, grant and scope: that use was made of it."""


@dataclass(frozen=True, slots=True)
class Exercised:
    """That one grant made use of one scope; `last_at` may be up to a minute behind."""

    scope: str
    first_at: datetime
    last_at: datetime


def note(tx: Tx, used: Iterable[ScopeUse]) -> None:
    """Write down that these grants make use of these scopes now, in one statement.

    A later moment that another node has written stays. Two that write the same rows take them in the same order.
    """
    rows = [
        {"org_id": org_id, "grant_id": grant_id, "scope": scope, "first_used_at": tx.now, "last_used_at": tx.now}
        for org_id, grant_id, scope in sorted(set(used))
    ]
    table, insert = exercised_scopes, upsert(tx.connection.dialect.name, exercised_scopes)
    statement = insert.on_conflict_do_update(
        index_elements=[table.c.org_id, table.c.grant_id, table.c.scope],
        set_={"last_used_at": insert.excluded.last_used_at},
        where=table.c.last_used_at < insert.excluded.last_used_at,
    )
    if rows:
        tx.connection.execute(statement, rows)


def of_grants(tx: Tx, org_id: str, grant_ids: Collection[str]) -> dict[str, tuple[Exercised, ...]]:
    """What each of these grants has made use of, the most lately used first, in one statement. One that used nothing is not in it."""
    table = exercised_scopes
    wanted = sa.select(table).where(table.c.org_id == org_id, table.c.grant_id.in_(list(grant_ids)))
    found: dict[str, tuple[Exercised, ...]] = {}
    for row in tx.connection.execute(wanted.order_by(table.c.last_used_at.desc(), table.c.scope)) if grant_ids else ():
        found[row.grant_id] = (*found.get(row.grant_id, ()), Exercised(row.scope, row.first_used_at, row.last_used_at))
    return found


def forget(tx: Tx, org_id: str, grant_ids: Collection[str]) -> None:
    """Forget of which scopes these grants made use."""
    table = exercised_scopes
    tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.grant_id.in_(list(grant_ids))))
