"""Orgs."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata

orgs = sa.Table(
    "orgs",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("host", sa.String(255), nullable=False, unique=True),
    sa.Column("issuer", sa.String(512), nullable=False, unique=True),
    sa.Column("settings", Json, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
)
