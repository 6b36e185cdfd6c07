"""Loosenings that somebody answers for: why an app is opened wider than it need be, and until when."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.loosenings import Loosening, Outcome
from gatebridge.storage.dialects import Id, Moment, Text, for_update, insert_new
from gatebridge.storage.matching import one_of
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

loosenings = sa.Table(
    "loosenings",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("exposure", sa.String(48), nullable=False),  # the code of the exposure
    sa.Column("value", Text, nullable=False, server_default=""),  # the setting as it was accepted
    sa.Column("reason", Text, nullable=False),
    sa.Column("ends_at", Moment, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.String(18), nullable=False),
    sa.Column("told_at", Moment),  # when the owner was told that it ends soon
    sa.Column("closed_at", Moment),  # when it ended, was withdrawn, or the exposure was mended before
    sa.Column("outcome", sa.String(12), nullable=False, server_default=""),
)

# One open loosening for each exposure of an app; and what the worker looks for is found among the open ones alone.
_OPEN = sa.text("closed_at IS NULL")
sa.Index(
    "uq_loosenings_open",
    loosenings.c.org_id,
    loosenings.c.app_id,
    loosenings.c.exposure,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
sa.Index("ix_loosenings_running", loosenings.c.org_id, loosenings.c.ends_at, sqlite_where=_OPEN, postgresql_where=_OPEN)


def insert(tx: Tx, loosening: Loosening) -> bool:
    """Add a loosening. False when the app has an open one of this exposure."""
    values = {name: getattr(loosening, name) for name in Loosening.__slots__}
    return bool(tx.connection.execute(insert_new(tx.connection, loosenings).values(**values)).rowcount)


def by_id(tx: Tx, org_id: str, loosening_id: str) -> Loosening | None:
    """The loosening of this id, held until the transaction ends."""
    found = sa.select(loosenings).where(loosenings.c.org_id == org_id, loosenings.c.id == loosening_id)
    row = tx.connection.execute(for_update(found, tx.connection)).one_or_none()
    return _of_row(row) if row else None


def open_of(tx: Tx, org_id: str, app_ids: Collection[str]) -> list[Loosening]:
    """The open loosenings of these apps."""
    if not app_ids:
        return []
    found = sa.select(loosenings).where(
        loosenings.c.org_id == org_id, one_of(tx.connection, loosenings.c.app_id, app_ids), loosenings.c.closed_at.is_(None)
    )
    return [_of_row(row) for row in tx.connection.execute(found)]


def of_app(tx: Tx, org_id: str, app_id: str, limit: int) -> list[Loosening]:
    """Every loosening that the app has or had, the newest first."""
    found = (
        sa.select(loosenings)
        .where(loosenings.c.org_id == org_id, loosenings.c.app_id == app_id)
        .order_by(loosenings.c.id.desc())
        .limit(limit)
    )
    return [_of_row(row) for row in tx.connection.execute(found)]


def ending(tx: Tx, org_id: str, before: datetime, limit: int) -> list[str]:
    """The ids of open loosenings that end by then and whose people were not told, the soonest first."""
    return _ids(tx, org_id, limit, loosenings.c.told_at.is_(None), loosenings.c.ends_at > tx.now, loosenings.c.ends_at <= before)


def ended(tx: Tx, org_id: str, limit: int) -> list[str]:
    """The ids of open loosenings whose end has come, the longest due first."""
    return _ids(tx, org_id, limit, loosenings.c.ends_at <= tx.now)


def mark_told(tx: Tx, org_id: str, loosening_id: str) -> bool:
    """False when its people were told already, or when it is open no more."""
    return _changed(tx, org_id, loosening_id, loosenings.c.told_at.is_(None), told_at=tx.now)


def close(tx: Tx, org_id: str, loosening_id: str, outcome: Outcome) -> bool:
    """End a loosening. False when somebody else ended it before: of many that try at once one is told True."""
    return _changed(tx, org_id, loosening_id, sa.true(), closed_at=tx.now, outcome=outcome)


def _ids(tx: Tx, org_id: str, limit: int, *wanted: sa.ColumnElement[bool]) -> list[str]:
    statement = (
        sa.select(loosenings.c.id)
        .where(loosenings.c.org_id == org_id, loosenings.c.closed_at.is_(None), *wanted)
        .order_by(loosenings.c.ends_at, loosenings.c.id)
        .limit(limit)
    )
    return list(tx.connection.execute(statement).scalars())


def _changed(tx: Tx, org_id: str, loosening_id: str, only_if: sa.ColumnElement[bool], **values: datetime | str) -> bool:
    changed = tx.connection.execute(
        sa.update(loosenings)
        .where(loosenings.c.org_id == org_id, loosenings.c.id == loosening_id, loosenings.c.closed_at.is_(None), only_if)
        .values(**values)
    )
    return bool(changed.rowcount)


def _of_row(row: Any) -> Loosening:
    kept = {name: getattr(row, name) for name in Loosening.__slots__}
    return Loosening(**kept | {"outcome": Outcome(row.outcome)})
