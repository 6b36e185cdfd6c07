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


@pytest.mark.parametrize("label", ["192.0.2.2", "Office, 192.0.2.0/24", "Office,192.0.2.2", "2001:db8::1;", "to 192.0.2.1-192.0.2.9"])
def test_a_second_range_is_not_taken_for_what_the_first_is_called(label: str) -> None:
    _, problems = typed_ranges.read("ranges", [TypedRange("198.51.100.7", label)])
    assert [each.problem for each in problems] == ["There is an address in the label; each range stands by itself."]


def test_figures_in_a_label_are_no_address() -> None:
    assert typed_ranges.read("ranges", [TypedRange("198.51.100.7", "Floor 2, v1.2, 24/7, gate-3")])[1] == []


@pytest.mark.parametrize(("count", "problems"), [(200, 0), (201, 1)])
def test_a_list_has_at_most_200_ranges(count: int, problems: int) -> None:
    assert len(typed_ranges.read("ranges", [TypedRange("192.0.2.1")] * count)[1]) == problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("10.0.0.0/8", None, id="a private network as large as they come"),
        pytest.param("10.0.0.0-10.255.255.255", None, id="also from its first to its last address"),
        pytest.param("10.0.0.0-11.0.0.0", "An IPv4 range spans at most a /8. To let in everybody, set no range.", id="one address more"),
        pytest.param("0.0.0.0/0", "An IPv4 range spans at most a /8. To let in everybody, set no range.", id="all of IPv4"),
        pytest.param("2001:db8::/29", None, id="an IPv6 network as a registry gives it out"),
        pytest.param("2001:d80::/28", "An IPv6 range spans at most a /29. To let in everybody, set no range.", id="twice as large"),
        pytest.param("::/0", "An IPv6 range spans at most a /29. To let in everybody, set no range.", id="all of IPv6"),
    ],
)
def test_X_IP_03_a_range_has_a_largest_size(text: str, problem: str | None) -> None:
    _, problems = typed_ranges.read("ranges", [TypedRange(text)])
    assert [each.problem for each in problems] == ([problem] if problem else [])


def test_the_addresses_of_a_list_are_counted_over_all_of_its_ranges() -> None:
    ranges, _ = typed_ranges.read("ranges", [TypedRange("192.0.2.0/25"), TypedRange("192.0.2.200"), TypedRange("2001:db8::/126")])
    assert typed_ranges.addresses(ranges) == 128 + 1 + 4
    assert typed_ranges.told(ranges) == ["192.0.2.0/25", "192.0.2.200", "2001:db8::/126"]


def test_the_audit_trail_keeps_what_people_call_a_range() -> None:
    ranges, _ = typed_ranges.read("ranges", [TypedRange("192.0.2.0/24", "Head office")])
    assert typed_ranges.told(ranges) == ["192.0.2.0/24 Head office"]


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
