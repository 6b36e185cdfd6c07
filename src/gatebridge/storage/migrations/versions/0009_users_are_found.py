"""What users are found by: username, e-mail and name in one column, in the letters that are looked for; and of whom everything was ended.

Servers of the version before go on working beside it. A user whom such a server adds is in every list, and is not found by a text until
somebody changes that user's name or address.
"""

import unicodedata

import sqlalchemy as sa
from alembic import op

from gatebridge.storage import dialects

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHUNK = 1_000
READ = ("org_id", "id", "username", "email", "first_name", "last_name", "sort_name")
MOST_SORTED_BY, MOST_FOUND_BY = 800, 1_700  # bytes: an index of PostgreSQL takes 2,700 a row


def upgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("found_by", dialects.SortKey, server_default="", nullable=False))
    connection = op.get_bind()
    users = sa.table("users", *(sa.column(name) for name in (*READ, "found_by")))
    everybody = connection.execute(sa.select(*(users.c[name] for name in READ))).all()
    here = sa.and_(users.c.org_id == sa.bindparam("of_org"), users.c.id == sa.bindparam("of_user"))
    told = sa.update(users).where(here).values(found_by=sa.bindparam("told"), sort_name=sa.bindparam("sorted_by"))
    for start in range(0, len(everybody), CHUNK):
        some = everybody[start : start + CHUNK]
        connection.execute(told, [{"of_org": row.org_id, "of_user": row.id, **_told(row)} for row in some])
    op.create_index("ix_users_by_age", "users", ["org_id", "id", "found_by"])
    op.create_index("ix_users_by_name", "users", ["org_id", "sort_name", "id", "found_by"])
    op.drop_index("ix_users_org_id_sort_name_id", "users")
    ended = sa.text("epoch > 0")
    op.create_index("ix_users_ended", "users", ["org_id", "id", "epoch", "epoch_at"], sqlite_where=ended, postgresql_where=ended)


def _told(row: "sa.Row[tuple[str, str, str, str, str, str, str]]") -> dict[str, str]:
    """As `rules.people` says it at the time of this migration."""
    text = "\n".join((row.username, row.email, f"{row.first_name} {row.last_name}".strip()))
    plain = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return {"told": _cut("".join(plain).casefold(), MOST_FOUND_BY), "sorted_by": _cut(row.sort_name, MOST_SORTED_BY)}


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")
