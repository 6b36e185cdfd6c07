"""Forgetting: the indexes by which the worker finds what is old, without looking at all that is not.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index("ix_grants_ended", "grants", ["org_id", "ended_at", "id"], sqlite_where=ended, postgresql_where=ended)
    op.create_index("ix_verifications_org_id_expires_at", "verifications", ["org_id", "expires_at"])
    op.create_index("ix_idempotency_keys_org_id_created_at", "idempotency_keys", ["org_id", "created_at"])
