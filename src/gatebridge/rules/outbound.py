"""Where the server itself may send something that others have named an address for: never to itself, and into no network by accident.

An address that a developer typed must not become a way into the network that the server stands in (SSRF, X-SS-04). So what a name
resolves to is judged, every address of it, and the connection goes to an address that was judged.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from gatebridge.rules.network import Address, parse_address

Network = IPv4Network | IPv6Network

_URI = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z.-]+)(?::([0-9]{1,5}))?([/?][\x21-\x7e]*)?")
_PORTS = {"http": 80, "https": 443}


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


_LOOPBACK = _networks("127.0.0.0/8", "::1/128")
# Networks of an organisation's own. The operator may name parts of them where apps are to be reached (RFC 1918, 6598, 4193).
_OWN = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
# What no setting opens (the special-purpose registries of RFC 6890): this network, link-local, where clouds keep their machines' secrets,
# documentation, benchmarks, multicast, reserved; and IPv6 that carries an IPv4 address by ways that a host may still know.
_NEVER = _networks(
    *("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"),
    *("fe80::/10", "fec0::/10", "ff00::/8"),
)


@dataclass(frozen=True, slots=True)
class Target:
    """An address that something is sent to, taken apart."""

    secure: bool
    host: str  # without the brackets of an IPv6 address
    port: int
    path: str  # with the query

    @property
    def authority(self) -> str:
        """Host and port as the header `Host` has them (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the server may go: to public addresses always, into `own` networks that the operator has named, and to this machine only

    where the server itself is at home on it (`loopback`: its issuer is plain http, as in development and in tests).
    """

    own: tuple[Network, ...] = ()
    loopback: bool = False


def target(uri: str) -> Target | None:
    """The parts of an http or https address as it may be saved (`app_checks`); None for anything else."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    scheme, host, port, path = found.groups()
    tail = path or "/"
    number = int(port) if port else _PORTS[scheme]
    if not 0 < number < 65_536:
        return None
    return Target(scheme == "https", host.strip("[]"), number, tail if tail.startswith("/") else "/" + tail)


def scheme_problem(aim: Target, reach: Reach) -> str | None:
    """Why nothing is sent to this address whatever it resolves to, as a sentence; None when it may be."""
    return None if aim.secure or reach.loopback else "Only https addresses are written to."


def chosen(found: Iterable[str], aim: Target, reach: Reach) -> Sequence[Address] | str:
    """The addresses to connect to, of those that a name resolved to; or why none of them is, as a sentence.

    One that may not be reached spoils them all: whoever answers for the name chooses which of them comes first.
    """
    addresses = []
    for text in found:
        address = parse_address(text)
        problem = "is not an address of this network alone" if address is None else _problem(address, aim, reach)
        if address is None or problem is not None:
            return f"{text[:64]} {problem}, so nothing is sent there."
        addresses.append(address)
    return tuple(addresses) or "The name has no address."


def _problem(address: Address, aim: Target, reach: Reach) -> str | None:
    if _within(address, _LOOPBACK):
        return None if reach.loopback else "is this machine itself"
    if not aim.secure:
        return "is another machine, and only https leaves this one"
    if _within(address, _NEVER):
        return "is set aside for special purposes"
    if _within(address, _OWN) and not _within(address, reach.own):
        return "is in a private network that the operator has not named"
    return None


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(
        address.version == network.version and int(network.network_address) <= int(address) <= int(network.broadcast_address)
        for network in networks
    )
