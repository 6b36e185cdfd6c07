"""Users, and the profiles and permission sets by which they get rights."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatebridge.rules.hours import OpenHours
from gatebridge.rules.levels import NOTHING_REQUIRED, Requirement
from gatebridge.rules.network import Range
from gatebridge.rules.permissions import Permission

# Of a name that users are sorted by, and of all that they are found by: bytes that are kept. An index of PostgreSQL holds both, and takes
# 2,700 a row; folded, one letter can become eighteen. What people are called stays far below.
MOST_SORTED_BY, MOST_FOUND_BY = 800, 1_700


class UserState(StrEnum):
    """Where a user stands between invitation and deactivation; being frozen is told beside it."""

    INVITED = "invited"  # exists, has not yet accepted the invitation
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True)
class User:
    """A person or a service user. `frozen` is the fast stop that leaves everything else as it is; `state` is the slow one."""

    id: str
    org_id: str
    username: str  # unique in the org, compared byte for byte
    email: str
    first_name: str
    last_name: str
    profile_id: str
    state: UserState
    frozen: bool
    epoch: int
    created_at: datetime
    version: int = 1
    external_id: str | None = None
    # What identity scopes may tell of the user. An empty text is not told at all.
    email_verified_at: datetime | None = None
    locale: str = "en_US"
    timezone: str = "UTC"  # a name of the IANA time zone database
    phone: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    updated_at: datetime | None = None
    password_changed_at: datetime | None = None
    epoch_at: datetime | None = None  # when the epoch was raised last; what was signed before that counts no more

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username

    @property
    def sort_name(self) -> str:
        """The name as it is sorted by."""
        return _cut(folded_name(self.name), MOST_SORTED_BY)

    @property
    def found_by(self) -> str:
        """All that a user is looked for by, in the letters that `folded_name` makes of what is typed."""
        return _cut(folded_name("\n".join((self.username, self.email, f"{self.first_name} {self.last_name}".strip()))), MOST_FOUND_BY)


def folded_name(name: str) -> str:
    """A name as it is sorted by and looked for: whatever the case of its letters, and with what stands above or below them left out."""
    plain = (letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    return "".join(plain).casefold()


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


@dataclass(frozen=True, slots=True)
class Profile:
    """What every user has exactly one of: rights, login addresses and session life."""

    id: str
    org_id: str
    name: str
    description: str
    permissions: frozenset[Permission]
    created_at: datetime
    version: int = 1
    login_ranges: tuple[Range, ...] = ()
    session_minutes: int | None = None
    monitored_ranges: tuple[Range, ...] = ()  # as `login_ranges`, but what they would refuse is only recorded
    login_hours: tuple[OpenHours, ...] = ()  # when its users may come in, in the org's time zone; none: always
    requirement: Requirement = NOTHING_REQUIRED  # of every sign-in of its users


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """Rights that are added to a user's profile, one set at a time."""

    id: str
    org_id: str
    label: str
    api_name: str
    description: str
    permissions: frozenset[Permission]
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class CustomPermission:
    """A right that an org names for its own applications; profiles and permission sets give it, and apps may be told who holds it."""

    id: str
    org_id: str
    api_name: str
    label: str
    description: str
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Assignment:
    """That a user holds a permission set, or that a profile or permission set may use an app; perhaps until a moment."""

    holder_id: str
    expires_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at

    def outlasts(self, other: "Assignment") -> bool:
        """Whether it ends no earlier than the other one, which then gives nothing more."""
        return self.expires_at is None or (other.expires_at is not None and other.expires_at <= self.expires_at)


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a decision needs to know about one user: the person, the profile, and the permission sets in force or run out."""

    user: User
    profile: Profile
    sets: tuple[tuple[PermissionSet, Assignment], ...] = ()

    def permissions(self, now: datetime) -> frozenset[Permission]:
        """What the user may do at `now`: the profile's rights and those of every permission set still assigned."""
        return self.profile.permissions.union(*(held.permissions for held, assignment in self.sets if assignment.holds(now)))
