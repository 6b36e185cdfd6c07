"""The setup audit trail: one keyed chain per org."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata

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
