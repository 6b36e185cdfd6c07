"""How long things live: the narrowest setting that exists decides, and every setting has bounds."""

import re
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

AccessTokenFormat = Literal["opaque", "jwt"]
Source = Literal["app", "profile", "org", "default"]

DEFAULT_MINUTES: dict[AccessTokenFormat, int] = {"opaque": 120, "jwt": 15}
# An opaque token can be ended at any moment; a JWT is believed by whoever holds our keys until it runs out.
BOUNDS_MINUTES: dict[AccessTokenFormat, tuple[int, int]] = {"opaque": (15, 24 * 60), "jwt": (1, 12 * 60)}

DEFAULT_SECRET_OVERLAP_HOURS = 24
MOST_SECRET_OVERLAP_HOURS = 30 * 24
DEFAULT_AUTHORIZATION_CODE_SECONDS = 60
MOST_AUTHORIZATION_CODE_SECONDS = 10 * 60  # RFC 6749 section 4.1.2


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A life from the moment of issue, and whose setting decided it."""

    seconds: int
    source: Source


def access_token(format: AccessTokenFormat, *, app_minutes: int | None, profile_minutes: int | None, org_minutes: int | None) -> Lifetime:
    """The life of an access token: the app's policy for this format; else, if opaque, the user's profile, then the org; else the default.

    Sessions of profile and org say nothing about a JWT, since nobody could end it with the session. `app_minutes` is the policy for
    this very format. What was stored outside the bounds is brought to the nearer one.
    """
    least, most = BOUNDS_MINUTES[format]
    minutes, source = _first_set(format == "opaque", app_minutes, profile_minutes, org_minutes) or (DEFAULT_MINUTES[format], "default")
    return Lifetime(min(max(minutes, least), most) * 60, source)


def _first_set(opaque: bool, app: int | None, profile: int | None, org: int | None) -> tuple[int, Source] | None:
    if app is not None:
        return app, "app"
    if opaque and profile is not None:
        return profile, "profile"
    if opaque and org is not None:
        return org, "org"
    return None


def access_token_problem(format: AccessTokenFormat, minutes: int) -> str | None:
    """Why these minutes cannot be saved as the life of access tokens, as a sentence; None when they can."""
    least, most = BOUNDS_MINUTES[format]
    if least <= minutes <= most:
        return None
    kind = "A JWT access token" if format == "jwt" else "An opaque access token"
    return f"{kind} lives {_counted(least, 'minute')} to {_counted(most // 60, 'hour')}, not {_counted(minutes, 'minute')}."


def secret_overlap_problem(hours: int) -> str | None:
    """Why the old secret cannot live on for these hours beside its successor, as a sentence; None when it can."""
    if 0 <= hours <= MOST_SECRET_OVERLAP_HOURS:
        return None
    return f"The old secret can live on for 0 to {MOST_SECRET_OVERLAP_HOURS} hours (30 days), not {hours}."


def authorization_code_problem(seconds: int) -> str | None:
    """Why an authorization code cannot live so long, as a sentence; None when it can."""
    if 1 <= seconds <= MOST_AUTHORIZATION_CODE_SECONDS:
        return None
    return f"An authorization code lives 1 to {MOST_AUTHORIZATION_CODE_SECONDS} seconds (10 minutes), not {seconds}."


Kind = Literal["until_revoked", "immediately", "idle", "absolute"]
Unit = Literal["hours", "days", "months"]

MOST_OF_A_UNIT = 9_999  # keeps every end within what a calendar can tell

_POLICY = re.compile(r"(until_revoked|immediately)|(idle|absolute):([1-9][0-9]{0,3}):(hours|days|months)")
_UNITS: dict[str, Unit] = {"hours": "hours", "days": "days", "months": "months"}


@dataclass(frozen=True, slots=True)
class RefreshPolicy:
    """When a refresh token dies of itself. Raises ValueError when amount and unit do not fit the kind.

    `until_revoked`: never. `immediately`: it cannot be used even once. `idle`: when it was not used for so long. `absolute`: so long
    after the grant began, however much it is used.
    """

    kind: Kind
    amount: int | None = None
    unit: Unit | None = None

    def __post_init__(self) -> None:
        if self.kind in ("until_revoked", "immediately"):
            if self.amount is not None or self.unit is not None:
                raise ValueError(f"a refresh token policy of the kind {self.kind} has no amount and no unit")
        elif self.amount is None or self.unit is None or not 1 <= self.amount <= MOST_OF_A_UNIT:
            raise ValueError(f"a refresh token policy of the kind {self.kind} needs a unit and an amount of 1 to {MOST_OF_A_UNIT}")

    def __str__(self) -> str:
        """The text that `parse_refresh_policy` reads back: what is stored, sent and written in a manifest."""
        return self.kind if self.amount is None else f"{self.kind}:{self.amount}:{self.unit}"

    @property
    def words(self) -> str:
        """The policy for a person, as the end of "A refresh token ..."."""
        if self.amount is None or self.unit is None:
            return "expires immediately" if self.kind == "immediately" else "lives until it is revoked"
        span = _counted(self.amount, self.unit.removesuffix("s"))
        return f"expires when it was not used for {span}" if self.kind == "idle" else f"expires {span} after it was first given"


DEFAULT_REFRESH_POLICIES = (RefreshPolicy("idle", 30, "days"), RefreshPolicy("absolute", 365, "days"))


def parse_refresh_policy(text: str) -> RefreshPolicy | None:
    """The policy that `text` spells: `until_revoked`, `immediately`, `idle:30:days`, `absolute:12:months`; None when it spells none."""
    spelled = _POLICY.fullmatch(text)
    if spelled is None:
        return None
    if spelled[1]:
        return RefreshPolicy("until_revoked" if spelled[1] == "until_revoked" else "immediately")
    return RefreshPolicy("idle" if spelled[2] == "idle" else "absolute", int(spelled[3]), _UNITS[spelled[4]])


def expires_at(policy: RefreshPolicy, issued_at: datetime, last_used_at: datetime | None) -> datetime | None:
    """When a refresh token dies by this policy, or None for never.

    `issued_at` is when the grant began: rotation never moves it. `last_used_at` is None until the first use.
    """
    if policy.amount is None or policy.unit is None:
        return issued_at if policy.kind == "immediately" else None
    begin = (last_used_at or issued_at) if policy.kind == "idle" else issued_at
    return _later(begin, policy.amount, policy.unit)


def first_expiry(policies: Iterable[RefreshPolicy], issued_at: datetime, last_used_at: datetime | None) -> datetime | None:
    """When a refresh token dies where several policies stand together, as the default two do: by whichever comes first."""
    ends = (expires_at(policy, issued_at, last_used_at) for policy in policies)
    return min((end for end in ends if end is not None), default=None)


def _later(moment: datetime, amount: int, unit: Unit) -> datetime:
    if unit == "months":
        return _months_later(moment, amount)
    return moment + (timedelta(hours=amount) if unit == "hours" else timedelta(days=amount))


def _months_later(moment: datetime, months: int) -> datetime:
    """The same day and time so many calendar months on; where that month is shorter, its last day."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
