"""Times in a bound query: what a date literal and a moment become, alone and in lists."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules.ids import Prefix
from gatebridge.rules.soql import matching
from gatebridge.rules.soql.check import bound
from gatebridge.rules.soql.query import Comparison, Condition, DateLiteral, Every, In, Op, Query, Some, Value
from gatebridge.rules.soql.sobjects import Field, FieldType, SObject

NOW = datetime(2026, 8, 12, 9, 30, tzinfo=UTC)
TODAY, TOMORROW = datetime(2026, 8, 12, tzinfo=UTC), datetime(2026, 8, 13, tzinfo=UTC)

THING = SObject(
    "Thing",
    "Thing",
    "Things",
    Prefix.RECEIPT,
    (Field("MadeAt", FieldType.DATETIME, "Made"), Field("SeenAt", FieldType.DATETIME, "Seen", nullable=True)),
)


def condition(where: Condition, *, timezone: str = "UTC") -> Condition | None:
    return bound(Query("thing", ("MadeAt",), where=where), THING, now=NOW, timezone=timezone).where


@pytest.mark.parametrize(
    ("op", "becomes"),
    [
        (Op.EQ, Every((Comparison("MadeAt", Op.GE, TODAY), Comparison("MadeAt", Op.LT, TOMORROW)))),
        (Op.NE, Some((Comparison("MadeAt", Op.LT, TODAY), Comparison("MadeAt", Op.GE, TOMORROW)))),
        (Op.LT, Comparison("MadeAt", Op.LT, TODAY)),
        (Op.LE, Comparison("MadeAt", Op.LT, TOMORROW)),
        (Op.GT, Comparison("MadeAt", Op.GE, TOMORROW)),
        (Op.GE, Comparison("MadeAt", Op.GE, TODAY)),
    ],
)
def test_a_date_literal_becomes_two_times(op: Op, becomes: Condition) -> None:
    assert condition(Comparison("madeat", op, DateLiteral("TODAY"))) == becomes


def test_a_field_that_may_be_empty_is_not_today_when_it_is() -> None:
    made = condition(Comparison("SeenAt", Op.NE, DateLiteral("TODAY")))
    assert made == Some((Comparison("SeenAt", Op.LT, TODAY), Comparison("SeenAt", Op.GE, TOMORROW), Comparison("SeenAt", Op.EQ, None)))


def test_a_time_is_compared_to_the_millisecond() -> None:
    moment = datetime(2026, 8, 12, 9, 30, 1, 234_567, UTC)
    begin, end = moment.replace(microsecond=234_000), moment.replace(microsecond=235_000)
    assert condition(Comparison("MadeAt", Op.EQ, moment)) == Every((Comparison("MadeAt", Op.GE, begin), Comparison("MadeAt", Op.LT, end)))
    assert condition(Comparison("MadeAt", Op.GT, moment)) == Comparison("MadeAt", Op.GE, end)


def test_the_literals_are_told_by_the_users_clocks() -> None:
    made = condition(Comparison("MadeAt", Op.GE, DateLiteral("TODAY")), timezone="Pacific/Kiritimati")
    assert made == Comparison("MadeAt", Op.GE, datetime(2026, 8, 11, 10, tzinfo=UTC))


moments = st.datetimes(datetime(2026, 8, 1), datetime(2026, 8, 31), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is added
times: st.SearchStrategy[Value] = st.one_of(
    moments,
    moments.map(lambda moment: moment.astimezone(timezone(timedelta(hours=5, minutes=30)))),
    st.sampled_from([DateLiteral(name) for name in ("TODAY", "THIS_WEEK", "LAST_WEEK", "THIS_MONTH", "LAST_90_DAYS")]),
    st.builds(DateLiteral, st.just("LAST_N_DAYS"), st.integers(0, 20)),
    st.none(),
)


@given(st.lists(times, min_size=1, max_size=4), st.booleans(), st.none() | moments)
def test_every_time_of_a_list_is_compared_as_it_is_alone(listed: list[Value], negated: bool, value: datetime | None) -> None:
    """IN holds where `=` holds for one, NOT IN where `!=` holds for all, and each is what the other is not."""
    record = {"SeenAt": value}

    def holds(where: Condition) -> bool:
        made = condition(where)
        assert made is not None
        return matching.holds(made, record)

    alone = [holds(Comparison("SeenAt", Op.EQ, each)) for each in listed]
    assert [holds(Comparison("SeenAt", Op.NE, each)) for each in listed] == [not found for found in alone]
    assert holds(In("SeenAt", tuple(listed), negated)) == (any(alone) is not negated)


@given(times.filter(lambda value: value is not None), moments)
def test_a_time_is_before_in_or_behind_a_stretch_and_nothing_else(value: Value, moment: datetime) -> None:
    def holds(op: Op) -> bool:
        made = condition(Comparison("MadeAt", op, value))
        assert made is not None
        return matching.holds(made, {"MadeAt": moment})

    assert [holds(Op.LT), holds(Op.EQ), holds(Op.GT)].count(True) == 1
    assert holds(Op.LE) == (holds(Op.LT) or holds(Op.EQ))
    assert holds(Op.GE) == (holds(Op.GT) or holds(Op.EQ))
    assert holds(Op.NE) != holds(Op.EQ)
