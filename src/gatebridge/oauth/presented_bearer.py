"""Where a request carries an access token (RFC 6750 section 2): in the header, in a form that is posted, or in the address.

What is a fault depends on the dialect of the token's app, which is not known before the token was found. So reading and judging are two.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.apps import Dialect
from gatebridge.rules.reasons import bearer as reasons
from gatebridge.rules.reasons.reason import Reason

# One scheme, one space, one b64token (RFC 6750 section 2.1), the word in any case (standards TK-04). Salesforce's tokens hold `!`, which
# is none, and its older clients call the scheme `OAuth`.
_HEADER = re.compile(r"(Bearer|OAuth) ([A-Za-z0-9\-._~+/!]+=*)", re.IGNORECASE)


class Way(StrEnum):
    """Where the token stood."""

    HEADER = "header"
    OAUTH_HEADER = "oauth_header"
    BODY = "body"
    OAUTH_BODY = "oauth_body"
    QUERY = "query"


_IN_BODY = {"access_token": Way.BODY, "oauth_token": Way.OAUTH_BODY}


@dataclass(frozen=True, slots=True)
class Bearer:
    """One access token, and every place in which the request carries it."""

    value: str = field(repr=False)
    ways: tuple[Way, ...]

    def fault(self, dialect: Dialect) -> Reason | None:
        """What is wrong with how the token was sent to an app of this dialect."""
        if dialect is Dialect.SALESFORCE:
            # jsforce sends the same token in the header and in the address of the identity URL.
            return None
        if len(self.ways) > 1:
            return reasons.BEARER_TWO_WAYS
        # What Salesforce calls `oauth_token` is a parameter that nobody knows, where it does no harm.
        faults = {Way.QUERY: reasons.BEARER_IN_QUERY, Way.OAUTH_HEADER: reasons.BEARER_MALFORMED, Way.OAUTH_BODY: reasons.BEARER_MISSING}
        return faults.get(self.ways[0])


def read(request: OAuthRequest) -> Bearer | Reason:
    """The token that the request carries, or why it carries none that could be looked at."""
    found: list[tuple[Way, str]] = []
    if request.authorization is not None:
        matched = _HEADER.fullmatch(request.authorization)
        if matched is None:
            return reasons.BEARER_MALFORMED
        found.append((Way.HEADER if matched[1].lower() == "bearer" else Way.OAUTH_HEADER, matched[2]))
    found += [(way, request.parameters[name]) for name, way in _IN_BODY.items() if name in request.parameters]
    found += [(Way.QUERY, value) for name, value in request.query.items() if name in ("access_token", "oauth_token")]
    if not found:
        return reasons.BEARER_MISSING
    values = {value for _, value in found}
    if len(values) > 1:
        # Two guards could each look at another one.
        return reasons.BEARER_TWO_WAYS
    return Bearer(found[0][1], tuple(way for way, _ in found))
