"""The activity of one app in the last 30 days: let through and refused by day, why, by which flow and credential, and for whom."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from gatebridge.records.change import permit
from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import Permission
from gatebridge.storage import app_activity, names
from gatebridge.storage.app_activity import MOST, Counted
from gatebridge.storage.tx import Tx

DAYS = 30
SEES = (Permission.VIEW_OAUTH_USAGE, Permission.MONITOR_LOGIN_HISTORY)
# Who may end what an app has is told whom that would hit.
SEES_USERS = (*SEES, Permission.MANAGE_CONNECTED_APPS)


@dataclass(frozen=True, slots=True)
class Day:
    """One day on the clocks of the reader."""

    start: datetime
    granted: int
    refused: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Why requests were refused: how often, on which day most, and the newest receipt."""

    reason: str
    number: int
    worst: datetime  # the start of that day
    on_worst: int
    last_id: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Activity:
    """What came of the requests of an app. Not `exact`: so many are only its newest, and what came before is not counted."""

    days: tuple[Day, ...]
    causes: tuple[Cause, ...]
    flows: Mapping[str, int]  # what was let through, by flow
    credentials: Mapping[str, int]  # and by the secret or certificate that proved the app
    exact: bool

    @property
    def granted(self) -> int:
        return sum(day.granted for day in self.days)

    @property
    def refused(self) -> int:
        return sum(day.refused for day in self.days)

    @property
    def proven(self) -> int:
        """How many requests were let through in which the app proved itself."""
        return sum(self.credentials.values())


@dataclass(frozen=True, slots=True)
class AppUser:
    """Somebody who was let through to the app, or in whose name a job was."""

    user_id: str
    name: str
    number: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AppUsers:
    """Who used the app lately: the latest of them, and how many they are."""

    first: tuple[AppUser, ...]
    number: int


def of_app(tx: Tx, actor: Actor, app_id: str, zone: tzinfo) -> Activity:
    """The last 30 days of an app in the actor's org, today with them, as days are in this zone. Read in a snapshot. Raises Refused."""
    permit(actor, *SEES)
    starts = _starts(tx.now, zone)
    found = app_activity.by_day(tx, actor.org_id, app_id, starts)
    granted, refused = Counter[int](), Counter[int]()
    flows, credentials = Counter[str](), Counter[str]()
    for each in found:
        if each.outcome == "refused":
            refused[each.day] += each.number
            continue
        granted[each.day] += each.number
        if each.flow is not None:
            flows[each.flow] += each.number
        if each.credential_id is not None:
            credentials[each.credential_id] += each.number
    return Activity(
        tuple(Day(start, granted[number], refused[number]) for number, start in enumerate(starts)),
        tuple(sorted(_causes(found, starts), key=lambda cause: (-cause.number, cause.reason))),
        dict(flows.most_common()),
        dict(credentials),
        sum(each.number for each in found) <= MOST,
    )


def users_of_app(tx: Tx, actor: Actor, app_id: str, limit: int, zone: tzinfo) -> AppUsers:
    """Who was let through in the same days, the latest first. Read in a snapshot. Raises Refused."""
    permit(actor, *SEES_USERS)
    found, number = app_activity.by_user(tx, actor.org_id, app_id, first_moment(tx.now, zone), limit)
    named = names.of_users(tx, actor.org_id, {each.user_id for each in found})
    return AppUsers(tuple(AppUser(each.user_id, named.get(each.user_id, ""), each.number, each.last_at) for each in found), number)


def first_moment(now: datetime, zone: tzinfo) -> datetime:
    """The beginning of the first of these days."""
    return _starts(now, zone)[0]


def _starts(now: datetime, zone: tzinfo) -> list[datetime]:
    """The beginnings of the last 30 days in this zone, the oldest first. A day has 23 to 25 hours."""
    today = now.astimezone(zone).date()
    return [datetime.combine(today - timedelta(days=back), time(), zone) for back in reversed(range(DAYS))]


def _causes(found: list[Counted], starts: list[datetime]) -> list[Cause]:
    by_reason: dict[str, list[Counted]] = {}
    for each in found:
        if each.outcome == "refused" and each.reason is not None:
            by_reason.setdefault(each.reason, []).append(each)
    causes = []
    for reason, listed in by_reason.items():
        days = Counter[int]()
        for each in listed:
            days[each.day] += each.number
        worst = max(days, key=lambda day: (days[day], day))
        newest = max(listed, key=lambda each: each.last_id)
        causes.append(Cause(reason, days.total(), starts[worst], days[worst], newest.last_id, newest.last_at))
    return causes
