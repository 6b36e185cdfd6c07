"""Which access tokens are alive, for whoever wants to see them before ending them.

The tokens have no index of their own by app or by user, since every issue would pay for it. A token has the id of the receipt of its
issue, and the login history is indexed by both, so the candidates come from there, newest first and no older than a token can be.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.grants import AccessToken, Grant
from gatebridge.rules.lifetimes import BOUNDS_MINUTES
from gatebridge.storage import tokens
from gatebridge.storage.apps import app_directory, apps
from gatebridge.storage.grants import grants
from gatebridge.storage.installations import installations
from gatebridge.storage.login_history import login_history
from gatebridge.storage.matching import one_of
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import ENDED_ONCE, users
from gatebridge.storage.tokens import access_tokens
from gatebridge.storage.tx import Tx

MOST = 10_000
MOST_OF_EACH = 1_000  # where somebody waits for one number among others, of one app or of many
# No token lives longer; the hour is for clocks that differ and for requests that took long.
LONGEST_LIFE = timedelta(minutes=max(most for _, most in BOUNDS_MINUTES.values()), hours=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are. Not `exact`: so many were found among the newest candidates, and older ones were not looked at."""

    tokens: int
    users: int
    grants: int
    exact: bool


def count(
    tx: Tx, org_id: str, *, app_id: str | None = None, user_id: str | None = None, grant_id: str | None = None, most: int | None = None
) -> Counted:
    """The live tokens of an app, a user, a user of an app or a grant (with its app and user), and of how many users and grants they are.

    No more than `most` candidates are looked at; `MOST` where nothing else is said.
    """
    most = MOST if most is None else most
    alive, token = _alive(tx), access_tokens.c
    numbers = (
        sa.func.count(sa.case((alive, token.id))),
        sa.func.count(sa.distinct(sa.case((alive, token.user_id)))),
        sa.func.count(sa.distinct(sa.case((alive, token.grant_id)))),
        sa.func.count(),
    )
    found = tx.connection.execute(_among(org_id, _candidates(tx, org_id, app_id, user_id, grant_id, most), *numbers, app_id=app_id)).one()
    return Counted(tokens=found[0], users=found[1], grants=found[2], exact=found[3] <= most)


def count_each(tx: Tx, org_id: str, app_ids: Collection[str]) -> dict[str, Counted]:
    """The live tokens of each of many apps, in one statement, and of each no further than `MOST_OF_EACH`; not of whom they are."""
    if not app_ids:
        return {}
    candidates = _candidates(tx, org_id, app_directory.c.app_id, None, None, MOST_OF_EACH)
    alive = _among(org_id, candidates, sa.func.count(sa.case((_alive(tx), access_tokens.c.id)))).scalar_subquery()
    seen = sa.select(sa.func.count()).select_from(candidates).scalar_subquery()
    found = sa.select(app_directory.c.app_id, alive, seen).where(one_of(tx.connection, app_directory.c.app_id, app_ids))
    return {row[0]: Counted(tokens=row[1], users=0, grants=0, exact=row[2] <= MOST_OF_EACH) for row in tx.connection.execute(found)}


def _among(org_id: str, candidates: sa.Subquery, *numbers: sa.ColumnElement[int], app_id: str | None = None) -> sa.Select[*tuple[Any, ...]]:
    # All tokens of an app hang from one installation: without being told so, PostgreSQL reads those of all apps for them.
    here = installations.c.app_id == app_id if app_id is not None else sa.true()
    return (
        sa.select(*numbers)
        .select_from(candidates)
        .outerjoin(access_tokens, sa.and_(access_tokens.c.org_id == org_id, access_tokens.c.id == candidates.c.id))
        .outerjoin(orgs, orgs.c.id == access_tokens.c.org_id)
        .outerjoin(apps, apps.c.id == access_tokens.c.app_id)
        .outerjoin(installations, sa.and_(_same(installations, access_tokens.c.installation_id), here))
        .outerjoin(users, sa.and_(_same(users, access_tokens.c.user_id), ENDED_ONCE))
        .outerjoin(grants, _same(grants, access_tokens.c.grant_id))
    )


