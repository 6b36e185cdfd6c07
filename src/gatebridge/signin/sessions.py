"""Browser sessions: begun at a sign-in under a value that was never seen before, looked up on the server for every page, and ended there.

The cookie is a name and nothing else. What it names is decided by the row, so a value that nobody handed out is never adopted (X-SE-01),
and a session that was ended stays so whatever another tab still holds (X-SE-05). Whoever ends one does it here, because the apps that
signed their users in by it are told (docs/decisions/0023).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.records import history, logouts
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import sessions as session_rules
from gatebridge.rules.ids import Prefix, long
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.sessions import Session
from gatebridge.storage import facts, sessions
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

LONGEST_AGENT = 512
ENDED_EVENT = "session_ended"  # in the history: a session that gave way to another sign-in of its user

SIGNED_OUT = "the user signed out"
SIGNED_IN_ANEW = "the user signed in anew at this browser"
PASSWORD_CHANGED = "the password was changed"
MADE_ROOM = "the user signed in at one browser more than the org allows"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that lives, and the user whose it is."""

    session: Session
    standing: Standing


def begin(
    tx: Tx,
    org: Org,
    standing: Standing,
    *,
    methods: tuple[str, ...],
    address: str,
    user_agent: str,
    browser: bytes | None = None,
    level: Level = Level.STANDARD,
    activated: bool = False,
    continues: Session | None = None,
    authenticated_at: datetime | None = None,
) -> tuple[Session, str]:
    """A new session of a user who has just proven to be it, and the value of its cookie, which is kept nowhere.

    `standing` is what the sign-in was decided on: where the user was stopped meanwhile, the epochs in it make the session dead at birth.
    `browser` is the digest of the browser's own cookie (X-BF-06). `methods` (RFC 8176) and `level` are what the user has proven, and
    `activated` says whether it was at a browser that counts as the user's. Where the org bounds how many sessions a user has, the least
    recently used make room, and the history tells. `continues` is a session in whose place this one stands (`give_way`).
    `authenticated_at`: when all of `methods` was shown, where that was not now.
    """
    _make_room(tx, org, standing, address, user_agent)
    value = secrets.new(Kind.SESSION, tx.random)
    session = Session(
        id=tx.new_id(Prefix.SESSION),
        org_id=org.id,
        user_id=standing.user.id,
        level=level,
        methods=methods,
        authenticated_at=authenticated_at or tx.now,
        created_at=tx.now,
        last_seen_at=tx.now,
        org_epoch=org.epoch,
        user_epoch=standing.user.epoch,
        address=address,
        user_agent=user_agent[:LONGEST_AGENT],
        activated=activated,
    )
    # What apps got in the one before goes on, so whoever ends this one ends that too. It is the user's own, or it would not go on.
    former = continues.id if continues is not None and continues.user_id == session.user_id else None
    sessions.insert(tx, session, secrets.digest(value), browser, former)
    return session, value


def raise_level(tx: Tx, session: Session, *, methods: tuple[str, ...], activated: bool = True) -> tuple[Session, str] | None:
    """A live session, now that its user has shown one more factor: at high assurance, and under a new value. None: it was ended meanwhile.

    `methods` is all that the user has proven in it. The value before is dead at once, so that whoever planted or copied it gains nothing
    from the step-up (X-SE-01). When the user signed in stays as it was: the password was not asked for again (AZ-20).
    """
    value = secrets.new(Kind.SESSION, tx.random)
    raised = sessions.raise_level(tx, session.org_id, session.id, secrets.digest(value), Level.HIGH, methods, activated)
    if not raised:
        return None
    return replace(session, level=Level.HIGH, methods=methods, activated=activated, last_seen_at=tx.now), value


def current(tx: Tx, org: Org, value: str | None, *, address: str | None = None, touch: bool = False) -> SignedIn | None:
    """Who is signed in with this cookie; None for nobody.

    `address` is from where it is used, empty where that cannot be told; None: it is only looked whether there is one. With `touch`, in a
    write transaction, that it is used now is kept; and where the org locks sessions to their address, one that turns up elsewhere is ended.
    """
    if value is None or not secrets.looks_right(Kind.SESSION, value):
        return None
    session = sessions.by_digest(tx, org.id, secrets.digest(value))
    standing = facts.standing(tx, org.id, session.user_id) if session is not None else None
    if session is None or standing is None:
        return None
    over = why_over(tx, org, session, standing, address)
    if over is not None:
        if touch and over == session_rules.USED_ELSEWHERE:
            end(tx, org.id, session.id, over)
        return None
    if touch and session_rules.due_to_be_seen(session, tx.now):
        sessions.seen(tx, org.id, session.id)
        session = replace(session, last_seen_at=tx.now)
    return SignedIn(session, standing)


def why_over(tx: Tx, org: Org, session: Session, standing: Standing, address: str | None = None) -> str | None:
    """Why a session is over, in words; None while it lives. `address`: as in `current`."""
    return session_rules.over(session, org=org, standing=standing, now=tx.now, address=address)


def live(tx: Tx, org: Org, standing: Standing) -> list[Session]:
    """The sessions of a user that live at this moment, newest first."""
    found = sessions.live_of_user(tx, org.id, standing.user.id)
    return [session for session in found if why_over(tx, org, session, standing) is None]


def end(tx: Tx, org_id: str, session_id: str, because: str) -> bool:
    """End one session, and leave word for its apps. False when it had been ended before, or there is none."""
    ended = sessions.end(tx, org_id, session_id, because)
    if ended:
        logouts.announce(tx, org_id, session_id)
    return ended


def end_of_user(tx: Tx, org_id: str, user_id: str, because: str, but: str | None = None) -> int:
    """End every session of a user, or every one but the session `but`, and leave word for their apps. How many there were."""
    ended = sessions.end_of_user(tx, org_id, user_id, because, but)
    if ended:
        logouts.announce_user(tx, org_id, user_id)
    return ended


def give_way(tx: Tx, session: Session, user_id: str, because: str) -> None:
    """End the session that a browser held, because a new one begins there, of this user.

    Where it is the same user nobody has left: apps hear nothing now, and the session that `continues` this one answers for it.
    """
    if session.user_id == user_id:
        sessions.end(tx, session.org_id, session.id, because)
    else:
        end(tx, session.org_id, session.id, because)


def _make_room(tx: Tx, org: Org, standing: Standing, address: str, user_agent: str) -> None:
    most = org.settings.max_sessions_per_user
    if most is None:
        return
    for session in session_rules.surplus(live(tx, org, standing), most):
        if end(tx, org.id, session.id, MADE_ROOM):
            line = HistoryLine(
                org_id=org.id,
                id=tx.new_id(Prefix.RECEIPT),
                at=tx.now,
                event=ENDED_EVENT,
                outcome="success",
                status=303,
                address=address,
                user_agent=user_agent[:LONGEST_AGENT],
                receipt=history.receipt((), {"session": long(session.id), "address": session.address, "because": MADE_ROOM}),
                user_id=standing.user.id,
            )
            history.write(tx, [HistoryEntry(line)])
