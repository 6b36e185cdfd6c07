"""Exposures: where an app is opened wider than it need be, how heavy each is, and which smaller setting would do.

Nothing here refuses anything. An exposure may be meant; then somebody accepts it with a reason, until a date (`setup/loosenings.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from gatebridge.rules.exposed import pointers
from gatebridge.rules.exposed.by_credentials import BY_CREDENTIALS
from gatebridge.rules.exposed.by_policies import BY_POLICIES
from gatebridge.rules.exposed.by_settings import BY_SETTINGS
from gatebridge.rules.exposed.kinds import BY_HAND, Found, Kind, Mend, Subject

KINDS: dict[str, Kind] = {kind.code: kind for kind in (*BY_POLICIES, *BY_SETTINGS, *BY_CREDENTIALS)}

# From which sum of weights on an app has this grade.
GRADES = ((0, "A"), (1, "B"), (3, "C"), (6, "D"), (10, "E"))

# The one exposure that has a reason and an end of its own among the policies; it is accepted there and nowhere else.
ACCEPTED_BY_POLICY = "no_refresh_expiry"


@dataclass(frozen=True, slots=True)
class Smaller:
    """The smaller setting that would do: in words, and where it is made. Both places are empty where another org decides."""

    words: str
    api: str
    command: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """That somebody answers for an exposure, until when, and why. `loosening_id`: None where the policies themselves say so."""

    reason: str
    ends_at: datetime
    by: str | None = None
    loosening_id: str | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure of one app. `value` tells this very setting from another of its kind; `mend` is empty where no machine can choose."""

    code: str
    weight: int
    field: str
    sentence: str
    why: str
    smaller: Smaller
    value: str = ""
    mend: Mend = BY_HAND
    accepted: Accepted | None = None


def of(subject: Subject) -> tuple[Exposure, ...]:
    """Every exposure of an app in an org, the heaviest first."""
    found = ((kind, kind.find(subject)) for kind in KINDS.values())
    exposures = (_exposure(subject, kind, each) for kind, each in found if each is not None)
    return tuple(sorted(exposures, key=lambda exposure: -exposure.weight))


def _exposure(subject: Subject, kind: Kind, found: Found) -> Exposure:
    ours = subject.own or kind.field.startswith("policies.")
    mend = found.mend if ours else BY_HAND
    app_id = subject.app.id
    if ours:
        smaller = Smaller(kind.smaller, pointers.to_api(app_id, kind, mend), pointers.to_command_line(app_id, kind, mend))
    else:
        smaller = Smaller(f"Ask the publisher of the app. {kind.smaller}", "", "")
    policies = subject.policies
    accepted = None
    if kind.code == ACCEPTED_BY_POLICY and policies.refresh_exception_until is not None:
        accepted = Accepted(policies.refresh_exception_reason, policies.refresh_exception_until)
    return Exposure(kind.code, kind.weight, kind.field, found.sentence, kind.why, smaller, found.value, mend, accepted)


def weight(exposures: Iterable[Exposure]) -> int:
    """How exposed an app is: the weights of its exposures together."""
    return sum(exposure.weight for exposure in exposures)


def unaccepted(exposures: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Those that nobody answers for."""
    return tuple(exposure for exposure in exposures if exposure.accepted is None)


def grade(total: int) -> str:
    """A letter for a sum of weights: A has no exposure at all."""
    return next(letter for least, letter in reversed(GRADES) if total >= least)


def accepted(exposure: Exposure, by: Accepted) -> Exposure:
    """The exposure as one that somebody answers for."""
    return replace(exposure, accepted=by)
