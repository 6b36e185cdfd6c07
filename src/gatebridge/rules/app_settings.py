"""Settings: what the app's developer owns. Who may use the app, from where and for how long is the admin's (app_policies)."""

from dataclasses import dataclass
from enum import StrEnum


class Flow(StrEnum):
    """One way to get a token, by the name under which it is enabled, recorded and shown."""

    CLIENT_CREDENTIALS = "client_credentials"
    WEB_SERVER = "web_server"
    REFRESH_TOKEN = "refresh_token"
    JWT_BEARER = "jwt_bearer"
    DEVICE = "device"
    USER_AGENT = "user_agent"


class ClientAuthMethod(StrEnum):
    """How a client proves itself, by the names of RFC 7591 section 2."""

    SECRET_BASIC = "client_secret_basic"
    SECRET_POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"
    NONE = "none"


class TokenFormat(StrEnum):
    """What an access token is: a random value that the server knows, or a JWT (RFC 9068)."""

    OPAQUE = "opaque"
    JWT = "jwt"


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What an app's developer says of it, the same in every org that uses the app."""

    app_id: str
    version: int = 1
    flows: frozenset[Flow] = frozenset()
    scopes: tuple[str, ...] = ()
    full_scope_reason: str = ""  # why the app has `full`; without it the scope cannot be ticked
    callbacks: tuple[str, ...] = ()
    native: bool = False  # runs on the user's machine: loopback and private-scheme callbacks are allowed
    # A confidential app may present its secret in the header or in the body; a key is a stronger promise, so an app that
    # signs assertions accepts nothing else.
    auth_methods: frozenset[ClientAuthMethod] = frozenset({ClientAuthMethod.SECRET_BASIC, ClientAuthMethod.SECRET_POST})
    pkce_required: bool = True
    access_token_format: TokenFormat = TokenFormat.OPAQUE
    signing_algorithm: str = "ES256"  # of JWT access tokens: ES256 or RS256
    audience: str = ""  # `aud` of its access tokens; empty: the issuer
    legacy_audience: bool = False  # client assertions may also name the token endpoint (RFC 10070 says the issuer only)
    introspect_all_tokens: bool = False  # may ask about every token of the org, as a resource server does
    # Whether a confidential app must prove itself at these two; where not, PKCE or the refresh token alone does, and rotation is on.
    require_secret_for_web_server: bool = True
    require_secret_for_refresh: bool = True
    rotate_refresh_tokens: bool = False  # a public app's always rotate
    id_token_minutes: int = 2
    assertion_audiences: tuple[str, ...] = ()  # what a JWT bearer assertion may name beside the issuer (salesforce dialect only)
    post_logout_redirect_uris: tuple[str, ...] = ()  # where a browser may be sent after it was signed out, byte for byte
    backchannel_logout_uri: str = ""  # where logout tokens are posted when a session ends in which the app got an ID token
    custom_attributes: tuple[tuple[str, str], ...] = ()  # a name and the expression that makes its value (rules/attributes.py)

    @property
    def public(self) -> bool:
        return self.auth_methods == frozenset({ClientAuthMethod.NONE})

    def rotates(self, *, proven: bool) -> bool:
        """Whether a refresh token is exchanged for a successor at each use; `proven`: the client showed more than its name (RT-03)."""
        return self.public or self.rotate_refresh_tokens or not proven


def ways_in(settings: AppSettings) -> frozenset[tuple[str, str]]:
    """Every way to get a token as the app, as its settings have it. Who adds one lets somebody come as the app who could not before.

    Secrets and keys are not among them: each is made by a verb that asks for itself.
    """
    open_by = {
        "public": settings.public,
        "native": settings.native,
        "no PKCE": not settings.pkce_required,
        "no secret for a code": not settings.require_secret_for_web_server,
        "no secret for a refresh": not settings.require_secret_for_refresh,
        "legacy audience": settings.legacy_audience,
    }
    listed = {"flow": settings.flows, "callback": settings.callbacks, "audience": settings.assertion_audiences}
    return frozenset(
        {("setting", name) for name, is_open in open_by.items() if is_open}
        | {(kind, each) for kind, found in listed.items() for each in found}
    )
