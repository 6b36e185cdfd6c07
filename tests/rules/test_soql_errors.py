"""How a refusal of a query shows the place: for people at a terminal, and never in a way that the terminal would obey."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules.reasons import soql
from gatebridge.rules.soql.errors import AROUND, pointed, refused_at


@pytest.mark.parametrize(
    ("text", "place", "shown"),
    [
        pytest.param("SELECT x", 7, "SELECT x\n       ^\nERROR at Row:1:Column:8", id="in the only line"),
        pytest.param("", 0, "\n^\nERROR at Row:1:Column:1", id="in nothing"),
        pytest.param("SELECT", 6, "SELECT\n      ^\nERROR at Row:1:Column:7", id="behind the end"),
        pytest.param("a\nbc\nd", 3, "bc\n ^\nERROR at Row:2:Column:2", id="in a line between others"),
        pytest.param("a\r\nbc", 4, "bc\n ^\nERROR at Row:2:Column:2", id="lines of Windows"),
        pytest.param("a\rbc", 2, "bc\n^\nERROR at Row:2:Column:1", id="lines of long ago"),
        pytest.param("a\n", 2, "\n^\nERROR at Row:2:Column:1", id="behind the last line end"),
        pytest.param("a\tb", 2, "a b\n  ^\nERROR at Row:1:Column:3", id="a tab is one blank, so that the mark is below"),
        pytest.param("\x1b[31mb", 5, " [31mb\n     ^\nERROR at Row:1:Column:6", id="what steers a terminal is not repeated"),
    ],
)
def test_the_line_a_mark_and_the_place(text: str, place: int, shown: str) -> None:
    assert pointed(text, place, "no") == f"\n{shown}\nno"


def test_of_a_long_line_only_what_is_near_is_shown() -> None:
    text = "a" * 1000 + "!" + "b" * 1000
    _, line, mark, where, words = pointed(text, 1000, "no").split("\n")
    assert line == "a" * AROUND + "!" + "b" * (AROUND - 1)
    assert line[mark.index("^")] == "!"
    assert (where, words) == ("ERROR at Row:1:Column:1001", "no")


@given(st.text(max_size=80), st.data())
def test_the_mark_is_below_the_place_and_all_is_printable(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    _, line, mark, where, _ = pointed(text, place, "no").split("\n")
    assert line.isprintable()
    under = line[mark.index("^") : mark.index("^") + 1]
    assert under == text[place : place + 1] or under in ("", " ")
    row, column = re.findall(r"\d+", where)
    lines = re.split(r"\r\n|\r|\n", text[:place])
    assert int(row) in (len(lines), len(lines) - 1)  # a place between the two characters of one line end is in the line before
    assert int(column) >= 1


def test_a_refusal_carries_its_reason_and_the_place() -> None:
    refused = refused_at(soql.QUERY_MALFORMED, "SELECT", 6, "unexpected token: '<EOF>'.")
    assert refused.reason is soql.QUERY_MALFORMED
    assert refused.detail == "\nSELECT\n      ^\nERROR at Row:1:Column:7\nunexpected token: '<EOF>'."
