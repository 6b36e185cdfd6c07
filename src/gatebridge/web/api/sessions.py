"""Who is signed in at the browsers of the org, and ending it."""

from typing import Annotated

from fastapi import APIRouter, Query

from gatebridge.monitoring.live_sessions import live_sessions
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.setup.end_sessions import EndSession, EndSessionsOfUser, end_session, end_sessions_of_user
from gatebridge.storage.listed_sessions import ListedSession
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.me import EndedSessionsShown
from gatebridge.web.api.paging import Cursor, Limit, Page, page_of
from gatebridge.web.api.shapes import GivenId, Id, Moment, Shown

router = APIRouter(tags=["Sessions"])

Reason = Annotated[str, Query(description="Why, in a sentence; it goes into the audit trail.", max_length=512)]


class SessionShown(Shown):
    """One browser in which a user is signed in. The value of its cookie is kept nowhere, and so shown nowhere."""

    id: Id
    user_id: Id
    username: str
    level: Level
    methods: list[str]
    activated: bool
    authenticated_at: Moment
    last_seen_at: Moment
    address: str
    user_agent: str


def _shown(listed: ListedSession) -> SessionShown:
    session = listed.session
    return SessionShown(
        id=session.id,
        user_id=session.user_id,
        username=listed.standing.user.username,
        level=session.level,
        methods=list(session.methods),
        activated=session.activated,
        authenticated_at=session.authenticated_at,
        last_seen_at=session.last_seen_at,
        address=session.address,
        user_agent=session.user_agent,
    )


@router.get("/sessions", summary="List live sessions")
def list_sessions(
    desk: AtDesk,
    user_id: Annotated[GivenId | None, Query(description="Of this user alone.")] = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Page[SessionShown]:
    """The browsers in which users of the org are signed in, newest first. Needs *Manage Users* or *Manage Security*."""
    with desk.reading() as visit:
        return page_of(
            desk,
            visit,
            {"list": "sessions", "user": user_id},
            limit,
            cursor,
            lambda after, count: live_sessions(visit.tx, visit.actor, after=after, limit=count, user_id=user_id),
            lambda listed: listed.session.id,
            _shown,
        )


@router.delete("/sessions/{session_id}", summary="End a session")
def delete_session(desk: AtDesk, session_id: str, reason: Reason = "") -> EndedSessionsShown:
    """Sign a user out in one browser. Needs *Manage Users* or *Manage Security*, and a recent sign-in."""
    with desk.writing() as visit:
        ended = end_session(visit.tx, visit.actor, EndSession(record_id(session_id, Prefix.SESSION), reason))
        return EndedSessionsShown(ended=int(ended))


@router.delete("/users/{user_id}/sessions", summary="End all sessions of a user")
def delete_sessions_of_user(
    desk: AtDesk,
    user_id: str,
    reason: Reason = "",
    end_grants: Annotated[
        bool, Query(description="Also end everything that any app has of the user; then the reason must be written.")
    ] = False,
) -> EndedSessionsShown:
    """Sign a user out in every browser. What apps have of the user stays, unless it is to end too.

    Needs *Manage Users* or *Manage Security*, and a recent sign-in; to end grants, *Manage Users* or *Manage Connected Apps*.
    """
    command = EndSessionsOfUser(record_id(user_id, Prefix.USER), reason, end_grants)
    with desk.writing() as visit:
        return EndedSessionsShown(ended=end_sessions_of_user(visit.tx, visit.actor, command))
