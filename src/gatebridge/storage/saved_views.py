"""Saved views: of each user, the addresses of lists with the names that the user gave them."""

import sqlalchemy as sa

from gatebridge.rules.saved_views import SavedView
from gatebridge.storage.dialects import Id, Moment, Text, folded, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

saved_views = sa.Table(
    "saved_views",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("path", sa.String(200), nullable=False),
    sa.Column("address", Text, nullable=False),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
    sa.UniqueConstraint("org_id", "user_id", "path", "name"),
    sqlite_with_rowid=False,
)


def insert(tx: Tx, view: SavedView) -> bool:
    """Save one. False when the user already calls another view of the same list so."""
    values = {name: getattr(view, name) for name in SavedView.__slots__}
    return bool(tx.connection.execute(insert_new(tx.connection, saved_views).values(values)).rowcount)


def delete(tx: Tx, org_id: str, view_id: str) -> None:
    """Forget one."""
    tx.connection.execute(sa.delete(saved_views).where(saved_views.c.org_id == org_id, saved_views.c.id == view_id))


def by_id(tx: Tx, org_id: str, user_id: str, view_id: str) -> SavedView | None:
    """The user's own view of this id."""
    found = _read(tx, saved_views.c.org_id == org_id, saved_views.c.user_id == user_id, saved_views.c.id == view_id)
    return found[0] if found else None


def of_list(tx: Tx, org_id: str, user_id: str, path: str) -> list[SavedView]:
    """The user's views of one list, by name."""
    return _read(tx, saved_views.c.org_id == org_id, saved_views.c.user_id == user_id, saved_views.c.path == path)


def of_user(tx: Tx, org_id: str, user_id: str) -> list[SavedView]:
    """All views of a user, by list and name."""
    return _read(tx, saved_views.c.org_id == org_id, saved_views.c.user_id == user_id)


def _read(tx: Tx, *wanted: sa.ColumnElement[bool]) -> list[SavedView]:
    columns = (saved_views.c[name] for name in SavedView.__slots__)
    statement = sa.select(*columns).where(*wanted).order_by(saved_views.c.path, folded(saved_views.c.name), saved_views.c.id)
    return [SavedView(*row) for row in tx.connection.execute(statement)]
