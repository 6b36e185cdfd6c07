"""Addresses and ranges, and how they are written."""

from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts_builder import FACTS, but, ranges

from gatebridge.rules import network
from gatebridge.rules.network import Address, Range, parse_address, parse_range, range_problem

any_address: st.SearchStrategy[Address] = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


def a_range(text: str, label: str = "") -> Range:
    found = parse_range(text, label)
    assert found is not None
    return found


any_range = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)),
    st.tuples(st.ip_addresses(v=6), st.ip_addresses(v=6)),
).map(lambda ends: Range(min(ends, key=int), max(ends, key=int)))


def dressed(address: Address) -> bool:
    """Whether this is an IPv4 address in the form of IPv6, which no range holds."""
    return isinstance(address, IPv6Address) and address.ipv4_mapped is not None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("192.0.2.1", "192.0.2.1", id="an IPv4 address is itself"),
        pytest.param("2001:DB8:0::1", "2001:db8::1", id="an IPv6 address is the same in any spelling"),
        pytest.param("::ffff:192.0.2.1", "192.0.2.1", id="an IPv4 address dressed as IPv6 is the IPv4 address"),
        pytest.param("::ffff:c000:201", "192.0.2.1", id="also when it is dressed in hexadecimal"),
        pytest.param("::", "::", id="the unspecified address stays IPv6"),
        pytest.param("192.0.2.01", None, id="leading zeros are octal to other readers"),
        pytest.param("0300.0.2.1", None, id="octal is refused"),
        pytest.param("0xc0000201", None, id="hexadecimal is refused"),
        pytest.param("3221225985", None, id="one big number is refused"),
        pytest.param("192.0.2", None, id="three numbers are refused"),
        pytest.param("192.0.2.256", None, id="a number above 255 is refused"),
        pytest.param("fe80::1%eth0", None, id="a zone id is refused"),
        pytest.param("fe80::1%25eth0", None, id="an escaped zone id is refused"),
        pytest.param("[2001:db8::1]", None, id="brackets are refused"),
        pytest.param("192.0.2.1:443", None, id="a port is refused"),
        pytest.param(" 192.0.2.1", None, id="a blank is refused"),
        pytest.param("192.0.2.1\n", None, id="a line break is refused"),
        pytest.param("١٩٢.0.2.1", None, id="digits beyond ASCII are refused"),
    ],
)
def test_X_IP_03_an_address_has_one_form(text: str, address: str | None) -> None:
    assert parse_address(text) == (address and ip_address(address))


@pytest.mark.parametrize("text", ["unknown", "", "9" * 10_000, '"_x"', "for=192.0.2.1", "\x00"])
def test_X_IP_02_what_a_broken_header_holds_is_no_address(text: str) -> None:
    assert parse_address(text) is None


@given(any_address)
def test_every_address_reads_back_as_itself_or_as_the_ipv4_address_inside(address: Address) -> None:
    inside = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    assert parse_address(str(address)) == (inside or address)


