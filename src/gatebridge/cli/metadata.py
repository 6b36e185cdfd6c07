"""What a server says of itself, believed only where it cannot lead anywhere else.

The issuer in the document must be the very address that was asked (RFC 8414 section 3.3), and every endpoint must be at that issuer:
a code or a token is then never carried to another server, whoever wrote the document (X-MX-08).
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from gatebridge.cli.exits import Exit, Stop

PATH = "/.well-known/oauth-authorization-server"


@dataclass(frozen=True, slots=True)
class Metadata:
    """The addresses of one issuer, and how whoever signs in is named there: as the command line, or as another app."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    client_id: str


def fetch(http: httpx.Client, url: str, client_id: str | None = None) -> Metadata:
    """The metadata of the server at this address, checked. `client_id`: of the app that is meant, else the command line's. Raises Stop."""
    _refuse_plain(url)
    try:
        answer = http.get(url + PATH)
        said = answer.json() if answer.status_code == 200 else None
    except httpx.InvalidURL as error:
        raise Stop(Exit.USAGE, f"{url} is not an address: {error}.") from None
    except httpx.HTTPError as error:
        raise Stop(Exit.UNREACHABLE, f"{url} does not answer: {error}. Name another server with --url.") from None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Stop(Exit.REFUSED, f"{url} does not say where to sign in ({PATH}). Is it a Gatebridge server?")
    return check(said, url, client_id)


def check(said: dict[str, Any], url: str, client_id: str | None = None) -> Metadata:
    """The metadata, where it is this server's own and leads nowhere else. Raises Stop."""
    issuer = said.get("issuer")
    if issuer != url:
        raise Stop(
            Exit.REFUSED, f"The server at {url} says that it is {issuer}. Nothing was sent to it. Name it by its own address: --url."
        )
    found = {name: _endpoint(said, name, url) for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint")}
    client_id = client_id or said.get("gatebridge_cli_client_id")
    if not isinstance(client_id, str):
        words = (
            f"{url} has no app for the command line, or its admin took it away. At the server, `gatebridge db upgrade` adds a missing one."
        )
        raise Stop(Exit.REFUSED, words)
    return Metadata(issuer=url, client_id=client_id, **found)


def _endpoint(said: dict[str, Any], name: str, url: str) -> str:
    address = said.get(name)
    if not isinstance(address, str) or not address.startswith(url + "/"):
        raise Stop(Exit.REFUSED, f"The {name} of {url} is {address}, which is not at that server. Nothing was sent there.")
    return address


def _refuse_plain(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise Stop(Exit.USAGE, f"{url} is not an address: {error}.") from None
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and _is_this_machine(host):
        return
    raise Stop(Exit.USAGE, f"Sign in over https; plain http is for a server on this machine only. {url} is neither.")


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
