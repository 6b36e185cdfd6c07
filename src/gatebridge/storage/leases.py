"""Leases: which node does the work that one node at a time should do, and how far it came."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Json, Moment
from gatebridge.storage.metadata import metadata

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("until", Moment, nullable=False),
    sa.Column("progress", Json, nullable=False),
)
