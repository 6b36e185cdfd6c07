"""Consumer secrets, stored as digests, and the certificates of apps."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata

secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("hint", sa.String(24), nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", Id, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("retired_at", Moment),
    sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"]),
)

certificates = sa.Table(
    "certificates",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("subject", Text, nullable=False),
    sa.Column("key_type", sa.String(40), nullable=False),
    sa.Column("algorithms", Json, nullable=False),
    sa.Column("public_pem", Text, nullable=False),
    sa.Column("not_before", Moment, nullable=False),
    sa.Column("not_after", Moment, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", Id, nullable=False),
    sa.Column("retired_at", Moment),
    sa.UniqueConstraint("org_id", "app_id", "fingerprint"),
    sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"]),
)
