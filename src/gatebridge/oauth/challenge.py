"""A refused bearer token, as RFC 6750 section 3 wants it told: the body of every refusal, and a challenge that says what would do."""

from gatebridge.oauth.outcome import Answer
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons.reason import Reason

_CHALLENGED = ("invalid_request", "invalid_token", "insufficient_scope", "insufficient_user_authentication")


def answer(org: Org, reason: Reason, *, scope: str = "", level: Level | None = None, max_age: int | None = None) -> Answer:
    """The refusal. `scope` is what was lacking; `level` and `max_age` (seconds) are how the user should sign in (RFC 9470 section 3).

    Who sent no token is only told that one is needed (BR-01).
    """
    body = {
        "error": reason.error,
        "error_description": reason.public_sentence,
        "error_uri": f"{org.issuer}/help/reasons/{reason.public_code}",
    }
    if reason.status in (429, 503):
        return Answer(reason.status, body, (("Retry-After", "1"),))
    if reason.error not in _CHALLENGED:
        return Answer(reason.status, body)
    parts = {"realm": org.host}
    if reason is not bearer_reasons.BEARER_MISSING:
        parts |= {"error": reason.error, "error_description": reason.public_sentence}
    if reason.error == "insufficient_scope" and scope:
        parts["scope"] = scope
    if reason.error == "insufficient_user_authentication":
        parts |= {"acr_values": level.acr} if level is not None else {}
        parts |= {"max_age": str(max_age)} if max_age is not None else {}
    said = ", ".join(f'{name}="{value}"' for name, value in parts.items())
    return Answer(reason.status, body, (("WWW-Authenticate", f"Bearer {said}"),))
