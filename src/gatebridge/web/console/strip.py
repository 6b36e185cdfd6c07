"""The gate strip as pages show it: the same fifteen stations, once for how an app is set and once for how far a request came."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gatebridge.monitoring.receipts import ReceiptFinding
from gatebridge.rules.gates import Gate
from gatebridge.rules.gates_as_set import GateAsSet

ZONES = {1: "Who calls", 5: "How it asks", 9: "Whom it acts for", 13: "On what terms"}
_GATES = {gate.value: gate for gate in Gate}
_MET = {"passed": "passed", "refused": "refused", "unreached": "not reached"}


@dataclass(frozen=True, slots=True)
class Station:
    """One gate of a strip. `state` is what its door looks like, `said` the same in a word; without an address there is nowhere to go."""

    number: int
    word: str
    name: str
    state: str
    said: str
    words: str
    zone: str = ""
    address: str = ""


def name_of(gate: Gate) -> str:
    """The gate as it is written everywhere."""
    return "PKCE" if gate is Gate.PKCE else gate.capitalize()


def gate_of(finding: ReceiptFinding | None) -> Gate | None:
    """The gate of a finding; None where there is none, and for one that only a newer version knows."""
    return _GATES.get(finding.gate) if finding is not None else None


def as_set(gates: Iterable[GateAsSet], address: Callable[[GateAsSet], str]) -> list[Station]:
    """The strip of an app; each station leads to where it is set."""
    return [
        Station(
            number=each.gate.number,
            word=each.gate,
            name=name_of(each.gate),
            state=each.stand,
            said=each.stand,
            words=each.words,
            zone=ZONES.get(each.gate.number, ""),
            address=address(each),
        )
        for each in gates
    ]


def as_met(findings: Sequence[ReceiptFinding]) -> list[Station]:
    """The strip of a receipt: every gate that stood at its door, up to the one that refused. What stands behind that one was not reached,

    though the receipt knows what it would have said.
    """
    stations: list[Station] = []
    refused = False
    for number, finding in enumerate(findings):
        gate = gate_of(finding)
        state = "unreached" if refused else finding.state
        stations.append(
            Station(
                number=gate.number if gate is not None else number + 1,
                word=finding.gate,
                name=name_of(gate) if gate is not None else finding.gate,
                state=state,
                said=_MET.get(state, state),
                words=finding.words if state == "refused" else "",
                zone=_zone(gate, stations),
            )
        )
        refused = refused or finding.state == "refused"
    return stations


def stopped_at(findings: Sequence[ReceiptFinding]) -> ReceiptFinding | None:
    """What the first gate said that refused, or None."""
    return next((each for each in findings if each.state == "refused"), None)


def number_of(finding: ReceiptFinding | None) -> int:
    """The number of its gate; 0 for none."""
    gate = gate_of(finding)
    return gate.number if gate is not None else 0


def sentence(stations: Sequence[Station]) -> str:
    """How far it came, in words."""
    states = [each.state for each in stations]
    passed, unreached = states.count("passed"), states.count("unreached")
    refusing = next((each.name for each in stations if each.state == "refused"), None)
    if refusing is None:
        return f"It passed all {passed} gates at this door."
    after = "None was left behind it." if not unreached else f"{unreached} {'was' if unreached == 1 else 'were'} not reached."
    if not passed:
        return f"The first gate, {refusing}, refused. {after}"
    if passed == 1:
        return f"One gate passed, and the next one, {refusing}, refused. {after}"
    return f"{passed} gates passed, and the next one, {refusing}, refused. {after}"


def _zone(gate: Gate | None, before: Sequence[Station]) -> str:
    """The zone's name at the first gate of it that stands at this door."""
    if gate is None:
        return ""
    begins = max((number for number in ZONES if number <= gate.number), default=1)
    return "" if any(each.number >= begins for each in before) else ZONES[begins]
