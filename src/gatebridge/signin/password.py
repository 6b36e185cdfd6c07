"""Signing in with username and password.

Whoever is refused learns one thing, and everything that leads there is the same work: as many statements and one hash, whether there is no
such user, the password is wrong, or somebody is locked, frozen or gone (X-BF-01, X-BF-02). The history keeps the cause.
"""

import contextlib
from dataclasses import dataclass, field

from gatebridge.crypto.passwords import HasherBusy, PasswordHasher
from gatebridge.crypto.secrets import Secret
from gatebridge.rules.factors import Step
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing, User, UserState
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.signin import factors, lockout, mailed_code, outcomes, second_step
from gatebridge.signin.outcomes import EVENT, NOBODY, Begun, Place
from gatebridge.signin.second_step import Pending
from gatebridge.storage import facts, people
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

__all__ = ["EVENT", "METHODS", "Attempt", "Begun", "Pending", "confirm", "sign_in"]

METHODS = ("pwd",)  # by the names of RFC 8176
METHOD = "password"  # as the history calls it


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

    @property
    def place(self) -> Place:
        return Place(self.address, self.user_agent, self.operation_id, self.browser, self.former)


def sign_in(database: Database, hasher: PasswordHasher, org: Org, attempt: Attempt) -> Begun | Pending | Reason:
    """Begin a session, or say what is still to be shown before one begins, or tell the true reason why not, of which the wire says nothing.

    Raises HasherBusy: nothing was checked then.
    """
    known, right, renewed = _checked(database, hasher, org, attempt.username, attempt.password)
    with database.transaction() as tx:
        user, stored = _looked_up(tx, org, attempt.username)
        # What was checked must still be the user's: a password that was changed meanwhile opens nothing.
        right = right and stored == known
        keys = outcomes.keys(tx, org, user, attempt.username, attempt.place)
        reason = lockout.locked(tx, org.id, keys) or _refusal(user, stored, right)
        standing = facts.standing(tx, org.id, user.id) if user is not None and reason is None else None
        if standing is not None:
            reason = factors.stopped(tx, org, standing)
        if reason is not None:
            lockout.count(tx, org.id, keys)
            _record(tx, org, attempt, user, reason)
            return reason
        assert standing is not None  # noqa: S101 - who is not refused is a user, and no user is ever deleted
        assert stored is not None  # noqa: S101 - refused above
        if renewed is not None and known is not None:
            people.replace_password_hash(tx, org.id, standing.user.id, known, renewed)
        return _go_on(tx, org, standing, attempt, renewed or stored)


def confirm(database: Database, hasher: PasswordHasher, org: Org, user: User, attempt: Attempt) -> Reason | None:
    """Whether a user who is signed in knows the own password, under the same limiter. None: yes. Raises HasherBusy.

    For pages that ask once more before something weighty. It begins no session, and a refusal is recorded like that of a sign-in.
    """
    known, right, _ = _checked(database, hasher, org, user.username, attempt.password)
    with database.transaction() as tx:
        found, stored = _looked_up(tx, org, user.username)
        keys = outcomes.keys(tx, org, found, user.username, attempt.place)
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


def _go_on(tx: Tx, org: Org, standing: Standing, attempt: Attempt, stored: str) -> Begun | Pending | Reason:
    """The session; or, where more than the password is asked of this user at this browser, what is asked."""
    step, activated = second_step.due(tx, org, standing, attempt.browser, attempt.address)
    if step is Step.BLOCKED:
        lockout.count(tx, org.id, outcomes.keys(tx, org, standing.user, attempt.username, attempt.place))
        _record(tx, org, attempt, standing.user, reasons.SIGN_IN_LEVEL_BLOCKED)
        return reasons.SIGN_IN_LEVEL_BLOCKED
    if step is not Step.NONE:
        _record(tx, org, attempt, standing.user, reasons.SECOND_STEP_DUE)
        opens = mailed_code.begin if step is Step.MAIL else second_step.open_for
        return opens(tx, org, standing, attempt.place, password_hash=stored)
    begun = outcomes.begin(tx, org, standing, attempt.place, methods=METHODS, activated=activated)
    _record(tx, org, attempt, standing.user, None)
    return begun


def _record(tx: Tx, org: Org, attempt: Attempt, user: User | None, reason: Reason | None) -> None:
    # A refusal has proven nothing, so it is folded like those of strangers; who knew the password has proven something.
    folds = reason not in (None, reasons.SECOND_STEP_DUE)
    outcomes.record(tx, org, attempt.place, attempt.username, user, reason, METHOD, folds=folds)
