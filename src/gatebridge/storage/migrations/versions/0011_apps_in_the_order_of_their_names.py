"""Apps in the order of their names: a page of ten thousand reads what it shows.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import sqlalchemy as sa
from alembic import op

from gatebridge.storage.dialects import folded

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_apps_by_name", "apps", [folded(sa.column("label")), sa.column("id")])
