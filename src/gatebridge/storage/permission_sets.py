"""Permission sets, and who holds them until when."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.people import Assignment, PermissionSet, User
from gatebridge.storage import custom_permissions, rows, sorting
from gatebridge.storage.dialects import folded, for_update, insert_new, upsert
from gatebridge.storage.matching import holds_text
from gatebridge.storage.people import permission_set_assignments, permission_sets, users
from gatebridge.storage.tx import Tx


class SetOrder(StrEnum):
    """By what a list of permission sets is sorted."""

    AGE = "age"
    NAME = "name"
    USERS = "users"  # that hold it, those included whose assignment has run out


def insert(tx: Tx, permission_set: PermissionSet) -> bool:
    """Add a permission set. False when the org already has one with this API name."""
    inserted = tx.connection.execute(
        insert_new(tx.connection, permission_sets).values(
            org_id=permission_set.org_id,
            id=permission_set.id,
            api_name=permission_set.api_name,
            version=permission_set.version,
            created_at=permission_set.created_at,
            **_stored(permission_set),
        )
    )
    return bool(inserted.rowcount)


def by_id(tx: Tx, org_id: str, set_id: str, *, hold: bool = False) -> PermissionSet | None:
    """A permission set of the org. With `hold` nobody else can edit, delete or hand it out before this transaction ends."""
    wanted = sa.select(permission_sets).where(permission_sets.c.org_id == org_id, permission_sets.c.id == set_id)
    return _one(tx, for_update(wanted, tx.connection) if hold else wanted)


def by_api_name(tx: Tx, org_id: str, api_name: str) -> PermissionSet | None:
    return _one(tx, sa.select(permission_sets).where(permission_sets.c.org_id == org_id, permission_sets.c.api_name == api_name))


def list_page(
    tx: Tx, org_id: str, *, after: str | None, limit: int, search: str = "", by: SetOrder = SetOrder.AGE, descending: bool = False
) -> list[PermissionSet]:
    """The permission sets of the org behind the one with the id `after`, at most `limit`; `search` looks into labels and API names."""
    table: sa.FromClause = permission_sets
    key: sa.ColumnElement[Any] | None = None
    if by is SetOrder.NAME:
        key = folded(permission_sets.c.label)
    elif by is SetOrder.USERS:
        held = _holders(org_id).subquery("held")
        table = sa.outerjoin(permission_sets, held, held.c.permission_set_id == permission_sets.c.id)
        key = sa.func.coalesce(held.c.number, 0)
    found = sorting.page(
        tx,
        sa.select(permission_sets).select_from(table).where(permission_sets.c.org_id == org_id),
        *((holds_text(tx.connection, search, permission_sets.c.label, permission_sets.c.api_name),) if search else ()),
        record_id=permission_sets.c.id,
        key=key,
        descending=descending,
        after=after,
        limit=limit,
    )
    return [rows.permission_set(row) for row in found]


def _holders(org_id: str) -> sa.Select[Any]:
    held = permission_set_assignments
    number = sa.func.count().label("number")
    return sa.select(held.c.permission_set_id, number).where(held.c.org_id == org_id).group_by(held.c.permission_set_id)


def update(tx: Tx, permission_set: PermissionSet) -> bool:
    """Write a set over the version that it was read in. False when that version is no more. The API name stays what it was."""
    updated = tx.connection.execute(
        sa.update(permission_sets)
        .where(
            permission_sets.c.org_id == permission_set.org_id,
            permission_sets.c.id == permission_set.id,
            permission_sets.c.version == permission_set.version,
        )
        .values(version=permission_sets.c.version + 1, **_stored(permission_set))
    )
    return bool(updated.rowcount)


def delete(tx: Tx, org_id: str, set_id: str) -> None:
    """Remove a set that nobody holds; whoever calls this holds its row and has counted."""
    custom_permissions.take_from(tx, org_id, set_id)
    tx.connection.execute(sa.delete(permission_sets).where(permission_sets.c.org_id == org_id, permission_sets.c.id == set_id))


def assign(tx: Tx, org_id: str, user_id: str, set_id: str, expires_at: datetime | None) -> None:
    """Let a user hold a set, for good or until a moment; who holds it already holds it until the new moment."""
    values = {"org_id": org_id, "user_id": user_id, "permission_set_id": set_id, "expires_at": expires_at}
    key = ["org_id", "user_id", "permission_set_id"]
    statement = upsert(tx.connection.dialect.name, permission_set_assignments).values(values)
    tx.connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"expires_at": expires_at}))


def unassign(tx: Tx, org_id: str, user_id: str, set_id: str) -> bool:
    """Take a set from a user. False when the user did not hold it."""
    held = permission_set_assignments
    return bool(
        tx.connection.execute(
            sa.delete(held).where(held.c.org_id == org_id, held.c.user_id == user_id, held.c.permission_set_id == set_id)
        ).rowcount
    )


def of_user(tx: Tx, org_id: str, user_id: str) -> list[tuple[PermissionSet, Assignment]]:
    """The sets that a user holds, in the order in which they were made, those that have run out included."""
    held = permission_set_assignments
    statement = (
        sa.select(permission_sets, held.c.expires_at)
        .join_from(held, permission_sets)
        .where(held.c.org_id == org_id, held.c.user_id == user_id)
        .order_by(permission_sets.c.id)
    )
    return [(rows.permission_set(row), Assignment(row.id, row.expires_at)) for row in tx.connection.execute(statement)]


def holders_page(tx: Tx, org_id: str, set_id: str, *, after: str | None, limit: int) -> list[tuple[User, Assignment]]:
    """Who holds a set, and until when, by ascending user id after `after`; those whose assignment has run out included."""
    held = permission_set_assignments
    statement = (
        sa.select(users, held.c.expires_at)
        .join_from(held, users, sa.and_(users.c.org_id == held.c.org_id, users.c.id == held.c.user_id))
        .where(held.c.org_id == org_id, held.c.permission_set_id == set_id)
        .order_by(held.c.user_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(held.c.user_id > after)
    return [(rows.user(row), Assignment(set_id, row.expires_at)) for row in tx.connection.execute(statement)]


def assignment(tx: Tx, org_id: str, user_id: str, set_id: str) -> Assignment | None:
    """That this user holds this set, and until when; None where there is no such assignment."""
    held = permission_set_assignments
    row = tx.connection.execute(
        sa.select(held.c.expires_at).where(held.c.org_id == org_id, held.c.user_id == user_id, held.c.permission_set_id == set_id)
    ).one_or_none()
    return Assignment(set_id, row.expires_at) if row else None


def _one(tx: Tx, statement: sa.Select[Any]) -> PermissionSet | None:
    row = tx.connection.execute(statement).one_or_none()
    return rows.permission_set(row) if row else None


def _stored(permission_set: PermissionSet) -> dict[str, object]:
    return {
        "label": permission_set.label,
        "description": permission_set.description,
        "permissions": rows.stored_permissions(permission_set.permissions),
    }
