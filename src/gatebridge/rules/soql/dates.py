"""Date literals: the stretch of time that a name such as LAST_N_DAYS:30 means at one moment in one time zone.

Each begins and ends at a midnight of the clocks there, and does not hold its end. A week begins on Sunday, as in an org of en_US, whatever
the locale of the user is, by which Salesforce goes. There are no fiscal years.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from enum import Enum

from gatebridge.rules import hours
from gatebridge.rules.soql.query import DateLiteral

MOST_STEPS = 10_000  # the largest number behind a colon

# Every day whose midnight is a moment in every time zone, and more than the product will see.
_FIRST_DAY, _LAST_DAY = date(2, 1, 1), date(9998, 12, 31)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begin` until just before `end`, both in UTC."""

    begin: datetime
    end: datetime


class _Unit(Enum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


_MONTHS = {_Unit.MONTH: 1, _Unit.QUARTER: 3, _Unit.YEAR: 12}


@dataclass(frozen=True, slots=True)
class _Meaning:
    """How many units from the present one a literal begins and ends, and by how many that grows with its number."""

    unit: _Unit
    begin: int
    end: int
    begin_grows: int = 0
    end_grows: int = 0


PLAIN = {
    "YESTERDAY": _Meaning(_Unit.DAY, -1, 0),
    "TODAY": _Meaning(_Unit.DAY, 0, 1),
    "TOMORROW": _Meaning(_Unit.DAY, 1, 2),
    "LAST_90_DAYS": _Meaning(_Unit.DAY, -90, 1),  # today too, so there are 91
    "NEXT_90_DAYS": _Meaning(_Unit.DAY, 1, 91),
}
NUMBERED = {}
for _unit in _Unit:
    if _unit is not _Unit.DAY:
        PLAIN[f"LAST_{_unit.value}"] = _Meaning(_unit, -1, 0)
        PLAIN[f"THIS_{_unit.value}"] = _Meaning(_unit, 0, 1)
        PLAIN[f"NEXT_{_unit.value}"] = _Meaning(_unit, 1, 2)
    # Of days, and of nothing longer, the last ones include the present one.
    NUMBERED[f"LAST_N_{_unit.value}S"] = _Meaning(_unit, 0, 1 if _unit is _Unit.DAY else 0, -1, 0)
    NUMBERED[f"NEXT_N_{_unit.value}S"] = _Meaning(_unit, 1, 1, 0, 1)
    NUMBERED[f"N_{_unit.value}S_AGO"] = _Meaning(_unit, 0, 1, -1, -1)


def problem(literal: DateLiteral) -> str | None:
    """Why this names no stretch of time, as a sentence; None when it does."""
    if literal.name in NUMBERED:
        return f"{literal.name} needs a number, such as {literal.name}:30." if literal.number is None else None
    if literal.name in PLAIN:
        return f"{literal.name} has no number." if literal.number is not None else None
    return "This is no date literal, and texts stand in single quotes."


def stretch(literal: DateLiteral, now: datetime, timezone: str) -> Stretch:
    """What the literal means at `now` (aware) by the clocks of a time zone; of one that nobody knows, by those of UTC.

    Times that are further away than clocks go end where they do. Raises KeyError for a literal that has a `problem`.
    """
    here = hours.at(timezone, now) or now.astimezone(UTC)
    zone, number = here.tzinfo or UTC, literal.number or 0
    meaning = (PLAIN if literal.number is None else NUMBERED)[literal.name]
    begin = _begin(meaning.unit, here.date(), meaning.begin + number * meaning.begin_grows)
    end = _begin(meaning.unit, here.date(), meaning.end + number * meaning.end_grows)
    return Stretch(_midnight(begin, zone), _midnight(end, zone))


def _begin(unit: _Unit, today: date, steps: int) -> date:
    """The first day of the unit that is so many steps behind the one that today is in."""
    months = _MONTHS.get(unit)
    if months is None:
        length = 7 if unit is _Unit.WEEK else 1
        since_sunday = today.isoweekday() % 7 if unit is _Unit.WEEK else 0
        return _in_reach(today.toordinal() - since_sunday + steps * length)
    month = (today.year * 12 + today.month - 1) // months * months + steps * months
    year, month = divmod(month, 12)
    if year < _FIRST_DAY.year:
        return _FIRST_DAY
    return date(year, month + 1, 1) if year <= _LAST_DAY.year else _LAST_DAY


def _in_reach(ordinal: int) -> date:
    return date.fromordinal(min(max(ordinal, _FIRST_DAY.toordinal()), _LAST_DAY.toordinal()))


def _midnight(day: date, zone: tzinfo) -> datetime:
    # Where the clocks skip midnight, this is the moment at which they do; where it comes twice, the first.
    return datetime.combine(day, time(), zone).astimezone(UTC)
