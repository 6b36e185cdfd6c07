"""Lists of thousands of apps: how many exposures each had when it was weighed last, and an index for the use of apps as wholes.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("app_weights", schema=None) as batch_op:
        batch_op.add_column(sa.Column("exposures", sa.Integer(), server_default="0", nullable=False))
    itself = sa.text("subject_id = app_id")
    op.create_index("ix_usage_of_apps", "usage", ["org_id", "app_id"], sqlite_where=itself, postgresql_where=itself)
