"""Queries for tests: any that can be said, how it is written, and texts that are no query."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from gatebridge.rules.soql.dates import NUMBERED, PLAIN
from gatebridge.rules.soql.query import (
    ALL_FIELDS,
    STANDARD_FIELDS,
    Comparison,
    Condition,
    DateLiteral,
    Every,
    In,
    Like,
    Not,
    Op,
    Order,
    Query,
    Some,
    Value,
)
from gatebridge.salesforce.soql.grammar import RESERVED

_IN_A_PATTERN = str.maketrans({"'": "\\'", "\n": "\\n", "\r": "\\r"})
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r"})


def written(query: Query) -> str:
    """The text of a query, as somebody would write it who knows what it says."""
    text = f"SELECT {'COUNT()' if query.counts else ', '.join(query.fields)} FROM {query.sobject}"
    if query.where is not None:
        text += f" WHERE {_condition(query.where)}"
    if query.order:
        text += f" ORDER BY {', '.join(_step(step) for step in query.order)}"
    if query.limit is not None:
        text += f" LIMIT {query.limit}"
    return text + (f" OFFSET {query.offset}" if query.offset else "")


def _condition(condition: Condition) -> str:
    if isinstance(condition, Not):
        return f"NOT {_part(condition.condition)}"
    if isinstance(condition, Every | Some):
        return (" AND " if isinstance(condition, Every) else " OR ").join(_part(part) for part in condition.conditions)
    if isinstance(condition, Comparison):
        return f"{condition.field} {condition.op} {_value(condition.value)}"
    if isinstance(condition, Like):
        # A pattern already has its backslashes; what it needs more is what every text needs.
        return f"{condition.field} LIKE '{condition.pattern.translate(_IN_A_PATTERN)}'"
    return f"{condition.field} {'NOT ' if condition.negated else ''}IN ({', '.join(_value(value) for value in condition.values)})"


def _part(condition: Condition) -> str:
    return f"({_condition(condition)})" if isinstance(condition, Every | Some) else _condition(condition)


def _step(step: Order) -> str:
    return f"{step.field}{' DESC' if step.descending else ''}{' NULLS LAST' if step.nulls_last else ''}"


def _value(value: Value) -> str:
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    if isinstance(value, bool) or value is None:
        return "null" if value is None else str(value).lower()
    if isinstance(value, DateLiteral):
        return value.name if value.number is None else f"{value.name}:{value.number}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True).filter(lambda name: name.upper() not in RESERVED)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
patterns = st.lists(st.sampled_from(["%", "_", r"\%", r"\_", r"\\"]) | texts.map(lambda text: text.replace("\\", "")), max_size=4).map(
    "".join
)
values: st.SearchStrategy[Value] = st.one_of(
    texts,
    st.integers(-(10**20), 10**20),
    st.decimals(-(10**6), 10**6, places=3),
    st.booleans(),
    st.none(),
    st.dates(date(1700, 1, 1), date(4000, 12, 31)),
    st.datetimes(datetime(1700, 1, 2), datetime(4000, 12, 30), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone is added
    st.builds(DateLiteral, st.sampled_from(sorted(PLAIN))),
    st.builds(DateLiteral, st.sampled_from(sorted(NUMBERED)), st.integers(0, 10_000)),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(
        st.builds(Comparison, names, st.sampled_from(Op), values),
        st.builds(Like, names, patterns),
        st.builds(In, names, st.lists(values, min_size=1, max_size=4).map(tuple), st.booleans()),
    ),
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.builds(Every, st.lists(parts, min_size=2, max_size=3).map(tuple)),
        st.builds(Some, st.lists(parts, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)
_ends = {"where": st.none() | conditions, "limit": st.none() | st.integers(0, 2**31 - 1), "offset": st.integers(0, 2_000)}
queries: st.SearchStrategy[Query] = st.one_of(
    st.builds(
        Query,
        names,
        st.lists(names | st.just(STANDARD_FIELDS), min_size=1, max_size=4).map(tuple),
        order=st.lists(st.builds(Order, names, st.booleans(), st.booleans()), max_size=3).map(tuple),
        **_ends,
    ),
    st.builds(Query, names, st.just((ALL_FIELDS,)), limit=st.integers(0, 200)),
    st.builds(Query, names, st.just(()), counts=st.just(True), **_ends),
)

# What queries are made of, put together by chance: much nearer to a query than a text by chance ever comes.
_words = st.sampled_from(
    [
        *(
            "SELECT",
            "FROM",
            "WHERE",
            "AND",
            "OR",
            "NOT",
            "IN",
            "LIKE",
            "ORDER",
            "BY",
            "LIMIT",
            "OFFSET",
            "NULLS",
            "LAST",
            "COUNT",
            "FIELDS",
        ),
        *(
            "Id",
            "User",
            "Name",
            "u",
            ".",
            ",",
            "(",
            ")",
            "=",
            "!=",
            "<",
            "'",
            "\\",
            "'a'",
            "'%'",
            "1",
            "-1.5",
            "2026-01-31",
            "TODAY",
            ":",
            ":3",
        ),
        *(
            "2026-01-31T08:00:00Z",
            "null",
            "true",
            "*",
            ";",
            "--",
            "/*",
            "\n",
            "\t",
            "\0",
            "\ud800",
            "ALL",
            "FOR",
            "GROUP",
            '"',
            "é",
            "\u202e",
        ),
    ]
)
nearly_queries = st.lists(_words, max_size=25).map(" ".join) | st.lists(_words, max_size=25).map("".join)
