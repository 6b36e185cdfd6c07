"""How a request is refused (RFC 6750 section 3, RFC 9470 section 3): status, body and challenge."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from gatebridge_guard.token import Level

RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """What goes back to the caller instead of an answer of the API. Send status, `headers` and `body` as they are."""

    status: int
    error: str
    description: str
    challenge: str | None = None  # what the header WWW-Authenticate says
    cause: str = ""  # for the log of the API, and never for the caller

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        found = [("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Content-Length", str(len(self.body)))]
        if self.challenge is not None:
            found.append(("WWW-Authenticate", self.challenge))
        if self.status == 503:
            found.append(("Retry-After", str(RETRY_SECONDS)))
        return tuple(found)

    @property
    def body(self) -> bytes:
        return json.dumps({"error": self.error, "error_description": self.description}).encode()


@dataclass(frozen=True, slots=True)
class Refuser:
    """Makes the refusals of one API, which is named in each challenge as `realm`."""

    realm: str

    def missing(self) -> Refusal:
        """No token was sent. Who has not tried yet is not told an error in the challenge (RFC 6750 section 3.1)."""
        challenge = f'Bearer realm="{self.realm}"'
        return Refusal(401, "invalid_token", "This API needs an access token, and the request has none.", challenge, "no token")

    def malformed(self, cause: str) -> Refusal:
        said = "The request does not carry one access token in one Authorization header, as Bearer, one blank and the token."
        return self._refusal(400, "invalid_request", said, cause)

    def invalid(self, cause: str) -> Refusal:
        """The token is dead, foreign or forged. Which of them is nobody's business but ours."""
        return self._refusal(401, "invalid_token", "The access token is not valid here or not valid any more.", cause)

    def scope_lacks(self, needed: Sequence[str], cause: str) -> Refusal:
        scope = " ".join(needed)
        return self._refusal(403, "insufficient_scope", "The access token lacks a scope that this needs.", cause, scope=scope)

    def sign_in_lacks(self, level: Level | None, max_age: int | None, cause: str) -> Refusal:
        """The user can mend it by signing in more surely or anew, and the challenge says with which parameters (RFC 9470 section 3)."""
        asked = {}
        if level is not None:
            asked["acr_values"] = level.acr
        if max_age is not None:
            asked["max_age"] = str(max_age)
        said = "The user has to sign in anew, or more surely, for this."
        return self._refusal(401, "insufficient_user_authentication", said, cause, **asked)

    def unavailable(self, cause: str) -> Refusal:
        """Whether the token is good cannot be known at this moment, so it is not let in."""
        return Refusal(503, "temporarily_unavailable", "Access tokens cannot be checked at this moment.", None, cause)

    def _refusal(self, status: int, error: str, said: str, cause: str, **more: str) -> Refusal:
        parts = {"realm": self.realm, "error": error, "error_description": said} | more
        challenge = "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parts.items())
        return Refusal(status, error, said, challenge, cause)
