"""Gate 8, Scopes: may the app have what it asks for?"""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

_UNKNOWN = "the requested scope is invalid, unknown, or malformed"
_NOT_ALLOWED = "the requested scope is not allowed"
_scope = partial(Reason, gate=Gate.SCOPES, error="invalid_scope", status=400, salesforce_error="invalid_scope")

SCOPE_MALFORMED = _scope(
    code="scope_malformed",
    salesforce_text=_UNKNOWN,
    sentence="The scope parameter is not a list of scope names with one blank between them.",
    hint="Join the names with single blanks; commas, brackets, quotes and line ends do not belong there.",
    remedy="Nothing to change here: RFC 6749 section 3.3 fixes the form.",
)
SCOPE_UNKNOWN = _scope(
    code="scope_unknown",
    salesforce_text=_UNKNOWN,
    sentence="The request asks for a scope that this org does not know.",
    hint="Compare the spelling with the app's scopes; names are case-sensitive.",
    remedy="If it is a scope of your own, add it to the org's custom scopes first and then to the app.",
)
SCOPE_NOT_ASSIGNED = _scope(
    code="scope_not_assigned",
    salesforce_text=_NOT_ALLOWED,
    sentence="The request asks for a scope that the app does not have.",
    hint="Ask only for what the app has, or leave scope out and get all of it.",
    remedy="Add the scope under the app's Settings, Scopes, if the app really needs it.",
)
SCOPE_NEEDS_USER = _scope(
    code="scope_needs_user",
    salesforce_text=_NOT_ALLOWED,
    sentence="The request asks for a scope that only makes sense where a user signs in.",
    hint="Leave openid out of a client credentials request: nobody signs in there, so there is no ID token to give.",
    remedy="Nothing to change here: to learn about a user, let the app use a flow with a sign-in.",
)
SCOPE_NONE_LEFT = _scope(
    code="scope_none_left",
    salesforce_text=_NOT_ALLOWED,
    sentence="No scope is left that this flow can give to the app.",
    hint="Client credentials never give full, web or refresh_token; ask for the scopes that the calls need, such as api.",
    remedy="Add at least one scope that the flow can give under the app's Settings, Scopes.",
)
SCOPE_EXCEEDS_GRANT = _scope(
    code="scope_exceeds_grant",
    salesforce_text=_NOT_ALLOWED,
    sentence="The request asks for more than the user approved.",
    hint="At the token endpoint scope may only narrow; to have more, send the user through the authorization endpoint again.",
    remedy="Nothing to change here: what was approved never grows (RFC 6749 section 6).",
)
REFRESH_SCOPE_WITHDRAWN = _scope(
    code="refresh_scope_withdrawn",
    error="invalid_grant",
    salesforce_error="invalid_grant",
    salesforce_text="expired access/refresh token",
    sentence="The app may not use refresh tokens any more.",
    hint="Nothing is wrong with the request: let the user sign in again whenever the access token has run out.",
    remedy="Add the scope refresh_token under the app's Settings, Scopes, if the app really works while the user is away.",
)
