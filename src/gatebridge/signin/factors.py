"""Proving a second factor: a code of an authenticator app, a recovery code, or a passkey.

Looking and taking are two things. What is shown is looked at for everybody, so that a refusal is the same work whatever its cause
(X-BF-02); it is used up only where it lets somebody in, by one conditional update of which one of any number wins.
"""

import base64
import binascii
from dataclasses import dataclass, field

from gatebridge.crypto import passkeys, sealing, secrets, totp
from gatebridge.crypto.passkeys import Challenge, Party, PasskeyRefused
from gatebridge.crypto.secrets import Secret
from gatebridge.rules import factors as rules
from gatebridge.rules import hours
from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing, User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.signin import lockout, outcomes
from gatebridge.signin.outcomes import Place
from gatebridge.storage import factors as stored
from gatebridge.storage import verifications
from gatebridge.storage.tx import Tx

SEAL = "totp seed"
SIGN_IN, PROVE, MAKE = "sign in", "prove", "make"  # what a challenge of a passkey is for

# As the session and the ID token call them (RFC 8176).
OTP, HARDWARE, USER = "otp", "hwk", "user"


@dataclass(frozen=True, slots=True)
class Code:
    """What somebody typed: six digits of an app, or a recovery code."""

    typed: Secret


@dataclass(frozen=True, slots=True)
class Signed:
    """What a browser answered for a passkey, and the challenge that it was asked with, as the form carries it."""

    answer: str = field(repr=False)
    challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Match:
    """A factor that was shown rightly and is not used up yet. Exactly one of the last three says how it is."""

    by: str  # as the history calls it
    methods: tuple[str, ...]
    user_id: str
    factor: Factor | None = None
    step: int | None = None  # of an app's code
    recovery: bytes | None = None  # the digest of a recovery code
    challenge: Challenge | None = None  # of a passkey
    sign_count: int = 0


def party(org: Org) -> Party:
    """To whom the passkeys of an org belong."""
    return Party(rules.rp_id(org.host), org.name, org.issuer)


def look(tx: Tx, org: Org, user: User, shown: Code | Signed, browser: bytes) -> Match | Reason:
    """What was shown by a user whom we know from the password or a session."""
    if isinstance(shown, Signed):
        return look_at_passkey(tx, org, shown, browser, user)
    return _look_at_code(tx, org.id, user.id, shown.typed.reveal())


def look_at_passkey(tx: Tx, org: Org, shown: Signed, browser: bytes, user: User | None) -> Match | Reason:
    """A passkey. Without a user it says itself whose it is, and the device must have made sure of the person."""
    purpose = SIGN_IN if user is None else PROVE
    challenge = _challenge(tx, org, shown.challenge, purpose, browser, user.id if user is not None else "")
    try:
        credential_id, handle = passkeys.named_in(shown.answer)
        factor = stored.by_credential(tx, org.id, credential_id)
        if challenge is None or factor is None or factor.public_key is None or not _is_of(factor, user, handle):
            return reasons.PASSKEY_REFUSED
        count = passkeys.signed(
            shown.answer,
            party(org),
            challenge.value,
            public_key=factor.public_key,
            sign_count=factor.sign_count,
            verified=user is None,
        )
    except PasskeyRefused:
        return reasons.PASSKEY_REFUSED
    methods = (HARDWARE, USER) if user is None else (HARDWARE,)
    return Match(FactorKind.PASSKEY, methods, factor.user_id, factor, challenge=challenge, sign_count=count)


def check(tx: Tx, org: Org, standing: Standing, place: Place, found: Match | Reason, *, before: str = "") -> Match | Reason:
    """Let the user pass who has shown a factor, or count and record the refusal. `before` is what was shown ahead of it, for the history.

    The one way in for every page that asks for a factor, so that all are counted together and locked together (X-SE-10, X-BF-05).
    """
    user = standing.user
    keys = outcomes.keys(tx, org, user, user.username, place)
    reason = lockout.locked(tx, org.id, keys) or stopped(tx, org, standing)
    if reason is None:
        reason = found if isinstance(found, Reason) else _take(tx, org, found, place.browser)
    if reason is not None:
        lockout.count(tx, org.id, keys)
        # Who knew the password has proven something; but during a lock whoever goes on trying fills no disk.
        folds = not before or reason in (reasons.USER_LOCKED, reasons.ADDRESS_LOCKED)
        outcomes.record(tx, org, place, user.username, user, reason, _told(before, found), folds=folds)
        return reason
    assert isinstance(found, Match)  # noqa: S101 - a reason was returned above
    return found


