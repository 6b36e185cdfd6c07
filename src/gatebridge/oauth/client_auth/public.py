"""Public clients: they name themselves and prove nothing (RFC 6749 section 3.2.1)."""

from gatebridge.oauth.client_auth.presented import Presented
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import ClientAuthMethod
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons.reason import Reason


def from_body(request: OAuthRequest) -> Presented | Reason:
    """The client that `client_id` names, where the request brings no credential at all."""
    consumer_key = request.parameters.get("client_id")
    if consumer_key is None:
        return client_reasons.CLIENT_MISSING
    return Presented(consumer_key, ClientAuthMethod.NONE)
