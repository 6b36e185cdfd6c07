"""How the resource surface refuses (`/services/data`, `/services/Soap`): what only it can refuse, and how it tells everything else.

Its clients are Salesforce's, whatever the dialect of the app: they match on the status, on the error code and on one text.
"""

from dataclasses import dataclass
from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons import bearer, request, user
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import TOKEN_CODE

_data = partial(Reason, gate=None)

NOTHING_THERE = "The requested resource does not exist"

DATA_VERSION_UNKNOWN = _data(
    code="data_version_unknown",
    error="not_found",
    status=404,
    salesforce_error="NOT_FOUND",
    salesforce_text=NOTHING_THERE,
    sentence="The address names no version of the API that is answered here.",
    hint="Take one from /services/data, which needs no token; each is written v, two digits and .0, and all of them answer alike.",
    remedy="Nothing to change here: the oldest version is the one that Salesforce's own tools still ask for.",
)
DATA_RESOURCE_UNKNOWN = _data(
    code="data_resource_unknown",
    error="not_found",
    status=404,
    salesforce_error="NOT_FOUND",
    salesforce_text=NOTHING_THERE,
    sentence="There is no such resource below this version of the API.",
    hint="The address of the version lists what there is: sobjects, query and queryAll, of which all are read and none is written.",
    remedy="Nothing to change here: composite, limits, search, metadata, bulk and the others are where the business data is.",
)
DATA_OBJECT_UNKNOWN = _data(
    code="data_object_unknown",
    error="not_found",
    status=404,
    salesforce_error="NOT_FOUND",
    salesforce_text=NOTHING_THERE,
    sentence="There is no object of this name that the user may read.",
    hint="The address sobjects lists the objects that the user may read, in any case of letters; business objects are not here.",
    remedy="Give the user the permission that reading the object takes; the guide of the resource surface lists it.",
)
DATA_RECORD_UNKNOWN = _data(
    code="data_record_unknown",
    error="not_found",
    status=404,
    salesforce_error="NOT_FOUND",
    salesforce_text=NOTHING_THERE,
    sentence="The id names no record of this object that the user may read.",
    hint="An id has 15 characters in which the case counts, or 18; its first three tell the object. Compare with a query.",
    remedy="Who may read only what is the own needs the object's permission; the guide of the resource surface lists it.",
)
DATA_READ_ONLY = _data(
    code="data_read_only",
    error="invalid_request",
    status=405,
    salesforce_error="METHOD_NOT_ALLOWED",
    salesforce_text="HTTP method not allowed. Allowed are HEAD,GET",
    sentence="The resource surface is read only: it answers to GET and HEAD.",
    hint="Change setup records through the admin API at /api/v1, whose description is at /api/v1/openapi.json.",
    remedy="Nothing to change here: what changes who may do what goes through one API, with its checks and its audit trail.",
)
DATA_QUERY_MISSING = _data(
    code="data_query_missing",
    error="invalid_request",
    status=400,
    salesforce_error="MALFORMED_QUERY",
    salesforce_text="A query string has to be specified",
    sentence="The address of the query holds no query.",
    hint="Send the query as the parameter q, encoded as a form value: a blank is + or %20, and + itself is %2B.",
    remedy="Nothing to change here: a proxy that cuts the query off addresses is the usual cause.",
)
DATA_TOOLING_ABSENT = _data(
    code="data_tooling_absent",
    error="not_found",
    status=404,
    salesforce_error="NOT_FOUND",
    salesforce_text="The Tooling API is not offered here",
    sentence="There is no Tooling API here, which is for the code that runs inside Salesforce.",
    hint="Send a query over setup objects to query instead of tooling/query; with the sf command, leave --use-tooling-api out.",
    remedy="Nothing to change here: this server runs nobody's code, so there is none to develop.",
)
SOAP_NOT_OFFERED = _data(
    code="soap_not_offered",
    error="invalid_request",
    status=400,
    salesforce_error="INVALID_OPERATION",
    salesforce_text="SOAP login is not offered here: use OAuth",
    sentence="There is no SOAP here, so no user signs in with a password and a security token.",
    hint="Let the client use OAuth: give it a consumer key with a secret or a private key, or let the user sign in through a browser.",
    remedy="Register an app for it with the flow JWT bearer or client credentials; the command gatebridge connect prints what to set.",
)
FRONTDOOR_ABSENT = _data(
    code="frontdoor_absent",
    error="not_found",
    status=404,
    salesforce_error="NOT_FOUND",
    salesforce_text="No page opens with a token here: sign in with a browser",
    sentence="There is no address here that makes a browser session of a token.",
    hint="Open the address of the org in a browser and sign in there; sf org open has no page to open, all other reading commands work.",
    remedy="Nothing to change here: an address that signs in whoever opens it would be worth a password to whoever finds it.",
)


@dataclass(frozen=True, slots=True)
class Told:
    """A refusal as Salesforce's clients hear it, and the page that tells the rest."""

    status: int
    error_code: str
    message: str
    page: str  # the code of the reason that its page is about


SESSION_OVER = "Session expired or invalid"

# One of the two texts for which jsforce gets no new token.
_NOT_HERE = ("INSUFFICIENT_ACCESS", "This session is not valid for use with the REST API")

# A right or a scope that is lacking: 403, since a new token of the same kind would lack it too, and clients would get one for ever.
_LACKING = {
    user.API_NOT_ENABLED.code: ("API_DISABLED_FOR_ORG", "The REST API is not enabled for this user"),
    bearer.SCOPE_INSUFFICIENT.code: _NOT_HERE,
    bearer.APP_MAY_NOT_ADMINISTER.code: _NOT_HERE,
}
# How the token was sent is what is wrong, and a new one would be sent in the same way.
_HEADER = frozenset(each.code for each in (bearer.BEARER_MALFORMED, bearer.BEARER_TWO_WAYS, bearer.BEARER_IN_QUERY))

# What is refused before any app is known has the code that OAuth's clients match on; these are for those of the resource surface.
_BEFORE = {
    request.METHOD_NOT_ALLOWED.code: DATA_READ_ONLY,
    request.PATH_UNKNOWN.code: DATA_RESOURCE_UNKNOWN,
}
_BY_STATUS = {429: "REQUEST_LIMIT_EXCEEDED", 500: "UNKNOWN_EXCEPTION", 503: "SERVER_UNAVAILABLE"}


def told(reason: Reason, detail: str | None = None) -> Told:
    """A refusal as the resource surface tells it. `detail` is said instead of the reason's own text, where the asker may know it.

    A token that fails at any gate is told in one text, which makes every client get a new one; the receipt keeps which gate it was. But
    where a token may not be used from, it may still be refreshed from, and a client would get new ones without an end: 403.
    """
    if reason.code in _LACKING:
        error_code, message = _LACKING[reason.code]
        return Told(403, error_code, message, reason.code)
    if reason.gate is Gate.NETWORK:
        return Told(403, *_NOT_HERE, TOKEN_CODE)
    if reason.code in _HEADER:
        return Told(401, "INVALID_AUTH_HEADER", reason.sentence, reason.code)
    if reason.gate is not None or reason.status == 401:
        return Told(401, "INVALID_SESSION_ID", SESSION_OVER, TOKEN_CODE if reason.gate is not None else reason.public_code)
    reason = _BEFORE.get(reason.code, reason)
    if reason.salesforce_error.isupper():
        return Told(reason.status, reason.salesforce_error, detail or reason.salesforce_text, reason.public_code)
    return Told(reason.status, _BY_STATUS.get(reason.status, "INVALID_REQUEST"), reason.public_sentence, reason.public_code)
