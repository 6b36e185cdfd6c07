"""Loosenings: exposures that somebody answers for, with a reason, and until a date at which they close by themselves."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatebridge.rules.exposures import Accepted, Exposure

LONGEST = timedelta(days=2 * 365)
TOLD_BEFORE = timedelta(days=7)  # how long before its end its people are told


class Outcome(StrEnum):
    """What became of a loosening in the end."""

    OPEN = ""
    WITHDRAWN = "withdrawn"  # somebody took the acceptance back; the exposure stands, and nobody answers for it
    REPLACED = "replaced"  # the exposure was accepted again, with another reason or end
    CLOSED = "closed"  # at its end the smaller setting was made
    LEFT = "left"  # at its end no machine could make the smaller setting; the exposure stands, and its people were told
    MENDED = "mended"  # the exposure was gone before its end


@dataclass(frozen=True, slots=True)
class Loosening:
    """One acceptance of one exposure of an app in an org. At most one of them is open at a time."""

    id: str
    org_id: str
    app_id: str
    exposure: str  # the code
    value: str  # the setting that was accepted; another one of the same kind is not
    reason: str
    ends_at: datetime
    created_at: datetime
    created_by: str
    told_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: Outcome = Outcome.OPEN

    def answers_for(self, exposure: Exposure, now: datetime) -> bool:
        """Whether this is an acceptance of that exposure as it stands now."""
        holds = self.closed_at is None and now < self.ends_at
        return holds and self.exposure == exposure.code and self.value == exposure.value

    @property
    def accepted(self) -> Accepted:
        """What is shown of it beside the exposure."""
        return Accepted(self.reason, self.ends_at, self.created_by, self.id)


def end_problem(ends_at: datetime, now: datetime) -> str | None:
    """Why a loosening cannot end then, as a sentence; None when it can."""
    return None if now < ends_at <= now + LONGEST else "A loosening ends in the future, and within 2 years."