def of_grant(tx: Tx, org_id: str, grant: Grant, limit: int) -> list[AccessToken]:
    """The live tokens of a grant, the newest first, among its newest 10,000 candidates."""
    candidates = _candidates(tx, org_id, grant.app_id, grant.user_id, grant.id, MOST)
    found = (
        sa.select(access_tokens)
        .select_from(candidates)
        .join(access_tokens, sa.and_(access_tokens.c.org_id == org_id, access_tokens.c.id == candidates.c.id))
        .join(orgs, orgs.c.id == access_tokens.c.org_id)
        .join(apps, apps.c.id == access_tokens.c.app_id)
        .join(installations, _same(installations, access_tokens.c.installation_id))
        .outerjoin(users, sa.and_(_same(users, access_tokens.c.user_id), ENDED_ONCE))
        .join(grants, _same(grants, access_tokens.c.grant_id))
        .where(_alive(tx))
        .order_by(access_tokens.c.id.desc())
        .limit(limit)
    )
    return [tokens.of_row(row) for row in tx.connection.execute(found)]


def count_grants_of_each(tx: Tx, org_id: str, installation_ids: Collection[str]) -> dict[str, Counted]:
    """The grants of each of many installations that have not ended by themselves, and of how many users they are; `tokens` is 0.

    In one statement, and of each no further than `MOST_OF_EACH`. What was ended as a whole is among them (`live_grants`).
    """
    if not installation_ids:
        return {}
    here = installations.c
    live = _live_grants(org_id, here.id, MOST_OF_EACH)
    numbers = (
        sa.select(each).select_from(live).scalar_subquery() for each in (sa.func.count(), sa.func.count(sa.distinct(live.c.user_id)))
    )
    found = sa.select(here.id, *numbers).where(here.org_id == org_id, one_of(tx.connection, here.id, installation_ids))
    return {row[0]: Counted(tokens=0, users=row[2], grants=row[1], exact=row[1] <= MOST_OF_EACH) for row in tx.connection.execute(found)}


def _live_grants(org_id: str, installation_id: str | sa.ColumnElement[str], most: int) -> sa.Subquery:
    """The newest grants of an installation, or of that of the statement around this one."""
    wanted = (grants.c.org_id == org_id, grants.c.installation_id == installation_id, grants.c.ended_at.is_(None))
    return sa.select(grants.c.user_id).where(*wanted).correlate(installations).limit(most + 1).subquery()


def _candidates(
    tx: Tx,
    org_id: str,
    app_id: str | sa.ColumnElement[str] | None,
    user_id: str | None,
    grant_id: str | None,
    most: int,
) -> sa.Subquery:
    """The newest lines that issued a token: of an app, or of that of the statement around this one."""
    oldest = ids.floor(ids.Prefix.RECEIPT, tx.now - LONGEST_LIFE)
    wanted = [login_history.c.org_id == org_id, login_history.c.id >= oldest]
    wanted += [login_history.c.event == "token", login_history.c.outcome == "success"]
    narrowed = ((login_history.c.app_id, app_id), (login_history.c.user_id, user_id), (login_history.c.grant_id, grant_id))
    wanted += [column == value for column, value in narrowed if value is not None]
    newest = sa.select(login_history.c.id).where(*wanted).correlate(app_directory).order_by(login_history.c.id.desc())
    return newest.limit(most + 1).subquery("candidates")


def _alive(tx: Tx) -> sa.ColumnElement[bool]:
    """What `rules.access` asks of a token at the gate Proof, in SQL: not ended, in time, and every epoch still the current one."""
    return sa.and_(
        access_tokens.c.ended_at.is_(None),
        access_tokens.c.expires_at > tx.now,
        grants.c.ended_at.is_(None),
        access_tokens.c.org_epoch == orgs.c.epoch,
        access_tokens.c.app_epoch == apps.c.epoch,
        access_tokens.c.installation_epoch == installations.c.epoch,
        access_tokens.c.user_epoch == sa.func.coalesce(users.c.epoch, 0),  # joined are those alone of whom everything was ended once
        access_tokens.c.grant_epoch == grants.c.epoch,
    )


def _same(table: sa.Table, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.org_id == access_tokens.c.org_id, table.c.id == column)
