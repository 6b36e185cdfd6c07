"""Grants: the authorization events from which tokens hang."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Moment, Text
from gatebridge.storage.metadata import metadata

grants = sa.Table(
    "grants",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("installation_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("flow", sa.String(24), nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("ended_at", Moment),
    sa.Column("ended_because", Text, nullable=False, server_default=""),
    sa.Index(None, "org_id", "installation_id", "user_id"),
    sa.Index(None, "org_id", "user_id"),
)

# Client credentials have one live grant per installation and run-as user (docs/decisions/0008).
sa.Index(
    "uq_grants_service",
    grants.c.org_id,
    grants.c.installation_id,
    grants.c.user_id,
    unique=True,
    sqlite_where=sa.text("flow = 'client_credentials' AND ended_at IS NULL"),
    postgresql_where=sa.text("flow = 'client_credentials' AND ended_at IS NULL"),
)
