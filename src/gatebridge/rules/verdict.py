"""What a decision about access answers: one finding a gate, and the verdict over all of them."""

from dataclasses import dataclass
from enum import StrEnum

from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.reasons import outage
from gatebridge.rules.reasons.reason import Compared, Reason


class State(StrEnum):
    """What a gate said."""

    PASSED = "passed"
    REFUSED = "refused"
    UNREACHED = "unreached"  # could not be asked, because something before it is missing


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer: what one gate says, in words, with what it compared."""

    gate: Gate
    state: State
    words: str
    reason: Reason | None = None
    compared: tuple[Compared, ...] = ()
    would_refuse: Reason | None = None  # a monitored rule would have refused this with that reason; it changes nothing


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: every finding of the door's gates in order, and what is granted when all of them let it pass."""

    door: Door
    findings: tuple[Finding, ...]
    scopes: tuple[str, ...] = ()
    lifetime: Lifetime | None = None

    @property
    def refusal(self) -> Finding | None:
        """The one finding that the wire may speak of; None when everything passed.

        It is the first that refuses; but one that only follows from something else gives way to that: freezing a user ends the
        user's tokens, and the cause is the freeze. A gate that could not be asked comes last, since what it lacks is often what
        another gate refuses for: nobody can look at the app of a token that nobody knows.
        """
        refused = [finding for finding in self.findings if finding.state is State.REFUSED]
        causes = [finding for finding in refused if finding.reason is None or not finding.reason.follows]
        unreached = [finding for finding in self.findings if finding.state is State.UNREACHED]
        return next(iter(causes + refused + unreached), None)

    @property
    def reason(self) -> Reason | None:
        """Why not, or None when the answer is yes. A gate that could not be asked refuses too (deny is the default)."""
        refusal = self.refusal
        if refusal is None:
            return None
        return refusal.reason or outage.POLICY_ERROR
