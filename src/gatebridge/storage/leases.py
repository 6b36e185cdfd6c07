"""Leases: which node does the work that one node at a time should do, and how far it came."""

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from gatebridge.storage.dialects import Json, Moment, for_update, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Column("progress", Json, nullable=False),
)

NOBODY = ""


def acquire(tx: Tx, name: str, holder: str, life: timedelta) -> bool:
    """Take the lease, or renew one's own, from now for `life`. False when another node holds it and it has not run out."""
    _exists(tx, name)
    taken = tx.connection.execute(
        sa.update(leases)
        .where(leases.c.name == name, sa.or_(leases.c.holder.in_((holder, NOBODY)), leases.c.until <= tx.now))
        .values(holder=holder, until=tx.now + life)
    )
    return bool(taken.rowcount)


def release(tx: Tx, name: str, holder: str) -> None:
    """Give the lease back, so that another node need not wait until it runs out."""
    tx.connection.execute(sa.update(leases).where(leases.c.name == name, leases.c.holder == holder).values(holder=NOBODY, until=tx.now))


def lock_progress(tx: Tx, name: str) -> Mapping[str, object]:
    """How far a piece of work came, held until the transaction ends: what moves on from here is done once, whoever tries."""
    _exists(tx, name)
    found = tx.connection.execute(for_update(sa.select(leases.c.progress).where(leases.c.name == name), tx.connection)).scalar_one()
    progress: Mapping[str, object] = found
    return progress


def progress(tx: Tx, name: str) -> Mapping[str, object]:
    """How far a piece of work came; empty when it never began."""
    return tx.connection.execute(sa.select(leases.c.progress).where(leases.c.name == name)).scalar_one_or_none() or {}


def set_progress(tx: Tx, name: str, progress: Mapping[str, object]) -> None:
    """The work came this far. The caller holds the progress, and the work is in the same transaction."""
    tx.connection.execute(sa.update(leases).where(leases.c.name == name).values(progress=dict(progress)))


def _exists(tx: Tx, name: str) -> None:
    tx.connection.execute(insert_new(tx.connection, leases).values(name=name, holder=NOBODY, until=tx.now, progress={}))
