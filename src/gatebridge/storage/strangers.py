"""Refusals of strangers, folded: so many full receipts, then one counting row."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, Moment
from gatebridge.storage.metadata import metadata

# One row per (reason, network, ten minutes); network `*` counts an org's whole day, and what comes after its limit.
stranger_counts = sa.Table(
    "stranger_counts",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("window_start", Moment, primary_key=True),
    sa.Column("reason", sa.String(48), primary_key=True),
    sa.Column("network", sa.String(64), primary_key=True),
    sa.Column("id", Id, nullable=False),  # what is answered as the receipt's id once no full receipt is written
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("last_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "id"),
)
