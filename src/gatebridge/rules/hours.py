"""When: the hours of the week in which a profile's users may come in, told in the time zone of their org.

They are hours of the clock on the wall there. When summer time begins, the hour that does not exist opens nothing; when it ends, the hour
that comes twice is open twice, or closed twice.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

DAY = 24 * 60
UTC_NAME = "UTC"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_SPANS = 50

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24:00)")
_SPAN = re.compile(r"([a-z]+)(?:-([a-z]+))? ([0-9:]{5})-([0-9:]{5})")


@dataclass(frozen=True, slots=True)
class OpenHours:
    """One span of one weekday in which people may come in. Raises ValueError for one that no clock shows.

    `weekday` is 0 for Monday to 6 for Sunday; `start` and `end` are minutes after midnight, the start included and the end not; 1440 is
    the midnight that ends the day.
    """

    weekday: int
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6 or not 0 <= self.start < self.end <= DAY:
            raise ValueError(f"no clock shows this span: weekday {self.weekday}, {self.start} to {self.end}")

    def __str__(self) -> str:
        return f"{WEEKDAYS[self.weekday].capitalize()} {clock(self.start)} to {clock(self.end)}"


def open_now(hours: Sequence[OpenHours], timezone: str, now: datetime) -> bool:
    """Whether people may come in at this moment. Without any hours they always may.

    A time zone that this machine does not know is a rule that cannot be evaluated, and denies (X-AD-11).
    """
    if not hours:
        return True
    local = at(timezone, now)
    if local is None:
        return False
    minute = local.hour * 60 + local.minute
    return any(span.weekday == local.weekday() and span.start <= minute < span.end for span in hours)


def at(timezone: str, now: datetime) -> datetime | None:
    """The moment as the clocks there show it, or None where nobody knows the time zone."""
    zone = _zone(timezone)
    return now.astimezone(zone) if zone is not None else None


def told(hours: Iterable[OpenHours]) -> str:
    """The hours in words, for a person and for the audit trail."""
    return ", ".join(str(span) for span in hours)


def clock(minute: int) -> str:
    """Minutes after midnight as a clock shows them."""
    return f"{minute // 60:02}:{minute % 60:02}"


def parse_clock(text: str) -> int | None:
    """Minutes after midnight of `08:30`; 24:00 is the midnight that ends the day. None for what no clock shows."""
    spelled = _TIME.fullmatch(text)
    if spelled is None:
        return None
    return DAY if spelled[3] else int(spelled[1]) * 60 + int(spelled[2])


def parse_hours(text: str) -> tuple[OpenHours, ...] | None:
    """The spans that `text` spells, such as `monday 08:00-18:00` or `mon-fri 08:00-18:00`; None when it spells none."""
    spelled = _SPAN.fullmatch(text.strip().lower())
    if spelled is None:
        return None
    first, last = _weekday(spelled[1]), _weekday(spelled[2] or spelled[1])
    start, end = parse_clock(spelled[3]), parse_clock(spelled[4])
    if first is None or last is None or first > last or start is None or end is None or start >= end:
        return None
    return tuple(OpenHours(weekday, start, end) for weekday in range(first, last + 1))


def hours_problem(hours: Sequence[OpenHours]) -> str | None:
    """Why these hours cannot be saved, as a sentence; None when they can."""
    if len(hours) > MOST_SPANS:
        return f"There are {len(hours)} spans; at most {MOST_SPANS} are allowed."
    ordered = in_order(hours)
    for before, after in pairwise(ordered):
        if before.weekday == after.weekday and after.start < before.end:
            return f"{before} and {after} overlap; write them as one."
    return None


def lock_out_problem(hours: Sequence[OpenHours], timezone: str, now: datetime) -> str | None:
    """Why these hours must not be saved now by somebody to whom they will apply: it would be their last act here (X-AD-12)."""
    if open_now(hours, timezone, now):
        return None
    here = at(timezone, now)
    time = f"it is {here:%A %H:%M} in {timezone}" if here is not None else f"nobody here knows the time zone {timezone}"
    return f"You would be outside your own login hours: {time}. Let somebody with another profile save them, or wait until you are inside."


def in_order(hours: Iterable[OpenHours]) -> tuple[OpenHours, ...]:
    """The hours as they are saved: from Monday to Sunday, each day from morning to night."""
    return tuple(sorted(hours, key=lambda span: (span.weekday, span.start, span.end)))


def timezone_problem(timezone: str) -> str | None:
    """Why this cannot be saved as the time zone of an org or a user, as a sentence; None when it can."""
    if timezone in _known():
        return None
    return f"\u201c{timezone[:64]}\u201d is no time zone; write a name such as Europe/Berlin, America/New_York or UTC."


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    # `localtime` is another zone on another machine.
    return frozenset(available_timezones() - {"localtime"} | {UTC_NAME})


def _zone(timezone: str) -> tzinfo | None:
    if timezone == UTC_NAME:
        return UTC  # also where the machine has no database of time zones
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):  # not found; no name at all; a directory of names
        return None


def _weekday(text: str) -> int | None:
    """The number of a weekday by its English name or the first three letters of it."""
    return next((number for number, name in enumerate(WEEKDAYS) if text in (name, name[:3])), None)
