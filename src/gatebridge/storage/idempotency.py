"""Idempotency keys: what an admin write already answered, so that a retry does nothing twice."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Json, Moment
from gatebridge.storage.metadata import metadata

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
)
