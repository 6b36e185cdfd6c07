"""Requests to the server: three fixed addresses below the issuer, bounded in time and size, and never redirected.

The addresses are Gatebridge's own and are not looked up, so no document decides where the guard's secret is sent.
"""

import base64
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlsplit

import httpx

from gatebridge_guard.strict_json import NotStrictJson, parse_object

KEYS = "/id/keys"
INTROSPECTION = "/services/oauth2/introspect"
REVOCATIONS = "/services/oauth2/revocations"

MOST_BYTES = 4 * 1024 * 1024
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Unavailable(Exception):  # noqa: N818 - a state, answered with 503
    """The server did not give a usable answer, so nothing can be said about any token. The text says why, for the log."""


class Server:
    """One org of Gatebridge, as the guard asks it. Safe to use from many threads."""

    def __init__(
        self,
        issuer: str,
        *,
        client_id: str,
        client_secret: str,
        address: str | None = None,
        timeout: float = 3.0,
        tls: ssl.SSLContext | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`address` is where the server is reached, if not at its issuer; the Host of the issuer is sent there all the same.

        Raises ValueError for an address over which a secret may not be sent.
        """
        self.issuer = issuer
        self.client_id = client_id
        self.timeout = timeout
        self._address = (address or issuer).rstrip("/")
        for each in (issuer, self._address):
            parts = urlsplit(each)
            if (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK)) or parts.query or parts.fragment:
                raise ValueError(f"{each} is no https address, nor one of this machine")
        if issuer.endswith("/") or not client_id or not client_secret:
            raise ValueError("An issuer without a slash at its end, a client id and a client secret are needed")
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"  # RFC 6749 section 2.3.1
        self._own = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        self._client = httpx.Client(
            headers={"Host": urlsplit(issuer).netloc, "User-Agent": "gatebridge-guard", "Accept": "application/json"},
            timeout=timeout,
            verify=tls if tls is not None else True,
            transport=transport,
            trust_env=False,  # what an environment says about proxies must not decide where the secret goes
            follow_redirects=False,
        )

    def close(self) -> None:
        self._client.close()

    def keys(self) -> dict[str, Any]:
        """The JWK set of the issuer. Raises Unavailable."""
        return self._asked("GET", KEYS, {}, None, self.timeout)

    def introspect(self, token: str, more: Mapping[str, str]) -> dict[str, Any]:
        """What the server says about a token at this moment (RFC 7662). Raises Unavailable."""
        return self._asked("POST", INTROSPECTION, self._own, {"token": token, **more}, self.timeout)

    def revocations(self, after: str, wait: int) -> dict[str, Any]:
        """What was ended since a cursor; without news the answer comes after `wait` seconds. Raises Unavailable."""
        return self._asked("POST", REVOCATIONS, self._own, {"after": after, "wait": str(wait)}, self.timeout + wait)

    def _asked(self, method: str, path: str, headers: dict[str, str], form: dict[str, str] | None, seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        body = bytearray()
        try:
            with self._client.stream(method, self._address + path, headers=headers, data=form, timeout=seconds) as answer:
                for part in answer.iter_bytes():
                    body += part
                    # The timeout of the library is one between two bytes; a server that trickles must not hold a request for ever.
                    if len(body) > MOST_BYTES or time.monotonic() > deadline:
                        raise Unavailable(f"{path} answers too much or too slowly")
        except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError) as fault:  # the last one: the guard was closed meanwhile
            raise Unavailable(f"{path} cannot be reached: {type(fault).__name__}") from None
        if answer.status_code != 200:
            own = " (the guard's own client id or secret is refused)" if answer.status_code in (400, 401) else ""
            raise Unavailable(f"{path} answers {answer.status_code}{own}")
        try:
            return parse_object(bytes(body))
        except NotStrictJson as fault:
            raise Unavailable(f"{path} answers no JSON object: {fault}") from None
