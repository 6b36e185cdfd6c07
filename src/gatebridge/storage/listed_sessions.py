"""Browser sessions of a whole org, each with the user whose it is, as an admin looks at them."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import sessions as rules
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing, UserState
from gatebridge.rules.sessions import Session
from gatebridge.storage import people, rows
from gatebridge.storage import sessions as stored
from gatebridge.storage.app_in_org import Part
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session, and its user with profile; what permission sets add does not matter to a session and is not read."""

    session: Session
    standing: Standing


def list_page(tx: Tx, org: Org, *, after: str | None, limit: int, user_id: str | None = None) -> list[ListedSession]:
    """Sessions of an org, or of one of its users, that may be alive, newest first and behind `after`: whether one is, the rules say."""
    wanted = _alive(tx, org)
    if user_id is not None:
        wanted = wanted.where(stored.sessions.c.user_id == user_id)
    if after is not None:
        wanted = wanted.where(stored.sessions.c.id < after)
    found = tx.connection.execute(wanted.order_by(stored.sessions.c.id.desc()).limit(limit))
    return [_listed(row) for row in found]


def by_id(tx: Tx, org: Org, session_id: str) -> ListedSession | None:
    """The session of this id, if it may be alive."""
    row = tx.connection.execute(_alive(tx, org).where(stored.sessions.c.id == session_id)).one_or_none()
    return _listed(row) if row is not None else None


def _alive(tx: Tx, org: Org) -> sa.Select[Any]:
    sessions, users, profiles = stored.sessions, people.users, people.profiles
    return (
        sa.select(sessions, users, profiles)
        .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
        .join_from(sessions, users)
        .join(profiles, sa.and_(profiles.c.org_id == users.c.org_id, profiles.c.id == users.c.profile_id))
        .where(
            sessions.c.org_id == org.id,
            sessions.c.ended_at.is_(None),
            sessions.c.authenticated_at > tx.now - rules.absolute(org.settings),
            sessions.c.org_epoch == org.epoch,
            sessions.c.user_epoch == users.c.epoch,
            users.c.state == UserState.ACTIVE,
            users.c.frozen.is_(False),
        )
    )


def _listed(row: object) -> ListedSession:
    standing = Standing(rows.user(Part(row, people.users)), rows.profile(Part(row, people.profiles)))
    return ListedSession(stored.of_row(Part(row, stored.sessions)), standing)
