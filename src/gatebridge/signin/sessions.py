"""Browser sessions: begun at a sign-in under a value that was never seen before, looked up on the server for every page, and ended there.

The cookie is a name and nothing else. What it names is decided by the row, so a value that nobody handed out is never adopted (X-SE-01),
and a session that was ended stays so whatever another tab still holds (X-SE-05).
"""

from dataclasses import dataclass, replace

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.rules import sessions as session_rules
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.sessions import Level, Session
from gatebridge.storage import facts, sessions
from gatebridge.storage.tx import Tx

LONGEST_AGENT = 512

SIGNED_OUT = "the user signed out"
SIGNED_IN_ANEW = "the user signed in anew at this browser"
PASSWORD_CHANGED = "the password was changed"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that lives, and the user whose it is."""

    session: Session
    standing: Standing


def begin(
    tx: Tx, org: Org, standing: Standing, *, methods: tuple[str, ...], address: str, user_agent: str, browser: bytes | None = None
) -> tuple[Session, str]:
    """A new session of a user who has just proven to be it, and the value of its cookie, which is kept nowhere.

    `standing` is what the sign-in was decided on: where the user was stopped meanwhile, the epochs in it make the session dead at birth.
    `browser` is the digest of the browser's own cookie (X-BF-06).
    """
    value = secrets.new(Kind.SESSION, tx.random)
    session = Session(
        id=tx.new_id(Prefix.SESSION),
        org_id=org.id,
        user_id=standing.user.id,
        level=Level.STANDARD,
        methods=methods,
        authenticated_at=tx.now,
        created_at=tx.now,
        last_seen_at=tx.now,
        org_epoch=org.epoch,
        user_epoch=standing.user.epoch,
        address=address,
        user_agent=user_agent[:LONGEST_AGENT],
    )
    sessions.insert(tx, session, secrets.digest(value), browser)
    return session, value


def current(tx: Tx, org: Org, value: str | None, *, touch: bool = False) -> SignedIn | None:
    """Who is signed in with this cookie; None for nobody. With `touch`, in a write transaction, that it is used now is kept."""
    if value is None or not secrets.looks_right(Kind.SESSION, value):
        return None
    session = sessions.by_digest(tx, org.id, secrets.digest(value))
    standing = facts.standing(tx, org.id, session.user_id) if session is not None else None
    if session is None or standing is None or why_over(tx, org, session, standing) is not None:
        return None
    if touch and session_rules.due_to_be_seen(session, tx.now):
        sessions.seen(tx, org.id, session.id)
        session = replace(session, last_seen_at=tx.now)
    return SignedIn(session, standing)


def why_over(tx: Tx, org: Org, session: Session, standing: Standing) -> str | None:
    """Why a session is over, in words; None while it lives."""
    idle = session_rules.idle_minutes(profile=standing.profile.session_minutes, org=org.settings.session_minutes)
    return session_rules.over(session, org=org, user=standing.user, idle_minutes=idle, now=tx.now)


def end(tx: Tx, org_id: str, session_id: str, because: str) -> bool:
    """End one session. False when it had been ended before, or there is none."""
    return sessions.end(tx, org_id, session_id, because)
