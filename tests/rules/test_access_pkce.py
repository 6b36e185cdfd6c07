"""Is the code bound to the one who asked for it: the gate PKCE, when a code is asked for and when it is redeemed."""

import pytest
from tests.rules.facts_builder import AUTHORIZING, CHALLENGE, PEOPLE, REDEEMING, answer, but, finding

from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod
from gatebridge.rules.facts import Attempt
from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import pkce as reasons
from gatebridge.rules.verdict import State

PUBLIC = frozenset({ClientAuthMethod.NONE})
OF_REQUESTS = (reasons.CHALLENGE_METHOD_UNSUPPORTED, reasons.CHALLENGE_MALFORMED)
OF_VERIFIERS = (
    *(reasons.VERIFIER_MISSING, reasons.VERIFIER_MALFORMED, reasons.VERIFIER_WRONG),
    *(reasons.VERIFIER_UNEXPECTED, reasons.CHALLENGE_MISSING),
)


@pytest.mark.parametrize(
    ("required", "public", "challenge", "reason", "words"),
    [
        pytest.param(True, False, CHALLENGE, None, "a challenge by S256", id="required and sent"),
        pytest.param(True, False, None, reasons.CHALLENGE_MISSING, "the app must send a code_challenge", id="required and not sent"),
        pytest.param(False, False, CHALLENGE, None, "a challenge by S256", id="waived and sent all the same"),
        pytest.param(False, False, None, None, "waived for this app", id="waived and not sent"),
        pytest.param(True, True, CHALLENGE, None, "a challenge by S256", id="a public app that sends one"),
        pytest.param(True, True, None, reasons.CHALLENGE_MISSING, "the app must send a code_challenge", id="a public app that does not"),
        pytest.param(False, True, None, reasons.CHALLENGE_MISSING, "the app must send a code_challenge", id="a public app has no waiver"),
    ],
)
def test_std_AZ_12_X_AC_06_a_code_is_asked_for_with_a_challenge_unless_a_confidential_app_has_the_waiver(
    required: bool, public: bool, challenge: str | None, reason: Reason | None, words: str
) -> None:
    facts = but(PEOPLE, "settings", pkce_required=required)
    facts = but(facts, "settings", auth_methods=PUBLIC) if public else facts
    found = finding(Gate.PKCE, facts, but(AUTHORIZING, challenge=challenge))
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)
    assert answer(facts, but(AUTHORIZING, challenge=challenge)) == (reason.code if reason else "yes")


def test_an_app_needs_pkce_until_somebody_waives_it() -> None:
    assert AppSettings(app_id="0H4000000000001").pkce_required


@pytest.mark.parametrize("reason", OF_REQUESTS)
@pytest.mark.parametrize("required", [True, False])
def test_X_AC_08_a_challenge_of_the_wrong_kind_is_refused_also_where_none_was_needed(reason: Reason, required: bool) -> None:
    facts = but(PEOPLE, "settings", pkce_required=required)
    assert answer(facts, but(AUTHORIZING, challenge=None, pkce_refused=reason)) == reason.code


@pytest.mark.parametrize("reason", OF_VERIFIERS)
def test_std_CG_03_X_AC_07_what_came_of_the_verifier_decides_where_the_code_is_redeemed(reason: Reason) -> None:
    attempt = but(REDEEMING, pkce_refused=reason)
    assert finding(Gate.PKCE, PEOPLE, attempt).reason is reason
    assert answer(PEOPLE, attempt) == reason.code


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (REDEEMING, "the verifier fits the challenge"),
        (but(REDEEMING, "code", challenge=None), "waived for this app"),
    ],
)
def test_what_the_gate_says_of_a_code_that_it_lets_pass(attempt: Attempt, words: str) -> None:
    found = finding(Gate.PKCE, PEOPLE, attempt)
    assert (found.state, found.words) == (State.PASSED, words)


@pytest.mark.parametrize("pkce_refused", [None, reasons.VERIFIER_UNEXPECTED])
def test_X_AC_06_a_code_without_a_challenge_is_not_redeemed_by_a_client_that_only_names_itself(pkce_refused: Reason | None) -> None:
    """Neither a proof nor a verifier would bind it to anybody, as where an app became public after the code was given out."""
    named = but(but(REDEEMING, "client", method=ClientAuthMethod.NONE), pkce_refused=pkce_refused)
    assert answer(PEOPLE, but(named, pkce_refused=None)) == "yes"
    assert answer(PEOPLE, but(named, "code", challenge=None)) == "challenge_missing"


def test_the_verifier_of_a_code_that_nobody_knows_cannot_be_looked_at() -> None:
    assert finding(Gate.PKCE, PEOPLE, but(REDEEMING, code=None)).state is State.UNREACHED


def test_X_AD_11_without_settings_nobody_knows_whether_a_challenge_was_needed() -> None:
    assert finding(Gate.PKCE, but(PEOPLE, settings=None), AUTHORIZING).state is State.UNREACHED
