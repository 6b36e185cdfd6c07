"""Date literals: which stretch of time a name means, by which clocks, and that every one of them means one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules import hours
from gatebridge.rules.soql import dates
from gatebridge.rules.soql.dates import MOST_STEPS, NUMBERED, PLAIN
from gatebridge.rules.soql.query import DateLiteral

NOW = datetime(2026, 8, 12, 9, 30, tzinfo=UTC)  # a Wednesday, in the third quarter
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Sao_Paulo")


def days(name: str, number: int | None = None, now: datetime = NOW) -> tuple[date, date]:
    """The first day and the last one, by the clocks of UTC."""
    stretch = dates.stretch(DateLiteral(name, number), now, "UTC")
    return stretch.begin.date(), (stretch.end - timedelta(microseconds=1)).date()


@pytest.mark.parametrize(
    ("name", "number", "first", "last"),
    [
        ("YESTERDAY", None, date(2026, 8, 11), date(2026, 8, 11)),
        ("TODAY", None, date(2026, 8, 12), date(2026, 8, 12)),
        ("TOMORROW", None, date(2026, 8, 13), date(2026, 8, 13)),
        ("LAST_WEEK", None, date(2026, 8, 2), date(2026, 8, 8)),
        ("THIS_WEEK", None, date(2026, 8, 9), date(2026, 8, 15)),
        ("NEXT_WEEK", None, date(2026, 8, 16), date(2026, 8, 22)),
        ("LAST_MONTH", None, date(2026, 7, 1), date(2026, 7, 31)),
        ("THIS_MONTH", None, date(2026, 8, 1), date(2026, 8, 31)),
        ("NEXT_MONTH", None, date(2026, 9, 1), date(2026, 9, 30)),
        ("LAST_QUARTER", None, date(2026, 4, 1), date(2026, 6, 30)),
        ("THIS_QUARTER", None, date(2026, 7, 1), date(2026, 9, 30)),
        ("NEXT_QUARTER", None, date(2026, 10, 1), date(2026, 12, 31)),
        ("LAST_YEAR", None, date(2025, 1, 1), date(2025, 12, 31)),
        ("THIS_YEAR", None, date(2026, 1, 1), date(2026, 12, 31)),
        ("NEXT_YEAR", None, date(2027, 1, 1), date(2027, 12, 31)),
        pytest.param("LAST_90_DAYS", None, date(2026, 5, 14), date(2026, 8, 12), id="the last 90 days are 91, with today"),
        pytest.param("NEXT_90_DAYS", None, date(2026, 8, 13), date(2026, 11, 10), id="the next 90 begin tomorrow"),
        pytest.param("LAST_N_DAYS", 1, date(2026, 8, 11), date(2026, 8, 12), id="the last day is yesterday and today"),
        pytest.param("LAST_N_DAYS", 0, date(2026, 8, 12), date(2026, 8, 12), id="the last 0 days are today"),
        ("LAST_N_DAYS", 30, date(2026, 7, 13), date(2026, 8, 12)),
        ("NEXT_N_DAYS", 3, date(2026, 8, 13), date(2026, 8, 15)),
        ("N_DAYS_AGO", 3, date(2026, 8, 9), date(2026, 8, 9)),
        pytest.param("LAST_N_WEEKS", 2, date(2026, 7, 26), date(2026, 8, 8), id="the last weeks are without this one"),
        ("NEXT_N_WEEKS", 2, date(2026, 8, 16), date(2026, 8, 29)),
        ("N_WEEKS_AGO", 2, date(2026, 7, 26), date(2026, 8, 1)),
        ("LAST_N_MONTHS", 8, date(2025, 12, 1), date(2026, 7, 31)),
        ("NEXT_N_MONTHS", 5, date(2026, 9, 1), date(2027, 1, 31)),
        ("N_MONTHS_AGO", 6, date(2026, 2, 1), date(2026, 2, 28)),
        ("LAST_N_QUARTERS", 3, date(2025, 10, 1), date(2026, 6, 30)),
        ("NEXT_N_QUARTERS", 2, date(2026, 10, 1), date(2027, 3, 31)),
        ("N_QUARTERS_AGO", 1, date(2026, 4, 1), date(2026, 6, 30)),
        ("LAST_N_YEARS", 2, date(2024, 1, 1), date(2025, 12, 31)),
        ("NEXT_N_YEARS", 1, date(2027, 1, 1), date(2027, 12, 31)),
        ("N_YEARS_AGO", 2, date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_a_date_literal_is_whole_days(name: str, number: int | None, first: date, last: date) -> None:
    assert days(name, number) == (first, last)


@pytest.mark.parametrize(
    ("now", "first"),
    [
        pytest.param(datetime(2026, 8, 8, 23, 59, 59, tzinfo=UTC), date(2026, 8, 2), id="Saturday ends it"),
        pytest.param(datetime(2026, 8, 9, tzinfo=UTC), date(2026, 8, 9), id="Sunday begins it"),
        pytest.param(datetime(2026, 8, 10, tzinfo=UTC), date(2026, 8, 9), id="Monday is its second day"),
    ],
)
def test_a_week_begins_on_sunday(now: datetime, first: date) -> None:
    assert days("THIS_WEEK", now=now)[0] == first


@pytest.mark.parametrize(
    ("timezone", "now", "begin", "end"),
    [
        pytest.param("UTC", "2026-08-12T09:30", "2026-08-12T00:00", "2026-08-13T00:00", id="in UTC"),
        pytest.param("Europe/Berlin", "2026-08-12T23:30", "2026-08-12T22:00", "2026-08-13T22:00", id="in Berlin it is tomorrow already"),
        pytest.param(
            "America/New_York", "2026-08-12T01:00", "2026-08-11T04:00", "2026-08-12T04:00", id="in New York it is still yesterday"
        ),
        pytest.param("Asia/Kolkata", "2026-08-12T09:30", "2026-08-11T18:30", "2026-08-12T18:30", id="half an hour beside the others"),
        pytest.param(
            "Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00", id="the day on which summer begins has 23 hours"
        ),
        pytest.param("Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00", id="and that on which it ends has 25"),
        pytest.param(
            "Asia/Beirut", "2022-03-27T12:00", "2022-03-26T22:00", "2022-03-27T21:00", id="where midnight is skipped, the day begins at one"
        ),
        pytest.param(
            "America/Havana", "2025-11-02T12:00", "2025-11-02T04:00", "2025-11-03T05:00", id="where it comes twice, with the first"
        ),
        pytest.param(
            "Pacific/Apia", "2011-12-29T12:00", "2011-12-29T10:00", "2011-12-30T10:00", id="the day before one that there never was"
        ),
        pytest.param(
            "Atlantis/Capital", "2026-08-12T09:30", "2026-08-12T00:00", "2026-08-13T00:00", id="where nobody knows the clocks, in UTC"
        ),
    ],
)
def test_a_day_is_that_of_the_users_clocks(timezone: str, now: str, begin: str, end: str) -> None:
    stretch = dates.stretch(DateLiteral("TODAY"), datetime.fromisoformat(f"{now}+00:00"), timezone)
    assert (stretch.begin, stretch.end) == (datetime.fromisoformat(f"{begin}+00:00"), datetime.fromisoformat(f"{end}+00:00"))
    assert stretch.begin.tzinfo is UTC


@pytest.mark.parametrize(
    ("name", "number", "problem"),
    [
        ("TODAY", None, None),
        ("LAST_N_DAYS", 7, None),
        ("LAST_N_DAYS", None, "LAST_N_DAYS needs a number, such as LAST_N_DAYS:30."),
        ("TODAY", 7, "TODAY has no number."),
        ("SOMEDAY", None, "This is no date literal, and texts stand in single quotes."),
        ("SOMEDAY", 7, "This is no date literal, and texts stand in single quotes."),
    ],
)
def test_a_name_that_means_no_time_is_told_from_one_that_does(name: str, number: int | None, problem: str | None) -> None:
    assert dates.problem(DateLiteral(name, number)) == problem


literals = st.one_of(
    st.builds(DateLiteral, st.sampled_from(sorted(PLAIN))),
    st.builds(DateLiteral, st.sampled_from(sorted(NUMBERED)), st.integers(0, MOST_STEPS)),
)
moments = st.datetimes(datetime(1900, 1, 1), datetime(4000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is added


@given(literals, moments, st.sampled_from(ZONES))
def test_every_literal_is_a_stretch_that_begins_and_ends_at_a_midnight(literal: DateLiteral, now: datetime, timezone: str) -> None:
    assert dates.problem(literal) is None
    stretch = dates.stretch(literal, now, timezone)
    assert stretch.begin <= stretch.end
    for moment in (stretch.begin, stretch.end):
        here = hours.at(timezone, moment)
        assert here is not None
        assert moment.tzinfo is UTC
        # The clocks of Brazil once skipped midnight, and some of 1900 ran beside today's by minutes.
        assert (here.hour, here.minute) == (0, 0) or here.hour == 1


@given(st.sampled_from(("WEEK", "MONTH", "QUARTER", "YEAR")), st.integers(0, 500), moments, st.sampled_from(ZONES))
def test_one_stretch_ends_where_the_next_begins(unit: str, number: int, now: datetime, timezone: str) -> None:
    """So every moment is in exactly one week, month, quarter and year, and counting by them counts nothing twice."""

    def meant(name: str, number: int | None = None) -> dates.Stretch:
        return dates.stretch(DateLiteral(name, number), now, timezone)

    last, this, following = (meant(f"{which}_{unit}") for which in ("LAST", "THIS", "NEXT"))
    assert (last.end, this.end) == (this.begin, following.begin)
    assert this.begin <= now < this.end
    assert meant(f"N_{unit}S_AGO", number + 1).end == meant(f"N_{unit}S_AGO", number).begin
    assert meant(f"LAST_N_{unit}S", number) == dates.Stretch(meant(f"N_{unit}S_AGO", number).begin, this.begin)
    assert meant(f"NEXT_N_{unit}S", number).begin == following.begin
    assert meant("TODAY").begin <= now < meant("TODAY").end


def test_a_time_that_is_further_away_than_clocks_go_ends_where_they_do() -> None:
    assert days("LAST_N_YEARS", MOST_STEPS)[0] == date(2, 1, 1)
    assert days("NEXT_N_YEARS", MOST_STEPS)[1] == date(9998, 12, 30)
    assert days("LAST_N_WEEKS", MOST_STEPS, now=datetime(20, 1, 1, tzinfo=UTC))[0] == date(2, 1, 1)
    assert days("NEXT_N_WEEKS", MOST_STEPS, now=datetime(9990, 1, 1, tzinfo=UTC))[1] == date(9998, 12, 30)
