"""The live grants of an app in an org, and what use was made of their scopes: for a report, page by page."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.rules.grants import Grant
from gatebridge.storage import grants as grants_store
from gatebridge.storage.exercised_scopes import exercised_scopes
from gatebridge.storage.grants import grants
from gatebridge.storage.live_grants import alive_of
from gatebridge.storage.live_tokens import MOST
from gatebridge.storage.tx import Tx

_ID_LENGTH = 15


@dataclass(frozen=True, slots=True)
class ScopeUse:
    """How many of an app's grants made use of a scope, and when first and last."""

    scope: str
    grants: int
    first_at: datetime
    last_at: datetime


def place(grant: Grant) -> str:
    """Where a grant stands in the list of its app."""
    return grant.user_id + grant.id


def page(tx: Tx, org_id: str, installation_id: str, *, after: str = "", limit: int) -> list[Grant]:
    """The live grants of an installation behind the place `after`, by user, and of one user the oldest first."""
    wanted = sa.select(grants).where(alive_of(tx, org_id, installation_id))
    if after:
        user_id, grant_id = after[:_ID_LENGTH], after[_ID_LENGTH:]
        wanted = wanted.where(grants.c.user_id >= user_id, sa.or_(grants.c.user_id > user_id, grants.c.id > grant_id))
    return [grants_store.of_row(row) for row in tx.connection.execute(wanted.order_by(grants.c.user_id, grants.c.id).limit(limit))]


def scopes_used(tx: Tx, org_id: str, installation_id: str) -> list[ScopeUse]:
    """The scopes of which the live grants of an installation made use, over at most 10,000 of them, by the number of grants."""
    live = sa.select(grants.c.id).where(alive_of(tx, org_id, installation_id)).limit(MOST).subquery("live")
    used = exercised_scopes
    count = sa.func.count().label("grants")
    statement = (
        sa.select(used.c.scope, count, sa.func.min(used.c.first_used_at).label("first"), sa.func.max(used.c.last_used_at).label("last"))
        .join_from(live, used, sa.and_(used.c.org_id == org_id, used.c.grant_id == live.c.id))
        .group_by(used.c.scope)
        .order_by(count.desc(), used.c.scope)
    )
    return [ScopeUse(row.scope, row.grants, row.first, row.last) for row in tx.connection.execute(statement)]
