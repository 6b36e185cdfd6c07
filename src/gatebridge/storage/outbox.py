"""What must leave the house after the commit."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata

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
