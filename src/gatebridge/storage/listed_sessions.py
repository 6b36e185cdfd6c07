"""Browser sessions of a whole org, each with the user whose it is, as an admin looks at them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import sessions as rules
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing, UserState
from gatebridge.rules.sessions import Session
from gatebridge.storage import people, rows, sorting
from gatebridge.storage import sessions as stored
from gatebridge.storage.app_in_org import Part
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session, and its user with profile; what permission sets add does not matter to a session and is not read."""

    session: Session
    standing: Standing


class SessionOrder(StrEnum):
    """By what a list of sessions is sorted. Not by user: no index spans a session and a name, so that each page would read all of them."""

    AGE = "age"
    SEEN = "seen"


def list_page(
    tx: Tx,
    org: Org,
    *,
    after: str | None,
    limit: int,
    user_id: str | None = None,
    by: SessionOrder = SessionOrder.AGE,
    descending: bool = True,
) -> list[ListedSession]:
    """Sessions of an org, or of one of its users, that may be alive, behind the one with the id `after`: whether one is, the rules say."""
    here = stored.sessions.c
    key = here.last_seen_at if by is SessionOrder.SEEN else None
    wanted = [*_alive(tx, org), *((here.user_id == user_id,) if user_id is not None else ())]
    # What has ended meanwhile still has its place, so the list goes on behind it.
    found = sorting.page(
        tx, _among(org), *wanted, record_id=here.id, key=key, indexed=True, descending=descending, after=after, limit=limit
    )
    return [_listed(row) for row in found]


def by_id(tx: Tx, org: Org, session_id: str) -> ListedSession | None:
    """The session of this id, if it may be alive."""
    row = tx.connection.execute(_among(org).where(*_alive(tx, org), stored.sessions.c.id == session_id)).one_or_none()
    return _listed(row) if row is not None else None


def _among(org: Org) -> sa.Select[Any]:
    sessions, users, profiles = stored.sessions, people.users, people.profiles
    of_profile = sa.and_(profiles.c.org_id == users.c.org_id, profiles.c.id == users.c.profile_id)
    among = sessions.join(users).join(profiles, of_profile)
    return (
        sa.select(sessions, users, profiles)
        .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
        .select_from(among)
        .where(sessions.c.org_id == org.id)
    )


def _alive(tx: Tx, org: Org) -> tuple[sa.ColumnElement[bool], ...]:
    sessions, users = stored.sessions.c, people.users.c
    return (
        sessions.ended_at.is_(None),
        sessions.authenticated_at > tx.now - rules.absolute(org.settings),
        sessions.org_epoch == org.epoch,
        sessions.user_epoch == users.epoch,
        users.state == UserState.ACTIVE,
        users.frozen.is_(False),
    )


def _listed(row: object) -> ListedSession:
    standing = Standing(rows.user(Part(row, people.users)), rows.profile(Part(row, people.profiles)))
    return ListedSession(stored.of_row(Part(row, stored.sessions)), standing)
