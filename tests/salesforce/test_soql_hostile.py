"""Whatever text is sent as a query: it is read as it is written or refused, soon, within bounds, and a text in it stays a text."""

import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.salesforce.soql_texts import nearly_queries, queries, written

from gatebridge.rules.reasons import Reason, Refused, catalogue, data, soql
from gatebridge.rules.soql import catalogue as objects
from gatebridge.rules.soql.check import MOST_TIMES, bound
from gatebridge.rules.soql.dates import NUMBERED, PLAIN
from gatebridge.rules.soql.query import Comparison, In, Op, Query
from gatebridge.salesforce.soql import parsing
from gatebridge.salesforce.soql.grammar import parser
from gatebridge.salesforce.soql.parsing import parse


def outcome(text: str) -> Query | Refused:
    """The query, or why there is none."""
    try:
        return parse(text)
    except Refused as refused:
        return refused


def _joined(number: int) -> str:
    return "SELECT Id FROM X WHERE " + " AND ".join(["a=1"] * number)


def _nested(number: int) -> str:
    return "SELECT Id FROM X WHERE " + "NOT " * (number - 1) + "a=1"


def _listed(number: int) -> str:
    return f"SELECT Id FROM X WHERE a IN ({','.join(['1'] * number)})"


def _selected(number: int) -> str:
    return f"SELECT {','.join(f'f{each}' for each in range(number))} FROM X"


def _ordered(number: int) -> str:
    return f"SELECT Id FROM X ORDER BY {','.join(['a'] * number)}"


def _long(number: int) -> str:
    begin = "SELECT Id FROM X WHERE a = '"
    return begin + "x" * (number - len(begin) - 1) + "'"


@pytest.mark.parametrize(
    ("make", "most", "reason"),
    [
        (_long, parsing.LONGEST, soql.QUERY_TOO_LARGE),
        (_joined, parsing.MOST_CONDITIONS, soql.QUERY_TOO_LARGE),
        (_nested, parsing.DEEPEST, soql.QUERY_TOO_LARGE),
        (_listed, parsing.MOST_VALUES, soql.QUERY_TOO_LARGE),
        (_selected, parsing.MOST_FIELDS, soql.QUERY_TOO_LARGE),
        (_ordered, parsing.MOST_STEPS, soql.QUERY_TOO_LARGE),
        ("SELECT Id FROM X LIMIT {}".format, parsing.LARGEST_LIMIT, soql.QUERY_NUMBER_OUTSIDE_RANGE),
        ("SELECT Id FROM X OFFSET {}".format, parsing.LARGEST_OFFSET, soql.QUERY_NUMBER_OUTSIDE_RANGE),
        ("SELECT Id FROM X WHERE a = LAST_N_DAYS:{}".format, 10_000, soql.QUERY_NUMBER_OUTSIDE_RANGE),
    ],
    ids=["length", "comparisons", "depth", "values", "fields", "order", "LIMIT", "OFFSET", "steps of a date literal"],
)
def test_up_to_its_bounds_a_query_is_read_and_beyond_them_it_is_not(make: Callable[[int], str], most: int, reason: Reason) -> None:
    assert parse(make(most))
    refused = outcome(make(most + 1))
    assert isinstance(refused, Refused)
    assert refused.reason is reason
    assert f"{most}" in (refused.detail or "")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("'" * parsing.LONGEST, id="quotes"),
        pytest.param("'" + "\\" * (parsing.LONGEST - 1), id="backslashes"),
        pytest.param("SELECT Id FROM X WHERE " + "(" * 19_000, id="brackets that never close"),
        pytest.param("SELECT Id FROM X WHERE " + "(" * 9_900 + "a=1" + ")" * 9_900, id="brackets that do"),
        pytest.param("SELECT Id FROM X WHERE " + "NOT(" * 3_900 + "a=1" + ")" * 3_900, id="conditions within conditions"),
        pytest.param("SELECT COUNT" + " " * 19_000, id="blanks before a bracket that never comes"),
        pytest.param("SELECT Id FROM " + " " * 19_000 + "!", id="blanks before what is wrong"),
        pytest.param("SELECT Id " + "FROM " * 3_900, id="words of the language"),
        pytest.param("SELECT Id FROM X WHERE a = LAST_N_DAYS" + " " * 19_000 + ":", id="a number that never comes"),
        pytest.param("SELECT Id FROM X WHERE a = " + "1" * 19_000, id="digits"),
        pytest.param("SELECT a" + ".a" * 9_900 + " FROM X", id="a path without end"),
        pytest.param("SELECT " + "a" * 19_000 + " FROM X", id="a name without end"),
        pytest.param("\n" * 19_000 + "!", id="lines"),
    ],
)
def test_no_text_keeps_the_server_busy_or_goes_too_deep(text: str) -> None:
    begun = time.thread_time()
    read = outcome(text)
    assert isinstance(read, Query) or len(read.detail or "") < 600
    assert time.thread_time() - begun < 2  # a hundred times what it takes; what grows with the square would take longer


@given(queries)
def test_whatever_can_be_said_is_read_as_it_is_written(query: Query) -> None:
    assert parse(written(query)) == query


