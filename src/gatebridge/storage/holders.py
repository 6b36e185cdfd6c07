"""Who and what hangs from a profile or a permission set, so that it is not deleted under them."""

from dataclasses import dataclass

import sqlalchemy as sa

from gatebridge.storage.installations import permits
from gatebridge.storage.people import permission_set_assignments, users
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Holders:
    """How many users hold a profile or set, and how many installed apps may be used through it."""

    users: int
    apps: int


def of_profile(tx: Tx, org_id: str, profile_id: str) -> Holders:
    """Users count whatever state they are in."""
    return Holders(_count(tx, users, users.c.org_id == org_id, users.c.profile_id == profile_id), _apps(tx, org_id, profile_id))


def of_permission_set(tx: Tx, org_id: str, set_id: str) -> Holders:
    """Users count whatever state they are in, and an assignment that has run out counts until it is taken away."""
    held = permission_set_assignments
    return Holders(_count(tx, held, held.c.org_id == org_id, held.c.permission_set_id == set_id), _apps(tx, org_id, set_id))


def _apps(tx: Tx, org_id: str, holder_id: str) -> int:
    return _count(tx, permits, permits.c.org_id == org_id, permits.c.holder_id == holder_id)


def _count(tx: Tx, table: sa.Table, *wanted: sa.ColumnElement[bool]) -> int:
    return tx.connection.execute(sa.select(sa.func.count()).select_from(table).where(*wanted)).scalar_one()
