"""Requests that are refused for their form, before the first gate: nothing about any app or user has been looked at."""

from functools import partial

from gatebridge.rules.reasons.reason import Reason

_malformed = partial(Reason, gate=None, error="invalid_request", status=400, salesforce_error="invalid_request")

PARAMETER_REPEATED = _malformed(
    code="parameter_repeated",
    salesforce_text="repeated parameter",
    sentence="The request names the same parameter more than once.",
    hint="Look for a parameter that is set both in the code and by the HTTP library, or both in the address and in the body.",
    remedy="Nothing to change here: RFC 6749 section 3.2 forbids repetition, because two readers could choose different values.",
)
PARAMETER_MISSING = _malformed(
    code="parameter_missing",
    salesforce_text="missing required parameter",
    sentence="A required parameter is missing or empty.",
    hint="An empty value counts as absent (RFC 6749 section 3.1): check that the variable behind the parameter was filled at run time.",
    remedy="Nothing to change here: the receipt names the parameter that the endpoint needs.",
)
PARAMETER_MALFORMED = _malformed(
    code="parameter_malformed",
    salesforce_text="invalid parameter value",
    sentence="The value of a parameter does not have the form that it must have.",
    hint="Compare the value as sent with the form that the receipt asks for; look for quotes, line ends and double encoding.",
    remedy="Nothing to change here: no setting widens the form of a parameter.",
)
PARAMETER_IN_ADDRESS = _malformed(
    code="parameter_in_address",
    salesforce_text="parameters must be sent in the request body",
    sentence="A parameter of the request stands in its address, where it is not read.",
    hint="Send every parameter in the body of the POST. A secret or token that stood in an address is in logs by now: replace it.",
    remedy="Nothing to change here: an address is kept by proxies, logs and histories, so no setting lets a secret stand in one.",
)
CONTENT_TYPE_WRONG = _malformed(
    code="content_type_wrong",
    salesforce_text="unsupported content type",
    sentence="The body has another content type than this endpoint reads.",
    hint="OAuth endpoints read application/x-www-form-urlencoded, the admin API reads application/json, both in UTF-8.",
    remedy="Nothing to change here: the token paths never read JSON, because RFC 6749 section 3.2 names the form encoding alone.",
)
BODY_COMPRESSED = _malformed(
    code="body_compressed",
    salesforce_text="unsupported content encoding",
    sentence="The body is compressed, and compressed bodies are not read.",
    hint="Switch off request compression in the HTTP library or the outgoing proxy; no Content-Encoding header may be sent.",
    remedy="Nothing to change here: a few bytes could unpack to gigabytes, so no endpoint unpacks bodies.",
)
BODY_TOO_LARGE = _malformed(
    code="body_too_large",
    status=413,
    salesforce_text="request body too large",
    sentence="The body is larger than this endpoint reads.",
    hint="Unless the operator chose otherwise, OAuth endpoints read 64 KiB and the admin API 1 MiB: look for a file in the wrong field.",
    remedy="Operator: GATEBRIDGE_MAX_BODY_BYTES and GATEBRIDGE_MAX_ADMIN_BODY_BYTES set the limits; an honest request rarely comes near.",
)
BODY_NOT_UTF8 = _malformed(
    code="body_not_utf8",
    salesforce_text="request is not valid UTF-8",
    sentence="The request holds bytes that are not valid UTF-8.",
    hint="Encode the text as UTF-8 before it is percent-encoded; %E9 alone is Latin-1, %C3%A9 is the same letter in UTF-8.",
    remedy="Nothing to change here: RFC 6749 appendix B fixes UTF-8 for all parameters.",
)
BODY_MALFORMED = _malformed(
    code="body_malformed",
    salesforce_text="malformed request body",
    sentence="The body cannot be read as what its content type says.",
    hint="Let a library encode the body instead of joining strings; a JSON body must be one object, nested at most a few levels deep.",
    remedy="Nothing to change here: the receipt or the answer says at which place reading stopped.",
)
METHOD_NOT_ALLOWED = _malformed(
    code="method_not_allowed",
    status=405,
    salesforce_text="must use HTTP POST",
    sentence="This address does not answer to the HTTP method that was used.",
    hint="The Allow header of the answer lists the methods; a redirect from http to https often turns a POST into a GET.",
    remedy="Nothing to change here: check the base address that was given to the client, above all its scheme.",
)
PATH_UNKNOWN = Reason(
    code="path_unknown",
    gate=None,
    error="not_found",
    status=404,
    salesforce_error="NOT_FOUND",
    salesforce_text="The requested resource does not exist",
    sentence="There is nothing at this address.",
    hint="Take the endpoints from /.well-known/openid-configuration instead of writing them into the client.",
    remedy="Nothing to change here, unless a proxy in front of the server cuts or adds a part of the path.",
)
HOST_UNKNOWN = _malformed(
    code="host_unknown",
    status=421,
    salesforce_text="request not supported on this domain",
    sentence="No org answers at the host name of this request.",
    hint="Call the server by the host of the org's issuer, with the port where it has one; an IP address is not a host of any org.",
    remedy="Give the org the right host (needs Manage Installation), or let the proxy in front pass the Host header on unchanged.",
)
HEADERS_TOO_LARGE = _malformed(
    code="headers_too_large",
    status=431,
    salesforce_text="request header too large",
    sentence="The headers of the request are too many or too long.",
    hint="Look for cookies of other applications on the same host, or a token that was added to the headers more than once.",
    remedy="Give the server a host of its own, away from other cookies; the operator sets the limit, GATEBRIDGE_MAX_HEADER_BYTES.",
)
