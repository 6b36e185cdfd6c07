"""The revocation feed: what was ended, in an order without gaps, for resource servers that check tokens themselves."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Moment
from gatebridge.storage.metadata import metadata

revocations = sa.Table(
    "revocations",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # token, grant, user_of_app, app, user, org
    sa.Column("token_id", Id),
    sa.Column("grant_id", Id),
    sa.Column("app_id", Id),
    sa.Column("user_id", Id),
)

# One row per org, locked by whoever adds an entry: a reader that has seen number 7 has seen all up to 7.
revocation_heads = sa.Table(
    "revocation_heads",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
