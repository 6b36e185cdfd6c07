"""Lists that hold: by what they are sorted, and the indexes by which large ones are narrowed.

Adds and never takes away, so that servers of the version before go on working beside it.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from gatebridge.storage import dialects

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

REFUSED = sa.text("outcome = 'refused'")
LIVE = sa.text("ended_at IS NULL")
IN_THE_OPEN = sa.text("browser_at IS NOT NULL")
CHUNK = 1_000


def upgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sort_name", dialects.SortKey, server_default="", nullable=False))
    _name_users()
    op.create_index("ix_users_org_id_sort_name_id", "users", ["org_id", "sort_name", "id"])
    op.create_index("ix_users_org_id_profile_id_id", "users", ["org_id", "profile_id", "id"])
    # Refusals are few: whoever looks for them alone does not read past all others.
    for name, columns in (
        ("ix_login_history_refused", ["org_id", "id"]),
        ("ix_login_history_refused_of_app", ["org_id", "app_id", "id"]),
    ):
        op.create_index(name, "login_history", columns, sqlite_where=REFUSED, postgresql_where=REFUSED)
    op.create_index("ix_usage_org_id_app_id_last_at_subject_id", "usage", ["org_id", "app_id", "last_at", "subject_id"])
    op.create_index("ix_usage_in_the_open", "usage", ["org_id", "app_id"], sqlite_where=IN_THE_OPEN, postgresql_where=IN_THE_OPEN)
    op.create_index("ix_grants_live", "grants", ["org_id", "installation_id", "id", "user_id"], sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_table(
        "app_weights",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("app_id", dialects.Id, nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "app_id", name=op.f("pk_app_weights")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_app_weights_org_id_weight_app_id", "app_weights", ["org_id", "weight", "app_id"])
    still_open = sa.text("ended_at IS NULL")
    op.create_index("ix_sessions_seen", "sessions", ["org_id", "last_seen_at", "id"], sqlite_where=still_open, postgresql_where=still_open)
    op.create_table(
        "saved_views",
        sa.Column("org_id", dialects.Id, nullable=False),
        sa.Column("id", dialects.Id, nullable=False),
        sa.Column("user_id", dialects.Id, nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("created_at", dialects.Moment, nullable=False),
        sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"], name=op.f("fk_saved_views_org_id_user_id_users")),
        sa.PrimaryKeyConstraint("org_id", "id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("org_id", "user_id", "path", "name", name=op.f("uq_saved_views_org_id_user_id_path_name")),
        sqlite_with_rowid=False,
    )


def _name_users() -> None:
    """What every user is sorted by, as `rules.people.sort_name` says it at the time of this migration."""
    connection = op.get_bind()
    users = sa.table("users", *(sa.column(name) for name in ("org_id", "id", "username", "first_name", "last_name", "sort_name")))
    read = sa.select(users.c.org_id, users.c.id, users.c.username, users.c.first_name, users.c.last_name)
    named = sa.update(users).where(users.c.org_id == sa.bindparam("of_org"), users.c.id == sa.bindparam("of_user"))
    everybody = connection.execute(read).all()
    for start in range(0, len(everybody), CHUNK):
        values = [
            {"of_org": row.org_id, "of_user": row.id, "sort_name": _folded(f"{row.first_name} {row.last_name}".strip() or row.username)}
            for row in everybody[start : start + CHUNK]
        ]
        connection.execute(named.values(sort_name=sa.bindparam("sort_name")), values)


def _folded(text: str) -> str:
    plain = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(plain).casefold()
