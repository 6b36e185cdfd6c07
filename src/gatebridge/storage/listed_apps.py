"""Apps as one org sees them: those that it owns, those of other orgs that it has ever installed, each with its presence here.

The one app that every org knows is among them, installed or not.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.apps import COMMAND_LINE, App, Installation
from gatebridge.storage import app_columns, rows, sorting
from gatebridge.storage.app_weights import app_weights
from gatebridge.storage.apps import COLUMNS, app_directory, app_settings, apps, known_everywhere
from gatebridge.storage.dialects import Moment, folded
from gatebridge.storage.installations import in_use, installations
from gatebridge.storage.matching import holds_item, holds_text, one_of
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import usage


class AppState(StrEnum):
    """How an app stands in one org, for lists."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    UNINSTALLED = "uninstalled"  # known here, and not in use here
    DELETED = "deleted"


class AppOrder(StrEnum):
    """By what a list of apps is sorted. Use and exposure count as the worker summed and weighed them last."""

    AGE = "age"
    NAME = "name"
    USED = "used"
    ENDS = "ends"  # the first of its secrets and certificates
    EXPOSURE = "exposure"


# Where an app stands among the others that was never used, or of which nothing ends.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


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
    flow: str = "",
    by: AppOrder = AppOrder.AGE,
    descending: bool = False,
    after: str | None = None,
    limit: int,
) -> list[ListedApp]:
    """The apps that the org owns or has ever installed, behind the one with the id `after`, that fit every filter given.

    `search` is looked for in label, API name and consumer key, whatever the case of its letters. `owner_id` finds the backup owner too.
    """
    wanted: list[sa.ColumnElement[bool]] = []
    if search:
        wanted.append(holds_text(tx.connection, search, apps.c.label, apps.c.api_name, apps.c.consumer_key))
    if state is not None:
        wanted.append(_in_state(tx, state))
    if owner_id is not None:
        wanted += [apps.c.org_id == org_id, sa.or_(apps.c.owner_id == owner_id, apps.c.backup_owner_id == owner_id)]
    if flow:
        wanted.append(_has_flow(tx, flow))
    # First only the ids: of thousands of apps a few are shown, and only those are read as a whole.
    by_name = by is AppOrder.NAME
    among, key = _keyed(tx, org_id, by, apps_too=by_name or bool(wanted))
    app_id = apps.c.id if by_name else app_directory.c.app_id  # the one that stands in the index by name, which SQLite looks for
    found = sorting.page(tx, among, *wanted, record_id=app_id, key=key, indexed=by_name, descending=descending, after=after, limit=limit)
    ids = [row.app_id for row in found]
    wanted_ids = one_of(tx.connection, app_directory.c.app_id, ids)
    read = {row.id: row for row in tx.connection.execute(_listed(org_id).where(wanted_ids))} if ids else {}
    return [_listed_of_row(tx, read[each]) for each in ids]


def _keyed(tx: Tx, org_id: str, by: AppOrder, apps_too: bool) -> tuple[sa.Select[Any], sa.ColumnElement[Any] | None]:
    """The ids of all apps of an org, and by what they are sorted; nothing: by age. `apps_too`: joined with what they are narrowed by."""
    app_id = app_directory.c.app_id
    among = _known(org_id, apps_too)
    key: sa.ColumnElement[Any] | None = None
    if by is AppOrder.NAME:
        key = folded(apps.c.label)
    elif by is AppOrder.USED:
        here = sa.and_(usage.c.org_id == org_id, usage.c.app_id == app_id, usage.c.subject_id == usage.c.app_id)
        among, key = among.outerjoin(usage, here), sa.func.coalesce(usage.c.last_at, sa.literal(NEVER, Moment), type_=Moment)
    elif by is AppOrder.ENDS:
        ends = app_columns.first_ends(tx, org_id).subquery("ends")
        key = sa.func.coalesce(ends.c.at, sa.literal(FOR_EVER, Moment), type_=Moment)
        among = among.outerjoin(ends, ends.c.app_id == app_id)
    elif by is AppOrder.EXPOSURE:
        weighed = sa.and_(app_weights.c.org_id == org_id, app_weights.c.app_id == app_id)
        among, key = among.outerjoin(app_weights, weighed), sa.func.coalesce(app_weights.c.weight, 0)
    return sa.select(app_id).select_from(among).where(_here(org_id)), key


def _has_flow(tx: Tx, flow: str) -> sa.ColumnElement[bool]:
    settings = app_settings.c
    here = sa.and_(settings.org_id == apps.c.org_id, settings.app_id == apps.c.id)
    return sa.exists().where(here, holds_item(tx.connection, settings.flows, flow))


def _listed(org_id: str) -> sa.Select[Any]:
    columns = *COLUMNS, *(column.label(f"here_{column.name}") for column in installations.c)
    return sa.select(*columns).select_from(_known(org_id)).where(_here(org_id))


def _known(org_id: str, apps_too: bool = True) -> sa.FromClause:
    """All apps of all orgs, each with its presence in this one."""
    listed = sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id)
    here = sa.and_(installations.c.org_id == org_id, installations.c.app_id == app_directory.c.app_id)
    return (app_directory.join(apps, listed) if apps_too else app_directory).outerjoin(installations, here)


def _here(org_id: str) -> sa.ColumnElement[bool]:
    return sa.or_(app_directory.c.org_id == org_id, installations.c.id.is_not(None), known_everywhere)


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
