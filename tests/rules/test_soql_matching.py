"""What a condition means, as one-line truths. The databases are held against the same function (tests/storage/test_sobjects.py)."""

import time
from datetime import UTC, datetime

import pytest

from gatebridge.rules.soql.matching import holds, like, pattern_parts
from gatebridge.rules.soql.query import Comparison, Condition, Every, In, Like, Not, Op, Some

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECORD: dict[str, object] = {"Name": "Ada", "Empty": None, "Active": True, "At": NOON, "Count": 3}


def name(op: Op, value: str | None) -> Comparison:
    return Comparison("Name", op, value)


def empty(op: Op, value: str | None) -> Comparison:
    return Comparison("Empty", op, value)


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        (name(Op.EQ, "Ada"), True),
        (name(Op.EQ, "ADA"), True),
        (name(Op.EQ, "Eve"), False),
        (name(Op.NE, "ada"), False),
        (name(Op.NE, "Eve"), True),
        (name(Op.EQ, None), False),
        (name(Op.NE, None), True),
        (name(Op.LT, "b"), True),
        (name(Op.LT, "ADA"), False),
        (name(Op.LE, "ADA"), True),
        (name(Op.GT, "A"), True),
        (name(Op.GE, "B"), False),
        (Comparison("At", Op.GE, NOON), True),
        (Comparison("At", Op.LT, NOON), False),
        (Comparison("Count", Op.GT, 2), True),
        (Comparison("Active", Op.EQ, True), True),
        (Comparison("Active", Op.NE, True), False),
        (Like("Name", "a%"), True),
        (Like("Name", "_d_"), True),
        (In("Name", ("eve", "ada")), True),
        (In("Name", ("eve",)), False),
        (In("Name", ("eve",), negated=True), True),
        (In("Name", ("ADA",), negated=True), False),
        (Not(name(Op.EQ, "Ada")), False),
        (Every((name(Op.EQ, "Ada"), Comparison("Count", Op.EQ, 3))), True),
        (Every((name(Op.EQ, "Ada"), Comparison("Count", Op.EQ, 4))), False),
        (Some((name(Op.EQ, "Eve"), Comparison("Count", Op.EQ, 3))), True),
        (Some((name(Op.EQ, "Eve"), Comparison("Count", Op.EQ, 4))), False),
    ],
)
def test_a_condition_holds_or_does_not(condition: Condition, held: bool) -> None:
    assert holds(condition, RECORD) is held


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        (empty(Op.EQ, None), True),
        (empty(Op.NE, None), False),
        (empty(Op.EQ, "x"), False),
        (empty(Op.NE, "x"), True),
        (empty(Op.LT, "x"), False),
        (empty(Op.GE, "x"), False),
        (Not(empty(Op.LT, "x")), True),
        (Like("Empty", "%"), False),
        (Not(Like("Empty", "%")), True),
        (In("Empty", ("x", "y")), False),
        (In("Empty", ("x", "y"), negated=True), True),
        (Not(In("Empty", ("x", "y"))), True),
        (Not(In("Empty", ("x", "y"), negated=True)), False),
    ],
)
def test_an_empty_field_differs_from_every_value_and_is_on_no_side_of_it(condition: Condition, held: bool) -> None:
    assert holds(condition, RECORD) is held


def test_in_an_id_case_counts() -> None:
    condition = Every((Comparison("Id", Op.EQ, "00DA"), Not(In("Id", ("00da",)))))
    assert holds(condition, {"Id": "00DA"}, exact={"Id"})
    assert not holds(condition, {"Id": "00DA"})
    assert not holds(condition, {"Id": "00da"}, exact={"Id"})


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("ada@acme.example", "ada%", True),
        ("ada@acme.example", "ADA%EXAMPLE", True),
        ("ada@acme.example", "%acme%", True),
        ("ada@acme.example", "acme", False),
        ("ada@acme.example", "ada_acme_example", True),
        ("ada", "____", False),
        ("ada", "__", False),
        ("ada", "%", True),
        ("ada", "a%a%a", False),
        ("aaa", "a%a%a", True),
        ("abcabc", "%bc", True),
        ("abcabd", "%bc", False),
        ("100%", r"100\%", True),
        ("1000", r"100\%", False),
        ("a_b", r"a\_b", True),
        ("axb", r"a\_b", False),
        ("a\\b", r"a\\b", True),
        ("", "", True),
        ("a", "", False),
        ("", "%", True),
        ("a\nb", "a_b", True),
        ("a\nb", "a%b", True),
        ("[a-z].*", "[a-z].*", True),
        ("x", ".", False),
    ],
)
def test_a_pattern_fits_a_whole_text(text: str, pattern: str, fits: bool) -> None:
    assert like(text, pattern) is fits


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Z", "z", True), ("ß", "SS", False), ("İ", "i", False), ("Ä", "ä", False), ("Ä", "Ä", True), ("ﬁ", "FI", False)],
)
def test_no_letter_but_a_to_z_is_the_same_in_another_case(one: str, other: str, same: bool) -> None:
    """What other letters are the same depends on a language; the databases do not agree about it, and this rule is everywhere."""
    assert holds(Comparison("Name", Op.EQ, one), {"Name": other}) is same
    assert like(one, other) is same


def test_wildcards_in_a_row_are_one() -> None:
    assert pattern_parts(r"%%a\%_%") == [("%", True), ("a", False), ("%", False), ("_", True), ("%", True)]


def test_no_pattern_keeps_the_server_busy() -> None:
    began = time.process_time()
    assert not like("a" * 500, "%a" * 400 + "b")
    assert time.process_time() - began < 1
