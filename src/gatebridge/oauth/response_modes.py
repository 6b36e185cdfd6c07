"""How an authorization response reaches the app: in the address of a redirect, before or behind its `#`, or in a form that is posted.

Every mode is given the redirect URI that was proven, byte for byte, and appends to it; none of them ever builds one (X-RU-12).
"""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from gatebridge.rules.authorization import ResponseMode

_SCHEME_AND_HOST = re.compile(r"(https?)://([^/?#]*)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One authorization response: where it goes, in which mode, and what it says, in order. What it says is a secret, and never printed."""

    uri: str
    mode: ResponseMode
    parameters: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def location(self) -> str:
        """The address of the redirect. The URI's own query stays as it is, and what we say comes after it (RFC 6749 section 3.1.2).

        A redirect URI has no fragment of its own (standards AZ-05), so ours is the only one.
        """
        # Percent-encoded down to the last letter: what the app decodes is what it sent, a blank for a blank and a plus for a plus.
        said = urlencode(self.parameters, quote_via=quote, safe="")
        if self.mode is ResponseMode.FRAGMENT:
            return f"{self.uri}#{said}"
        base, joint = self.uri, "&" if "?" in self.uri else "?"
        return base + said if base.endswith(("?", "&")) else base + joint + said

    @property
    def target(self) -> str:
        return form_target(self.uri)


def reply(uri: str, mode: ResponseMode, said: dict[str, str], *, state: str | None, issuer: str) -> Reply:
    """The response that says this. It always names the issuer, so that no app takes one server's answer for another's (RFC 9207)."""
    given = said | ({"state": state} if state is not None else {}) | {"iss": issuer}
    return Reply(uri, mode, tuple(given.items()))


def form_target(uri: str) -> str:
    """The redirect URI as a source of `form-action`: a page of ours whose form leads there, at once or by redirects, must name it.

    Browsers hold the whole way of a form against the policy of its page. An address without a name in brackets cannot be written as a
    source (CSP section 2.3.1), and neither can a host of a private scheme: there the scheme must do.
    """
    found = _SCHEME_AND_HOST.match(uri)
    if found is None or found[2].startswith("["):
        return uri.partition(":")[0] + ":"
    return found[0]
