"""Each attack on what people see (X-XS, X-CO, X-HT of the abuse cases) has a test that names its row."""

import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROWS = {"XS": 9, "CO": 8, "HT": 8}  # how many rows there are of each


@cache
def named() -> frozenset[str]:
    """Every row that stands in the name of a test."""
    names = (name for path in TESTS.rglob("test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text("utf-8")))
    return frozenset(f"{kind}-{number}" for name in names for kind, number in re.findall(r"X_(XS|CO|HT)_(\d\d)", name))


@pytest.mark.parametrize("row", [f"{kind}-{number:02}" for kind, most in ROWS.items() for number in range(1, most + 1)])
def test_a_test_names_the_row(row: str) -> None:
    assert row in named()
