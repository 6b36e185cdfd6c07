"""Which pages of other origins may read an answer: those of the app's own https callbacks (standards G-11, X-HT-06)."""

from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.callbacks import origin_of

# What a script may read beside the body: the id of its receipt, and how it failed to authenticate.
EXPOSED = "X-Gatebridge-Receipt, WWW-Authenticate"


def headers(request: OAuthRequest, settings: AppSettings | None) -> tuple[tuple[str, str], ...]:
    """What lets the page that asked read the answer to its app. Never for any origin, never for `null`, never with cookies."""
    if request.origin is None or settings is None:
        return ()
    if request.origin not in {origin_of(callback) for callback in settings.callbacks}:
        return ()
    return (("Access-Control-Allow-Origin", request.origin), ("Access-Control-Expose-Headers", EXPOSED))
