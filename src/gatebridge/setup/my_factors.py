"""Self-service: one's own second factors and recovery codes. A user needs no right for it, and reaches nobody else's (X-SE-04).

Every change wants a sign-in that is not old. The pages ask for a younger one (`rules.factors.proven_lately`).
"""

from dataclasses import dataclass, field
from datetime import timedelta

from gatebridge.crypto import passkeys, totp
from gatebridge.crypto.passkeys import PasskeyRefused
from gatebridge.records.change import Target, record_change, signed_in_lately
from gatebridge.rules import factors as rules
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.events import Event
from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.typed_text import line_problem
from gatebridge.setup.my_apps import myself
from gatebridge.signin import factors, sessions, warnings
from gatebridge.storage import factors as stored
from gatebridge.storage import orgs, people, verifications
from gatebridge.storage.tx import Tx

FACTORS_CHANGED = "the second factors of the user were changed"
BEGUN_FOR = timedelta(minutes=15)  # how long the secret of an app that was not confirmed is shown
KINDS = {FactorKind.TOTP: "an authenticator app", FactorKind.PASSKEY: "a passkey"}


@dataclass(frozen=True, slots=True)
class BegunApp:
    """An authenticator app that is being set up: what it reads from the QR code, and the same for typing."""

    factor_id: str
    address: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConfirmApp:
    """The code that the new app shows."""

    code: str = field(repr=False)
    name: str = ""
    but_session: str | None = None  # the browser in which it is set up stays signed in; None: none does


@dataclass(frozen=True, slots=True)
class AddPasskey:
    """What the browser answered, with the challenge as the form carries it."""

    answer: str = field(repr=False)
    challenge: str = field(repr=False)
    browser: bytes
    name: str = ""
    but_session: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveMyFactor:
    """Take one of the own factors away."""

    factor_id: str
    but_session: str | None = None


@dataclass(frozen=True, slots=True)
class MyFactors:
    """The factors that work, oldest first, and how many recovery codes are unused."""

    factors: tuple[Factor, ...]
    recovery_codes_left: int


def my_factors(tx: Tx, actor: Actor) -> MyFactors:
    """The own factors. Raises Refused for who is no user."""
    return of_user(tx, actor.org_id, myself(actor))


def of_user(tx: Tx, org_id: str, user_id: str) -> MyFactors:
    """The factors of a user; that the asker may see them is for the caller to have checked."""
    return MyFactors(tuple(stored.of_user(tx, org_id, user_id)), stored.recovery_codes_left(tx, org_id, user_id))


def begin_app(tx: Tx, actor: Actor) -> BegunApp:
    """Make the secret of an authenticator app. It counts for nothing until a code confirms it. Raises Refused (`limit_reached`)."""
    org, user = _whose(tx, actor)
    _refuse_too_many(tx, user)
    stored.remove_begun(tx, org.id, user.id)
    seed, factor_id = totp.new_seed(tx.random), tx.new_id(Prefix.FACTOR)
    sealed = factors.seal_seed(tx, org.id, factor_id, seed)
    stored.insert(tx, Factor(factor_id, org.id, user.id, FactorKind.TOTP, "", tx.now, sealed_seed=sealed))
    return _begun(org, user, factor_id, seed)


def begun_app(tx: Tx, actor: Actor) -> BegunApp | None:
    """The app that is being set up, for showing its secret once more; None: there is none. Of one that is confirmed nothing is shown."""
    org, user = _whose(tx, actor)
    found = stored.begun(tx, org.id, user.id, tx.now - BEGUN_FOR)
    seed = factors.seed_of(tx, found) if found is not None else None
    return _begun(org, user, found.id, seed) if found is not None and seed is not None else None


