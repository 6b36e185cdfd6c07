"""How an attempt to sign in ends, whatever was shown in it: a session or a reason, a line in the history, a count at the lock."""

from dataclasses import dataclass, field

from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import lockouts, typed_text
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.lockouts import Keys
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing, User
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons.sign_in import SECOND_STEP_DUE
from gatebridge.rules.sessions import Session
from gatebridge.signin import lockout, sessions
from gatebridge.storage import sessions as stored_sessions
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

EVENT = "sign_in"
LONGEST_AGENT = sessions.LONGEST_AGENT
NOBODY = ""  # asked for in place of a user who does not exist, so that asking is the same work


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of where somebody signs in."""

    address: str
    user_agent: str
    operation_id: str
    browser: bytes  # the digest of the browser's own cookie
    former: str | None = field(default=None, repr=False)  # the session cookie that the browser holds already


@dataclass(frozen=True, slots=True)
class Begun:
    """A session, and the value of its cookie."""

    session: Session
    value: str = field(repr=False)


def keys(tx: Tx, org: Org, user: User | None, username: str, place: Place) -> Keys:
    """Under which names the attempt is counted. One for all that can be guessed: passwords, codes, passkeys (X-BF-05, X-SE-10)."""
    known = stored_sessions.known_browser(tx, org.id, user.id if user is not None else NOBODY, place.browser)
    return lockouts.keys(username, place.address, place.browser if known else None)


def begin(
    tx: Tx, org: Org, standing: Standing, place: Place, *, methods: tuple[str, ...], level: Level = Level.STANDARD, activated: bool = False
) -> Begun:
    """The new session of who has shown everything. What the browser held before is dead at once, whosever it was (X-SE-01).

    Only now is nothing held against the name any more: a password alone, known to somebody, must not wipe out the codes that were guessed.
    """
    user = standing.user
    lockout.clear(tx, org.id, keys(tx, org, user, user.username, place))
    former = sessions.current(tx, org, place.former)
    if former is not None:
        sessions.give_way(tx, former.session, user.id, sessions.SIGNED_IN_ANEW)
    session, value = sessions.begin(
        tx,
        org,
        standing,
        methods=methods,
        address=place.address,
        user_agent=place.user_agent,
        browser=place.browser,
        level=level,
        activated=activated,
        continues=former.session if former is not None else None,
    )
    return Begun(session, value)


def record(tx: Tx, org: Org, place: Place, username: str, user: User | None, reason: Reason | None, method: str, *, folds: bool) -> None:
    """Write the line of the history. `folds`: whoever is refused has proven nothing, so repetitions are only counted."""
    line = HistoryLine(
        org_id=org.id,
        id=place.operation_id or tx.new_id(Prefix.RECEIPT),
        at=tx.now,
        event=EVENT,
        outcome="success" if reason is None else "refused",
        status=303 if reason in (None, SECOND_STEP_DUE) else reason.status,
        address=place.address,
        user_agent=place.user_agent[: sessions.LONGEST_AGENT],
        receipt=history.receipt((), {"username": _told(username, user)}),
        reason=reason.code if reason is not None else None,
        user_id=user.id if user is not None else None,
        auth_method=method,
    )
    history.write(tx, [HistoryEntry(line, folds=folds)])


def _told(username: str, user: User | None) -> str:
    """What the history keeps of the name. People type passwords into the wrong field, so of a name that nobody has little is kept."""
    return username if user is not None or typed_text.email_problem(username) is None else "(neither a username nor an e-mail address)"
