"""What a grant is, and the access tokens that hang from it."""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.rules.app_settings import Flow, TokenFormat


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
    """One authorization event: scopes, when, how, from where. Client credentials share one per installation and run-as user."""

    id: str
    org_id: str
    app_id: str
    installation_id: str
    user_id: str
    flow: Flow
    epoch: int
    created_at: datetime
    ended_at: datetime | None = None


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
