"""Self-service: one's own browser sessions and password. A user needs no right for it, and reaches nobody else's (X-SE-04)."""

from dataclasses import dataclass, field

from gatebridge.records.change import Target, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.people import User
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.sessions import Session
from gatebridge.setup import manage_users, new_password
from gatebridge.setup.my_apps import myself
from gatebridge.signin import sessions
from gatebridge.storage import facts, orgs, people
from gatebridge.storage import sessions as stored
from gatebridge.storage.tx import Tx

ENDED = "the user ended it"


@dataclass(frozen=True, slots=True)
class EndMySession:
    """End one of the own sessions."""

    session_id: str


@dataclass(frozen=True, slots=True)
class EndMyOtherSessions:
    """End all of the own sessions but this one; None: every one."""

    but: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeMyPassword:
    """A new password, by the user who has just shown to know the old one. `end_grants` also ends what apps have (std RT-11)."""

    password_hash: str = field(repr=False)
    end_grants: bool = True
    but_session: str | None = None  # the browser in which it is changed stays signed in, where the grants stay


def my_sessions(tx: Tx, actor: Actor) -> list[Session]:
    """The browsers in which the actor is signed in, newest first. Raises Refused for who is no user."""
    org, standing = orgs.by_id(tx, actor.org_id), facts.standing(tx, actor.org_id, myself(actor))
    if org is None or standing is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return sessions.live(tx, org, standing)


def end_my_session(tx: Tx, actor: Actor, command: EndMySession) -> bool:
    """End one session; what it holds open is refused from the commit on. False when it had ended before. Raises Refused."""
    session = stored.by_id(tx, actor.org_id, command.session_id)
    if session is None or session.user_id != myself(actor):
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if not sessions.end(tx, actor.org_id, session.id, ENDED):
        return False
    _record(tx, actor, session)
    return True


def end_my_other_sessions(tx: Tx, actor: Actor, command: EndMyOtherSessions) -> int:
    """End every session but one, and tell how many there were. Raises Refused for who is no user."""
    others = [session for session in my_sessions(tx, actor) if session.id != command.but]
    return sum(end_my_session(tx, actor, EndMySession(session.id)) for session in others)


def change_my_password(tx: Tx, actor: Actor, command: ChangeMyPassword) -> User:
    """Store the new password and end the other sessions, with `end_grants` every one and what apps have (X-SE-04). Raises Refused.

    That the old password was known is for the caller to have checked, under the limiter of sign-ins (`signin.password.confirm`).
    """
    user = people.by_id(tx, actor.org_id, myself(actor))
    if user is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    before, after = new_password.put(
        tx,
        user,
        command.password_hash,
        how="was changed",
        where=actor.address,
        end_grants=command.end_grants,
        but_session=command.but_session,
    )
    record_change(tx, actor, Event.USER_PASSWORD_CHANGED, manage_users.target(user), before, after)
    return user


def _record(tx: Tx, actor: Actor, session: Session) -> None:
    target = Target("session", session.id, f"A session of {actor.name}")
    record_change(tx, actor, Event.SESSION_ENDED, target, {"ended_at": None}, {"ended_at": tx.now})
