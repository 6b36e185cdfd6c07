"""The second step of a sign-in. No session begins before it: until then there is a row, bound to the browser that knew the password.

What is asked is decided anew each time (`due`), by the rules and by what stands at that moment, so no page and no form decides it.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.rules import levels
from gatebridge.rules.factors import Step, next_step
from gatebridge.rules.levels import Level
from gatebridge.rules.network import parse_address
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.signin import factors, outcomes, warnings
from gatebridge.signin.factors import Code, Match, Signed
from gatebridge.signin.outcomes import Begun, Place
from gatebridge.storage import factors as stored_factors
from gatebridge.storage import facts, people, verifications
from gatebridge.storage.tx import Tx
from gatebridge.storage.verifications import ActivatedBrowser, Verification

LIFETIME = timedelta(minutes=15)
PASSWORD = "password"  # what was shown before, as the history calls it


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that has shown the password, by the name under which it is found again."""

    name: str = field(repr=False)
    user_id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in that waits for its second step, and whose it is."""

    row: Verification
    standing: Standing
    step: Step


def due(tx: Tx, org: Org, standing: Standing, browser: bytes, address: str = "") -> tuple[Step, bool]:
    """What this user has to show beside the password at this browser, and whether the browser counts as the user's.

    `address`: from where the sign-in begins. One that has begun to wait is told apart by its browser alone.
    """
    user = standing.user
    activated = verifications.activated(tx, org.id, user.id, browser)
    step = next_step(
        has_factor=bool(stored_factors.of_user(tx, org.id, user.id)),
        required=levels.required(org, standing.profile, None)[0],
        verify_new_browsers=org.settings.verify_new_browsers,
        activated=activated,
        waived=org.waives_verification(parse_address(address)),
    )
    return step, activated


def open_for(tx: Tx, org: Org, standing: Standing, place: Place, *, password_hash: str) -> Pending:
    """Let the sign-in wait. `password_hash` is what the password was checked against: another one ends the wait."""
    name = secrets.new(Kind.VERIFICATION, tx.random)
    row = Verification(
        org_id=org.id,
        digest=secrets.digest(name),
        user_id=standing.user.id,
        browser=place.browser,
        state={"password": _version(password_hash)},
        created_at=tx.now,
        expires_at=tx.now + LIFETIME,
    )
    verifications.insert(tx, row)
    return Pending(name, standing.user.id)


def find(tx: Tx, org: Org, name: str, browser: bytes) -> Waiting | Reason:
    """The sign-in of this name, if it is this browser's and waits still."""
    row = verifications.by_digest(tx, org.id, secrets.digest(name)) if secrets.looks_right(Kind.VERIFICATION, name) else None
    if row is None or not secrets.same(row.browser, browser):
        # One that is another browser's is as if it were not: whoever copied the address learns nothing about it.
        return reasons.INTERACTION_UNKNOWN
    if row.used_at is not None:
        return reasons.INTERACTION_FINISHED
    standing = facts.standing(tx, org.id, row.user_id)
    known = people.password_hash(tx, org.id, row.user_id)
    if tx.now >= row.expires_at or standing is None or known is None or row.state.get("password") != _version(known):
        return reasons.INTERACTION_UNKNOWN
    step, _ = due(tx, org, standing, browser)
    if step is Step.BLOCKED:
        return reasons.INTERACTION_UNKNOWN
    # Something was due when it began; where that fell away meanwhile, or a page wants the browser activated, a mailed code is what is left.
    return Waiting(row, standing, Step.MAIL if step is Step.NONE else step)


def answer(tx: Tx, org: Org, name: str, shown: Code | Signed, place: Place) -> Begun | Reason:
    """Show a factor. The session, or the true reason why not, of which the page says nothing."""
    waiting = find(tx, org, name, place.browser)
    if isinstance(waiting, Reason):
        return waiting
    if waiting.step is not Step.FACTOR:
        return reasons.INTERACTION_UNKNOWN
    found = factors.look(tx, org, waiting.standing.user, shown, place.browser)
    passed = factors.check(tx, org, waiting.standing, place, found, before=PASSWORD)
    if isinstance(passed, Reason):
        return passed
    return finish(tx, org, waiting, place, passed)


def finish(tx: Tx, org: Org, waiting: Waiting, place: Place, passed: Match | None) -> Begun | Reason:
    """Begin the session, once. `passed` is the factor that was shown; None: a mailed code, which activates the browser and is no factor."""
    if not verifications.use(tx, org.id, waiting.row.digest):
        return reasons.INTERACTION_FINISHED
    by = passed.by if passed is not None else "mailed_code"
    activate(tx, org, waiting.standing, place, by)
    methods = ("pwd", *passed.methods) if passed is not None else ("pwd",)
    level = Level.HIGH if passed is not None else Level.STANDARD
    begun = outcomes.begin(tx, org, waiting.standing, place, methods=methods, level=level, activated=True)
    user = waiting.standing.user
    outcomes.record(tx, org, place, user.username, user, None, factors.told(PASSWORD, by), folds=False)
    if passed is not None and passed.recovery is not None:
        warnings.recovery_code_used(tx, org, user, place)
    return begun


def activate(tx: Tx, org: Org, standing: Standing, place: Place, method: str) -> None:
    """From now on this browser counts as the user's."""
    browser = ActivatedBrowser(place.browser, method, place.address, place.user_agent[: outcomes.LONGEST_AGENT], tx.now)
    verifications.activate(tx, org.id, standing.user.id, browser)


def _version(password_hash: str) -> str:
    return secrets.digest(password_hash).hex()
