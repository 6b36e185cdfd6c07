"""Browser sessions: that somebody signed in, how, and how sure that makes us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatebridge.rules.hours import open_now
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org, OrgSettings
from gatebridge.rules.people import Standing, UserState
from gatebridge.rules.permissions import Permission


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
    activated: bool = False  # at a browser that the user had activated, or with a second factor


DEFAULT_IDLE_MINUTES = 120
DEFAULT_ABSOLUTE_HOURS = 24
DEFAULT_REAUTHENTICATE_MINUTES = 60
SEEN_EVERY = timedelta(minutes=1)  # how exact the last use is known, so that reading a page seldom writes

OUTSIDE_HOURS = "it is outside the login hours of the user"
USED_ELSEWHERE = "it was used from another address than it began at"


def idle_minutes(*, profile: int | None, org: int | None) -> int:
    """For how long a session may rest: what the user's profile says, else the org, else the default."""
    if profile is not None:
        return profile
    return org if org is not None else DEFAULT_IDLE_MINUTES


def absolute(settings: OrgSettings) -> timedelta:
    """For how long a session lives at most, however busy it is; then one signs in again."""
    return timedelta(hours=settings.session_absolute_hours or DEFAULT_ABSOLUTE_HOURS)


def fresh_for(settings: OrgSettings) -> timedelta:
    """How old a sign-in may be for what is weighty: secrets, certificates, revocations, exports, second factors."""
    return timedelta(minutes=settings.reauthenticate_minutes or DEFAULT_REAUTHENTICATE_MINUTES)


def proven_lately(session: Session, settings: OrgSettings, now: datetime) -> bool:
    """Whether the user of a session has proven to be it lately enough for what is weighty."""
    return now - session.authenticated_at <= fresh_for(settings)


def over(session: Session, *, org: Org, standing: Standing, now: datetime, address: str | None = None) -> str | None:
    """Why a session is over, in words; None while it lives. Everything about it is on the server, so no tab can undo an end (X-SE-05).

    `address` is from where it is used, empty where that cannot be told; None: it is only looked at, and not used.
    """
    user, profile, settings = standing.user, standing.profile, org.settings
    if session.ended_at is not None:
        return session.ended_because or "it was ended"
    if session.org_id != org.id or session.user_id != user.id or user.org_id != org.id:
        return "it is another user's"
    if session.org_epoch != org.epoch or session.user_epoch != user.epoch:
        return "everything that the user had was ended"
    if user.frozen or user.state is not UserState.ACTIVE:
        return "the user is frozen or not active"
    if Permission.API_ONLY in standing.permissions(now):
        return "the user may use nothing but APIs"
    if now >= session.authenticated_at + absolute(settings):
        return "the user signed in too long ago"
    if now >= session.last_seen_at + timedelta(minutes=idle_minutes(profile=profile.session_minutes, org=settings.session_minutes)):
        return "it was not used for too long"
    if not open_now(profile.login_hours, settings.timezone, now):
        return OUTSIDE_HOURS
    if settings.lock_sessions_to_address and address is not None and address != session.address:
        return USED_ELSEWHERE
    return None


def surplus(live: Sequence[Session], most: int | None) -> list[Session]:
    """Those of a user's live sessions that give way to one more, the least recently used first. `most` is how many there may be."""
    if most is None:
        return []
    by_use = sorted(live, key=lambda session: (session.last_seen_at, session.id))
    return by_use[: max(0, len(live) - most + 1)]


def due_to_be_seen(session: Session, now: datetime) -> bool:
    """Whether the last use that is on record is old enough to be written anew."""
    return now >= session.last_seen_at + SEEN_EVERY
