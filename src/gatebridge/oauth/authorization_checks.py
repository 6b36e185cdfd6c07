"""What an authorization request says, in order: the client, the redirect URI, and only then all else (RFC 6749 section 4.1.2.1).

Nothing here decides. What is wrong becomes a value in the attempt, and the gates say what comes of it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gatebridge.oauth import claims_parameter, endpoint, pkce
from gatebridge.oauth.claims_parameter import Requested
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules import authorization, callbacks
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.authorization import ResponseMode, ResponseType
from gatebridge.rules.callbacks import Mismatch
from gatebridge.rules.facts import Approving, Attempt, CallbackProof, ClientProof, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.reasons import callback as callback_reasons
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as reasons
from gatebridge.rules.reasons.reason import Compared, Reason

Parameters = Mapping[str, str]

LONGEST_STATE = 2_048  # bytes
LONGEST_NONCE = 512
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
MODES = tuple(ResponseMode)

_SECONDS = re.compile(r"[0-9]{1,10}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request wants to be answered with, as far as that is known, and whether it is one of OpenID Connect."""

    response_type: ResponseType | None = None
    openid: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """What a parameter must not be, given what is wanted (None: it was not sent), and what is said then."""

    parameter: str
    is_wrong: Callable[[str | None, Wanted], bool]
    reason: Reason


def _when_sent(is_wrong: Callable[[str], bool]) -> Callable[[str | None, Wanted], bool]:
    return lambda value, _: value is not None and is_wrong(value)


def _state_is_wrong(state: str) -> bool:
    return len(state.encode("utf-8")) > LONGEST_STATE or _CONTROL.search(state) is not None


def _prompt_is_wrong(prompt: str) -> bool:
    asked = prompt.split(" ")
    return not PROMPTS.issuperset(asked) or ("none" in asked and len(asked) > 1)


def _nonce_is_wrong(nonce: str) -> bool:
    return len(nonce) > LONGEST_NONCE or _CONTROL.search(nonce) is not None


def _mode_is_unfit(mode: str | None, wanted: Wanted) -> bool:
    fit = wanted.response_type.modes if wanted.response_type is not None else MODES
    return mode is not None and mode not in fit


def _gets_id_token(wanted: Wanted) -> bool:
    return wanted.response_type is not None and wanted.response_type.id_token


_sent = _when_sent(lambda _: True)

# The first that is wrong is told. `display`, `ui_locales`, `claims_locales`, `login_hint`, `id_token_hint`, `acr_values` and what nobody
# knows are no reason to refuse anybody (standards AZ-23, G-07). A request object is refused and not ignored, since it may say something
# else (AZ-25).
CHECKS = (
    Check("request", _sent, reasons.REQUEST_OBJECT_UNSUPPORTED),
    Check("request_uri", _sent, reasons.REQUEST_URI_UNSUPPORTED),
    Check("registration", _sent, reasons.REGISTRATION_UNSUPPORTED),
    Check("state", _when_sent(_state_is_wrong), reasons.STATE_TOO_LONG),
    Check("response_mode", _mode_is_unfit, reasons.RESPONSE_MODE_UNKNOWN),
    Check("prompt", _when_sent(_prompt_is_wrong), reasons.PROMPT_CONFLICT),
    Check("max_age", _when_sent(lambda text: _SECONDS.fullmatch(text) is None), reasons.AUTHORIZATION_MALFORMED),
    Check("nonce", _when_sent(_nonce_is_wrong), reasons.AUTHORIZATION_MALFORMED),
    Check("claims", _when_sent(lambda text: claims_parameter.parse(text) is None), reasons.AUTHORIZATION_MALFORMED),
    Check("nonce", lambda nonce, wanted: nonce is None and _gets_id_token(wanted), reasons.NONCE_MISSING),
    Check("scope", lambda _, wanted: not wanted.openid and _gets_id_token(wanted), reasons.OPENID_MISSING),
)


def wanted(parameters: Parameters, facts: Facts) -> Wanted:
    """What the request wants, by the scopes and in the dialect of the app."""
    dialect = facts.app.dialect if facts.app is not None else Dialect.STANDARD
    text = parameters.get("response_type")
    return Wanted(authorization.response_type(text, dialect) if text is not None else None, _openid(parameters, facts.settings))


def fault(parameters: Parameters, wanted: Wanted) -> Check | None:
    """The first check that these parameters fail."""
    return next((each for each in CHECKS if each.is_wrong(parameters.get(each.parameter), wanted)), None)


