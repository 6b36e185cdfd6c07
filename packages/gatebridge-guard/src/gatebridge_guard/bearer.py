"""The access token in a request: one Authorization header, and nowhere else (RFC 6750 section 2.1)."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

# One scheme in any case, one blank, one b64token. The tokens of Salesforce's dialect hold `!`, which is none, and come here too.
_HEADER = re.compile(r"Bearer ([A-Za-z0-9\-._~+/!]+=*)", re.IGNORECASE)
_OPAQUE = re.compile(r"gba_[A-Za-z0-9]{15}_[A-Za-z0-9]+|[A-Za-z0-9]{15}!AQ[A-Za-z0-9._]+")

LONGEST = 8 * 1024
_IN_ADDRESS = ("access_token", "oauth_token")


class NoToken(Exception):  # noqa: N818 - a state of the request
    """The request carries no token at all."""


class NotOneToken(Exception):  # noqa: N818 - a state of the request
    """The request carries a token in a way, or in so many ways, that two readers could see two."""


def read(headers: Sequence[str], query: str = "") -> str:
    """The token of a request with these Authorization headers. Raises NoToken or NotOneToken.

    A token in the address is refused even beside a good header: whatever stands there is kept in logs and histories on the way.
    """
    if ("_token" in query or "%" in query) and any(name in _IN_ADDRESS for name, _ in parse_qsl(query, keep_blank_values=True)):
        raise NotOneToken("a token in the address")
    if not headers:
        raise NoToken
    if len(headers) > 1:
        raise NotOneToken("more than one Authorization header")
    matched = _HEADER.fullmatch(headers[0])
    if matched is None:
        raise NotOneToken("no bearer token in the Authorization header")
    return matched[1]


def is_jwt(value: str) -> bool:
    """Whether it is a signed token that can be checked here; its shape alone is looked at."""
    return value.count(".") == 2 and "!" not in value


def could_be_opaque(value: str) -> bool:
    """Whether the server could have made this opaque token. What it could not have is not worth a request."""
    return len(value) <= LONGEST and _OPAQUE.fullmatch(value) is not None
