"""Login hours by the clock on the wall, and how they are written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules.hours import (
    DAY,
    MOST_SPANS,
    OpenHours,
    at,
    clock,
    hours_problem,
    in_order,
    lock_out_problem,
    open_now,
    parse_clock,
    parse_hours,
    timezone_problem,
    told,
)

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
MON, TUE, SAT, SUN = 0, 1, 5, 6
OFFICE_HOURS = tuple(OpenHours(weekday, 8 * 60, 18 * 60) for weekday in range(5))
AFTER_LUNCH = OpenHours(MON, 13 * 60 + 30, 14 * 60)
NIGHT = (OpenHours(SAT, 22 * 60, DAY), OpenHours(SUN, 0, 6 * 60))
# The hour that is skipped, and that comes twice, when Berlin changes its clocks.
HOUR_OF_CHANGE = (OpenHours(SUN, 2 * 60, 3 * 60),)


@pytest.mark.parametrize(
    ("hours", "timezone", "now", "expected"),
    [
        pytest.param((), BERLIN, "2026-03-02T03:00", True, id="without hours it is always open"),
        pytest.param((), "Mars/Base", "2026-03-02T03:00", True, id="and nobody asks for the time zone"),
        pytest.param(OFFICE_HOURS, "UTC", "2026-03-02T08:00", True, id="the start is included"),
        pytest.param(OFFICE_HOURS, "UTC", "2026-03-02T07:59:59.999999", False, id="the moment before is not"),
        pytest.param(OFFICE_HOURS, "UTC", "2026-03-02T17:59:59.999999", True, id="the last moment is included"),
        pytest.param(OFFICE_HOURS, "UTC", "2026-03-02T18:00", False, id="the end is not"),
        pytest.param(OFFICE_HOURS, "UTC", "2026-03-01T12:00", False, id="another day is closed"),
        pytest.param((AFTER_LUNCH,), "UTC", "2026-03-02T13:29", False, id="at half past it is not open before"),
        pytest.param((AFTER_LUNCH,), "UTC", "2026-03-02T13:30", True, id="but from the minute on"),
        pytest.param(NIGHT, "UTC", "2026-02-28T23:59:59.999999", True, id="a day is open up to midnight"),
        pytest.param(NIGHT, "UTC", "2026-03-01T00:00", True, id="and the next one from midnight on"),
        pytest.param(OFFICE_HOURS, BERLIN, "2026-03-02T07:00", True, id="winter in Berlin is an hour ahead"),
        pytest.param(OFFICE_HOURS, BERLIN, "2026-07-06T06:00", True, id="summer in Berlin is two hours ahead"),
        pytest.param(OFFICE_HOURS, BERLIN, "2026-07-06T05:59", False, id="and not more"),
        pytest.param(OFFICE_HOURS, NEW_YORK, "2026-03-02T22:59", True, id="evening in UTC is afternoon in New York"),
        pytest.param(OFFICE_HOURS, NEW_YORK, "2026-03-03T12:59", False, id="and there the morning is late"),
        pytest.param(NIGHT, NEW_YORK, "2026-03-01T04:30", True, id="the weekday is the one over there"),
        # On 29 March 2026 Berlin goes from 01:59 to 03:00, at 01:00 UTC.
        pytest.param(HOUR_OF_CHANGE, BERLIN, "2026-03-29T00:59:59", False, id="before summer time begins it is not two yet"),
        pytest.param(HOUR_OF_CHANGE, BERLIN, "2026-03-29T01:00", False, id="and then it is three: the hour between opens nothing"),
        pytest.param((OpenHours(SUN, 3 * 60, DAY),), BERLIN, "2026-03-29T01:00", True, id="what opens at three opens at once"),
        # On 25 October 2026 Berlin goes from 02:59 back to 02:00, at 01:00 UTC.
        pytest.param(HOUR_OF_CHANGE, BERLIN, "2026-10-25T00:30", True, id="when summer time ends, the hour is open a first time"),
        pytest.param(HOUR_OF_CHANGE, BERLIN, "2026-10-25T01:30", True, id="and a second time"),
        pytest.param(HOUR_OF_CHANGE, BERLIN, "2026-10-25T02:00", False, id="and no third"),
        pytest.param(OFFICE_HOURS, "Mars/Base", "2026-03-02T12:00", False, id="X-AD-11: a time zone that nobody knows is closed"),
        pytest.param(OFFICE_HOURS, "../../etc/passwd", "2026-03-02T12:00", False, id="as is what is no name at all"),
        pytest.param(OFFICE_HOURS, "Europe", "2026-03-02T12:00", False, id="or many names"),
        pytest.param(OFFICE_HOURS, "x" * 300, "2026-03-02T12:00", False, id="or a longer one than any file has"),
    ],
)
def test_when_the_users_of_a_profile_may_come_in(hours: tuple[OpenHours, ...], timezone: str, now: str, expected: bool) -> None:
    assert open_now(hours, timezone, datetime.fromisoformat(now).replace(tzinfo=UTC)) is expected


@given(st.integers(0, 10 * 366 * DAY), st.sampled_from([BERLIN, NEW_YORK, "Asia/Kathmandu", "UTC"]))
def test_a_whole_week_is_open_at_any_moment_anywhere(minutes: int, timezone: str) -> None:
    week = tuple(OpenHours(weekday, 0, DAY) for weekday in range(7))
    assert open_now(week, timezone, datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))


def test_the_moment_is_shown_as_the_clocks_there_show_it() -> None:
    there = at(BERLIN, datetime(2026, 7, 6, 6, tzinfo=UTC))
    assert there is not None
    assert (there.hour, there.utcoffset()) == (8, timedelta(hours=2))
    assert at("Mars/Base", datetime(2026, 7, 6, 6, tzinfo=UTC)) is None


def test_utc_is_told_also_where_the_machine_has_no_time_zones() -> None:
    there = at("UTC", datetime(2026, 7, 6, 6, tzinfo=UTC))
    assert there is not None
    assert there.tzinfo is UTC


@pytest.mark.parametrize(("weekday", "start", "end"), [(-1, 0, 60), (7, 0, 60), (0, -1, 60), (0, 60, 60), (0, 60, 0), (0, 0, 1441)])
def test_a_span_that_no_clock_shows_is_none(weekday: int, start: int, end: int) -> None:
    with pytest.raises(ValueError, match="no clock shows this span"):
        OpenHours(weekday, start, end)


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        *(("00:00", 0), ("08:30", 510), ("23:59", 1439), ("24:00", 1440)),
        *(("24:01", None), ("8:30", None), ("08:60", None), ("0830", None), ("08:30:00", None), ("", None), ("٠٨:٣٠", None)),
    ],
)
def test_a_time_of_day_is_written_with_four_digits(text: str, minute: int | None) -> None:
    assert parse_clock(text) == minute
    assert minute is None or clock(minute) == text


def test_every_minute_of_the_day_has_a_time() -> None:
    assert [parse_clock(clock(minute)) for minute in range(DAY + 1)] == list(range(DAY + 1))


NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


@pytest.mark.parametrize(("weekday", "name"), list(enumerate(NAMES)))
def test_a_weekday_goes_by_its_name_and_by_three_letters_of_it(weekday: int, name: str) -> None:
    spans = (OpenHours(weekday, 480, 1080),)
    assert parse_hours(f"{name} 08:00-18:00") == parse_hours(f"{name[:3]} 08:00-18:00") == spans
    assert told(spans) == f"{name} 08:00 to 18:00"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("monday 08:00-18:00", "Monday 08:00 to 18:00"),
        (" Mon 08:00-18:00 ", "Monday 08:00 to 18:00"),
        ("sat-sun 00:00-24:00", "Saturday 00:00 to 24:00, Sunday 00:00 to 24:00"),
    ],
)
def test_hours_as_an_admin_types_them(text: str, words: str) -> None:
    assert told(parse_hours(text) or ()) == words


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "monday",
            "08:00-18:00",
            "noday 08:00-18:00",
            "mon-noday 08:00-18:00",
            "noday-fri 08:00-18:00",
            "fri-mon 08:00-18:00",
            "mo 08:00-18:00",
        ),
        *("mon 18:00-08:00", "mon 08:00-08:00", "mon 08:00-25:00", "mon 99:00-18:00", "mon 08:00 - 18:00", "mon 08:00-18:00 CET"),
    ],
)
def test_what_is_no_span_of_hours(text: str) -> None:
    assert parse_hours(text) is None


MORNING, AFTERNOON = OpenHours(TUE, 480, 720), OpenHours(TUE, 720, 1080)


@pytest.mark.parametrize(
    ("hours", "problem"),
    [
        pytest.param((), None, id="none"),
        pytest.param((AFTERNOON, MORNING), None, id="two that touch, in any order"),
        pytest.param((OpenHours(MON, 0, DAY), OpenHours(TUE, 0, DAY)), None, id="a whole day after another"),
        pytest.param(
            (AFTERNOON, OpenHours(TUE, 700, 730)),
            "Tuesday 11:40 to 12:10 and Tuesday 12:00 to 18:00 overlap; write them as one.",
            id="overlap",
        ),
        pytest.param(
            (MORNING, MORNING), "Tuesday 08:00 to 12:00 and Tuesday 08:00 to 12:00 overlap; write them as one.", id="the same one twice"
        ),
        pytest.param(tuple(OpenHours(MON, 20 * n, 20 * n + 1) for n in range(MOST_SPANS)), None, id="as many as are allowed"),
        pytest.param(
            tuple(OpenHours(MON, 20 * n, 20 * n + 1) for n in range(MOST_SPANS + 1)),
            "There are 51 spans; at most 50 are allowed.",
            id="one too many",
        ),
    ],
)
def test_which_hours_can_be_saved(hours: tuple[OpenHours, ...], problem: str | None) -> None:
    assert hours_problem(hours) == problem


@pytest.mark.parametrize(
    ("hours", "timezone", "problem"),
    [
        pytest.param((), BERLIN, None, id="no hours shut nobody out"),
        pytest.param(OFFICE_HOURS, BERLIN, None, id="inside"),
        pytest.param(NIGHT, BERLIN, "it is Monday 13:00 in Europe/Berlin", id="outside"),
        pytest.param(OFFICE_HOURS, "Mars/Base", "nobody here knows the time zone Mars/Base", id="where nobody knows what time it is"),
    ],
)
def test_X_AD_12_hours_never_shut_out_who_saves_them(hours: tuple[OpenHours, ...], timezone: str, problem: str | None) -> None:
    found = lock_out_problem(hours, timezone, datetime(2026, 3, 2, 12, tzinfo=UTC))
    told_as = "You would be outside your own login hours: {}. Let somebody with another profile save them, or wait until you are inside."
    assert found == (told_as.format(problem) if problem is not None else None)


def test_hours_are_saved_from_monday_to_sunday_and_each_day_from_morning_to_night() -> None:
    hours = (OpenHours(TUE, 480, 720), OpenHours(TUE, 540, 600), OpenHours(TUE, 540, 660), OpenHours(SUN, 0, 60))
    assert in_order(reversed(hours)) == hours


@pytest.mark.parametrize("timezone", ["UTC", BERLIN, NEW_YORK, "Asia/Kathmandu"])
def test_a_time_zone_of_the_database_can_be_saved(timezone: str) -> None:
    assert timezone_problem(timezone) is None


@pytest.mark.parametrize("timezone", ["", "Mars/Base", "Europe", "localtime", "../UTC", "europe/berlin", "x" * 300])
def test_what_no_database_knows_is_no_time_zone(timezone: str) -> None:
    problem = timezone_problem(timezone)
    assert problem == f"“{timezone[:64]}” is no time zone; write a name such as Europe/Berlin, America/New_York or UTC."
