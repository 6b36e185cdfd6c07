"""Idempotency keys: what an admin write already answered, so that a retry does nothing twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Json, Moment, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("actor_id", Id, primary_key=True),
    sa.Column("key", sa.String(128), primary_key=True),
    sa.Column("request", Digest, nullable=False),  # of method, path and body: another request under the same key is refused
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", Json, nullable=False),  # without any secret
    sa.Column("created_at", Moment, nullable=False),
    sa.Index(None, "org_id", "created_at"),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered under a key, and the digest of the request that it answered."""

    request: bytes
    status: int
    answer: Mapping[str, object]
    created_at: datetime


def claim(tx: Tx, org_id: str, actor_id: str, key: str, request: bytes) -> Answered | None:
    """Take a key for this request, or tell what it answered before. None: it is new, and this transaction has to `keep` an answer.

    A second request under the same key waits here until the first has committed or was rolled back, so one of them acts.
    """
    inserted = tx.connection.execute(
        insert_new(tx.connection, idempotency_keys).values(
            org_id=org_id, actor_id=actor_id, key=key, request=request, status=0, answer={}, created_at=tx.now
        )
    )
    if inserted.rowcount:
        return None
    table = idempotency_keys
    row = tx.connection.execute(sa.select(table).where(table.c.org_id == org_id, table.c.actor_id == actor_id, table.c.key == key)).one()
    return Answered(bytes(row.request), row.status, row.answer, row.created_at)


def keep(tx: Tx, org_id: str, actor_id: str, key: str, status: int, answer: Mapping[str, object]) -> None:
    """Keep the answer of the claimed key, in the transaction of what it tells. It must hold no secret."""
    table = idempotency_keys
    tx.connection.execute(
        sa.update(table)
        .where(table.c.org_id == org_id, table.c.actor_id == actor_id, table.c.key == key)
        .values(status=status, answer=dict(answer))
    )


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget keys that were first used before a moment, the oldest first, at most `limit` of them."""
    table = idempotency_keys
    old = sa.select(table.c.actor_id, table.c.key).where(table.c.org_id == org_id, table.c.created_at < before)
    chosen = sa.tuple_(table.c.actor_id, table.c.key).in_(old.order_by(table.c.created_at).limit(limit))
    return int(tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, chosen)).rowcount)
