"""Profiles. Every user holds exactly one."""

from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.people import Profile
from gatebridge.storage import custom_permissions, rows, sorting
from gatebridge.storage.dialects import folded, for_update, insert_new
from gatebridge.storage.matching import holds_text
from gatebridge.storage.people import profiles, unless_name_taken
from gatebridge.storage.tx import Tx


class ProfileOrder(StrEnum):
    """By what a list of profiles is sorted."""

    AGE = "age"
    NAME = "name"


def insert(tx: Tx, profile: Profile) -> bool:
    """Add a profile. False when the org already has one of this name."""
    inserted = tx.connection.execute(
        insert_new(tx.connection, profiles).values(
            org_id=profile.org_id, id=profile.id, version=profile.version, created_at=profile.created_at, **_stored(profile)
        )
    )
    return bool(inserted.rowcount)


def by_id(tx: Tx, org_id: str, profile_id: str, *, hold: bool = False) -> Profile | None:
    """A profile of the org. With `hold` nobody else can edit, delete or hand it out before this transaction ends."""
    wanted = sa.select(profiles).where(profiles.c.org_id == org_id, profiles.c.id == profile_id)
    return _one(tx, for_update(wanted, tx.connection) if hold else wanted)


def by_name(tx: Tx, org_id: str, name: str) -> Profile | None:
    return _one(tx, sa.select(profiles).where(profiles.c.org_id == org_id, profiles.c.name == name))


def list_page(
    tx: Tx, org_id: str, *, after: str | None, limit: int, search: str = "", by: ProfileOrder = ProfileOrder.AGE, descending: bool = False
) -> list[Profile]:
    """The profiles of the org behind the one with the id `after`, at most `limit`; `search` looks into names."""
    found = sorting.page(
        tx,
        sa.select(profiles).where(profiles.c.org_id == org_id),
        *((holds_text(tx.connection, search, profiles.c.name),) if search else ()),
        record_id=profiles.c.id,
        key=folded(profiles.c.name) if by is ProfileOrder.NAME else None,
        descending=descending,
        after=after,
        limit=limit,
    )
    return [rows.profile(row) for row in found]


def with_hours(tx: Tx, org_id: str) -> int:
    """How many profiles of the org have login hours."""
    found = sa.select(profiles.c.login_hours).where(profiles.c.org_id == org_id)
    return sum(bool(hours) for hours in tx.connection.scalars(found))


def update(tx: Tx, profile: Profile) -> bool:
    """Write a profile over the version that it was read in. False when that version is no more. Raises people.NameTaken."""
    statement = (
        sa.update(profiles)
        .where(profiles.c.org_id == profile.org_id, profiles.c.id == profile.id, profiles.c.version == profile.version)
        .values(version=profiles.c.version + 1, **_stored(profile))
    )
    return bool(unless_name_taken(tx, statement))


def delete(tx: Tx, org_id: str, profile_id: str) -> None:
    """Remove a profile that nobody holds; whoever calls this holds its row and has counted."""
    custom_permissions.take_from(tx, org_id, profile_id)
    tx.connection.execute(sa.delete(profiles).where(profiles.c.org_id == org_id, profiles.c.id == profile_id))


def _one(tx: Tx, statement: sa.Select[Any]) -> Profile | None:
    row = tx.connection.execute(statement).one_or_none()
    return rows.profile(row) if row else None


def _stored(profile: Profile) -> dict[str, object]:
    return {
        "name": profile.name,
        "description": profile.description,
        "permissions": rows.stored_permissions(profile.permissions),
        "login_ranges": rows.stored_ranges(profile.login_ranges),
        "session_minutes": profile.session_minutes,
        "monitored_ranges": rows.stored_ranges(profile.monitored_ranges),
        "login_hours": rows.stored_hours(profile.login_hours),
        "required_level": profile.requirement.level,
        "level_action": profile.requirement.action,
    }
