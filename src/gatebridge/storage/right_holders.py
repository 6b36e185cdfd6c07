"""Who holds one right at this moment: whom to tell that something waits for them."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission
from gatebridge.storage import rows
from gatebridge.storage.people import permission_set_assignments, permission_sets, profiles, users
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Recipient:
    """A user, and where mail reaches that user."""

    id: str
    name: str
    email: str


def with_right(tx: Tx, org_id: str, right: Permission, limit: int) -> list[Recipient]:
    """The active users of the org who hold the right now, the oldest first, at most `limit`.

    Which profiles and sets give it is found here and not in SQL, since JSON is searched differently by each database.
    """
    held = permission_set_assignments
    through_set = sa.exists().where(
        held.c.org_id == users.c.org_id,
        held.c.user_id == users.c.id,
        sa.or_(held.c.expires_at.is_(None), held.c.expires_at > tx.now),
        held.c.permission_set_id.in_(_givers(tx, permission_sets, org_id, right)),
    )
    through_profile = users.c.profile_id.in_(_givers(tx, profiles, org_id, right))
    return _active(tx, org_id, sa.or_(through_profile, through_set), limit)


def by_ids(tx: Tx, org_id: str, user_ids: list[str]) -> list[Recipient]:
    """Those of these users who are active, the oldest first."""
    return _active(tx, org_id, users.c.id.in_(user_ids), len(user_ids)) if user_ids else []


def _givers(tx: Tx, table: sa.Table, org_id: str, right: Permission) -> list[str]:
    statement = sa.select(table.c.id, table.c.permissions).where(table.c.org_id == org_id)
    return [row.id for row in tx.connection.execute(statement) if right in rows.permissions(row.permissions)]


def _active(tx: Tx, org_id: str, which: sa.ColumnElement[bool], limit: int) -> list[Recipient]:
    active = (users.c.org_id == org_id, users.c.state == UserState.ACTIVE, users.c.frozen.is_(False))
    statement = sa.select(users).where(*active, which).order_by(users.c.id).limit(limit)
    return [_recipient(row) for row in tx.connection.execute(statement)]


def _recipient(row: Any) -> Recipient:
    user = rows.user(row)
    return Recipient(user.id, user.name, user.email)
