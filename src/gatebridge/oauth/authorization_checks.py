"""What an authorization request says, in order: the client, the redirect URI, and only then all else (RFC 6749 section 4.1.2.1).

Nothing here decides. What is wrong becomes a value in the attempt, and the gates say what comes of it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gatebridge.oauth import endpoint, pkce, response_modes
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules import callbacks
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.callbacks import Mismatch
from gatebridge.rules.facts import Approving, Attempt, CallbackProof, ClientProof, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.reasons import callback as callback_reasons
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as reasons
from gatebridge.rules.reasons.reason import Reason

Parameters = Mapping[str, str]

LONGEST_STATE = 2_048  # bytes
LONGEST_NONCE = 512
PROMPTS = frozenset({"none", "login", "consent", "select_account"})

_SECONDS = re.compile(r"[0-9]{1,10}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _state_is_wrong(state: str) -> bool:
    return len(state.encode("utf-8")) > LONGEST_STATE or _CONTROL.search(state) is not None


def _prompt_is_wrong(prompt: str) -> bool:
    asked = prompt.split(" ")
    return not PROMPTS.issuperset(asked) or ("none" in asked and len(asked) > 1)


def _nonce_is_wrong(nonce: str) -> bool:
    return len(nonce) > LONGEST_NONCE or _CONTROL.search(nonce) is not None


def _always(_: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Check:
    """What a parameter must not be when it is sent, and what is said then."""

    parameter: str
    is_wrong: Callable[[str], bool]
    reason: Reason


# The first that is wrong is told. `display`, `ui_locales`, `login_hint`, `acr_values` and whatever nobody knows are no reason to refuse
# anybody (standards AZ-23, G-07). A request object is refused and not ignored, since it may say something else (AZ-25).
CHECKS = (
    Check("request", _always, reasons.REQUEST_OBJECT_UNSUPPORTED),
    Check("request_uri", _always, reasons.REQUEST_URI_UNSUPPORTED),
    Check("registration", _always, reasons.REGISTRATION_UNSUPPORTED),
    Check("state", _state_is_wrong, reasons.STATE_TOO_LONG),
    Check("response_mode", lambda mode: mode not in response_modes.MODES, reasons.RESPONSE_MODE_UNKNOWN),
    Check("prompt", _prompt_is_wrong, reasons.PROMPT_CONFLICT),
    Check("max_age", lambda text: _SECONDS.fullmatch(text) is None, reasons.AUTHORIZATION_MALFORMED),
    Check("nonce", _nonce_is_wrong, reasons.AUTHORIZATION_MALFORMED),
)


def fault(parameters: Parameters) -> Check | None:
    """The first check that these parameters fail."""
    return next((each for each in CHECKS if each.parameter in parameters and each.is_wrong(parameters[each.parameter])), None)


def prompts(parameters: Parameters) -> frozenset[str]:
    """What the request wants the user to be asked. Empty where the parameter is wrong, since then nobody is asked anything."""
    prompt = parameters.get("prompt")
    return frozenset() if prompt is None or _prompt_is_wrong(prompt) else frozenset(prompt.split(" "))


def max_age(parameters: Parameters) -> int | None:
    """How many seconds ago the user may have signed in at most."""
    text = parameters.get("max_age", "")
    return int(text) if _SECONDS.fullmatch(text) else None


def state(parameters: Parameters) -> str | None:
    """What goes back with every answer. One that is too long or could harm a header does not (X-MX-02)."""
    sent = parameters.get("state")
    return None if sent is None or _state_is_wrong(sent) else sent


def mode(parameters: Parameters) -> str:
    """How the answer goes back; by the address where the request names no way that there is."""
    asked = parameters.get("response_mode", response_modes.QUERY)
    return asked if asked in response_modes.MODES else response_modes.QUERY


def attempt(request: OAuthRequest, facts: Facts, approving: Approving) -> Attempt:
    """What this request attempts, for the gates at the door of the authorization endpoint."""
    parameters = request.parameters
    flow_refused = _flow_refused(parameters.get("response_type"))
    scopes, scopes_refused = endpoint.scopes_asked(request)
    challenge, pkce_refused = pkce.challenge(parameters, facts.app.dialect if facts.app is not None else Dialect.STANDARD)
    wrong = fault(parameters)
    return Attempt(
        door=Door.AUTHORIZE,
        address=request.address,
        client=client(parameters, facts),
        callback=callback(parameters, facts.settings) if facts.settings is not None else None,
        flow=Flow.WEB_SERVER if flow_refused is None else None,
        flow_refused=flow_refused,
        request_refused=wrong.reason if wrong is not None else None,
        scopes_asked=scopes,
        scopes_refused=scopes_refused,
        challenge=challenge,
        pkce_refused=pkce_refused,
        approving=approving,
    )


def client(parameters: Parameters, facts: Facts) -> ClientProof:
    """The client by its name, which is all that a browser can bring of it."""
    if "client_id" not in parameters:
        return ClientProof(refused=client_reasons.CLIENT_MISSING)
    if facts.app is None:
        return ClientProof(refused=client_reasons.CLIENT_UNKNOWN)
    return ClientProof(ClientAuthMethod.NONE)


def callback(parameters: Parameters, settings: AppSettings) -> CallbackProof:
    """Where the answer goes, if that is proven.

    It may be left out where the app has a single one, and never with `openid` (RFC 6749 section 3.1.2.3, OpenID Connect Core 3.1.2.1).
    """
    sent = parameters.get("redirect_uri")
    if sent is None and (len(settings.callbacks) != 1 or "openid" in parameters.get("scope", " ".join(settings.scopes)).split(" ")):
        return CallbackProof(refused=callback_reasons.CALLBACK_MISSING, sent=False)
    wanted = sent if sent is not None else settings.callbacks[0]
    found = callbacks.match(wanted, settings.callbacks, native=settings.native)
    if isinstance(found, Mismatch):
        return CallbackProof(mismatch=found, sent=sent is not None)
    return CallbackProof(uri=found, sent=sent is not None)


def _flow_refused(response_type: str | None) -> Reason | None:
    if response_type is None:
        return reasons.RESPONSE_TYPE_MISSING
    return None if response_type == "code" else reasons.RESPONSE_TYPE_UNKNOWN
