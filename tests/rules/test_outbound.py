"""Where the server itself may send something, as one-line truths."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules import outbound
from gatebridge.rules.outbound import Reach, Target

SECURE, PLAIN = Target(True, "app.example", 443, "/"), Target(False, "app.example", 80, "/")
EVERYTHING = Reach(own=(ip_network("0.0.0.0/0"), ip_network("::/0")))
HOME = Reach(loopback=True)
OFFICE = Reach(own=(ip_network("10.1.0.0/16"), ip_network("fd00:1::/32")))


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        pytest.param("https://app.example/out", Target(True, "app.example", 443, "/out"), id="https has port 443"),
        pytest.param("http://localhost:8081", Target(False, "localhost", 8081, "/"), id="without a path it is the root"),
        pytest.param("https://app.example?a=b", Target(True, "app.example", 443, "/?a=b"), id="a query without a path gets one"),
        pytest.param("https://[2001:db8::1]:8443/x?y", Target(True, "2001:db8::1", 8443, "/x?y"), id="IPv6 loses its brackets"),
        pytest.param("ftp://app.example/", None, id="another scheme is nothing"),
        pytest.param("file:///etc/passwd", None, id="a file is nothing"),
        pytest.param("https://ada@app.example/", None, id="a user before the host is nothing"),
        pytest.param("https://app.example/a b", None, id="a blank is nothing"),
        pytest.param("https://app.example/\r\nHost: x", None, id="a line end is nothing"),
        pytest.param("https://app.example:0/", None, id="there is no port 0"),
        pytest.param("https://app.example:65536/", None, id="nor one above 65535"),
        pytest.param("", None, id="nothing is nothing"),
    ],
)
def test_an_address_is_taken_apart_or_is_none(uri: str, target: Target | None) -> None:
    assert outbound.target(uri) == target


@pytest.mark.parametrize(
    ("uri", "authority"),
    [
        ("https://app.example/x", "app.example"),
        ("https://app.example:8443/x", "app.example:8443"),
        ("http://app.example:443/x", "app.example:443"),
        ("http://[::1]/x", "[::1]"),
    ],
)
def test_the_header_host_says_the_port_where_it_is_not_the_usual_one(uri: str, authority: str) -> None:
    target = outbound.target(uri)
    assert target is not None
    assert target.authority == authority


def test_plain_http_is_for_a_server_at_home_on_this_machine() -> None:
    assert outbound.scheme_problem(SECURE, Reach()) is None
    assert outbound.scheme_problem(PLAIN, HOME) is None
    assert outbound.scheme_problem(PLAIN, EVERYTHING) == "Only https addresses are written to."


def reached(found: list[str], reach: Reach = Reach(), aim: Target = SECURE) -> bool:  # noqa: B008 - frozen
    return not isinstance(outbound.chosen(found, aim, reach), str)


@pytest.mark.parametrize(
    ("address", "reach", "may"),
    [
        pytest.param("8.8.8.8", Reach(), True, id="a public address may be reached"),
        pytest.param("2606:4700::1111", Reach(), True, id="of either family"),
        pytest.param("10.1.2.3", Reach(), False, id="a private network is not reached by accident"),
        pytest.param("10.1.2.3", OFFICE, True, id="but where the operator has named it"),
        pytest.param("10.2.2.3", OFFICE, False, id="and no further"),
        pytest.param("fd00:1::7", OFFICE, True, id="so with IPv6"),
        pytest.param("fd00:2::7", OFFICE, False, id="and no further there either"),
        pytest.param("172.16.0.1", Reach(), False, id="172.16 is private"),
        pytest.param("172.32.0.1", Reach(), True, id="172.32 is not"),
        pytest.param("192.168.1.1", Reach(), False, id="192.168 is private"),
        pytest.param("100.64.0.1", Reach(), False, id="so are the addresses behind a provider's NAT"),
        pytest.param("127.0.0.1", EVERYTHING, False, id="this machine is never reached from a public server, whatever is named"),
        pytest.param("127.9.9.9", EVERYTHING, False, id="nor by another spelling of it"),
        pytest.param("::1", EVERYTHING, False, id="nor over IPv6"),
        pytest.param("::ffff:7f00:1", EVERYTHING, False, id="nor dressed as IPv6, in hexadecimal"),
        pytest.param("::ffff:10.1.2.3", Reach(), False, id="nor is a private network by that"),
        pytest.param("127.0.0.1", HOME, True, id="from a server at home on this machine it may"),
        pytest.param("::1", HOME, True, id="over IPv6 too"),
        pytest.param("169.254.169.254", EVERYTHING, False, id="where clouds keep the secrets of their machines nothing is sent"),
        pytest.param("fe80::1", EVERYTHING, False, id="nor to a neighbour on the wire"),
        pytest.param("fe80::1%eth0", EVERYTHING, False, id="nor with a zone"),
        pytest.param("0.0.0.0", EVERYTHING, False, id="nor to the address that is none"),
        pytest.param("::", EVERYTHING, False, id="of either family"),
        pytest.param("224.0.0.251", EVERYTHING, False, id="nor to many at once"),
        pytest.param("ff02::1", EVERYTHING, False, id="of either family"),
        pytest.param("255.255.255.255", EVERYTHING, False, id="nor to all"),
        pytest.param("192.0.2.1", EVERYTHING, False, id="addresses of documentation are nobody's"),
        pytest.param("64:ff9b::7f00:1", EVERYTHING, False, id="a translated address may be any"),
        pytest.param("2002:7f00:1::", EVERYTHING, False, id="so may one of 6to4"),
        pytest.param("2001:0:7f00:1::", EVERYTHING, False, id="and one of Teredo"),
        pytest.param("::127.0.0.1", EVERYTHING, False, id="and one in the oldest form"),
        pytest.param("2130706433", EVERYTHING, False, id="what is no address of one form is none"),
    ],
)
def test_X_SS_04_which_addresses_may_be_reached(address: str, reach: Reach, may: bool) -> None:
    assert reached([address], reach) is may


def test_from_home_another_machine_is_reached_by_https_only() -> None:
    assert reached(["8.8.8.8"], HOME, SECURE)
    assert not reached(["8.8.8.8"], HOME, PLAIN)
    assert not reached(["10.1.2.3"], HOME, PLAIN)


def test_X_SS_04_one_address_that_may_not_be_reached_spoils_them_all() -> None:
    assert reached(["8.8.8.8", "2606:4700::1111"])
    for found in (["8.8.8.8", "127.0.0.1"], ["10.0.0.1", "8.8.8.8"]):
        assert not reached(found)
    assert outbound.chosen(["8.8.8.8", "127.0.0.1"], SECURE, Reach()) == "127.0.0.1 is this machine itself, so nothing is sent there."


def test_a_name_without_an_address_leads_nowhere() -> None:
    assert outbound.chosen([], SECURE, Reach()) == "The name has no address."


@given(st.ip_addresses())
def test_X_SS_04_nothing_that_python_calls_special_is_reached_unless_it_is_named(address: object) -> None:
    """Held against the standard library's own lists, which are another reading of the same registries."""
    special = ip_address(str(address))
    if reached([str(special)]):
        assert special.is_global
        assert not special.is_multicast
