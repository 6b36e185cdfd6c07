"""What a grant is, and what hangs from it: authorization codes that become one, access tokens, refresh tokens."""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.levels import Level


@dataclass(frozen=True, slots=True)
class Epochs:
    """The epochs of everything that a token depends on. Ending all tokens of an app is one increment of one of them."""

    org: int
    app: int
    installation: int
    user: int
    grant: int


@dataclass(frozen=True, slots=True)
class Grant:
    """One authorization event: scopes, when, how, from where. One refresh family; tokens hang from it.

    Flows without a user at a browser (client credentials, JWT bearer) share one per installation, user and flow (docs/decisions/0008).
    """

    id: str
    org_id: str
    app_id: str
    installation_id: str
    user_id: str
    flow: Flow
    epoch: int
    created_at: datetime
    ended_at: datetime | None = None
    scopes: tuple[str, ...] = ()  # as granted; a refresh may narrow its answer, and never this
    address: str = ""
    last_used_at: datetime | None = None  # at most a minute behind, so that a busy family is not written by every request
    session_id: str | None = None  # the browser session in which it was approved
    level: Level = Level.STANDARD
    methods: tuple[str, ...] = ()
    authenticated_at: datetime | None = None  # None: nobody signed in for it
    nonce: str | None = None
    activated: bool = False  # it was approved at a browser that the user had activated, or with a second factor
    userinfo_claims: tuple[str, ...] = ()  # asked for one by one with the parameter `claims` (OpenID Connect Core section 5.5)
    id_token_claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approved:
    """What a user said yes to at a browser, how sure that makes us who it was, and what the app asked to be told."""

    scopes: tuple[str, ...]
    session_id: str
    level: Level
    methods: tuple[str, ...]
    authenticated_at: datetime
    nonce: str | None = None
    activated: bool = False
    userinfo_claims: tuple[str, ...] = ()
    id_token_claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """What a code stands for, between the approval in the browser and its one redemption (standards AZ-33)."""

    id: str
    org_id: str
    app_id: str
    installation_id: str
    user_id: str
    session_id: str
    callback: str  # the proven redirect URI, exactly as it was sent; where the answer goes
    callback_sent: bool  # False: the request named none, because the app has only one
    challenge: str | None  # S256; None where the app has the PKCE waiver and the request brought none
    nonce: str | None
    scopes: tuple[str, ...]
    level: Level
    methods: tuple[str, ...]
    authenticated_at: datetime
    tells_auth_time: bool  # the request had max_age, so the ID token must say when (AZ-20)
    epochs: Epochs  # as they were read with the facts of the approval; `grant` is 0, there is none yet
    issued_at: datetime
    expires_at: datetime
    address: str = ""
    activated: bool = False  # see Grant.activated
    userinfo_claims: tuple[str, ...] = ()  # see Grant.userinfo_claims
    id_token_claims: tuple[str, ...] = ()
    used_at: datetime | None = None
    grant_id: str | None = None  # what it bought, once it was redeemed

    @property
    def approved(self) -> Approved:
        """What the grant that it buys is made of."""
        return Approved(
            scopes=self.scopes,
            session_id=self.session_id,
            level=self.level,
            methods=self.methods,
            authenticated_at=self.authenticated_at,
            nonce=self.nonce,
            activated=self.activated,
            userinfo_claims=self.userinfo_claims,
            id_token_claims=self.id_token_claims,
        )


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One refresh token of a family. Its value is not here; where it rotates, the successor is derived from it."""

    org_id: str
    grant_id: str
    app_id: str
    installation_id: str
    user_id: str
    generation: int  # 0 for the first of its family
    issued_at: datetime
    epochs: Epochs  # as they were read with the facts on which the family was granted
    used_at: datetime | None = None  # when it was exchanged for its successor; None while it is the newest, or does not rotate
    used_from: str = ""  # the address that exchanged it
    successor_used: bool = False  # whether the token after it was already exchanged or used


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One access token as recorded. Its id is the id of the receipt of its issue, and the `jti` where it is a JWT."""

    id: str
    org_id: str
    grant_id: str
    app_id: str
    installation_id: str
    user_id: str
    flow: Flow
    format: TokenFormat
    scopes: tuple[str, ...]
    audience: str
    issued_at: datetime
    expires_at: datetime
    epochs: Epochs  # as they were read with the facts on which the token was decided
    address: str  # from where it was asked for
    ended_at: datetime | None = None
