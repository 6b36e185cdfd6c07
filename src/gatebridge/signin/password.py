"""Signing in with username and password.

Whoever is refused learns one thing, and everything that leads there is the same work: as many statements and one hash, whether there is no
such user, the password is wrong, or somebody is locked, frozen or gone (X-BF-01, X-BF-02). The history keeps the cause.
"""

import contextlib
from dataclasses import dataclass, field

from gatebridge.crypto.passwords import HasherBusy, PasswordHasher
from gatebridge.crypto.secrets import Secret
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import lockouts, typed_text
from gatebridge.rules.ids import Prefix
from gatebridge.rules.lockouts import Keys
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User, UserState
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.rules.sessions import Session
from gatebridge.signin import lockout, sessions
from gatebridge.storage import facts, people
from gatebridge.storage import sessions as stored_sessions
from gatebridge.storage.database import Database
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

EVENT = "sign_in"
METHODS = ("pwd",)  # by the names of RFC 8176
NOBODY = ""  # asked for in place of a user who does not exist, so that asking is the same work


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody typed, and what is known of where."""

    username: str
    password: Secret
    address: str
    user_agent: str
    operation_id: str
    browser: bytes  # the digest of the browser's own cookie
    former: str | None = field(default=None, repr=False)  # the session cookie that the browser holds already
    app_id: str = ""  # of the app that sent the browser, where one did


@dataclass(frozen=True, slots=True)
class Begun:
    """A session, and the value of its cookie."""

    session: Session
    value: str = field(repr=False)


def sign_in(database: Database, hasher: PasswordHasher, org: Org, attempt: Attempt) -> Begun | Reason:
    """Begin a session, or tell the true reason why not, of which the wire says nothing. Raises HasherBusy: nothing was checked then."""
    known, right, renewed = _checked(database, hasher, org, attempt.username, attempt.password)
    with database.transaction() as tx:
        user, stored = _looked_up(tx, org, attempt.username)
        # What was checked must still be the user's: a password that was changed meanwhile opens nothing.
        right = right and stored == known
        keys = _keys(tx, org, user, attempt.username, attempt.address, attempt.browser)
        reason = lockout.locked(tx, org.id, keys) or _refusal(user, stored, right)
        if reason is not None:
            lockout.count(tx, org.id, keys)
            _record(tx, org, attempt, user, reason)
            return reason
        assert user is not None  # noqa: S101 - refused above
        lockout.clear(tx, org.id, keys)
        if renewed is not None and known is not None:
            people.replace_password_hash(tx, org.id, user.id, known, renewed)
        begun = _begin(tx, org, user, attempt)
        _record(tx, org, attempt, user, None)
        return begun


def confirm(database: Database, hasher: PasswordHasher, org: Org, user: User, attempt: Attempt) -> Reason | None:
    """Whether a user who is signed in knows the own password, under the same limiter. None: yes. Raises HasherBusy.

    For pages that ask once more before something weighty. It begins no session, and a refusal is recorded like that of a sign-in.
    """
    known, right, _ = _checked(database, hasher, org, user.username, attempt.password)
    with database.transaction() as tx:
        found, stored = _looked_up(tx, org, user.username)
        keys = _keys(tx, org, found, user.username, attempt.address, attempt.browser)
        reason = lockout.locked(tx, org.id, keys) or _refusal(found, stored, right and stored == known)
        if reason is not None:
            lockout.count(tx, org.id, keys)
            _record(tx, org, attempt, found, reason)
        return reason


def _checked(database: Database, hasher: PasswordHasher, org: Org, username: str, password: Secret) -> tuple[str | None, bool, str | None]:
    """The stored hash, whether the password fits it, and a new hash where the old one is cheaper than today's. In no transaction."""
    with database.reading() as tx:
        _, stored = _looked_up(tx, org, username)
    right = hasher.verify(stored, password.reveal())
    renewed = None
    if right and stored is not None and hasher.needs_rehash(stored):
        with contextlib.suppress(HasherBusy):  # there will be another time
            renewed = hasher.hash(password.reveal())
    return stored, right, renewed


def _looked_up(tx: Tx, org: Org, username: str) -> tuple[User | None, str | None]:
    user = people.by_username(tx, org.id, username)
    return user, people.password_hash(tx, org.id, user.id if user is not None else NOBODY)


def _keys(tx: Tx, org: Org, user: User | None, username: str, address: str, browser: bytes) -> Keys:
    known = stored_sessions.known_browser(tx, org.id, user.id if user is not None else NOBODY, browser)
    return lockouts.keys(username, address, browser if known else None)


def _refusal(user: User | None, stored: str | None, right: bool) -> Reason | None:
    if user is None:
        return reasons.USERNAME_UNKNOWN
    if stored is None:
        return reasons.PASSWORD_NOT_SET
    if not right:
        return reasons.PASSWORD_WRONG
    if user.frozen:
        return reasons.SIGN_IN_FROZEN
    return reasons.SIGN_IN_INACTIVE if user.state is not UserState.ACTIVE else None


def _begin(tx: Tx, org: Org, user: User, attempt: Attempt) -> Begun:
    """The new session. What the browser held before is dead at once, whosever it was (X-SE-01)."""
    former = sessions.current(tx, org, attempt.former)
    if former is not None:
        sessions.end(tx, org.id, former.session.id, sessions.SIGNED_IN_ANEW)
    standing = facts.standing(tx, org.id, user.id)
    assert standing is not None  # noqa: S101 - the user was read in this transaction, and no user is ever deleted
    session, value = sessions.begin(
        tx, org, standing, methods=METHODS, address=attempt.address, user_agent=attempt.user_agent, browser=attempt.browser
    )
    return Begun(session, value)


def _record(tx: Tx, org: Org, attempt: Attempt, user: User | None, reason: Reason | None) -> None:
    # A refusal has proven nothing, so it is folded like those of strangers.
    line = HistoryLine(
        org_id=org.id,
        id=attempt.operation_id or tx.new_id(Prefix.RECEIPT),
        at=tx.now,
        event=EVENT,
        outcome="success" if reason is None else "refused",
        status=303 if reason is None else reason.status,
        address=attempt.address,
        user_agent=attempt.user_agent[: sessions.LONGEST_AGENT],
        receipt=history.receipt((), {"username": _told(attempt.username, user)}),
        reason=reason.code if reason is not None else None,
        app_id=attempt.app_id,
        user_id=user.id if user is not None else None,
        auth_method="password",
    )
    history.write(tx, [HistoryEntry(line, folds=reason is not None)])


def _told(username: str, user: User | None) -> str:
    """What the history keeps of the name. People type passwords into the wrong field, so of a name that nobody has little is kept."""
    return username if user is not None or typed_text.email_problem(username) is None else "(neither a username nor an e-mail address)"
