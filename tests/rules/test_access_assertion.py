"""What an assertion proves: the gates Client and Proof at the door where an app presents what it has signed about a user."""

from datetime import timedelta

import pytest
from tests.rules.facts_builder import ASSERTING, CODE, NOW, PEOPLE, PROOF, REDEEMING, answer, but, finding

from gatebridge.rules import access, granted
from gatebridge.rules.facts import AssertionProof, Attempt
from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import Compared
from gatebridge.rules.reasons import grant as reasons
from gatebridge.rules.reasons import user as user_reasons
from gatebridge.rules.verdict import State

A_KEY = "0P1000000000001"
AUDIENCE = Compared("aud", "https://elsewhere.example", "https://acme.example")


def with_proof(**proof: object) -> Attempt:
    return but(ASSERTING, assertion=AssertionProof(**proof))  # type: ignore[arg-type] # each row names the fields that it needs


@pytest.mark.parametrize(
    ("attempt", "client", "proof", "said"),
    [
        pytest.param(ASSERTING, State.PASSED, State.PASSED, "yes", id="signed with a key of the app"),
        pytest.param(but(ASSERTING, client=PROOF), State.PASSED, State.PASSED, "yes", id="and the client proved itself beside it"),
        pytest.param(
            with_proof(refused=reasons.GRANT_SIGNATURE_WRONG),
            State.REFUSED,
            State.REFUSED,
            "grant_signature_wrong",
            id="G-13: signed with no key of the app, so a stranger",
        ),
        pytest.param(
            with_proof(refused=reasons.GRANT_AUDIENCE_WRONG, certificate_id=A_KEY),
            State.PASSED,
            State.REFUSED,
            "grant_audience_wrong",
            id="signed with a key of the app, for somebody else",
        ),
        pytest.param(with_proof(), State.UNREACHED, State.UNREACHED, "policy_error", id="X-AD-11: nobody has looked who signed it"),
        pytest.param(
            but(with_proof(), client=PROOF), State.PASSED, State.UNREACHED, "policy_error", id="X-AD-11: also where the client is known"
        ),
    ],
)
def test_X_JB_01_what_the_signature_tells(attempt: Attempt, client: State, proof: State, said: str) -> None:
    assert finding(Gate.CLIENT, PEOPLE, attempt).state is client
    assert finding(Gate.PROOF, PEOPLE, attempt).state is proof
    assert answer(PEOPLE, attempt) == said


def test_nothing_to_look_at_is_told_as_such() -> None:
    assert finding(Gate.PROOF, PEOPLE, but(ASSERTING, assertion=None, client=PROOF)).reason is reasons.ASSERTION_MISSING


def test_what_was_compared_stands_in_the_finding() -> None:
    wrong = with_proof(refused=reasons.GRANT_AUDIENCE_WRONG, certificate_id=A_KEY, compared=(AUDIENCE,))
    assert finding(Gate.PROOF, PEOPLE, wrong).compared == (AUDIENCE,)


def test_an_app_that_does_not_exist_names_itself_in_vain() -> None:
    assert finding(Gate.CLIENT, but(PEOPLE, app=None), ASSERTING).state is not State.PASSED


@pytest.mark.parametrize("record", ["org", "app", "installation", "standing.user"])
@pytest.mark.parametrize(
    ("ended_after", "lives"),
    [
        pytest.param(timedelta(seconds=-1), True, id="signed a second after the end"),
        pytest.param(timedelta(milliseconds=999), True, id="signed in the second of the end, as far as anybody can tell"),
        pytest.param(timedelta(seconds=1), False, id="signed a second before the end"),
        pytest.param(timedelta(minutes=4), False, id="signed minutes before the end"),
    ],
)
def test_X_RV_01_an_assertion_does_not_outlive_the_end_of_everything(record: str, ended_after: timedelta, lives: bool) -> None:
    signed_at = (NOW - timedelta(minutes=5)).replace(microsecond=0)
    facts = but(PEOPLE, record, epoch_at=signed_at + ended_after)
    attempt = with_proof(certificate_id=A_KEY, signed_at=signed_at)
    assert answer(facts, attempt) == ("yes" if lives else "grant_assertion_ended")


def test_X_AD_11_an_assertion_of_which_nobody_knows_when_it_was_signed_does_not_outlive_it_either() -> None:
    unknown = with_proof(certificate_id=A_KEY, signed_at=None)
    assert answer(PEOPLE, unknown) == "yes"
    ended = but(PEOPLE, "org", epoch_at=NOW - timedelta(days=1))
    assert answer(ended, unknown) == "grant_assertion_ended"
    assert finding(Gate.PROOF, ended, unknown).compared == (Compared("iat", None, (NOW - timedelta(days=1)).isoformat()),)


def test_the_latest_end_counts() -> None:
    early, late = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    facts = but(but(PEOPLE, "app", epoch_at=late), "org", epoch_at=early)
    found = finding(Gate.PROOF, facts, with_proof(certificate_id=A_KEY, signed_at=NOW - timedelta(minutes=90)))
    assert found.compared == (Compared("iat", (NOW - timedelta(minutes=90)).isoformat(), late.isoformat()),)


def test_X_JB_06_who_is_named_and_is_not_there_is_told_once_the_assertion_is_good() -> None:
    nobody = but(PEOPLE, standing=None)
    assert finding(Gate.USER, nobody, ASSERTING).reason is user_reasons.USER_UNKNOWN
    assert answer(nobody, ASSERTING) == "user_unknown"
    bad = with_proof(refused=reasons.GRANT_AUDIENCE_WRONG, certificate_id=A_KEY)
    assert finding(Gate.USER, nobody, bad).state is State.UNREACHED
    assert finding(Gate.USER, nobody, but(ASSERTING, assertion=None)).state is State.UNREACHED
    assert finding(Gate.USER, nobody, REDEEMING).state is State.UNREACHED


def test_a_pre_authorized_user_gives_what_the_app_holds_without_having_approved_any_of_it() -> None:
    assert access.decide(but(PEOPLE, approval=None), ASSERTING).scopes == ("api", "openid", "id")


def test_without_settings_or_policies_an_app_may_nothing() -> None:
    assert granted.scopes(but(PEOPLE, policies=None), ASSERTING) == ()
    assert granted.scopes(but(PEOPLE, settings=None), but(REDEEMING, code=CODE)) == ()
