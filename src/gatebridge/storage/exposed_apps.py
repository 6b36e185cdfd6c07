"""What exposures are looked for in: apps of an org with all that is looked at, a page of them in as many statements as one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.exposed.kinds import Subject
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User
from gatebridge.storage import apps, credentials, installations, people, rows, usage
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.storage.matching import one_of
from gatebridge.storage.tx import Tx

# For how long it is told that a token came in an address. It has long ended by then, and a client that still does so does it again.
SEEN_LATELY = timedelta(days=30)

_HERE = installations.installations.c

_PARTS: tuple[Sequence[sa.ColumnElement[Any]], ...] = (
    apps.COLUMNS,
    tuple(apps.app_settings.c),
    tuple(installations.installations.c),
    tuple(installations.policies.c),
)
_NAMES = tuple(tuple(str(getattr(column, "name", "")) for column in part) for part in _PARTS)

_USED = (
    sa.select(*(column for part in _PARTS for column in part))
    .set_label_style(sa.LABEL_STYLE_DISAMBIGUATE_ONLY)
    .select_from(installations.installations)
    .join(apps.app_directory, apps.app_directory.c.app_id == _HERE.app_id)
    .join(apps.apps, sa.and_(apps.apps.c.org_id == apps.app_directory.c.org_id, apps.apps.c.id == _HERE.app_id))
    .join(apps.app_settings, sa.and_(apps.app_settings.c.org_id == apps.apps.c.org_id, apps.app_settings.c.app_id == apps.apps.c.id))
    .join(
        installations.policies,
        sa.and_(installations.policies.c.org_id == _HERE.org_id, installations.policies.c.installation_id == _HERE.id),
    )
)


def of_app(tx: Tx, org: Org, app_id: str) -> tuple[ListedApp, Subject] | None:
    """One app that is or was installed in the org; None where it never was."""
    found = list(_read(tx, org, _USED.where(_HERE.org_id == org.id, _HERE.app_id == app_id), None))
    return found[0] if found else None


def of_apps(tx: Tx, org: Org, app_ids: Collection[str]) -> list[tuple[ListedApp, Subject]]:
    """Those of these apps that are or were installed in the org, in as many statements as one."""
    return _read(tx, org, _USED.where(_HERE.org_id == org.id, one_of(tx.connection, _HERE.app_id, app_ids)), None) if app_ids else []


def page(
    tx: Tx, org: Org, *, after: str, limit: int, owner_id: str | None = None, profiles: Mapping[str, bool] | None = None
) -> list[tuple[ListedApp, Subject]]:
    """The apps in use in the org with an id behind `after`, in the order of their ids; with `owner_id` those of this owner or backup owner.

    `profiles` are those of the org as `ranged_profiles` reads them, for whoever reads many pages.
    """
    wanted = [_HERE.org_id == org.id, _HERE.app_id > after, installations.in_use(tx.now), apps.apps.c.deleted_at.is_(None)]
    if owner_id is not None:
        own = sa.or_(apps.apps.c.owner_id == owner_id, apps.apps.c.backup_owner_id == owner_id)
        wanted += [apps.apps.c.org_id == org.id, own]
    return _read(tx, org, _USED.where(*wanted).order_by(_HERE.app_id).limit(limit), profiles)


def ranged_profiles(tx: Tx, org_id: str) -> dict[str, bool]:
    """Every profile of the org, and whether it has login ranges."""
    found = sa.select(people.profiles.c.id, people.profiles.c.login_ranges).where(people.profiles.c.org_id == org_id)
    return {row.id: bool(row.login_ranges) for row in tx.connection.execute(found)}


def _read(tx: Tx, org: Org, statement: sa.Select[Any], profiles: Mapping[str, bool] | None) -> list[tuple[ListedApp, Subject]]:
    read = tx.connection.execute(statement).all()
    if not read:
        return []
    parted = [_parts(row) for row in read]
    listed = [ListedApp(rows.app(app), rows.installation(installation), tx.now) for app, _, installation, _ in parted]
    own = [each.app.id for each in listed if each.app.org_id == org.id]
    owners = _owners(tx, org.id, {each.app.owner_id for each in listed if each.app.org_id == org.id})
    seen = usage.seen_in_the_open(tx, org.id, [each.app.id for each in listed])
    in_addresses = frozenset(subject_id for subject_id, at in seen.items() if tx.now - at < SEEN_LATELY)
    secrets = _grouped(tx, org.id, credentials.secrets, own, rows.secret)
    certificates = _grouped(tx, org.id, credentials.certificates, own, rows.certificate)
    permits = _permits(tx, org.id, [each.installation.id for each in listed if each.installation is not None])
    ranged = profiles if profiles is not None else ranged_profiles(tx, org.id)
    return [
        (
            each,
            Subject(
                app=each.app,
                settings=rows.settings(settings),
                policies=rows.policies(policies),
                org=org.settings,
                now=tx.now,
                own=each.app.org_id == org.id,
                holders_only=each.installation is not None and each.installation.holders_only,
                owner=owners.get(each.app.owner_id) if each.app.org_id == org.id else None,
                secrets=tuple(secrets.get(each.app.id, ())),
                in_pages=frozenset(seen),
                in_addresses=in_addresses,
                certificates=tuple(certificates.get(each.app.id, ())),
                permits=tuple(permits.get(installation.id, ())),
                profiles=ranged,
            ),
        )
        for each, (_, settings, installation, policies) in zip(listed, parted, strict=True)
    ]


def _parts(row: Sequence[Any]) -> list[SimpleNamespace]:
    """The app, its settings, its installation and its policies, as the readers of rows take them. Quicker than finding each by name in the
    whole row, which counts where an org is read as a whole."""
    parts, start = [], 0
    for names in _NAMES:
        stop = start + len(names)
        parts.append(SimpleNamespace(**dict(zip(names, row[start:stop], strict=True))))
        start = stop
    return parts


def _owners(tx: Tx, org_id: str, user_ids: set[str]) -> dict[str, User]:
    if not user_ids:
        return {}
    found = sa.select(people.users).where(people.users.c.org_id == org_id, one_of(tx.connection, people.users.c.id, user_ids))
    return {row.id: rows.user(row) for row in tx.connection.execute(found)}


def _grouped(tx: Tx, org_id: str, table: sa.Table, app_ids: Sequence[str], read: Any) -> dict[str, list[Any]]:
    """What hangs from each of these apps, was not retired and was not made for a run of Try it, which ends it by itself."""
    if not app_ids:
        return {}
    found: dict[str, list[Any]] = {}
    live = (
        table.c.org_id == org_id,
        one_of(tx.connection, table.c.app_id, app_ids),
        table.c.retired_at.is_(None),
        table.c.try_id.is_(None),
    )
    for row in tx.connection.execute(sa.select(table).where(*live)):
        found.setdefault(row.app_id, []).append(read(row))
    return found


def _permits(tx: Tx, org_id: str, installation_ids: Sequence[str]) -> dict[str, list[Any]]:
    table = installations.permits
    found: dict[str, list[Any]] = {}
    for row in tx.connection.execute(
        sa.select(table).where(table.c.org_id == org_id, one_of(tx.connection, table.c.installation_id, installation_ids))
    ):
        found.setdefault(row.installation_id, []).append(rows.permit(row))
    return found
