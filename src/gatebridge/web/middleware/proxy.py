"""From where a request comes: the connection's other end, or what a trusted proxy in front says about it."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gatebridge.rules.network import Address, parse_address


class Proxy:
    """Sets `scope["gatebridge.address"]` (None: no proxy said anything that is an address) and corrects `scope["scheme"]`.

    `X-Forwarded-For` is read from the right: each entry was added by the one before it in the chain, so it counts as long as that one is a
    trusted proxy. The host is never taken from a header: it decides the org, and the proxy has to pass it on unchanged.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self.app = app
        self.trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.find_address(scope)
        await self.app(scope, receive, send)

    def find_address(self, scope: Scope) -> None:
        """Set the address of this request, and its scheme where a trusted proxy tells it."""
        peer = parse_address(scope["client"][0]) if scope.get("client") else None
        scope["gatebridge.address"] = peer
        if peer is not None and self._is_trusted(peer):
            headers = Headers(scope=scope)
            scope["gatebridge.address"] = self._behind(peer, headers.getlist("x-forwarded-for"))
            scheme = ",".join(headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip().lower()
            if scheme in ("http", "https"):
                scope["scheme"] = scheme

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self.trusted)

    def _behind(self, peer: Address, forwarded: Sequence[str]) -> Address | None:
        address = peer
        for entry in reversed([part.strip() for line in forwarded for part in line.split(",")]):
            parsed = parse_address(entry)
            if parsed is None:
                # A proxy that sends no address leaves us without one; guessing an older entry would let the client choose it.
                return None
            address = parsed
            if not self._is_trusted(address):
                break
        return address


def address(scope: Scope) -> Address | None:
    """From where the request comes, as far as it is known."""
    found: Address | None = scope["gatebridge.address"]
    return found
