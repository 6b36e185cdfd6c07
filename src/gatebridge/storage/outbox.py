"""What must leave the house after the commit."""

from collections.abc import Mapping

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("payload", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("sent_at", Moment),
    sa.Column("last_error", Text, nullable=False, server_default=""),
    sa.Index("ix_outbox_waiting", "next_at", sqlite_where=sa.text("sent_at IS NULL"), postgresql_where=sa.text("sent_at IS NULL")),
)


def insert(tx: Tx, org_id: str, entry_id: str, kind: str, payload: Mapping[str, object]) -> None:
    tx.connection.execute(
        sa.insert(outbox).values(
            org_id=org_id, id=entry_id, kind=kind, payload=dict(payload), created_at=tx.now, attempts=0, next_at=tx.now, last_error=""
        )
    )
