"""The two answers that a gate can give."""

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.rules.verdict import Finding, State


def passed(gate: Gate, words: str, *compared: Compared) -> Finding:
    """The gate lets it through; `words` say why."""
    return Finding(gate, State.PASSED, words, compared=compared)


def refused(gate: Gate, reason: Reason, words: str = "", *compared: Compared) -> Finding:
    """The gate refuses for this reason; without words of its own, in the reason's."""
    return Finding(gate, State.REFUSED, words or reason.sentence, reason, compared)
