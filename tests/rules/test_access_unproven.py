"""A client that failed to prove itself: the receipt says nothing about a code, token or assertion that nobody has looked at."""

import pytest
from tests.rules.facts_builder import BARE_FACTS, OFFICE

from gatebridge.rules import access
from gatebridge.rules.facts import Attempt, ClientProof
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.verdict import State


@pytest.mark.parametrize("door", [Door.CODE, Door.REFRESH, Door.ASSERTION])
def test_std_G_13_what_an_unproven_client_presents_is_not_reached(door: Door) -> None:
    verdict = access.decide(BARE_FACTS, Attempt(door, OFFICE, client=ClientProof(refused=client_reasons.SECRET_WRONG)))
    said = {finding.gate: finding.state for finding in verdict.findings}
    assert (said[Gate.CLIENT], said[Gate.PROOF]) == (State.REFUSED, State.UNREACHED)
    assert verdict.reason is client_reasons.SECRET_WRONG


@pytest.mark.parametrize(
    ("door", "reason"), [(Door.CODE, "code_unknown"), (Door.REFRESH, "refresh_unknown"), (Door.ASSERTION, "assertion_missing")]
)
def test_what_a_proven_client_presents_is_looked_at(door: Door, reason: str) -> None:
    verdict = access.decide(BARE_FACTS, Attempt(door, OFFICE, client=ClientProof()))
    (said,) = [finding for finding in verdict.findings if finding.gate is Gate.PROOF]
    assert said.reason is not None
    assert said.reason.code == reason
