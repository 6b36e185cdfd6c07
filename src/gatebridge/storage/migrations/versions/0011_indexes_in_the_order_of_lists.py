"""Indexes in the order of lists: apps by name, users with all that a list is narrowed by, factors that work, history by flow and address.

Servers of the version before go on working beside it.
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
    narrowed_by = "found_by", "profile_id", "state", "frozen"
    op.create_index("ix_users_in_order_of_age", "users", ["org_id", "id", *narrowed_by])
    op.create_index("ix_users_in_order_of_name", "users", ["org_id", "sort_name", "id", *narrowed_by])
    op.drop_index("ix_users_by_age", "users")
    op.drop_index("ix_users_by_name", "users")
    works = sa.text("confirmed_at IS NOT NULL")
    op.create_index("ix_factors_that_work", "factors", ["org_id", "user_id"], sqlite_where=works, postgresql_where=works)
    of_a_flow, refused = sa.text("flow IS NOT NULL"), sa.text("outcome = 'refused'")
    by_flow = ["org_id", "flow", "id"]
    op.create_index("ix_login_history_by_flow", "login_history", by_flow, sqlite_where=of_a_flow, postgresql_where=of_a_flow)
    op.create_index("ix_login_history_refused_of_flow", "login_history", by_flow, sqlite_where=refused, postgresql_where=refused)
    op.create_index("ix_login_history_by_address", "login_history", ["org_id", "address", "id"])
