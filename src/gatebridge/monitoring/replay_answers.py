"""What a policy replay answers: what would change, for whom, how often; and what could not be judged."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Door
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.replays import Kind

JOBS = frozenset({Flow.CLIENT_CREDENTIALS, Flow.JWT_BEARER})


class Unjudged(StrEnum):
    """Why a recorded request cannot be judged again, so that no answer about it is made up."""

    NOT_PROVEN = "not_proven"
    ANSWERED = "answered"
    NOBODY = "nobody"
    SCOPES_UNKNOWN = "scopes_unknown"
    SIGN_IN_UNKNOWN = "sign_in_unknown"
    FLOW_UNKNOWN = "flow_unknown"


WORDS = {
    Unjudged.NOT_PROVEN: "The client, code, token or password was wrong, which no draft of policies changes.",
    Unjudged.ANSWERED: "The user had to sign in or to answer, and nobody knows what another answer would be.",
    Unjudged.NOBODY: "The line names no app or no user that is still there.",
    Unjudged.SCOPES_UNKNOWN: "What had been approved is not recorded.",
    Unjudged.SIGN_IN_UNKNOWN: "It depends on how the user had signed in, which is not recorded.",
    Unjudged.FLOW_UNKNOWN: "The flow is none that can be replayed.",
}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that the draft would change: for whom, at which app, from where, and how often it happened."""

    kind: Kind
    reason: Reason | None  # why it would be refused, or why it is refused now
    app_id: str | None  # None: a sign-in at our own page
    user_id: str | None
    door: Door | None
    flow: Flow | None
    address: str
    lines: int
    first_at: datetime
    last_at: datetime
    scopes_lost: tuple[str, ...] = ()
    app: str = ""
    user: str = ""

    @property
    def job(self) -> bool:
        """Whether a program acts by itself here, with nobody at a browser who could do something about it."""
        return self.flow in JOBS


@dataclass(frozen=True, slots=True)
class Sum:
    """How much changes in one way."""

    lines: int = 0
    people: int = 0  # users, whoever or whatever acts as them
    apps: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay has come."""

    lines: int
    of: int

    @property
    def percent(self) -> int:
        return self.lines * 100 // self.of if self.of else 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What a draft would change. `complete` is false where older lines of these days were not looked at."""

    since: datetime
    until: datetime
    lines: int
    judged: int
    decisions: int  # how many different ones the lines were folded into
    complete: bool
    sums: dict[Kind, Sum]
    changes: tuple[Change, ...]  # the most frequent first, at most MOST_CHANGES
    more_changes: int
    unjudged: dict[Unjudged, int]  # lines by the cause
