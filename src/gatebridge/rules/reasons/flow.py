"""Gate 5, Flow: is this way of getting a token known, and enabled for the app?"""

from dataclasses import replace
from functools import partial

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

GRANT_TYPE_MISSING = Reason(
    code="grant_type_missing",
    gate=Gate.FLOW,
    error="invalid_request",
    status=400,
    salesforce_error="unsupported_grant_type",
    salesforce_text="grant type not supported",
    sentence="The request has no grant_type.",
    hint="Send grant_type in the body of the POST, for example grant_type=client_credentials; parameters in the address are not read.",
    remedy="Nothing to change here: without grant_type the server cannot know what is wanted.",
)
GRANT_TYPE_UNKNOWN = Reason(
    code="grant_type_unknown",
    gate=Gate.FLOW,
    error="unsupported_grant_type",
    status=400,
    salesforce_error="unsupported_grant_type",
    salesforce_text="grant type not supported",
    sentence="This server does not know the grant_type of the request.",
    hint="Compare with grant_types_supported in the discovery document; the spelling counts, client_credentials has an underscore.",
    remedy="Nothing to change here: username-password, SAML and hybrid grants are not offered. The page says what to use instead.",
)
FLOW_NOT_ENABLED = Reason(
    code="flow_not_enabled",
    gate=Gate.FLOW,
    error="unauthorized_client",
    status=400,
    # Salesforce answers invalid_grant here; how it words this is not documented. See `told_in`.
    salesforce_error="invalid_grant",
    salesforce_text="flow not enabled",
    sentence="The flow of this request is not enabled for the app.",
    hint="Ask for the flow to be enabled, or use one that is; the app's page lists them under Settings.",
    remedy="Enable the flow under the app's Settings, Flows. Enable no more than the app really uses.",
)
FLOW_OFF_IN_ORG = Reason(
    code="flow_off_in_org",
    gate=Gate.FLOW,
    error="unauthorized_client",
    status=400,
    salesforce_error="invalid_grant",
    salesforce_text="flow not enabled for this org",
    sentence="The flow of this request is switched off in this org.",
    hint="Use another flow, or ask the security admin of the org whether this one may be used at all.",
    remedy="It stays off unless somebody with Manage Security switches it on for the org. The page says what to use instead.",
)
RESPONSE_TYPE_MISSING = Reason(
    code="response_type_missing",
    gate=Gate.FLOW,
    error="invalid_request",
    status=400,
    salesforce_error="unsupported_response_type",
    salesforce_text="response type is not supported",
    sentence="The authorization request has no response_type.",
    hint="Send response_type=code; the answer is then redeemed at the token endpoint.",
    remedy="Nothing to change here: without response_type the server cannot know what is wanted.",
)
RESPONSE_TYPE_UNKNOWN = Reason(
    code="response_type_unknown",
    gate=Gate.FLOW,
    error="unsupported_response_type",
    status=400,
    salesforce_error="unsupported_response_type",
    salesforce_text="response type is not supported",
    sentence="This server does not know the response_type of the request.",
    hint="Send response_type=code with PKCE, which serves browser and mobile apps too; compare with response_types_supported.",
    remedy="Nothing to change here: id_token alone, none and the hybrid types are not offered to any app.",
)
_authorization = partial(Reason, gate=Gate.FLOW, error="invalid_request", status=400, salesforce_error="invalid_request")
RESPONSE_MODE_UNKNOWN = _authorization(
    code="response_mode_unknown",
    salesforce_text="invalid response mode",
    sentence="The response_mode of the request is none that fits its response_type.",
    hint="Leave response_mode out, or send query, fragment or form_post for a code; tokens come back in the fragment alone.",
    remedy="Nothing to change here: response_modes_supported lists what there is, and no token ever stands in a query.",
)
NONCE_MISSING = _authorization(
    code="nonce_missing",
    salesforce_text="missing required nonce",
    sentence="The request wants an ID token in the address and has no nonce.",
    hint="Send a nonce that is new each time, keep its value in the browser, and compare it with the one in the ID token.",
    remedy="Nothing to change here: OpenID Connect Core section 3.2.2.1 requires it, since nothing else ties the token to the request.",
)
OPENID_MISSING = _authorization(
    code="openid_missing",
    salesforce_text="missing required scope openid",
    sentence="The request wants an ID token and does not ask for the scope openid.",
    hint="Add openid to scope, or send response_type=token if the app needs no ID token.",
    remedy="Nothing to change in the org. Where the request names no scope, the app itself must hold openid under Settings, Scopes.",
)
PROMPT_CONFLICT = _authorization(
    code="prompt_conflict",
    salesforce_text="invalid prompt",
    sentence="The prompt parameter holds a value that is not known, or none beside another value.",
    hint="Send none alone, or any of login, consent and select_account with blanks between them.",
    remedy="Nothing to change here: OpenID Connect Core section 3.1.2.1 fixes the values.",
)
STATE_TOO_LONG = _authorization(
    code="state_too_long",
    salesforce_text="state is too long",
    sentence="The state of the request is longer than 2,048 bytes or holds a control character.",
    hint="Send a random reference as state and keep what belongs to it in the session of your own application.",
    remedy="Nothing to change here: addresses have an end, and state travels in one.",
)
AUTHORIZATION_MALFORMED = _authorization(
    code="authorization_malformed",
    salesforce_text="invalid parameter value",
    sentence="A parameter of the authorization request does not have the form that it must have.",
    hint="The description names the parameter: max_age is whole seconds, nonce has at most 512 characters, claims is a JSON object.",
    remedy="Nothing to change here: no setting widens the form of a parameter.",
)
REQUEST_OBJECT_UNSUPPORTED = _authorization(
    code="request_object_unsupported",
    error="request_not_supported",
    salesforce_text="request objects are not supported",
    sentence="The request carries a request object, which this server does not take yet.",
    hint="Send the parameters themselves; request_parameter_supported in the discovery document tells when it changes.",
    remedy="Nothing to change here: ignoring it would let somebody change what the signed object says.",
)
REQUEST_URI_UNSUPPORTED = _authorization(
    code="request_uri_unsupported",
    error="request_uri_not_supported",
    salesforce_text="request_uri is not supported",
    sentence="The request names a request object by its address, which this server does not fetch.",
    hint="Send the parameters themselves; this server opens no address that a request names.",
    remedy="Nothing to change here: fetching addresses for strangers would let them look into this network.",
)
REGISTRATION_UNSUPPORTED = _authorization(
    code="registration_unsupported",
    error="registration_not_supported",
    salesforce_text="registration is not supported",
    sentence="The request wants to register its client by a parameter, which this server does not take.",
    hint="Have the app registered by its owner and send its consumer key as client_id.",
    remedy="Register the app in App Manager; every app has an owner and an approval here.",
)


def told_in(reason: Reason, flow: str | None) -> Reason:
    """The same refusal with the text that Salesforce's clients know of this flow; known is that of client credentials alone."""
    if reason is FLOW_NOT_ENABLED and flow == Flow.CLIENT_CREDENTIALS:
        return replace(reason, salesforce_text="client credentials flow not enabled")
    return reason