@pytest.mark.parametrize(
    ("text", "first", "last", "shown"),
    [
        pytest.param("192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.7", id="one address is a range of one"),
        pytest.param("192.0.2.0/24", "192.0.2.0", "192.0.2.255", "192.0.2.0/24", id="CIDR"),
        pytest.param("10.64.0.0/10", "10.64.0.0", "10.127.255.255", "10.64.0.0/10", id="CIDR with a nought in its length"),
        pytest.param("10.0.0.0/8", "10.0.0.0", "10.255.255.255", "10.0.0.0/8", id="CIDR of one digit"),
        pytest.param("192.0.2.7/32", "192.0.2.7", "192.0.2.7", "192.0.2.7", id="CIDR of one address is shown as the address"),
        pytest.param("0.0.0.0/0", "0.0.0.0", "255.255.255.255", "0.0.0.0/0", id="all of IPv4"),
        pytest.param("192.0.2.3-192.0.2.9", "192.0.2.3", "192.0.2.9", "192.0.2.3-192.0.2.9", id="first and last"),
        pytest.param("192.0.2.0-192.0.2.255", "192.0.2.0", "192.0.2.255", "192.0.2.0/24", id="a whole network is shown as one"),
        pytest.param("192.0.2.1-192.0.2.2", "192.0.2.1", "192.0.2.2", "192.0.2.1-192.0.2.2", id="two that are no network stay two"),
        pytest.param(" 192.0.2.3 - 192.0.2.9 ", "192.0.2.3", "192.0.2.9", "192.0.2.3-192.0.2.9", id="blanks around the parts"),
        pytest.param(" 192.0.2.0/24 ", "192.0.2.0", "192.0.2.255", "192.0.2.0/24", id="blanks around CIDR"),
        pytest.param("2001:db8::/127", "2001:db8::", "2001:db8::1", "2001:db8::/127", id="IPv6 CIDR"),
        pytest.param("2001:db8::5", "2001:db8::5", "2001:db8::5", "2001:db8::5", id="one IPv6 address"),
        pytest.param("::ffff:192.0.2.1-192.0.2.9", "192.0.2.1", "192.0.2.9", "192.0.2.1-192.0.2.9", id="dressed IPv4 is folded"),
    ],
)
def test_what_is_a_range_and_how_it_is_shown(text: str, first: str, last: str, shown: str) -> None:
    found = a_range(text, "Office")
    assert (found.first, found.last, found.label) == (ip_address(first), ip_address(last), "Office")
    assert str(found) == shown
    assert range_problem(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "“” is not an IP address.", id="nothing"),
        pytest.param("office", "“office” is not an IP address.", id="a word"),
        pytest.param("192.0.2.1-office", "“office” is not an IP address.", id="a word as the end"),
        pytest.param("office-192.0.2.1", "“office” is not an IP address.", id="a word as the beginning"),
        pytest.param("192.0.2.1-", "“” is not an IP address.", id="an end left out"),
        pytest.param("x" * 500, f"“{'x' * 64}” is not an IP address.", id="long nonsense is cut"),
        pytest.param("192.0.2.9-192.0.2.3", "The range begins above its end: 192.0.2.9 comes after 192.0.2.3.", id="the wrong way round"),
        pytest.param(
            "192.0.2.1-2001:db8::1", "A range cannot begin in IPv4 and end in IPv6, or the other way round.", id="two address families"
        ),
        pytest.param(
            "192.0.2.5/24", "192.0.2.5 lies inside the network; write 192.0.2.0/24, or 192.0.2.5 alone.", id="bits outside the prefix"
        ),
        pytest.param("192.0.2.0/33", "An IPv4 network has a length of at most 32, not 33.", id="a prefix too long for IPv4"),
        pytest.param("2001:db8::/129", "An IPv6 network has a length of at most 128, not 129.", id="a prefix too long for IPv6"),
        pytest.param(
            "192.0.2.0/255.255.255.0",
            "“192.0.2.0/255.255.255.0” is not a network such as 192.0.2.0/24 or 2001:db8::/32.",
            id="a netmask in dots",
        ),
        pytest.param(
            "192.0.2.0/1000", "“192.0.2.0/1000” is not a network such as 192.0.2.0/24 or 2001:db8::/32.", id="a length of four digits"
        ),
        pytest.param(
            "192.0.2.0/024", "“192.0.2.0/024” is not a network such as 192.0.2.0/24 or 2001:db8::/32.", id="a leading zero in the prefix"
        ),
        pytest.param("office/24", "“office/24” is not a network such as 192.0.2.0/24 or 2001:db8::/32.", id="a word with a prefix"),
        pytest.param(
            "::ffff:192.0.2.0/120",
            "“::ffff:192.0.2.0/120” is not a network such as 192.0.2.0/24 or 2001:db8::/32.",
            id="a network of dressed IPv4 addresses",
        ),
    ],
)
def test_X_IP_03_what_is_no_range_is_refused_with_the_reason(text: str, words: str) -> None:
    assert parse_range(text) is None
    assert range_problem(text) == words


