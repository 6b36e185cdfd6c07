"""Where the answer goes: the gate Callback, at the authorization endpoint and where a code is redeemed."""

import pytest
from tests.rules.facts_builder import AUTHORIZING, BARE_FACTS, CALLBACK, OTHER_CALLBACK, PEOPLE, REDEEMING, answer, but, finding

from gatebridge.rules import access, callbacks
from gatebridge.rules.callbacks import Mismatch, origin_of
from gatebridge.rules.facts import Attempt, CallbackProof, ClientProof
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import callback as callback_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import pkce as pkce_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.verdict import State


def mismatch(sent: str) -> Mismatch:
    found = callbacks.match(sent, (CALLBACK,), native=False)
    assert isinstance(found, Mismatch)
    return found


SLASH_TOO_MANY = mismatch(f"{CALLBACK}/")
NOWHERE = Mismatch(None, "registration", "", "", "The app has no callback URL.")


@pytest.mark.parametrize(
    ("callback", "reason", "words"),
    [
        pytest.param(CallbackProof(uri=CALLBACK), None, "registered, byte for byte", id="it was sent and is registered"),
        pytest.param(
            CallbackProof(uri=CALLBACK, sent=False), None, "not sent; it is the only one that is registered", id="it was not needed"
        ),
        pytest.param(
            CallbackProof(mismatch=SLASH_TOO_MANY), callback_reasons.CALLBACK_NOT_REGISTERED, SLASH_TOO_MANY.words, id="it differs"
        ),
        pytest.param(
            CallbackProof(refused=callback_reasons.CALLBACK_MISSING, sent=False),
            callback_reasons.CALLBACK_MISSING,
            callback_reasons.CALLBACK_MISSING.sentence,
            id="AZ-04: it was not sent where it must be",
        ),
        pytest.param(
            CallbackProof(uri=CALLBACK, mismatch=SLASH_TOO_MANY),
            callback_reasons.CALLBACK_NOT_REGISTERED,
            SLASH_TOO_MANY.words,
            id="a mismatch beside a proof is a mismatch",
        ),
        pytest.param(
            CallbackProof(uri=CALLBACK, refused=callback_reasons.CALLBACK_MISSING),
            callback_reasons.CALLBACK_MISSING,
            callback_reasons.CALLBACK_MISSING.sentence,
            id="and a refusal beside a proof is a refusal",
        ),
    ],
)
def test_std_AZ_02_the_callback_gate_at_the_authorization_endpoint(callback: CallbackProof, reason: Reason | None, words: str) -> None:
    found = finding(Gate.CALLBACK, PEOPLE, but(AUTHORIZING, callback=callback))
    assert (found.state, found.reason, found.words) == (State.REFUSED if reason else State.PASSED, reason, words)


@pytest.mark.parametrize("callback", [None, CallbackProof()])
def test_what_nobody_has_proven_is_not_passed(callback: CallbackProof | None) -> None:
    assert finding(Gate.CALLBACK, PEOPLE, but(AUTHORIZING, callback=callback)).state is State.UNREACHED


@pytest.mark.parametrize(
    ("mismatch", "compared"),
    [
        (SLASH_TOO_MANY, Compared("redirect_uri", "/callback/", "/callback", SLASH_TOO_MANY.words)),
        (NOWHERE, Compared("redirect_uri", None, None, NOWHERE.words)),
    ],
)
def test_the_receipt_shows_the_part_that_differs(mismatch: Mismatch, compared: Compared) -> None:
    found = finding(Gate.CALLBACK, PEOPLE, but(AUTHORIZING, callback=CallbackProof(mismatch=mismatch)))
    assert found.compared == (compared,)


@pytest.mark.parametrize(("mismatch", "nearest"), [(SLASH_TOO_MANY, CALLBACK), (NOWHERE, None)])
def test_the_receipt_shows_both_addresses_whole_where_it_is_known_what_was_sent(mismatch: Mismatch, nearest: str | None) -> None:
    sent = f"{CALLBACK}/"
    found = finding(Gate.CALLBACK, PEOPLE, but(AUTHORIZING, callback=CallbackProof(mismatch=mismatch, wanted=sent)))
    assert found.compared == (Compared("redirect_uri", sent, nearest, mismatch.words),)


# Five things that are wrong with one request, in every gate after the callback's.
ALL_ELSE_WRONG = but(
    AUTHORIZING,
    flow=None,
    flow_refused=flow_reasons.RESPONSE_TYPE_UNKNOWN,
    request_refused=flow_reasons.PROMPT_CONFLICT,
    challenge=None,
    pkce_refused=pkce_reasons.CHALLENGE_METHOD_UNSUPPORTED,
    scopes_refused=scope_reasons.SCOPE_MALFORMED,
)


