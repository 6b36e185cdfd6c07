"""Second factors: what counts as one, what a sign-in still has to show after the password, and how what is typed is read."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gatebridge.rules.levels import Level, LevelAction, Requirement

MOST_FACTORS = 10  # of one user
LONGEST_NAME = 60

# RFC 6238 section 5.2: one step before and after the present one, for clocks that differ and people who type slowly.
STEP_SECONDS = 30
DRIFT_STEPS = 1

RECOVERY_CODES = 10
# Sixteen characters of Crockford's base 32, which has no letters that are taken for others, are 80 bits: too many to guess or to search.
RECOVERY_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
RECOVERY_LENGTH = 16
MAILED_DIGITS = 8


_SIX_DIGITS = re.compile(r"[0-9]{6}")
_MAILED = re.compile(rf"[0-9]{{{MAILED_DIGITS}}}")
_RECOVERY = re.compile(rf"[{RECOVERY_ALPHABET}]{{{RECOVERY_LENGTH}}}")


class FactorKind(StrEnum):
    """What a user can have beside a password."""

    TOTP = "totp"  # an authenticator app that shows six digits (RFC 6238)
    PASSKEY = "passkey"  # a key pair in a device or a security key (WebAuthn)


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of one user. `confirmed_at` is None while it is only begun: then it counts for nothing."""

    id: str
    org_id: str
    user_id: str
    kind: FactorKind
    name: str
    created_at: datetime
    confirmed_at: datetime | None = None
    last_used_at: datetime | None = None
    sealed_seed: bytes | None = field(default=None, repr=False)
    last_step: int | None = None
    credential_id: bytes | None = None
    public_key: bytes | None = None
    sign_count: int = 0
    transports: tuple[str, ...] = ()


class Step(StrEnum):
    """What a sign-in still asks for."""

    NONE = "none"
    FACTOR = "factor"  # a code of the app, a passkey, or a recovery code
    MAIL = "mail"  # a code that was sent by mail; it activates the browser
    ENROL = "enrol"  # a policy wants a second factor and the user has none yet
    BLOCKED = "blocked"  # a policy wants one, and asks nobody who has none


def next_step(*, has_factor: bool, required: Requirement, verify_new_browsers: bool, activated: bool, waived: bool = False) -> Step:
    """What comes next after the password. `activated`: this browser counts as the user's. `waived`: it sits where none is verified.

    Whoever has a factor is always asked for it. A first one is only set up at an activated browser, wherever that is: else whoever knows
    nothing but the password could set up a factor in the user's place.
    """
    if has_factor:
        return Step.FACTOR
    high = required.level is Level.HIGH
    if high and required.action is LevelAction.BLOCK:
        return Step.BLOCKED
    if (high or (verify_new_browsers and not waived)) and not activated:
        return Step.MAIL
    return Step.ENROL if high else Step.NONE


def lock_out_problem(required: Requirement, *, has_factor: bool) -> str | None:
    """Why whoever saves such a requirement would be shut out by it, as a sentence; None when they would not be (X-AD-12)."""
    if has_factor or required.level is not Level.HIGH or required.action is not LevelAction.BLOCK:
        return None
    return "You have no second factor yourself, so this would shut you out. Set one up first, among your own pages."


def step_of(moment: datetime) -> int:
    """The number of the time step of a moment (RFC 6238 section 4.2)."""
    return int(moment.timestamp()) // STEP_SECONDS


def steps_around(now: datetime) -> range:
    """The steps whose codes are looked at now. None is taken that is not later than the last one taken (X-SE-10)."""
    here = step_of(now)
    return range(here - DRIFT_STEPS, here + DRIFT_STEPS + 1)


def was_taken(step: int, last_step: int | None) -> bool:
    """Whether the code of this step, or of a later one, was taken before."""
    return last_step is not None and step <= last_step


def app_code(typed: str) -> str | None:
    """The six digits of an authenticator app; None for anything else. Nothing is trimmed or folded: one code has one spelling (X-SE-10)."""
    return typed if _SIX_DIGITS.fullmatch(typed) else None


def mailed_code(typed: str) -> str | None:
    """The digits of a code that was mailed; None for anything else."""
    return typed if _MAILED.fullmatch(typed) else None


def recovery_code(typed: str) -> str | None:
    """A recovery code as it is counted: without the hyphens and blanks that people type, in lower case. None for anything else."""
    bare = typed.replace("-", "").replace(" ", "").lower()
    return bare if _RECOVERY.fullmatch(bare) else None


def shown_recovery_code(code: str) -> str:
    """A recovery code as it is shown: in groups of four."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def rp_id(host: str) -> str:
    """The relying party of passkeys at an org: its host without a port (WebAuthn section 4)."""
    return re.sub(r":[0-9]+\Z", "", host)
