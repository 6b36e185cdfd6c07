"""Address ranges as an admin types them."""

import pytest

from gatebridge.rules import typed_ranges
from gatebridge.rules.network import parse_range
from gatebridge.rules.typed_ranges import TypedRange, lock_out_problem


def test_ranges_keep_their_order_and_their_labels() -> None:
    ranges, problems = typed_ranges.read("login_ranges", [TypedRange("192.0.2.0/24", "Office"), TypedRange("2001:db8::1")])
    assert [(str(each), each.label) for each in ranges] == [("192.0.2.0/24", "Office"), ("2001:db8::1", "")]
    assert problems == []


def test_every_wrong_range_is_told_at_its_place() -> None:
    ranges, problems = typed_ranges.read("login_ranges", [TypedRange("192.0.2.1/24"), TypedRange("192.0.2.7"), TypedRange("x", "a\nb")])
    assert [problem.field for problem in problems] == ["login_ranges.0", "login_ranges.2", "login_ranges.2"]
    assert len(ranges) == 1


@pytest.mark.parametrize(("count", "problems"), [(200, 0), (201, 1)])
def test_a_list_has_at_most_200_ranges(count: int, problems: int) -> None:
    assert len(typed_ranges.read("ranges", [TypedRange("192.0.2.1")] * count)[1]) == problems


@pytest.mark.parametrize(
    ("address", "ranges", "locked_out"),
    [
        pytest.param("192.0.2.7", ["192.0.2.0/24"], False, id="inside"),
        pytest.param("198.51.100.1", ["192.0.2.0/24", "198.51.100.1"], False, id="inside the second"),
        pytest.param("198.51.100.1", ["192.0.2.0/24"], True, id="outside"),
        pytest.param("198.51.100.1", [], False, id="no ranges shut nobody out"),
        pytest.param("unknown", ["192.0.2.0/24"], True, id="an address that cannot be read is outside"),
    ],
)
def test_X_AD_12_ranges_never_shut_out_who_saves_them(address: str, ranges: list[str], locked_out: bool) -> None:
    parsed = [found for found in map(parse_range, ranges) if found is not None]
    assert (lock_out_problem(address, parsed) is not None) is locked_out