def confirm_app(tx: Tx, actor: Actor, command: ConfirmApp) -> Factor:
    """The app that is being set up shows the right code: from now on it is a factor. Raises Refused."""
    org, user = _whose(tx, actor)
    begun = stored.begun(tx, org.id, user.id, tx.now - BEGUN_FOR)
    seed = factors.seed_of(tx, begun) if begun is not None else None
    if begun is None or seed is None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="No authenticator app is being set up, or it was begun too long ago.")
    _refuse_too_many(tx, user)
    name = _named(command.name, "Authenticator app")
    step = totp.step_of_code(seed, rules.app_code(command.code) or "", rules.steps_around(tx.now))
    if step is None or not stored.confirm(tx, begun, name=name, step=step):
        raise _wrong("code", "This is not the code that the app shows now. Check that the clock of the device is right.")
    return _added(tx, actor, org, user, Factor(begun.id, org.id, user.id, FactorKind.TOTP, name, begun.created_at), command.but_session)


def asked_to_make(tx: Tx, actor: Actor, browser: bytes) -> tuple[str, str]:
    """What the browser is asked for a new passkey, as JSON, and the challenge as its form carries it. Raises Refused."""
    org, user = _whose(tx, actor)
    challenge = factors.new_challenge(tx, org, factors.MAKE, browser, user.id)
    known = [each.credential_id for each in stored.of_user(tx, org.id, user.id) if each.credential_id is not None]
    handle = user.id.encode()
    asked = passkeys.asked_to_make(factors.party(org), challenge, user_handle=handle, username=user.username, name=user.name, known=known)
    return asked, factors.text_of(challenge)


def add_passkey(tx: Tx, actor: Actor, command: AddPasskey) -> Factor:
    """Keep a passkey that the user's browser has made. Raises Refused."""
    org, user = _whose(tx, actor)
    _refuse_too_many(tx, user)
    name = _named(command.name, "Passkey")
    challenge = factors.take_challenge(tx, org, command.challenge, factors.MAKE, command.browser, user.id)
    try:
        made = passkeys.made(command.answer, factors.party(org), challenge or b"")
    except PasskeyRefused:
        raise _wrong("passkey", "The passkey was not accepted. Open the page again and try once more.") from None
    factor = Factor(
        id=tx.new_id(Prefix.FACTOR),
        org_id=org.id,
        user_id=user.id,
        kind=FactorKind.PASSKEY,
        name=name,
        created_at=tx.now,
        confirmed_at=tx.now,
        credential_id=made.credential_id,
        public_key=made.public_key,
        sign_count=made.sign_count,
        transports=made.transports,
    )
    if challenge is None or not stored.insert(tx, factor):
        raise _wrong("passkey", "The passkey was not accepted. Open the page again and try once more.")
    return _added(tx, actor, org, user, factor, command.but_session)


def new_recovery_codes(tx: Tx, actor: Actor) -> tuple[str, ...]:
    """Ten new recovery codes as they are shown, this once; those from before work no more. Raises Refused where there is no factor."""
    org, user = _whose(tx, actor)
    if not stored.of_user(tx, org.id, user.id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="Set up a second factor first: recovery codes stand in for it.")
    alphabet = rules.RECOVERY_ALPHABET
    codes = tuple("".join(alphabet[byte % len(alphabet)] for byte in tx.random(rules.RECOVERY_LENGTH)) for _ in range(rules.RECOVERY_CODES))
    stored.replace_recovery_codes(tx, org.id, user.id, [factors.recovery_digest(user.id, code) for code in codes])
    target = Target("user", user.id, user.name)
    record_change(tx, actor, Event.RECOVERY_CODES_CREATED, target, {}, {"recovery_code_count": len(codes)})
    what = f"new recovery codes were made for {user.username} at {org.name}; those from before work no more."
    warnings.tell(tx, org, user, f"New recovery codes at {org.name}", what, actor.address)
    return tuple(rules.shown_recovery_code(code) for code in codes)


def forget_my_browsers(tx: Tx, actor: Actor) -> int:
    """Let no browser count as the own any more. How many did. Raises Refused."""
    _, user = _whose(tx, actor)
    return forget_browsers(tx, actor, user)


