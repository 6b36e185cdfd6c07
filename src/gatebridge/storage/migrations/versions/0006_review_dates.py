"""Review dates: the day by which the owner of an app looks at it again.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("apps", schema=None) as batch_op:
        batch_op.add_column(sa.Column("review_on", sa.String(length=10), server_default="", nullable=False))
