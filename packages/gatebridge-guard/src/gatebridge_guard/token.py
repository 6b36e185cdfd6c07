"""What an API learns from an access token that is good."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gatebridge_guard import scopes as names


class Level(StrEnum):
    """How sure the sign-in behind a token makes us. On the wire it is the `acr`."""

    STANDARD = "standard"  # one factor
    HIGH = "high"  # two factors, or one that cannot be given away

    @property
    def acr(self) -> str:
        return f"urn:gatebridge:level:{self.value}"

    @classmethod
    def of_acr(cls, acr: object) -> "Level | None":
        """The level that an `acr` names; None where it names none of ours."""
        return next((level for level in cls if level.acr == acr), None)


@dataclass(frozen=True, slots=True)
class Token:
    """A live access token, meant for this API. The text of the token itself is not here, so that no log can hold it."""

    id: str  # `jti`; in Gatebridge also the id of the receipt of its issue
    user_id: str  # for whom it acts, in the 18-character form
    client_id: str  # the consumer key of the app
    scopes: frozenset[str]
    audience: tuple[str, ...]
    issuer: str
    issued_at: int  # seconds since 1970, as all times here
    expires_at: int
    level: Level | None = None  # None: nobody signed in for it, as for a job
    authenticated_at: int | None = None
    username: str | None = None  # told by the server; a JWT does not hold it
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)  # everything that was said

    def has(self, *scopes: str) -> bool:
        """Whether the token holds each of these scopes, by name or because another one implies it."""
        return all(names.covers(self.scopes, scope) for scope in scopes)
