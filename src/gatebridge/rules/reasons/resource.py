"""What only a resource server, or a proxy that stands for one, can be refused, or can refuse a token for."""

from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.reasons.strangers import dead_token

# Said to whoever sent the request through the proxy, and mended by whoever runs the proxy. Neither 401 nor 403: a proxy would pass those on
# as a word about the client's own token. And no 5xx, which some proxies can be told to let through.
PROXY_NOT_PROVEN = Reason(
    code="proxy_not_proven",
    gate=None,
    error="invalid_request",
    status=400,
    salesforce_error="invalid_request",
    salesforce_text="proxy not authenticated",
    sentence="The proxy in front of this API did not prove for which resource server it asks.",
    hint="Nothing in the client will help. Whoever runs the API looks at the header X-Gatebridge-Proxy-Authorization that its proxy sends.",
    remedy="Let the proxy send key and secret of the API's own app in X-Gatebridge-Proxy-Authorization; the receipt says what was wrong.",
)
TOKEN_OF_OTHER_AUDIENCE = dead_token(
    code="token_of_other_audience",
    sentence="The token is meant for another API than the one that it was sent to.",
    hint="Get a token from the app that is registered for this API; the audience of a token is set where the app is, and never asked for.",
    remedy="Compare Audience in the settings of the app that got the token with the audience that the proxy or the API asks for.",
)
