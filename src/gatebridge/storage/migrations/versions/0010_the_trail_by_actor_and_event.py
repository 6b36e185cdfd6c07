"""The audit trail by who did something, and by what was done: a long one is not read as a whole for either.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_trail_org_id_actor_id_sequence", "audit_trail", ["org_id", "actor_id", "sequence"])
    op.create_index("ix_audit_trail_org_id_event_sequence", "audit_trail", ["org_id", "event", "sequence"])
