"""From where a request comes, and whom we believe about it."""

from ipaddress import ip_network

import anyio
import pytest
from starlette.types import Message, Scope

from gatebridge.web.middleware.proxy import Proxy

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def seen(peer: str | None, *headers: tuple[str, str], scheme: str = "http") -> tuple[str | None, str]:
    """The address and the scheme that the application behind the middleware sees."""
    found: Scope = {}

    async def inner(scope: Scope, receive: object, send: object) -> None:
        found.update(scope)

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    async def nowhere(message: Message) -> None: ...

    scope = {
        "type": "http",
        "scheme": scheme,
        "client": (peer, 1234) if peer else None,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }
    anyio.run(Proxy(inner, TRUSTED), scope, nothing, nowhere)
    address = found["gatebridge.address"]
    return (str(address) if address is not None else None), found["scheme"]


FORWARDED = [
    pytest.param("192.0.2.1", [("X-Forwarded-For", "1.2.3.4")], "192.0.2.1", id="from a stranger the header is nothing"),
    pytest.param("10.0.0.1", [], "10.0.0.1", id="a proxy without the header speaks for itself"),
    pytest.param("10.0.0.1", [("X-Forwarded-For", "192.0.2.7")], "192.0.2.7", id="what a trusted proxy says is believed"),
    pytest.param("10.0.0.1", [("X-Forwarded-For", "6.6.6.6, 192.0.2.7")], "192.0.2.7", id="what the client wrote in front is not"),
    pytest.param(
        "10.0.0.1", [("X-Forwarded-For", "6.6.6.6, 192.0.2.7, 10.0.0.2")], "192.0.2.7", id="a chain of proxies is walked from the right"
    ),
    pytest.param(
        "10.0.0.1", [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "192.0.2.7")], "192.0.2.7", id="several headers are one list"
    ),
    pytest.param("10.0.0.1", [("X-Forwarded-For", "192.0.2.7, unknown")], None, id="no address is no address, and not the one before"),
    pytest.param("10.0.0.1", [("X-Forwarded-For", "")], None, id="an empty header is no address"),
    pytest.param("10.0.0.1", [("X-Forwarded-For", "192.0.2.7:443")], None, id="a port makes it no address"),
    pytest.param("10.0.0.1", [("X-Forwarded-For", "fe80::1%eth0")], None, id="a zone makes it no address"),
    pytest.param("10.0.0.1", [("X-Forwarded-For", "10.0.0.2, 10.0.0.3")], "10.0.0.2", id="trusted all the way: the farthest"),
    pytest.param("::ffff:10.0.0.1", [("X-Forwarded-For", "2001:db8::1")], "2001:db8::1", id="IPv4 dressed as IPv6 is IPv4"),
    pytest.param(None, [("X-Forwarded-For", "192.0.2.7")], None, id="a connection without an address trusts nobody"),
]


@pytest.mark.parametrize(("peer", "headers", "address"), FORWARDED)
def test_std_G_15_GV_03_the_address_is_what_somebody_trusted_says(
    peer: str | None, headers: list[tuple[str, str]], address: str | None
) -> None:
    assert seen(peer, *headers)[0] == address


SCHEMES = [
    pytest.param("10.0.0.1", "https", "https", id="a trusted proxy says that it came by https"),
    pytest.param("192.0.2.1", "https", "http", id="a stranger does not"),
    pytest.param("10.0.0.1", "http, https", "https", id="the nearest entry counts"),
    pytest.param("10.0.0.1", "javascript", "http", id="another word changes nothing"),
]


@pytest.mark.parametrize(("peer", "said", "scheme"), SCHEMES)
def test_std_G_15_the_scheme_is_what_somebody_trusted_says(peer: str, said: str, scheme: str) -> None:
    assert seen(peer, ("X-Forwarded-Proto", said))[1] == scheme
