"""Who is to hear that a session has ended: the apps that got an ID token in it and have named an address for that.

A session may continue another one (the same user, at the same browser, who has proven to be it once more). What apps got in those before it
hangs from the whole line, and ends with the last of them. A device that its user connected from a browser is no part of the session there:
it hears when what it got is revoked, and not when that browser is signed out.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.app_settings import Flow
from gatebridge.storage.apps import app_directory, app_settings
from gatebridge.storage.grants import grants
from gatebridge.storage.sessions import line, sessions
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Told:
    """One app that hears of one session."""

    app_id: str
    user_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Place:
    """How far a long list was read: the last grant, and whose it is."""

    user_id: str
    grant_id: str


_AT_THE_BROWSER = grants.c.flow != Flow.DEVICE
_OF_APP = sa.and_(app_settings.c.org_id == app_directory.c.org_id, app_settings.c.app_id == app_directory.c.app_id)


def listens(tx: Tx, app_id: str) -> bool:
    """Whether an app has named an address where it hears of sessions that ended."""
    wanted = sa.exists().where(_OF_APP, app_directory.c.app_id == app_id, app_settings.c.backchannel_logout_uri != "")
    return bool(tx.connection.execute(sa.select(wanted)).scalar_one())


def of_session(tx: Tx, org_id: str, session_id: str) -> list[Told]:
    """Who hears that this session ended, with all that it continued."""
    return _told(tx, _listening(org_id).where(grants.c.session_id.in_(line(org_id, session_id)), _AT_THE_BROWSER))


def of_user(tx: Tx, org_id: str, user_id: str) -> list[Told]:
    """Who hears of those sessions of a user that this transaction has ended, but for what another session goes on with."""
    first = _first(sessions)
    other = sessions.alias()
    of_lines = sa.select(_first(other)).where(other.c.org_id == org_id, other.c.user_id == user_id)
    over = (first.in_(of_lines.where(other.c.ended_at == tx.now)), first.not_in(of_lines.where(other.c.ended_at.is_(None))))
    lines = sa.select(sessions.c.id).where(sessions.c.org_id == org_id, sessions.c.user_id == user_id, *over)
    return _told(tx, _listening(org_id).where(grants.c.user_id == user_id, grants.c.session_id.in_(lines), _AT_THE_BROWSER))


def of_devices(tx: Tx, org_id: str, user_id: str) -> list[Told]:
    """Who hears that everything of a user has ended which hangs from no browser: the apps of the devices that the user connected."""
    return _told(tx, _listening(org_id).where(grants.c.user_id == user_id, grants.c.ended_at.is_(None), grants.c.flow == Flow.DEVICE))


def of_grants(tx: Tx, org_id: str, grant_ids: tuple[str, ...]) -> list[Told]:
    """Who hears that these grants, which a user approved in a session, ended without it."""
    return _told(tx, _listening(org_id).where(grants.c.id.in_(grant_ids))) if grant_ids else []


def of_app(
    tx: Tx, org_id: str, installation_id: str, *, before: datetime, after: Place | None, limit: int
) -> tuple[list[Told], Place | None]:
    """Whose sessions an app hears of when everything that it had until a moment has ended; and where to go on, None at the end.

    Sessions that were ended before are left out: of them the app has heard.
    """
    live = sessions.alias()
    goes_on = sa.exists().where(
        live.c.org_id == org_id,
        live.c.user_id == sessions.c.user_id,
        live.c.ended_at.is_(None),
        _first(live) == _first(sessions),
    )
    wanted = (
        _listening(org_id)
        .join(sessions, sa.and_(sessions.c.org_id == grants.c.org_id, sessions.c.id == grants.c.session_id))
        .where(grants.c.installation_id == installation_id, grants.c.created_at <= before, sa.or_(goes_on, ~_AT_THE_BROWSER))
    )
    if after is not None:
        wanted = wanted.where(
            grants.c.user_id >= after.user_id,  # said for the index, which begins to read here
            sa.or_(grants.c.user_id > after.user_id, sa.and_(grants.c.user_id == after.user_id, grants.c.id > after.grant_id)),
        )
    rows = tx.connection.execute(wanted.order_by(grants.c.user_id, grants.c.id).limit(limit)).all()
    return _distinct(rows), Place(rows[-1].user_id, rows[-1].id) if len(rows) == limit else None


def _first(of: sa.FromClause) -> sa.ColumnElement[str]:
    """The first session of the line in which a session stands."""
    return sa.func.coalesce(of.c.line_id, of.c.id)


def _listening(org_id: str) -> sa.Select[Any]:
    """The grants that came from a session, of the apps that want to hear of its end."""
    return (
        sa.select(grants.c.id, grants.c.app_id, grants.c.user_id, grants.c.session_id, grants.c.scopes)
        .join_from(grants, app_directory, app_directory.c.app_id == grants.c.app_id)
        .join(app_settings, _OF_APP)
        .where(grants.c.org_id == org_id, grants.c.session_id.is_not(None), app_settings.c.backchannel_logout_uri != "")
    )


def _told(tx: Tx, wanted: sa.Select[Any]) -> list[Told]:
    # Sorted here: asked to sort, a database may go through all grants of the org in their order.
    return _distinct(sorted(tx.connection.execute(wanted).all(), key=lambda row: row.id))


def _distinct(rows: Any) -> list[Told]:
    """Each app once for each session; without `openid` it got no ID token, and knows of no session."""
    return list(dict.fromkeys(Told(row.app_id, row.user_id, row.session_id) for row in rows if "openid" in row.scopes.split()))
