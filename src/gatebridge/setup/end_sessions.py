"""Ending the browser sessions of others: one, or all of a user, and by choice what apps have of that user too.

From the commit on no page opens with what was ended, and no code that was approved in it is redeemed (X-SE-05). Apps that signed the user
in by it are told, where they listen (Back-Channel Logout 1.0). What apps have goes on, unless that is to end as well: a stolen session and
stolen tokens are two things, and whoever ends one is asked about the other.
"""

from dataclasses import dataclass

from gatebridge.records.change import Target, permit, record_change, signed_in_lately
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.app_rights import given_reason
from gatebridge.setup.manage_users import found, target
from gatebridge.setup.revoke import RevokeUser, revoke_user
from gatebridge.signin import sessions
from gatebridge.storage import names
from gatebridge.storage import sessions as stored
from gatebridge.storage.tx import Tx

ENDED = "an admin ended it"
ENDS_SESSIONS = (Permission.MANAGE_USERS, Permission.MANAGE_SECURITY)


@dataclass(frozen=True, slots=True)
class EndSession:
    """End one session of anybody in the org."""

    session_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class EndSessionsOfUser:
    """End every session of a user. With `end_grants` also what any app has of the user; then the reason must be written."""

    user_id: str
    reason: str = ""
    end_grants: bool = False


def end_session(tx: Tx, actor: Actor, command: EndSession) -> bool:
    """End one session. False when it had ended before. Raises Refused."""
    permit(actor, *ENDS_SESSIONS)
    signed_in_lately(tx, actor)
    session = stored.by_id(tx, actor.org_id, command.session_id)
    if session is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    reason = given_reason(command.reason)
    if not sessions.end(tx, actor.org_id, session.id, ENDED):
        return False
    name = names.of_users(tx, actor.org_id, [session.user_id]).get(session.user_id, "")
    one = Target("session", session.id, f"A session of {name}")
    record_change(tx, actor, Event.SESSION_ENDED, one, {"ended_at": None}, {"ended_at": tx.now}, reason=reason)
    return True


def end_sessions_of_user(tx: Tx, actor: Actor, command: EndSessionsOfUser) -> int:
    """End all sessions of a user, and tell how many there were. Raises Refused."""
    permit(actor, *ENDS_SESSIONS)
    signed_in_lately(tx, actor)
    user, reason = found(tx, actor, command.user_id).user, given_reason(command.reason)
    live = [session.id for session in stored.live_of_user(tx, actor.org_id, user.id)]
    sessions.end_of_user(tx, actor.org_id, user.id, ENDED)
    if command.end_grants:
        # Its entry of the feed comes before the first line of the audit trail, as in every transaction that writes both.
        revoke_user(tx, actor, RevokeUser(user.id, reason))
    record_change(tx, actor, Event.USER_SESSIONS_ENDED, target(user), {"sessions": live}, {"sessions": []}, reason=reason)
    return len(live)
