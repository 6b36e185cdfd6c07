"""OAuth usage, rolled up from the login history by the worker; nothing hot is updated by every request."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Moment
from gatebridge.storage.metadata import metadata

# One row per app and subject: the app itself, one of its users, one of its secrets, one of its certificates.
usage = sa.Table(
    "usage",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("subject_id", Id, primary_key=True),
    sa.Column("first_at", Moment, nullable=False),
    sa.Column("last_at", Moment, nullable=False),
    sa.Column("granted", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("refused", sa.BigInteger, nullable=False, server_default="0"),
)
