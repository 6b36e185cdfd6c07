"""Gate 2, Callback: where the answer of an authorization request goes. While it is not proven, nothing is sent anywhere (AZ-01)."""

from functools import partial

from gatebridge.rules.gates import Gate
from gatebridge.rules.reasons.reason import Reason

_callback = partial(Reason, gate=Gate.CALLBACK, error="invalid_request", status=400)

CALLBACK_MISSING = _callback(
    code="callback_missing",
    salesforce_error="redirect_uri_missing",
    salesforce_text="redirect_uri not provided",
    sentence="The request does not say where the answer is to go.",
    hint="Send redirect_uri; it may be left out only where the app has a single callback URL and openid is not asked for.",
    remedy="Register the callback URL under the app's Settings, Callback URLs.",
)
CALLBACK_NOT_REGISTERED = _callback(
    code="callback_not_registered",
    salesforce_error="redirect_uri_mismatch",
    salesforce_text="redirect_uri must match configuration",
    sentence="The redirect_uri of the request is not a callback URL of the app.",
    hint="Compare it byte for byte with what is registered: scheme, host, port, path, the slash at the end, the query.",
    remedy="Open the receipt: it shows what was sent beside the nearest that is registered. Register the one the app really uses.",
)
CALLBACK_DIFFERS = Reason(
    code="callback_differs",
    gate=Gate.CALLBACK,
    error="invalid_grant",
    status=400,
    salesforce_error="redirect_uri_mismatch",
    salesforce_text="redirect_uri must match configuration",
    sentence="The redirect_uri is not the one to which this authorization code was sent.",
    hint="Send the very text of the authorization request once more; a proxy or a framework may build it anew with another host.",
    remedy="Nothing to change here: the code is bound to the address that it was sent to (RFC 6749 section 4.1.3).",
)
