"""The setup audit trail: one keyed chain per org."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Json, Moment, Text, for_update, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

audit_trail = sa.Table(
    "audit_trail",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", Id, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("event", sa.String(64), nullable=False),
    sa.Column("actor_kind", sa.String(16), nullable=False),
    sa.Column("actor_id", Id),
    sa.Column("actor_name", Text, nullable=False),
    sa.Column("actor_app_id", Id),
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("operation_id", sa.String(64), nullable=False, server_default=""),
    sa.Column("target_kind", sa.String(32), nullable=False),
    sa.Column("target_id", Id, nullable=False),
    sa.Column("target_name", Text, nullable=False),
    sa.Column("changes", Json, nullable=False),
    sa.Column("reason", Text, nullable=False, server_default=""),
    sa.Column("group_id", Id),
    sa.Column("algorithm", sa.Integer, nullable=False),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("mac", Digest, nullable=False),
    sa.UniqueConstraint("org_id", "id"),
    sa.Index(None, "org_id", "target_id", "sequence"),
    # What one admin did, and when such a thing was done: asked for years later, among all that was done since.
    sa.Index(None, "org_id", "actor_id", "sequence"),
    sa.Index(None, "org_id", "event", "sequence"),
)

# One row per org, locked by whoever adds a line: the chain cannot fork, and its numbers have no gap (X-AU-03).
audit_heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("mac", Digest, nullable=False),
)


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the setup audit trail: who, when, what, before and after."""

    org_id: str
    sequence: int  # from 1, without gaps
    id: str
    at: datetime
    event: str
    actor_kind: str
    actor_id: str | None
    actor_name: str
    actor_app_id: str | None
    address: str
    operation_id: str
    target_kind: str
    target_id: str
    target_name: str
    changes: tuple[Mapping[str, object], ...]
    reason: str
    group_id: str | None
    algorithm: int
    key_id: str
    mac: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The end of an org's chain."""

    sequence: int
    mac: bytes


def lock_head(tx: Tx, org_id: str) -> Head:
    """The end of the org's chain, held until the transaction ends, so that lines are added one after the other."""
    row = _head_row(tx, org_id)
    if row is None:
        tx.connection.execute(insert_new(tx.connection, audit_heads).values(org_id=org_id, sequence=0, mac=bytes(32)))
        row = _head_row(tx, org_id)
    assert row is not None  # noqa: S101 - inserted above, by us or by somebody else
    return Head(row.sequence, row.mac)


def _head_row(tx: Tx, org_id: str) -> sa.Row[tuple[object, ...]] | None:
    return tx.connection.execute(for_update(sa.select(audit_heads).where(audit_heads.c.org_id == org_id), tx.connection)).one_or_none()


def append(tx: Tx, line: AuditLine, mac: bytes) -> None:
    """Add a line whose MAC is `mac` and move the head to it. The caller holds the head."""
    values = asdict(line) | {"changes": list(line.changes), "mac": mac}
    tx.connection.execute(sa.insert(audit_trail).values(values))
    tx.connection.execute(sa.update(audit_heads).where(audit_heads.c.org_id == line.org_id).values(sequence=line.sequence, mac=mac))


def head(tx: Tx, org_id: str) -> Head | None:
    """The end of the org's chain as recorded, without holding it; None where no line was ever written."""
    row = tx.connection.execute(sa.select(audit_heads).where(audit_heads.c.org_id == org_id)).one_or_none()
    return Head(row.sequence, bytes(row.mac)) if row else None


def chunk(tx: Tx, org_id: str, after: int, limit: int) -> list[AuditLine]:
    """The lines after number `after` in the order of the chain, at most `limit` of them."""
    return _lines(tx, audit_trail.c.sequence.asc(), limit, audit_trail.c.org_id == org_id, audit_trail.c.sequence > after)


def page(
    tx: Tx,
    org_id: str,
    *,
    behind: int | None = None,
    limit: int,
    rising: bool = False,
    target_id: str | None = None,
    actor_id: str | None = None,
    event: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    target_ids: Collection[str] | None = None,
    but_event: str | None = None,
) -> list[AuditLine]:
    """The lines behind number `behind`, newest first or `rising`, that fit every filter given. `since` is included, `until` is not.

    `target_ids`: those about any of these records. `but_event`: those of any other event.
    """
    wanted = [audit_trail.c.org_id == org_id]
    equal = (("target_id", target_id), ("actor_id", actor_id), ("event", event))
    wanted += [audit_trail.c[name] == value for name, value in equal if value is not None]
    if target_ids is not None:
        wanted.append(audit_trail.c.target_id.in_(sorted(target_ids)))
    if but_event is not None:
        wanted.append(audit_trail.c.event != but_event)
    if behind is not None:
        wanted.append(audit_trail.c.sequence > behind if rising else audit_trail.c.sequence < behind)
    if since is not None:
        wanted.append(audit_trail.c.at >= since)
    if until is not None:
        wanted.append(audit_trail.c.at < until)
    return _lines(tx, audit_trail.c.sequence.asc() if rising else audit_trail.c.sequence.desc(), limit, *wanted)


def macs(tx: Tx, org_id: str, sequences: Collection[int]) -> dict[int, bytes]:
    """The MACs of the lines with these numbers, as far as there are any."""
    wanted = (audit_trail.c.org_id == org_id, audit_trail.c.sequence.in_(sorted(sequences)))
    found = tx.connection.execute(sa.select(audit_trail.c.sequence, audit_trail.c.mac).where(*wanted))
    return {row.sequence: bytes(row.mac) for row in found}


def by_id(tx: Tx, org_id: str, line_id: str) -> AuditLine | None:
    """The line with this id, or None."""
    found = _lines(tx, audit_trail.c.sequence.asc(), 1, audit_trail.c.org_id == org_id, audit_trail.c.id == line_id)
    return found[0] if found else None


def _lines(tx: Tx, order: sa.UnaryExpression[int], limit: int, *wanted: sa.ColumnElement[bool]) -> list[AuditLine]:
    return [_of_row(row) for row in tx.connection.execute(sa.select(audit_trail).where(*wanted).order_by(order).limit(limit))]


def _of_row(row: Any) -> AuditLine:
    values: dict[str, Any] = dict(row._mapping)
    return AuditLine(**values | {"changes": tuple(row.changes), "mac": bytes(row.mac)})
