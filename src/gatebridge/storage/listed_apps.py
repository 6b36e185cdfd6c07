"""Apps as one org sees them: those that it owns, those of other orgs that it has ever installed, each with its presence here.

The one app that every org knows is among them, installed or not.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.apps import COMMAND_LINE, App, Installation
from gatebridge.storage import rows
from gatebridge.storage.apps import COLUMNS, app_directory, apps, known_everywhere
from gatebridge.storage.installations import in_use, installations
from gatebridge.storage.tx import Tx


class AppState(StrEnum):
    """How an app stands in one org, for lists."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    UNINSTALLED = "uninstalled"  # known here, and not in use here
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class ListedApp:
    """An app that an org owns or uses. `installation` is its presence in that org, None where it never had one."""

    app: App
    installation: Installation | None
    at: datetime | None = field(default=None, compare=False)  # when it was read; None: as it was made

    @property
    def state(self) -> AppState:
        if self.app.deleted_at is not None:
            return AppState.DELETED
        if self.installation is None or not self.installation.in_use(self.at or self.installation.installed_at):
            return AppState.UNINSTALLED
        return AppState.BLOCKED if self.installation.blocked_at is not None else AppState.ACTIVE


def known(tx: Tx, org_id: str, app_id: str) -> ListedApp | None:
    """The app of this id that the org owns or has ever installed, with its presence there."""
    row = tx.connection.execute(_listed(org_id).where(app_directory.c.app_id == app_id)).one_or_none()
    return _listed_of_row(tx, row) if row else None


def command_line_key(tx: Tx, org_id: str) -> str | None:
    """The consumer key of the app with which people sign in on the command line; None where it is not in use."""
    statement = _listed(org_id).where(apps.c.org_id == org_id, apps.c.api_name == COMMAND_LINE, _in_state(tx, AppState.ACTIVE))
    row = tx.connection.execute(statement).one_or_none()
    return rows.app(row).consumer_key if row else None


def list_page(
    tx: Tx,
    org_id: str,
    *,
    search: str = "",
    state: AppState | None = None,
    owner_id: str | None = None,
    after: str | None = None,
    limit: int,
) -> list[ListedApp]:
    """The apps that the org owns or has ever installed, oldest first, those after the id `after`, that fit every filter given.

    `search` is looked for in label, API name and consumer key, whatever the case of its letters. `owner_id` finds the backup owner too.
    """
    wanted: list[sa.ColumnElement[bool]] = []
    if search:
        wanted.append(
            sa.or_(*(column.icontains(search, autoescape=True) for column in (apps.c.label, apps.c.api_name, apps.c.consumer_key)))
        )
    if state is not None:
        wanted.append(_in_state(tx, state))
    if owner_id is not None:
        wanted += [apps.c.org_id == org_id, sa.or_(apps.c.owner_id == owner_id, apps.c.backup_owner_id == owner_id)]
    if after is not None:
        wanted.append(apps.c.id > after)
    statement = _listed(org_id).where(*wanted).order_by(apps.c.id).limit(limit)
    return [_listed_of_row(tx, row) for row in tx.connection.execute(statement)]


def _listed(org_id: str) -> sa.Select[Any]:
    here = sa.and_(installations.c.org_id == org_id, installations.c.app_id == app_directory.c.app_id)
    listed = sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id)
    return (
        sa.select(*COLUMNS, *(column.label(f"here_{column.name}") for column in installations.c))
        .select_from(app_directory)
        .join(apps, listed)
        .outerjoin(installations, here)
        .where(sa.or_(app_directory.c.org_id == org_id, installations.c.id.is_not(None), known_everywhere))
    )


def _in_state(tx: Tx, state: AppState) -> sa.ColumnElement[bool]:
    gone = sa.or_(installations.c.id.is_(None), sa.not_(in_use(tx.now)))
    if state is AppState.DELETED:
        return apps.c.deleted_at.is_not(None)
    if state is AppState.UNINSTALLED:
        return sa.and_(apps.c.deleted_at.is_(None), gone)
    blocked = installations.c.blocked_at.is_not(None) if state is AppState.BLOCKED else installations.c.blocked_at.is_(None)
    return sa.and_(apps.c.deleted_at.is_(None), sa.not_(gone), blocked)


def _listed_of_row(tx: Tx, row: Any) -> ListedApp:
    if row.here_id is None:
        return ListedApp(rows.app(row), None)
    return ListedApp(
        rows.app(row),
        Installation(
            id=row.here_id,
            org_id=row.here_org_id,
            app_id=row.here_app_id,
            epoch=row.here_epoch,
            epoch_at=row.here_epoch_at,
            installed_at=row.here_installed_at,
            version=row.here_version,
            uninstalled_at=row.here_uninstalled_at,
            blocked_at=row.here_blocked_at,
            blocked_because=row.here_blocked_because,
            holders_only=row.here_holders_only,
        ),
        tx.now,
    )
