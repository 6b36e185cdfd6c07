"""Who asks for a first token: what of an app goes into the text of the request."""

from dataclasses import dataclass
from typing import Literal

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.scopes import render

AUTHORIZE, TOKEN, DEVICE = "/services/oauth2/authorize", "/services/oauth2/token", "/services/oauth2/device"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY_FILE = "server.key"
ASSERTION_SECONDS = 120
OPEN = "Open this, sign in, and paste here the address to which you were sent back:"
NOT_THIS = "This is not the answer to that request."


@dataclass(frozen=True, slots=True)
class Caller:
    """An app and where it asks. `algorithm` is that of its key; `username` whom its assertions name; `in_page`: it runs in a browser."""

    issuer: str
    consumer_key: str
    flow: Flow
    scopes: tuple[str, ...] = ()
    callback: str = ""
    proof: Literal["secret", "key", "none"] = "secret"
    username: str = ""
    algorithm: str = "RS256"
    salesforce: bool = False
    in_page: bool = False

    @property
    def scope(self) -> str:
        """The scopes as a parameter."""
        return render(self.scopes)

    @property
    def signs(self) -> bool:
        """Whether it needs its key for this."""
        return self.proof == "key" or self.flow is Flow.JWT_BEARER

    @property
    def signs_as_openssl_does(self) -> bool:
        """Whether a signature that `openssl` makes is as a JWT has it; one of an elliptic curve is not (RFC 7518 section 3.4)."""
        return not self.signs or self.algorithm == "RS256"

    @property
    def asked(self) -> dict[str, str]:
        """What of the request at a browser is the same each time."""
        return {
            "response_type": "code",
            "client_id": self.consumer_key,
            "redirect_uri": self.callback,
            "scope": self.scope,
            "code_challenge_method": "S256",
        }

    @property
    def claims(self) -> dict[str, str]:
        """What an assertion of the app says, but for its times and its number: of a user, or of the app itself."""
        subject = self.username if self.flow is Flow.JWT_BEARER else self.consumer_key
        return {"iss": self.consumer_key, "sub": subject, "aud": self.issuer}
