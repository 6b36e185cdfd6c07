"""Refusals of strangers, folded: so many full receipts, then one counting row."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Moment, upsert
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

# One row per (reason, network, ten minutes); network `*` counts an org's whole day, and what comes after its limit.
stranger_counts = sa.Table(
    "stranger_counts",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("window_start", Moment, primary_key=True),
    sa.Column("reason", sa.String(48), primary_key=True),
    sa.Column("network", sa.String(64), primary_key=True),
    sa.Column("id", Id, nullable=False),  # what is answered as the receipt's id once no full receipt is written
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("last_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "id"),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """How often one kind of refusal happened in one window, and the id that stands for those without a receipt of their own."""

    id: str
    count: int


def count(tx: Tx, org_id: str, window_start: datetime, reason: str, network: str, new_id: str, times: int = 1) -> Counted:
    """Add `times` to a counting row, making it as `new_id` when it is the first, and tell how many it counts now."""
    values = {
        "org_id": org_id,
        "window_start": window_start,
        "reason": reason,
        "network": network,
        "id": new_id,
        "count": times,
        "last_at": tx.now,
    }
    row = tx.connection.execute(_adding(tx.connection.dialect.name), values).one()
    return Counted(row.id, row.counted)


@cache
def _adding(dialect: str) -> Any:
    statement = upsert(dialect, stranger_counts)
    return statement.on_conflict_do_update(
        index_elements=["org_id", "window_start", "reason", "network"],
        set_={"count": stranger_counts.c.count + statement.excluded.count, "last_at": statement.excluded.last_at},
    ).returning(stranger_counts.c.id, stranger_counts.c.count.label("counted"))


_COUNTED = sa.select(stranger_counts.c.count).where(
    stranger_counts.c.org_id == sa.bindparam("org_id"),
    stranger_counts.c.window_start == sa.bindparam("window_start"),
    stranger_counts.c.reason == sa.bindparam("reason"),
    stranger_counts.c.network == sa.bindparam("network"),
)


def counted(tx: Tx, org_id: str, window_start: datetime, reason: str, network: str) -> int:
    """How much a counting row says, 0 when there is none."""
    values = {"org_id": org_id, "window_start": window_start, "reason": reason, "network": network}
    found = tx.connection.execute(_COUNTED, values).scalar_one_or_none()
    return found or 0


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget counting rows of windows that began before a moment, the oldest first, at most `limit` of them."""
    table = stranger_counts
    doomed = (
        sa.select(table.c.id).where(table.c.org_id == org_id, table.c.window_start < before).order_by(table.c.window_start).limit(limit)
    )
    return int(tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.id.in_(doomed))).rowcount)
