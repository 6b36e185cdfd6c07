"""What waits for an admin: apps that somebody tried to use here uninstalled, and users who ask to be let into an app."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatebridge.rules import typed_text
from gatebridge.rules.reasons import permitted

# The refusals over which a user may ask: the app is in use here, and nobody has let this user in, or not any more.
ASKED_OVER = frozenset({permitted.USER_NOT_APPROVED.code, permitted.APPROVAL_EXPIRED.code})

ONCE = timedelta(hours=24)  # what "once" means: long enough for a time zone, too short to be forgotten
FARTHEST = timedelta(days=731)
# For so long after a no the same is counted and asks nobody again, so that no program and no person asks until it is a yes.
QUIET = timedelta(days=30)
LONGEST_WORDS = 512


class RequestKind(StrEnum):
    """What is wanted: that an app of another org is let in, or that a user is."""

    APP = "app"  # the app is not installed
    USER = "user"  # the app is, and nobody has approved the user for it


class RequestState(StrEnum):
    """What became of a request. Each is decided once; only `OPEN` can become anything else."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    BLOCKED = "blocked"  # refused, and the app with it, until somebody unblocks it


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One request. An attempt that is repeated is counted, and what is told of it is that of the last one."""

    id: str
    org_id: str
    kind: RequestKind
    app_id: str
    user_id: str | None  # None: a client that had proven itself, with nobody signed in
    state: RequestState
    first_at: datetime
    last_at: datetime
    count: int = 1
    scopes: tuple[str, ...] = ()  # none: whatever the app has
    flow: str = ""
    address: str = ""
    words: str = ""  # why the user asks
    decided_at: datetime | None = None
    decided_by: str | None = None  # the id of a user, or what other kind of actor it was
    reason: str = ""  # why it was decided so
    ends_at: datetime | None = None  # until when an approval holds

    @property
    def asked_again_from(self) -> datetime | None:
        """From when the same may be asked again; None where nothing keeps anybody from it."""
        if self.state is not RequestState.REFUSED or self.decided_at is None:
            return None
        return self.decided_at + QUIET


def end_problem(ends_at: datetime | None, now: datetime, *, needed: bool) -> str | None:
    """Why an approval cannot hold until then. `needed`: it must have an end, so that somebody thinks about it again."""
    if ends_at is None:
        return "Say until when: an approval of a user ends by itself." if needed else None
    if ends_at <= now:
        return "The end must be in the future."
    return f"The end must be within {FARTHEST.days // 365} years." if ends_at - now > FARTHEST else None


def words_problem(words: str) -> str | None:
    """Why these words tell an admin nothing."""
    if not any(character.isalnum() for character in words):
        return "Say in a sentence what you need the app for."
    return typed_text.text_problem(words, LONGEST_WORDS)
