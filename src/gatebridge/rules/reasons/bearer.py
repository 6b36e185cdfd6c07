"""How our own API refuses a request for its access token (RFC 6750 section 3.1). It answers as problem JSON and has one dialect."""

from dataclasses import replace
from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import level
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import TOKEN_CODE, TOKEN_SENTENCE

_bearer = partial(Reason, gate=None, salesforce_error="", salesforce_text="")

# RFC 6750 section 3.1: a request without any token is challenged without an error code; `error` is for the problem JSON alone.
BEARER_MISSING = _bearer(
    code="bearer_missing",
    error="invalid_token",
    status=401,
    sentence="This address needs an access token, and the request has none.",
    hint="Send the header Authorization: Bearer, one blank and the access token; some HTTP libraries drop it after a redirect.",
    remedy="Nothing to change here: get a token with the scope setup_api for an app that may administer the org.",
)
BEARER_MALFORMED = _bearer(
    code="bearer_malformed",
    error="invalid_request",
    status=400,
    sentence="The Authorization header is not the word Bearer, one blank and a token.",
    hint="Look for a doubled Bearer, quotes around the token, a line end after it, or the Basic scheme.",
    remedy="Nothing to change here: RFC 6750 section 2.1 fixes the form of the header.",
)
BEARER_TWO_WAYS = _bearer(
    code="bearer_two_ways",
    error="invalid_request",
    status=400,
    sentence="The request carries an access token in more than one place.",
    hint="Keep the Authorization header and remove access_token from the address and the body.",
    remedy="Nothing to change here: RFC 6750 section 2 allows one way for each request.",
)
BEARER_IN_QUERY = _bearer(
    code="bearer_in_query",
    error="invalid_request",
    status=400,
    sentence="The access token stands in the address of the request, where it is not taken.",
    hint="Send it in the header Authorization: Bearer; whatever stands in an address is kept in logs and histories on the way.",
    remedy="Nothing to change here: only apps that speak the Salesforce dialect may do so, and only at the identity endpoints.",
)
SCOPE_INSUFFICIENT = _bearer(
    code="scope_insufficient",
    gate=Gate.SCOPES,
    error="insufficient_scope",
    status=403,
    sentence="The access token does not have the scope that this address needs.",
    hint="Ask for the scope that the answer names when getting the token; scopes of a token never grow later.",
    remedy="Add the scope under the app's Settings, Scopes; setup_api also needs May administer this org in the app's Policies.",
)
APP_MAY_NOT_ADMINISTER = _bearer(
    code="app_may_not_administer",
    gate=Gate.SCOPES,
    error="insufficient_scope",
    status=403,
    sentence="The app of the access token may not administer this org.",
    hint="Use the command line's own app, or ask the admin to allow this app to administer the org.",
    remedy="Switch on May administer this org in the app's Policies, if the app is meant to change the org's configuration.",
)
REAUTHENTICATION_NEEDED = _bearer(
    code="reauthentication_needed",
    error="insufficient_user_authentication",
    status=401,
    sentence="The user signed in too long ago for what is weighty.",
    hint="Send the user to the authorization endpoint with the max_age of the answer, and use the token that comes of it.",
    remedy="Nothing is wrong with the token. Recent sign-in, in the org's settings, says how many minutes a sign-in is good for this.",
)


def at_our_api(reason: Reason, *, by_person: bool = True) -> Reason:
    """The same refusal as our API tells it to the holder of a token. `by_person`: somebody signed in for the token.

    Whichever gate a live token fails at (app blocked, user frozen, address outside), the answer is `invalid_token` with 401 and one text
    for all (standards.md section 20, last column); the receipt keeps the reason. A lacking scope is told as such (RFC 6750 section 3.1),
    and so is a reason without a gate, and that the user can mend it by a surer sign-in (RFC 9470 section 3), where there was one.
    """
    if reason.gate is None or reason.error == "insufficient_scope":
        return reason
    if reason is level.LEVEL_TOO_LOW and by_person:
        return replace(reason, error="insufficient_user_authentication", status=401)
    return replace(reason, error="invalid_token", status=401, wire_code=TOKEN_CODE, wire_sentence=TOKEN_SENTENCE)
