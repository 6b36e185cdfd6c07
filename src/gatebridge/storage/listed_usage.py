"""The apps of an org, for reports of their use: sorted by what the reader wants to see first."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gatebridge.storage import names, sorting
from gatebridge.storage.apps import app_directory, apps
from gatebridge.storage.dialects import Moment, folded
from gatebridge.storage.installations import installations
from gatebridge.storage.matching import holds_text
from gatebridge.storage.names import NamedApp
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import usage

NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # where that stands among the others which was never used


class UsageOrder(StrEnum):
    """By what apps are sorted. Until the roll-up has come so far, the newest use does not count for the order."""

    AGE = "age"
    APP = "app"
    GRANTED = "granted"
    REFUSED = "refused"
    FIRST = "first"
    LAST = "last"


def page_of_apps(
    tx: Tx,
    org_id: str,
    *,
    search: str = "",
    by: UsageOrder = UsageOrder.AGE,
    descending: bool = False,
    after: str | None = None,
    limit: int,
) -> list[NamedApp]:
    """The apps that the org ever installed, behind the one with the id `after`; those whose names hold a text."""
    wanted = (holds_text(tx.connection, search, apps.c.label, apps.c.api_name, apps.c.consumer_key),) if search else ()
    found = sorting.page(
        tx,
        _among(org_id, by, search),
        *wanted,
        record_id=installations.c.app_id,
        key=_key(by),
        descending=descending,
        after=after,
        limit=limit,
    )
    named = names.of_apps(tx, org_id, [row.app_id for row in found])
    return [named[row.app_id] for row in found if row.app_id in named]


def _among(org_id: str, by: UsageOrder, search: str) -> sa.Select[Any]:
    """The ids of the apps, with no more beside them than is asked for: of thousands a few are shown."""
    among: sa.FromClause = installations
    if by is UsageOrder.APP or search:
        among = among.join(app_directory, app_directory.c.app_id == installations.c.app_id)
        among = among.join(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
    if by not in (UsageOrder.AGE, UsageOrder.APP):
        here = (usage.c.org_id == org_id, usage.c.app_id == installations.c.app_id, usage.c.subject_id == usage.c.app_id)
        among = among.outerjoin(usage, sa.and_(*here))
    return sa.select(installations.c.app_id).select_from(among).where(installations.c.org_id == org_id)


def _key(by: UsageOrder) -> sa.ColumnElement[Any] | None:
    never = sa.literal(NEVER, Moment)
    return {
        UsageOrder.APP: folded(apps.c.label),
        UsageOrder.GRANTED: sa.func.coalesce(usage.c.granted, 0),
        UsageOrder.REFUSED: sa.func.coalesce(usage.c.refused, 0),
        UsageOrder.FIRST: sa.func.coalesce(usage.c.first_at, never, type_=Moment),
        UsageOrder.LAST: sa.func.coalesce(usage.c.last_at, never, type_=Moment),
    }.get(by)
