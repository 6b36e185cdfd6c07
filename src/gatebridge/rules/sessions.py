"""Browser sessions: that somebody signed in, how, and how sure that makes us."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User, UserState


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


DEFAULT_IDLE_MINUTES = 120
ABSOLUTE = timedelta(hours=24)  # however busy it is; then one signs in again
SEEN_EVERY = timedelta(minutes=1)  # how exact the last use is known, so that reading a page seldom writes


def idle_minutes(*, profile: int | None, org: int | None) -> int:
    """For how long a session may rest: what the user's profile says, else the org, else the default."""
    if profile is not None:
        return profile
    return org if org is not None else DEFAULT_IDLE_MINUTES


def over(session: Session, *, org: Org, user: User, idle_minutes: int, now: datetime) -> str | None:
    """Why a session is over, in words; None while it lives. Everything about it is on the server, so no tab can undo an end (X-SE-05)."""
    if session.ended_at is not None:
        return session.ended_because or "it was ended"
    if session.org_id != org.id or session.user_id != user.id or user.org_id != org.id:
        return "it is another user's"
    if session.org_epoch != org.epoch or session.user_epoch != user.epoch:
        return "everything that the user had was ended"
    if user.frozen or user.state is not UserState.ACTIVE:
        return "the user is frozen or not active"
    if now >= session.authenticated_at + ABSOLUTE:
        return "the user signed in too long ago"
    if now >= session.last_seen_at + timedelta(minutes=idle_minutes):
        return "it was not used for too long"
    return None


def due_to_be_seen(session: Session, now: datetime) -> bool:
    """Whether the last use that is on record is old enough to be written anew."""
    return now >= session.last_seen_at + SEEN_EVERY
