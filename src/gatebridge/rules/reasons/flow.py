"""Gate 5, Flow: is this way of getting a token known, and enabled for the app?"""

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
    # Salesforce answers invalid_grant here; how it words this is not documented.
    salesforce_error="invalid_grant",
    salesforce_text="client credentials flow not enabled",
    sentence="The flow of this request is not enabled for the app.",
    hint="Ask for the flow to be enabled, or use one that is; the app's page lists them under Settings.",
    remedy="Enable the flow under the app's Settings, Flows. Enable no more than the app really uses.",
)
