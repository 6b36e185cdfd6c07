"""What a verdict says of its findings, and the order of the gates."""

import pytest

from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.reasons import Reason, outage
from gatebridge.rules.reasons import app as app_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import user as user_reasons
from gatebridge.rules.verdict import Finding, State, Verdict

PASSED = Finding(Gate.CLIENT, State.PASSED, "proved itself by client_secret_basic")
UNREACHED = Finding(Gate.FLOW, State.UNREACHED, "not reached")
BLOCKED = Finding(Gate.APP, State.REFUSED, "blocked", app_reasons.APP_BLOCKED)
ENDED = Finding(Gate.PROOF, State.REFUSED, "everything of its user was ended since", proof_reasons.TOKEN_ENDED)
FROZEN = Finding(Gate.USER, State.REFUSED, "frozen", user_reasons.RUN_AS_FROZEN)
REFUSED_WITHOUT_REASON = Finding(Gate.USER, State.REFUSED, "for no reason")


@pytest.mark.parametrize(
    ("findings", "refusal", "reason"),
    [
        pytest.param((PASSED,), None, None, id="where every gate passed, nothing refuses"),
        pytest.param((PASSED, BLOCKED), BLOCKED, app_reasons.APP_BLOCKED, id="one gate that refuses is enough"),
        pytest.param((BLOCKED, FROZEN), BLOCKED, app_reasons.APP_BLOCKED, id="the first that refuses is told"),
        pytest.param((FROZEN, PASSED), FROZEN, user_reasons.RUN_AS_FROZEN, id="a later yes does not undo a no"),
        pytest.param((PASSED, UNREACHED), UNREACHED, outage.POLICY_ERROR, id="what could not be asked refuses"),
        pytest.param((UNREACHED, PASSED), UNREACHED, outage.POLICY_ERROR, id="also where all that follows passed"),
        pytest.param((UNREACHED, FROZEN), FROZEN, user_reasons.RUN_AS_FROZEN, id="what refuses is told before what could not be asked"),
        pytest.param((ENDED, FROZEN), FROZEN, user_reasons.RUN_AS_FROZEN, id="what only follows gives way to its cause"),
        pytest.param((ENDED, PASSED), ENDED, proof_reasons.TOKEN_ENDED, id="and is told where nothing else refuses"),
        pytest.param((UNREACHED, ENDED), ENDED, proof_reasons.TOKEN_ENDED, id="also before what could not be asked"),
        pytest.param((ENDED, REFUSED_WITHOUT_REASON), REFUSED_WITHOUT_REASON, outage.POLICY_ERROR, id="a no without a reason is a cause"),
        pytest.param((REFUSED_WITHOUT_REASON,), REFUSED_WITHOUT_REASON, outage.POLICY_ERROR, id="a no without a reason is still a no"),
    ],
)
def test_what_a_verdict_tells(findings: tuple[Finding, ...], refusal: Finding | None, reason: Reason | None) -> None:
    verdict = Verdict(Door.TOKEN, findings)
    assert verdict.refusal is refusal
    assert verdict.reason is reason


def test_a_verdict_grants_nothing_unless_it_is_told_what() -> None:
    verdict = Verdict(Door.TOKEN, (PASSED,))
    assert (verdict.scopes, verdict.lifetime) == ((), None)


def test_the_gates_have_fixed_numbers_in_one_order() -> None:
    assert " ".join(Gate) == ("client callback app installed flow pkce proof scopes user permitted hours network session consent lifetime")
    assert [gate.number for gate in Gate] == list(range(1, 16))
    assert Gate.PROOF.number == 7
