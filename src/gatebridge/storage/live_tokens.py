"""Which access tokens are alive, for whoever wants to see them before ending them.

The tokens have no index of their own by app or by user, since every issue would pay for it. A token has the id of the receipt of its
issue, and the login history is indexed by both, so the candidates come from there, newest first and no older than a token can be.
"""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.grants import AccessToken, Grant
from gatebridge.rules.lifetimes import BOUNDS_MINUTES
from gatebridge.storage import tokens
from gatebridge.storage.apps import apps
from gatebridge.storage.grants import grants
from gatebridge.storage.installations import installations
from gatebridge.storage.login_history import login_history
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import users
from gatebridge.storage.tokens import access_tokens
from gatebridge.storage.tx import Tx

MOST = 10_000
# No token lives longer; the hour is for clocks that differ and for requests that took long.
LONGEST_LIFE = timedelta(minutes=max(most for _, most in BOUNDS_MINUTES.values()), hours=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many there are. Not `exact`: so many were found among the newest 10,000 candidates, and older ones were not looked at."""

    tokens: int
    users: int
    grants: int
    exact: bool


def count(tx: Tx, org_id: str, *, app_id: str | None = None, user_id: str | None = None, grant_id: str | None = None) -> Counted:
    """The live tokens of an app, a user, a user of an app or a grant (with its app and user), and of how many users and grants they are."""
    candidates = _candidates(tx, org_id, app_id, user_id, grant_id)
    found = tx.connection.execute(
        sa.select(
            sa.func.count(sa.case((_alive(tx), access_tokens.c.id))),
            sa.func.count(sa.distinct(sa.case((_alive(tx), access_tokens.c.user_id)))),
            sa.func.count(sa.distinct(sa.case((_alive(tx), access_tokens.c.grant_id)))),
            sa.func.count(),
        )
        .select_from(candidates)
        .outerjoin(access_tokens, sa.and_(access_tokens.c.org_id == org_id, access_tokens.c.id == candidates.c.id))
        .outerjoin(orgs, orgs.c.id == access_tokens.c.org_id)
        .outerjoin(apps, apps.c.id == access_tokens.c.app_id)
        .outerjoin(installations, _same(installations, access_tokens.c.installation_id))
        .outerjoin(users, _same(users, access_tokens.c.user_id))
        .outerjoin(grants, _same(grants, access_tokens.c.grant_id))
    ).one()
    return Counted(tokens=found[0], users=found[1], grants=found[2], exact=found[3] <= MOST)


def of_grant(tx: Tx, org_id: str, grant: Grant, limit: int) -> list[AccessToken]:
    """The live tokens of a grant, the newest first, among its newest 10,000 candidates."""
    candidates = _candidates(tx, org_id, grant.app_id, grant.user_id, grant.id)
    found = (
        sa.select(access_tokens)
        .select_from(candidates)
        .join(access_tokens, sa.and_(access_tokens.c.org_id == org_id, access_tokens.c.id == candidates.c.id))
        .join(orgs, orgs.c.id == access_tokens.c.org_id)
        .join(apps, apps.c.id == access_tokens.c.app_id)
        .join(installations, _same(installations, access_tokens.c.installation_id))
        .join(users, _same(users, access_tokens.c.user_id))
        .join(grants, _same(grants, access_tokens.c.grant_id))
        .where(_alive(tx))
        .order_by(access_tokens.c.id.desc())
        .limit(limit)
    )
    return [tokens.of_row(row) for row in tx.connection.execute(found)]


def count_grants(tx: Tx, org_id: str, installation_id: str) -> Counted:
    """The grants of an installation that have not ended, and of how many users they are; `tokens` is not looked at and 0."""
    newest = (
        sa.select(grants.c.user_id)
        .where(grants.c.org_id == org_id, grants.c.installation_id == installation_id, grants.c.ended_at.is_(None))
        .limit(MOST + 1)
        .subquery()
    )
    found = tx.connection.execute(sa.select(sa.func.count(), sa.func.count(sa.distinct(newest.c.user_id)))).one()
    return Counted(tokens=0, users=found[1], grants=found[0], exact=found[0] <= MOST)


def _candidates(tx: Tx, org_id: str, app_id: str | None, user_id: str | None, grant_id: str | None) -> sa.Subquery:
    oldest = ids.floor(ids.Prefix.RECEIPT, tx.now - LONGEST_LIFE)
    wanted = [login_history.c.org_id == org_id, login_history.c.id >= oldest]
    wanted += [login_history.c.event == "token", login_history.c.outcome == "success"]
    narrowed = ((login_history.c.app_id, app_id), (login_history.c.user_id, user_id), (login_history.c.grant_id, grant_id))
    wanted += [column == value for column, value in narrowed if value is not None]
    return sa.select(login_history.c.id).where(*wanted).order_by(login_history.c.id.desc()).limit(MOST + 1).subquery("candidates")


def _alive(tx: Tx) -> sa.ColumnElement[bool]:
    """What `rules.access` asks of a token at the gate Proof, in SQL: not ended, in time, and every epoch still the current one."""
    return sa.and_(
        access_tokens.c.ended_at.is_(None),
        access_tokens.c.expires_at > tx.now,
        grants.c.ended_at.is_(None),
        access_tokens.c.org_epoch == orgs.c.epoch,
        access_tokens.c.app_epoch == apps.c.epoch,
        access_tokens.c.installation_epoch == installations.c.epoch,
        access_tokens.c.user_epoch == users.c.epoch,
        access_tokens.c.grant_epoch == grants.c.epoch,
    )


def _same(table: sa.Table, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.org_id == access_tokens.c.org_id, table.c.id == column)
