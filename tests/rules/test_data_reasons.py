"""How the resource surface tells a refusal: the status and the words on which Salesforce's clients act."""

import pytest
from tests.rules.test_reasons import every_reason

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import Reason, bearer, data, network, outage, proof, request, setup, user
from gatebridge.rules.reasons.data import Told, told
from gatebridge.rules.reasons.strangers import TOKEN_CODE

OVER = "Session expired or invalid"
NOT_HERE = (403, "INSUFFICIENT_ACCESS", "This session is not valid for use with the REST API")


@pytest.mark.parametrize(
    ("reason", "status", "error_code", "message"),
    [
        pytest.param(bearer.BEARER_MISSING, 401, "INVALID_SESSION_ID", OVER, id="no token: get one"),
        pytest.param(proof.TOKEN_EXPIRED, 401, "INVALID_SESSION_ID", OVER, id="one that ran out: get a new one"),
        pytest.param(proof.TOKEN_UNKNOWN, 401, "INVALID_SESSION_ID", OVER, id="one that never was sounds the same"),
        pytest.param(user.USER_FROZEN, 401, "INVALID_SESSION_ID", OVER, id="and so does one whose user is frozen"),
        pytest.param(user.API_NOT_ENABLED, 403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this user", id="no API Enabled"),
        pytest.param(bearer.SCOPE_INSUFFICIENT, *NOT_HERE, id="no scope"),
        pytest.param(network.ADDRESS_OUTSIDE_APP_RANGES, *NOT_HERE, id="not from here, where a refresh may be let in again and again"),
        pytest.param(bearer.BEARER_IN_QUERY, 401, "INVALID_AUTH_HEADER", bearer.BEARER_IN_QUERY.sentence, id="never in the address"),
        pytest.param(request.PATH_UNKNOWN, 404, "NOT_FOUND", "The requested resource does not exist", id="an address"),
        pytest.param(request.METHOD_NOT_ALLOWED, 405, "METHOD_NOT_ALLOWED", "HTTP method not allowed. Allowed are HEAD,GET", id="a method"),
        pytest.param(
            outage.DATABASE_AWAY, 503, "SERVER_UNAVAILABLE", outage.DATABASE_AWAY.sentence, id="an outage is no word on the token"
        ),
        pytest.param(outage.RATE_EXCEEDED, 429, "REQUEST_LIMIT_EXCEEDED", outage.RATE_EXCEEDED.sentence, id="too much"),
        pytest.param(outage.INTERNAL_FAULT, 500, "UNKNOWN_EXCEPTION", outage.INTERNAL_FAULT.sentence, id="a fault of ours"),
        pytest.param(request.HEADERS_TOO_LARGE, 431, "INVALID_REQUEST", request.HEADERS_TOO_LARGE.sentence, id="a form that is wrong"),
    ],
)
def test_a_refusal_is_told_as_salesforces_clients_act_on_it(reason: Reason, status: int, error_code: str, message: str) -> None:
    found = told(reason)
    assert (found.status, found.error_code, found.message) == (status, error_code, message)


@every_reason
def test_a_token_that_fails_at_any_gate_is_told_nothing_but_that_it_does_not_count(reason: Reason) -> None:
    """The same as at our other API: who holds a stolen token must not learn from it what became of it."""
    lacking = (user.API_NOT_ENABLED, bearer.SCOPE_INSUFFICIENT, bearer.APP_MAY_NOT_ADMINISTER)
    if reason.gate is not None and reason not in lacking:
        for person in (True, False):
            found = told(bearer.at_our_api(reason, by_person=person))
            assert found == (
                Told(*NOT_HERE, TOKEN_CODE) if reason.gate is Gate.NETWORK else Told(401, "INVALID_SESSION_ID", OVER, TOKEN_CODE)
            )
    for each in (reason, bearer.at_our_api(reason)):
        assert (told(each).status == 401) == (told(each).error_code in ("INVALID_SESSION_ID", "INVALID_AUTH_HEADER"))


def test_a_reason_that_is_not_told_has_the_page_of_all_its_like() -> None:
    assert told(network.ADDRESS_OUTSIDE_RANGES).page == told(proof.TOKEN_REVOKED).page == TOKEN_CODE
    assert told(bearer.BEARER_MISSING).page == "bearer_missing"


def test_what_the_asker_may_know_is_said_in_place_of_the_text_where_the_text_is_not_matched_on() -> None:
    detail = "No such column 'Nmae' on entity 'User'."
    assert told(data.DATA_QUERY_MISSING, detail).message == detail
    assert told(data.DATA_QUERY_MISSING).message == "A query string has to be specified"
    assert told(proof.TOKEN_EXPIRED, detail).message == OVER


def test_what_only_a_setup_verb_refuses_would_still_have_a_shape() -> None:
    assert told(setup.PERMISSION_MISSING) == Told(403, "INVALID_REQUEST", setup.PERMISSION_MISSING.public_sentence, "permission_missing")
