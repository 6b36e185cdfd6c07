"""The setup audit trail: one keyed chain per org."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

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