def forget_browsers(tx: Tx, actor: Actor, user: User, *, reason: str = "") -> int:
    """Let no browser count as a user's any more; that the actor may is for the caller to have checked."""
    count = verifications.forget_browsers(tx, user.org_id, user.id)
    if count:
        target = Target("user", user.id, user.name)
        record_change(tx, actor, Event.BROWSERS_DEACTIVATED, target, {"browser_count": count}, {"browser_count": 0}, reason=reason)
    return count


def remove_my_factor(tx: Tx, actor: Actor, command: RemoveMyFactor) -> Factor:
    """Take a factor away; with the last one the recovery codes go too. Ends the other sessions. Raises Refused."""
    org, user = _whose(tx, actor)
    found = next((each for each in stored.of_user(tx, org.id, user.id) if each.id == command.factor_id), None)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    remove(tx, actor, org, user, found, but_session=command.but_session)
    return found


def remove(tx: Tx, actor: Actor, org: Org, user: User, factor: Factor, *, but_session: str | None = None, reason: str = "") -> None:
    """Take a factor of a user away and tell the user; that the actor may is for the caller to have checked."""
    stored.remove(tx, org.id, user.id, factor.id)
    if not stored.of_user(tx, org.id, user.id):
        stored.replace_recovery_codes(tx, org.id, user.id, ())
    sessions.end_of_user(tx, org.id, user.id, FACTORS_CHANGED, but_session)
    record_change(tx, actor, Event.FACTOR_REMOVED, target(factor), _told(user, factor), None, reason=reason)
    by_another = " by the operator of the server" if actor.kind is ActorKind.OPERATOR else " by an admin"
    by = "" if actor.user_id == user.id else by_another
    what = f"{KINDS[factor.kind]} ({factor.name}) of {user.username} at {org.name} was removed{by}."
    warnings.tell(tx, org, user, f"A second factor was removed at {org.name}", what, actor.address)


def target(factor: Factor) -> Target:
    """The factor as the audit trail names it."""
    return Target("factor", factor.id, factor.name)


def _added(tx: Tx, actor: Actor, org: Org, user: User, factor: Factor, but_session: str | None) -> Factor:
    sessions.end_of_user(tx, org.id, user.id, FACTORS_CHANGED, but_session)
    record_change(tx, actor, Event.FACTOR_ADDED, target(factor), None, _told(user, factor))
    what = f"{KINDS[factor.kind]} ({factor.name}) was set up as a second factor of {user.username} at {org.name}."
    warnings.tell(tx, org, user, f"A second factor was added at {org.name}", what, actor.address)
    return factor


def _told(user: User, factor: Factor) -> dict[str, object]:
    return {"user": user.username, "kind": factor.kind, "name": factor.name}


def _whose(tx: Tx, actor: Actor) -> tuple[Org, User]:
    signed_in_lately(tx, actor)
    org, user = orgs.by_id(tx, actor.org_id), people.by_id(tx, actor.org_id, myself(actor))
    if org is None or user is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return org, user


def _begun(org: Org, user: User, factor_id: str, seed: bytes) -> BegunApp:
    return BegunApp(factor_id, totp.address_of(seed, issuer=org.name, username=user.username), totp.text_of(seed))


def _refuse_too_many(tx: Tx, user: User) -> None:
    have = len(stored.of_user(tx, user.org_id, user.id))
    if have >= rules.MOST_FACTORS:
        raise Refused(setup_reasons.LIMIT_REACHED, facts={"limit": rules.MOST_FACTORS, "count": have})


def _named(typed: str, otherwise: str) -> str:
    name = typed.strip() or otherwise
    if problem := line_problem(name, rules.LONGEST_NAME):
        raise _wrong("name", problem)
    return name


def _wrong(name: str, problem: str) -> Refused:
    return Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem(name, problem),))
