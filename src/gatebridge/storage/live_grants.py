"""Which grants are alive: not ended by themselves, nor with everything of their org, app, installation or user (decision 4).

A grant of a job is no approval that could be ended with others: an admin lets the job in, and after such an end its next request hangs a
new token from the same grant (decision 8). It is alive until it is ended by itself.
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from gatebridge.rules.grants import Grant
from gatebridge.storage import grants as grants_store
from gatebridge.storage import live_tokens, sorting
from gatebridge.storage.apps import apps
from gatebridge.storage.grants import OF_USERS, grants
from gatebridge.storage.installations import installations
from gatebridge.storage.live_tokens import MOST, Counted
from gatebridge.storage.matching import one_of
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import ENDED_ONCE, users
from gatebridge.storage.tx import Tx


def page(tx: Tx, org_id: str, installation_id: str, *, descending: bool = True, after: str | None = None, limit: int) -> list[Grant]:
    """The live grants of an installation by age, behind the one with the id `after`, newest first unless said otherwise.

    Not by last use: an index of it would be written whenever a grant is used.
    """
    among = sa.select(grants).where(grants.c.org_id == org_id, grants.c.installation_id == installation_id)
    alive = alive_of(tx, org_id, installation_id)
    found = sorting.page(tx, among, alive, record_id=grants.c.id, descending=descending, after=after, limit=limit)
    return [grants_store.of_row(row) for row in found]


def count(tx: Tx, org_id: str, installation_id: str, most: int = MOST) -> Counted:
    """The live grants of an installation, and of how many users they are; no more than `most` are counted. `tokens` is 0."""
    found = sa.select(grants.c.user_id).where(alive_of(tx, org_id, installation_id)).limit(most + 1).subquery()
    row = tx.connection.execute(sa.select(sa.func.count(), sa.func.count(sa.distinct(found.c.user_id))).select_from(found)).one()
    return Counted(tokens=0, users=row[1], grants=row[0], exact=row[0] <= most)


def count_each(tx: Tx, org_id: str, installation_ids: Collection[str]) -> dict[str, Counted]:
    """Like `count`, of each of many installations, and of each no further than `live_tokens.MOST_OF_EACH`.

    Where nothing was ever ended as a whole, those of a user who was stopped are among them: to look at each user would cost too much.
    """
    found = live_tokens.count_grants_of_each(tx, org_id, installation_ids)
    ended = (
        sa.select(installations.c.id)
        .join(apps, apps.c.id == installations.c.app_id)
        .where(installations.c.org_id == org_id, one_of(tx.connection, installations.c.id, sorted(found)))
        .where(sa.or_(installations.c.epoch_at.is_not(None), apps.c.epoch_at.is_not(None)))
    )
    for installation_id in tx.connection.scalars(ended) if found else ():
        found[installation_id] = count(tx, org_id, installation_id, live_tokens.MOST_OF_EACH)
    return found


def alive_of(tx: Tx, org_id: str, installation_id: str) -> sa.ColumnElement[bool]:
    """Which grants are alive among those of an installation. Asks first what was ended last with all of it."""
    since = _ended_last(tx, org_id, installation_id)
    stopped = sa.exists().where(
        users.c.org_id == grants.c.org_id, users.c.id == grants.c.user_id, ENDED_ONCE, users.c.epoch_at >= grants.c.created_at
    )
    approved = sa.and_(sa.not_(stopped), grants.c.created_at > since if since is not None else sa.true())
    here = (grants.c.org_id == org_id, grants.c.installation_id == installation_id)
    return sa.and_(*here, grants.c.ended_at.is_(None), sa.or_(grants.c.flow.not_in(OF_USERS), approved))


def _ended_last(tx: Tx, org_id: str, installation_id: str) -> datetime | None:
    """When everything was ended last of an installation, of its app or of its org."""
    moments = (
        sa.select(installations.c.epoch_at, apps.c.epoch_at, orgs.c.epoch_at)
        .join(apps, apps.c.id == installations.c.app_id)
        .join(orgs, orgs.c.id == installations.c.org_id)
        .where(installations.c.org_id == org_id, installations.c.id == installation_id)
    )
    row = tx.connection.execute(moments).one_or_none() or ()
    return max((each for each in row if each is not None), default=None)
