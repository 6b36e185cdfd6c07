"""Assertions already used: each `jti` of a client buys one answer."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Moment
from gatebridge.storage.metadata import metadata

# The key is use, client and digest of the `jti`, so that one use cannot poison another (X-CA-06).
used_assertions = sa.Table(
    "used_assertions",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("use", sa.String(16), primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("digest", Digest, primary_key=True),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Index(None, "expires_at"),
    sqlite_with_rowid=False,
)