def stopped(tx: Tx, org: Org, standing: Standing) -> Reason | None:
    """Why this user does not come in at the moment, whatever is shown."""
    if standing.user.frozen:
        return reasons.SIGN_IN_FROZEN
    if standing.user.state is not UserState.ACTIVE:
        return reasons.SIGN_IN_INACTIVE
    if Permission.API_ONLY in standing.permissions(tx.now):
        return reasons.SIGN_IN_API_ONLY
    open_now = hours.open_now(standing.profile.login_hours, org.settings.timezone, tx.now)
    return None if open_now else reasons.SIGN_IN_OUTSIDE_HOURS


def told(before: str, by: str) -> str:
    """How the history calls what was shown together."""
    return f"{before}+{by}" if before else by


def new_challenge(tx: Tx, org: Org, purpose: str, browser: bytes, user_id: str = "") -> bytes:
    """A challenge for this browser, and for this user where one is known. It is stored only when it was used."""
    return passkeys.new_challenge(tx.keys, tx.random, tx.now, _bound(org, purpose, browser, user_id))


def take_challenge(tx: Tx, org: Org, text: str, purpose: str, browser: bytes, user_id: str) -> bytes | None:
    """The challenge that comes back with an answer, used up; None where it does not count, or not any more."""
    challenge = _challenge(tx, org, text, purpose, browser, user_id)
    if challenge is None or not _use(tx, org, challenge, browser, user_id):
        return None
    return challenge.value


def text_of(challenge: bytes) -> str:
    """A challenge as a form carries it."""
    return base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()


def seal_seed(tx: Tx, org_id: str, factor_id: str, seed: bytes) -> bytes:
    return sealing.seal(tx.keys, SEAL, seed, tx.random, context=f"{org_id} {factor_id}")


def seed_of(tx: Tx, factor: Factor) -> bytes | None:
    """The seed of an authenticator app. Raises SealBroken."""
    if factor.sealed_seed is None:
        return None
    return sealing.open_(tx.keys, SEAL, factor.sealed_seed, context=f"{factor.org_id} {factor.id}")


def recovery_digest(user_id: str, code: str) -> bytes:
    """What is stored of a recovery code. It is of this user, so equal codes of two users would not look alike."""
    return secrets.digest(f"{user_id} {code}")


def _look_at_code(tx: Tx, org_id: str, user_id: str, typed: str) -> Match | Reason:
    digits, recovery = rules.app_code(typed), recovery_digest(user_id, rules.recovery_code(typed) or "")
    recovers = stored.has_recovery_code(tx, org_id, user_id, recovery)
    apps = [factor for factor in stored.of_user(tx, org_id, user_id) if factor.kind is FactorKind.TOTP]
    for factor in apps or (None,):
        seed = seed_of(tx, factor) if factor is not None else None
        step = totp.step_of_code(seed, digits or "", rules.steps_around(tx.now))
        if factor is not None and step is not None:
            if rules.was_taken(step, factor.last_step):
                return reasons.SECOND_CODE_USED
            return Match(FactorKind.TOTP, (OTP,), user_id, factor, step=step)
    return Match("recovery_code", (OTP,), user_id, recovery=recovery) if recovers else reasons.SECOND_CODE_WRONG


def _take(tx: Tx, org: Org, found: Match, browser: bytes) -> Reason | None:
    if found.recovery is not None:
        taken = stored.use_recovery_code(tx, org.id, found.user_id, found.recovery)
        return None if taken else reasons.SECOND_CODE_WRONG
    assert found.factor is not None  # noqa: S101 - see Match
    if found.step is not None:
        return None if stored.take_step(tx, org.id, found.factor.id, found.step) else reasons.SECOND_CODE_USED
    assert found.challenge is not None  # noqa: S101 - see Match
    used = _use(tx, org, found.challenge, browser, found.user_id)
    return None if used and stored.count_signature(tx, found.factor, found.sign_count) else reasons.PASSKEY_REFUSED


def _told(before: str, found: Match | Reason) -> str:
    if isinstance(found, Match):
        return told(before, found.by)
    return told(before, "passkey" if found is reasons.PASSKEY_REFUSED else "code")


def _is_of(factor: Factor, user: User | None, handle: bytes | None) -> bool:
    """Whether the passkey is of this user; of whom nobody has named, what the passkey itself says must be right."""
    if user is not None:
        return factor.user_id == user.id and handle in (None, factor.user_id.encode())
    return handle == factor.user_id.encode()


def _challenge(tx: Tx, org: Org, text: str, purpose: str, browser: bytes, user_id: str) -> Challenge | None:
    try:
        value = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    return passkeys.read_challenge(tx.keys, value, tx.now, _bound(org, purpose, browser, user_id))


def _use(tx: Tx, org: Org, challenge: Challenge, browser: bytes, user_id: str) -> bool:
    return verifications.use_challenge(tx, org.id, challenge.digest, browser, user_id, challenge.expires_at)


def _bound(org: Org, purpose: str, browser: bytes, user_id: str) -> bytes:
    return f"{purpose}|{org.id}|{user_id}|{browser.hex()}".encode()
