"""Who and what hangs from a profile or a permission set, so that it is not deleted under them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.storage.apps import app_directory, apps
from gatebridge.storage.installations import installations, permits
from gatebridge.storage.matching import one_of
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


@dataclass(frozen=True, slots=True)
class OpenedApp:
    """An installed app that may be used through a profile or set, perhaps until a moment."""

    app_id: str
    label: str
    holder_id: str
    expires_at: datetime | None


def users_of_sets(tx: Tx, org_id: str, set_ids: Collection[str]) -> dict[str, int]:
    """How many users hold each of these permission sets, those included whose assignment has run out."""
    if not set_ids:
        return {}
    held = permission_set_assignments
    number = sa.func.count().label("number")
    statement = sa.select(held.c.permission_set_id, number).where(
        held.c.org_id == org_id, one_of(tx.connection, held.c.permission_set_id, set_ids)
    )
    return {row.permission_set_id: row.number for row in tx.connection.execute(statement.group_by(held.c.permission_set_id))}


def opened_apps(tx: Tx, org_id: str, holder_ids: Collection[str], limit: int) -> list[OpenedApp]:
    """The apps that may be used through these profiles and sets, at most `limit`, in the order in which they were installed."""
    here = sa.and_(installations.c.org_id == permits.c.org_id, installations.c.id == permits.c.installation_id)
    statement = (
        sa.select(apps.c.id, apps.c.label, permits.c.holder_id, permits.c.expires_at)
        .select_from(permits)
        .join(installations, here)
        .join(app_directory, app_directory.c.app_id == installations.c.app_id)
        .join(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
        .where(permits.c.org_id == org_id, one_of(tx.connection, permits.c.holder_id, holder_ids), apps.c.deleted_at.is_(None))
        .order_by(installations.c.id, permits.c.holder_id)
        .limit(limit)
    )
    return [OpenedApp(row.id, row.label, row.holder_id, row.expires_at) for row in tx.connection.execute(statement)]


def _apps(tx: Tx, org_id: str, holder_id: str) -> int:
    return _count(tx, permits, permits.c.org_id == org_id, permits.c.holder_id == holder_id)


def _count(tx: Tx, table: sa.Table, *wanted: sa.ColumnElement[bool]) -> int:
    return tx.connection.execute(sa.select(sa.func.count()).select_from(table).where(*wanted)).scalar_one()
