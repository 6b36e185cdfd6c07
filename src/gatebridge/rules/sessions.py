"""Browser sessions: that somebody signed in, how, and how sure that makes us."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Level(StrEnum):
    """How sure a sign-in makes us. On the wire it is the `acr` (wire.md)."""

    STANDARD = "standard"  # one factor
    HIGH = "high"  # two factors, or one that cannot be given away

    @property
    def acr(self) -> str:
        return f"urn:gatebridge:level:{self.value}"


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which one user is signed in. The cookie's value is not here: only its digest is stored, in the storage room."""

    id: str
    org_id: str
    user_id: str
    level: Level
    methods: tuple[str, ...]  # how the user proved to be it, by the names of RFC 8176: `pwd`, ...
    authenticated_at: datetime  # when the credential was last checked, which renewing the session never moves (AZ-20)
    created_at: datetime
    last_seen_at: datetime
    org_epoch: int  # as they were when the session began; a session lives only while they are the current ones
    user_epoch: int
    address: str = ""
    user_agent: str = ""
    ended_at: datetime | None = None
    ended_because: str = ""
