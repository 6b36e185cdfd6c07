"""Access tokens, opaque ones by the digest of their value, JWTs by their id."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Moment, Text
from gatebridge.storage.metadata import metadata

# Rows lie in the order of issue, so that adding one touches the end of the table and purging the old ones touches its
# beginning. There are no foreign keys: parents are never deleted, and checking them would cost a look-up per token.
access_tokens = sa.Table(
    "access_tokens",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("digest", Digest),  # none for a JWT
    sa.Column("grant_id", Id, nullable=False),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("installation_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("flow", sa.String(24), nullable=False),
    sa.Column("format", sa.String(8), nullable=False),
    sa.Column("scopes", Text, nullable=False),
    sa.Column("audience", Text, nullable=False),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("org_epoch", sa.BigInteger, nullable=False),
    sa.Column("app_epoch", sa.BigInteger, nullable=False),
    sa.Column("installation_epoch", sa.BigInteger, nullable=False),
    sa.Column("user_epoch", sa.BigInteger, nullable=False),
    sa.Column("grant_epoch", sa.BigInteger, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("ended_at", Moment),
    sa.UniqueConstraint("org_id", "digest"),
    sqlite_with_rowid=False,
)