@pytest.mark.parametrize(
    ("changed", "gate"),
    [
        ({"client": ClientProof(), "callback": CallbackProof(mismatch=SLASH_TOO_MANY)}, Gate.CLIENT),
        ({"callback": CallbackProof(mismatch=SLASH_TOO_MANY)}, Gate.CALLBACK),
        ({"callback": CallbackProof(refused=callback_reasons.CALLBACK_MISSING)}, Gate.CALLBACK),
        ({}, Gate.FLOW),
    ],
)
def test_X_RU_11_std_AZ_01_the_client_is_told_first_then_the_callback_and_only_then_all_else(
    changed: dict[str, object], gate: Gate
) -> None:
    refusal = access.decide(but(PEOPLE, session=None), but(ALL_ELSE_WRONG, **changed)).refusal
    assert refusal is not None
    assert refusal.gate is gate


# Whether the authorization request sent it, whether the code is bound by a challenge, and what the token request sends.
@pytest.mark.parametrize(
    ("was_sent", "bound", "sent", "words"),
    [
        pytest.param(True, True, CALLBACK, "the one of the authorization request", id="sent, and sent again"),
        pytest.param(True, True, None, "not sent, and not needed here", id="OAuth 2.1: the verifier binds the code"),
        pytest.param(True, True, OTHER_CALLBACK, None, id="another one of the app's own"),
        pytest.param(True, True, f"{CALLBACK}/", None, id="a slash too many"),
        pytest.param(True, True, "", None, id="an empty one"),
        pytest.param(True, False, CALLBACK, "the one of the authorization request", id="no challenge, sent again"),
        pytest.param(True, False, None, None, id="RFC 6749: without a challenge it must be sent again"),
        pytest.param(True, False, OTHER_CALLBACK, None, id="no challenge, another one"),
        pytest.param(False, True, None, "not sent, and not needed here", id="never sent"),
        pytest.param(False, False, None, "not sent, and not needed here", id="never sent, no challenge"),
        pytest.param(False, False, CALLBACK, "the one of the authorization request", id="sent now for the first time, and right"),
        pytest.param(False, False, OTHER_CALLBACK, None, id="sent now for the first time, and wrong"),
        pytest.param(False, True, OTHER_CALLBACK, None, id="the same with a challenge"),
    ],
)
def test_std_CG_02_X_AC_04_a_code_is_redeemed_for_the_place_to_which_it_was_sent(
    was_sent: bool, bound: bool, sent: str | None, words: str | None
) -> None:
    attempt = but(REDEEMING, "code", callback_sent=was_sent)
    attempt = attempt if bound else but(attempt, "code", challenge=None)
    attempt = but(attempt, callback=CallbackProof(uri=sent))
    found = finding(Gate.CALLBACK, PEOPLE, attempt)
    if words is not None:
        assert (found.state, found.words, answer(PEOPLE, attempt)) == (State.PASSED, words, "yes")
    else:
        assert (found.reason, answer(PEOPLE, attempt)) == (callback_reasons.CALLBACK_DIFFERS, "callback_differs")
        assert found.words == ("it must be sent again" if sent is None else "it differs from the one of the authorization request")
    assert found.compared == (Compared("redirect_uri", sent, CALLBACK),)


def test_a_token_request_that_brings_no_callback_at_all_sends_none() -> None:
    assert answer(PEOPLE, but(REDEEMING, callback=None)) == "yes"


def test_where_a_code_that_nobody_knows_was_sent_to_cannot_be_asked() -> None:
    unknown = Attempt(Door.CODE, None, callback=CallbackProof(uri=CALLBACK))
    assert finding(Gate.CALLBACK, BARE_FACTS, unknown).state is State.UNREACHED


@pytest.mark.parametrize(
    ("callback", "origin"),
    [
        (CALLBACK, "https://portal.example"),
        ("https://portal.example", "https://portal.example"),
        ("https://portal.example?app=1", "https://portal.example"),
        ("https://portal.example:8443/callback", "https://portal.example:8443"),
        ("https://portal.example:443/callback", "https://portal.example"),
        ("http://127.0.0.1/callback", None),
        ("com.example.app:/callback", None),
    ],
)
def test_the_origin_of_a_callback_is_as_a_browser_sends_it(callback: str, origin: str | None) -> None:
    assert origin_of(callback) == origin
