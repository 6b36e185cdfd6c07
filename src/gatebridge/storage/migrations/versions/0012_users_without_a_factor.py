"""How many second factors of each user work, and indexes of those who have none.

Servers of the version before go on working beside it; what they change of factors is counted at the next change by one of this version.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("factor_count", sa.Integer, nullable=False, server_default="0"))
    users, factors = (sa.table(name, sa.column("org_id"), sa.column("id")) for name in ("users", "factors"))
    users.append_column(sa.column("factor_count"))
    factors.append_column(sa.column("user_id"))
    factors.append_column(sa.column("confirmed_at"))
    of_user = factors.c.org_id == users.c.org_id, factors.c.user_id == users.c.id, factors.c.confirmed_at.is_not(None)
    number = sa.select(sa.func.count()).select_from(factors).where(*of_user).scalar_subquery()
    op.execute(sa.update(users).where(sa.exists().where(*of_user)).values(factor_count=number))
    narrowed_by, none = ("found_by", "profile_id", "state", "frozen"), sa.text("factor_count = 0")
    for name, order in (("age", ["id"]), ("name", ["sort_name", "id"])):
        columns = ["org_id", *order, *narrowed_by]
        op.create_index(f"ix_users_unsecured_by_{name}", "users", columns, sqlite_where=none, postgresql_where=none)