@pytest.mark.parametrize(("first", "last"), [("192.0.2.9", "192.0.2.3"), ("192.0.2.1", "2001:db8::1")])
def test_a_range_cannot_be_made_of_ends_that_do_not_fit(first: str, last: str) -> None:
    with pytest.raises(ValueError, match="a range"):
        Range(ip_address(first), ip_address(last))


@given(any_range.filter(lambda found: not dressed(found.first) and not dressed(found.last)))
def test_every_range_reads_back_from_what_is_shown(given_range: Range) -> None:
    assert parse_range(str(given_range)) == given_range


@given(any_range, any_address)
def test_a_range_contains_what_lies_between_its_ends_and_nothing_of_the_other_family(given_range: Range, address: Address) -> None:
    assert given_range.contains(given_range.first)
    assert given_range.contains(given_range.last)
    if address.version != given_range.first.version:
        assert not given_range.contains(address)
    else:
        assert given_range.contains(address) == (int(given_range.first) <= int(address) <= int(given_range.last))


@given(st.lists(any_range))
def test_ranges_of_both_families_can_be_sorted(ranges: list[Range]) -> None:
    in_order = sorted(ranges)
    assert sorted(in_order) == in_order
    assert [found.first.version for found in in_order] == sorted(found.first.version for found in ranges)


def test_ranges_are_sorted_by_where_they_begin_and_end_and_by_their_labels() -> None:
    in_order = [
        a_range("9.0.0.1-10.0.0.9"),
        a_range("10.0.0.1-10.0.0.4", "Z"),
        a_range("10.0.0.1-10.0.0.7", "A"),
        a_range("10.0.0.1-10.0.0.7", "B"),
        a_range("::1"),
    ]
    assert sorted(in_order[place] for place in (4, 3, 2, 1, 0)) == in_order


@pytest.mark.parametrize(
    ("address", "folded"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("192.0.2.0", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
    ],
)
def test_the_network_around_an_address_is_its_24_or_48(address: str, folded: str) -> None:
    assert network.network_of(ip_address(address)) == folded


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        pytest.param("192.0.2.1", "192.0.2.255", True, id="the same /24"),
        pytest.param("192.0.2.1", "192.0.3.1", False, id="the next"),
        pytest.param("2001:db8:1:2::1", "2001:db8:1:ffff::1", True, id="the same /48"),
        pytest.param("2001:db8:1::1", "2001:db8:2::1", False, id="another"),
        pytest.param("192.0.2.1", "2001:db8::1", False, id="two families"),
        pytest.param("192.0.2.1", "", False, id="one that cannot be told"),
        pytest.param("", "192.0.2.1", False, id="nor the other"),
        pytest.param("", "", False, id="two that cannot be told"),
    ],
)
def test_two_addresses_are_near_in_one_network(one: str, other: str, near: bool) -> None:
    assert network.near(parse_address(one), parse_address(other)) is near


@pytest.mark.parametrize(
    ("only_waive", "listed", "here", "waived"),
    [
        (True, "192.0.2.0/24", "192.0.2.7", True),
        (True, "192.0.2.0/24", "198.51.100.7", False),
        (True, "192.0.2.0/24", "", False),
        (True, "", "192.0.2.7", False),
        (False, "192.0.2.0/24", "192.0.2.7", False),
    ],
)
def test_a_mailed_code_is_waived_in_ranges_that_only_waive(only_waive: bool, listed: str, here: str, waived: bool) -> None:
    org = but(FACTS.org, "settings", trusted_ranges=ranges(listed) if listed else (), trusted_ranges_only_waive=only_waive)
    assert org.waives_verification(parse_address(here)) is waived