@given(st.text(max_size=60) | nearly_queries)
def test_every_text_is_a_query_or_is_refused(text: str) -> None:
    """And what is a query can be written down again."""
    read = outcome(text)
    if isinstance(read, Query):
        assert parse(written(read)) == read
    else:
        assert read.reason in catalogue([soql]).values()
        assert read.detail


# What is tried to break out of a text, or into the statement behind the query.
INJECTIONS = [
    "' OR '1'='1",
    "' OR Name != '",
    "'; DROP TABLE users; --",
    "\\' OR 1=1 --",
    "\\\\' OR 1=1",
    "x' UNION SELECT Id FROM User",
    "' LIMIT 1 OFFSET 0 --",
    "%' AND IsActive = true AND Name LIKE '%",
    "x\\",
    "x\\'",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "%(name)s :name ? $1",
    "\n) OR (1=1",
    "\u2019 OR \u20191\u2019=\u20191",
    "＇ OR ＇1＇=＇1",
    "\x1b[2J",
    "\x7f",
]


@pytest.mark.parametrize("typed", INJECTIONS)
def test_X_HT_07_what_a_library_has_escaped_stays_one_text(typed: str) -> None:
    """Escaped as simple-salesforce's `format_soql` does it: backslash, quotes, and what cannot be seen."""
    escaped = typed.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"').replace("\n", "\\n")
    assert parse(f"SELECT Id FROM X WHERE a = '{escaped}'").where == Comparison("a", Op.EQ, typed)
    assert parse(f"SELECT Id FROM X WHERE a IN ('{escaped}', 'x')").where == In("a", (typed, "x"))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_escaped_text_ever_becomes_more_than_a_text(typed: str) -> None:
    query = Query("X", ("Id",), where=Comparison("a", Op.EQ, typed))
    assert parse(written(query)) == query


@pytest.mark.parametrize(
    "name", ["Id; DROP TABLE users", 'Id"', "Id--", "(SELECT 1)", "Id FROM User WHERE 1=1", "Id`", "I\u200bd", "users.password_hash"]
)
def test_X_HT_07_a_name_is_letters_digits_and_underscores(name: str) -> None:
    with pytest.raises(Refused):
        parse(f"SELECT {name} FROM X")
    with pytest.raises(Refused):
        parse(f"SELECT Id FROM X WHERE {name} = 1")


def test_many_threads_read_with_one_parser() -> None:
    texts = [f"SELECT a{number} FROM X WHERE b = {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        read = list(threads.map(parse, texts))
    assert read == [Query("X", (f"a{number}",), where=Comparison("b", Op.EQ, number)) for number in range(40)]
    assert parser() is parser()


def test_the_guide_names_every_bound_and_every_reason_and_its_query_fits() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "soql.md").read_text(encoding="utf-8")
    bounds = (
        parsing.LONGEST,
        parsing.MOST_FIELDS,
        parsing.MOST_CONDITIONS,
        parsing.DEEPEST,
        parsing.MOST_VALUES,
        MOST_TIMES,
        parsing.MOST_STEPS,
    )
    section = guide.split("## Bounds\n")[1].split("\n## ")[0]
    assert [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", section)] == list(bounds)
    codes = {f"| `{reason.salesforce_error}` | `{reason.code}` |" for reason in catalogue([soql]).values()}
    assert [line for line in codes if line not in guide] == []
    query = parse(guide.split("```sql\n")[1].split("```")[0])
    assert bound(query, objects.OBJECTS["LoginHistory"], now=datetime(2026, 1, 31, 8, tzinfo=UTC), timezone="UTC").limit == 100
    literals = set(re.findall(r"`([A-Z0-9_]+)(?::n)?`", guide.split("## Date literals\n")[1].split("\n## ")[0])) - {
        "MONTH",
        "QUARTER",
        "YEAR",
    }
    assert literals <= set(PLAIN) | set(NUMBERED)


def _pages() -> Iterator[tuple[str, str]]:
    for code in catalogue([soql]):
        page = (files("gatebridge") / "web" / "help" / "reasons" / f"{code}.md").read_text(encoding="utf-8")
        yield code, page


def _refused_anywhere(text: str) -> Refused:
    read = outcome(text)
    if isinstance(read, Refused):
        return read
    sobject = objects.find(read.sobject)
    assert sobject is not None
    with pytest.raises(Refused) as caught:
        bound(read, sobject, now=datetime(2026, 1, 31, 8, tzinfo=UTC), timezone="UTC")
    return caught.value


@pytest.mark.parametrize(("code", "page"), [pytest.param(code, page, id=code) for code, page in _pages() if "…)" not in page])
def test_the_page_of_a_reason_shows_the_answer_that_its_query_gets(code: str, page: str) -> None:
    asked = re.search(r"^GET /services/data/v67\.0/query\?(\S+) HTTP/1\.1$", page, re.MULTILINE)
    answered = re.search(r"^\[\{.*\}\]$", page, re.MULTILINE)
    assert asked is not None
    assert answered is not None
    refused = _refused_anywhere(parse_qs(asked[1])["q"][0])
    assert refused.reason.code == code
    told = data.told(refused.reason, refused.detail)
    assert json.loads(answered[0]) == [{"message": told.message, "errorCode": told.error_code}]