def prompts(parameters: Parameters) -> frozenset[str]:
    """What the request wants the user to be asked. Empty where the parameter is wrong, since then nobody is asked anything."""
    prompt = parameters.get("prompt")
    return frozenset() if prompt is None or _prompt_is_wrong(prompt) else frozenset(prompt.split(" "))


def immediate(parameters: Parameters, facts: Facts) -> bool:
    """Whether the app wants its answer without any page, as clients of Salesforce have said it before there was `prompt=none`."""
    return facts.app is not None and facts.app.dialect is Dialect.SALESFORCE and parameters.get("immediate", "").lower() == "true"


def silent(parameters: Parameters, facts: Facts) -> bool:
    """Whether the request forbids to show the user anything."""
    return "none" in prompts(parameters) or immediate(parameters, facts)


def max_age(parameters: Parameters) -> int | None:
    """How many seconds ago the user may have signed in at most."""
    text = parameters.get("max_age", "")
    return int(text) if _SECONDS.fullmatch(text) else None


def requested(parameters: Parameters) -> Requested:
    """Which single claims the request asks for; none where they cannot be read, which is refused before anybody would be told any."""
    text = parameters.get(claims_parameter.PARAMETER)
    return (claims_parameter.parse(text) if text is not None else None) or Requested()


def state(parameters: Parameters) -> str | None:
    """What goes back with every answer. One that is too long or could harm a header does not (X-MX-02)."""
    sent = parameters.get("state")
    return None if sent is None or _state_is_wrong(sent) else sent


def mode(parameters: Parameters, response_type: ResponseType | None) -> ResponseMode:
    """How the answer goes back. Where the request names no way, or one that does not fit, it is the usual one of what was wanted."""
    asked = parameters.get("response_mode")
    if response_type is not None:
        return ResponseMode(asked) if asked in response_type.modes else response_type.mode
    return ResponseMode(asked) if asked in MODES else authorization.mode_of_errors(parameters.get("response_type", ""))


def attempt(
    request: OAuthRequest,
    facts: Facts,
    approving: Approving,
    of_the_session: Reason | None = None,
    compared: tuple[Compared, ...] = (),
) -> Attempt:
    """What this request attempts, for the gates at the door of the authorization endpoint.

    `of_the_session` is why no session that there is could be the one that the request wants, and `compared` what was compared for it.
    """
    parameters = request.parameters
    asked = wanted(parameters, facts)
    flow = asked.response_type.flow if asked.response_type is not None else None
    scopes, scopes_refused = endpoint.scopes_asked(request)
    challenge, pkce_refused = _challenge(parameters, facts) if flow is not Flow.USER_AGENT else (None, None)
    wrong = fault(parameters, asked)
    return Attempt(
        door=Door.AUTHORIZE,
        address=request.address,
        client=client(parameters, facts),
        callback=callback(parameters, facts.settings) if facts.settings is not None else None,
        flow=flow,
        flow_refused=_flow_refused(parameters, flow),
        request_refused=wrong.reason if wrong is not None else of_the_session,
        scopes_asked=scopes,
        scopes_refused=scopes_refused,
        challenge=challenge,
        pkce_refused=pkce_refused,
        proof_compared=compared,
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
    if sent is None and (len(settings.callbacks) != 1 or _openid(parameters, settings)):
        return CallbackProof(refused=callback_reasons.CALLBACK_MISSING, sent=False)
    wanted = sent if sent is not None else settings.callbacks[0]
    found = callbacks.match(wanted, settings.callbacks, native=settings.native)
    if isinstance(found, Mismatch):
        return CallbackProof(mismatch=found, sent=sent is not None, wanted=callbacks.shown(sent or ""))
    return CallbackProof(uri=found, sent=sent is not None)


def _openid(parameters: Parameters, settings: AppSettings | None) -> bool:
    """Whether the request asks for `openid`, be it because it asks for all that the app may have."""
    everything = " ".join(settings.scopes) if settings is not None else ""
    return "openid" in parameters.get("scope", everything).split(" ")


def _challenge(parameters: Parameters, facts: Facts) -> tuple[str | None, Reason | None]:
    return pkce.challenge(parameters, facts.app.dialect if facts.app is not None else Dialect.STANDARD)


def _flow_refused(parameters: Parameters, flow: Flow | None) -> Reason | None:
    if "response_type" not in parameters:
        return reasons.RESPONSE_TYPE_MISSING
    return reasons.RESPONSE_TYPE_UNKNOWN if flow is None else None
