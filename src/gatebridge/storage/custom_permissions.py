"""Custom permissions: rights that an org names for its own applications, and the profiles and permission sets that give them."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.people import CustomPermission
from gatebridge.storage import sorting
from gatebridge.storage.dialects import Id, Moment, Text, folded, for_update, insert_new
from gatebridge.storage.matching import holds_text
from gatebridge.storage.metadata import metadata
from gatebridge.storage.people import unless_name_taken
from gatebridge.storage.tx import Tx

custom_permissions = sa.Table(
    "custom_permissions",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("api_name", sa.String(80), nullable=False),
    sa.Column("label", sa.String(80), nullable=False),
    sa.Column("description", Text, nullable=False, server_default=""),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "api_name"),
)

custom_permission_holders = sa.Table(
    "custom_permission_holders",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("holder_id", Id, primary_key=True),  # a profile or a permission set
    sa.Column("custom_permission_id", Id, primary_key=True),
    sa.ForeignKeyConstraint(["org_id", "custom_permission_id"], ["custom_permissions.org_id", "custom_permissions.id"]),
    sa.Index(None, "org_id", "custom_permission_id"),
)


class CustomPermissionOrder(StrEnum):
    """By what a list of custom permissions is sorted."""

    AGE = "age"
    NAME = "name"


def insert(tx: Tx, permission: CustomPermission) -> bool:
    """Add one. False when the org already has one with this API name."""
    values = {name: getattr(permission, name) for name in CustomPermission.__slots__}
    return bool(tx.connection.execute(insert_new(tx.connection, custom_permissions).values(values)).rowcount)


def update(tx: Tx, permission: CustomPermission) -> bool:
    """Write it over the version that it was read in. False when that version is no more. Raises people.NameTaken."""
    table = custom_permissions
    statement = (
        sa.update(table)
        .where(table.c.org_id == permission.org_id, table.c.id == permission.id, table.c.version == permission.version)
        .values(api_name=permission.api_name, label=permission.label, description=permission.description, version=table.c.version + 1)
    )
    return bool(unless_name_taken(tx, statement))


def delete(tx: Tx, org_id: str, permission_id: str) -> bool:
    """Take it away, from everybody who holds it too. False when there is none."""
    held, table = custom_permission_holders, custom_permissions
    # Held first, so that nobody is given it between the two deletions.
    row = sa.select(table.c.id).where(table.c.org_id == org_id, table.c.id == permission_id)
    tx.connection.execute(for_update(row, tx.connection))
    tx.connection.execute(sa.delete(held).where(held.c.org_id == org_id, held.c.custom_permission_id == permission_id))
    return bool(tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.id == permission_id)).rowcount)


def by_id(tx: Tx, org_id: str, permission_id: str, *, hold: bool = False) -> CustomPermission | None:
    """One of the org. With `hold` nobody else writes it until the transaction ends."""
    table = custom_permissions
    wanted = sa.select(table).where(table.c.org_id == org_id, table.c.id == permission_id)
    row = tx.connection.execute(for_update(wanted, tx.connection) if hold else wanted).one_or_none()
    return _of_row(row) if row else None


def list_page(
    tx: Tx,
    org_id: str,
    *,
    after: str | None,
    limit: int,
    search: str = "",
    by: CustomPermissionOrder = CustomPermissionOrder.AGE,
    descending: bool = False,
) -> list[CustomPermission]:
    """Those of the org behind the one with the id `after`, at most `limit`; `search` looks into API names and labels."""
    table = custom_permissions
    found = sorting.page(
        tx,
        sa.select(table).where(table.c.org_id == org_id),
        *((holds_text(tx.connection, search, table.c.api_name, table.c.label),) if search else ()),
        record_id=table.c.id,
        key=folded(table.c.label) if by is CustomPermissionOrder.NAME else None,
        descending=descending,
        after=after,
        limit=limit,
    )
    return [_of_row(row) for row in found]


def _of_row(row: sa.Row[Any]) -> CustomPermission:
    return CustomPermission(**{name: getattr(row, name) for name in CustomPermission.__slots__})


def assign(tx: Tx, org_id: str, permission_id: str, holder_id: str) -> bool:
    """Let the holders of a profile or permission set have it. False when they had it already."""
    values = {"org_id": org_id, "custom_permission_id": permission_id, "holder_id": holder_id}
    return bool(tx.connection.execute(insert_new(tx.connection, custom_permission_holders).values(values)).rowcount)


def unassign(tx: Tx, org_id: str, permission_id: str, holder_id: str) -> bool:
    """The holders have it no more. False when they had not."""
    held = custom_permission_holders
    which = (held.c.org_id == org_id, held.c.custom_permission_id == permission_id, held.c.holder_id == holder_id)
    return bool(tx.connection.execute(sa.delete(held).where(*which)).rowcount)


def take_from(tx: Tx, org_id: str, holder_id: str) -> int:
    """Let a profile or permission set that goes away give none of them. How many it gave."""
    held = custom_permission_holders
    return tx.connection.execute(sa.delete(held).where(held.c.org_id == org_id, held.c.holder_id == holder_id)).rowcount


def holders_of(tx: Tx, org_id: str, permission_id: str) -> list[str]:
    """The ids of the profiles and permission sets that give it."""
    held = custom_permission_holders
    wanted = sa.select(held.c.holder_id).where(held.c.org_id == org_id, held.c.custom_permission_id == permission_id)
    return list(tx.connection.scalars(wanted.order_by(held.c.holder_id)))


def givers_of(tx: Tx, org_id: str, permission_ids: Collection[str]) -> dict[str, int]:
    """How many profiles and permission sets give each of these; one that nothing gives is not there."""
    held = custom_permission_holders
    number = sa.func.count().label("number")
    wanted = sa.select(held.c.custom_permission_id, number).where(
        held.c.org_id == org_id, held.c.custom_permission_id.in_(list(permission_ids))
    )
    found = tx.connection.execute(wanted.group_by(held.c.custom_permission_id)) if permission_ids else ()
    return {row.custom_permission_id: row.number for row in found}


def given_by(tx: Tx, org_id: str, holder_id: str) -> list[CustomPermission]:
    """Those that a profile or permission set gives, by label."""
    held, table = custom_permission_holders, custom_permissions
    wanted = sa.select(table).join_from(held, table).where(held.c.org_id == org_id, held.c.holder_id == holder_id)
    return [_of_row(row) for row in tx.connection.execute(wanted.order_by(folded(table.c.label), table.c.id))]


def names_for(tx: Tx, org_id: str, holder_ids: Collection[str]) -> tuple[str, ...]:
    """The API names of all that these profiles and permission sets give, sorted, in one statement."""
    held, table = custom_permission_holders, custom_permissions
    wanted = (
        sa.select(table.c.api_name)
        .distinct()
        .join_from(held, table)
        .where(held.c.org_id == org_id, held.c.holder_id.in_(list(holder_ids)))
        .order_by(table.c.api_name)
    )
    return tuple(tx.connection.scalars(wanted)) if holder_ids else ()
