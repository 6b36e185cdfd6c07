"""The browser at the other end: its two cookies, and whether a form that it sends comes from a page that we gave to it.

One cookie tells this browser from others before anybody has signed in, and stays; the other names the session. Both hold random values
and nothing else (X-SE-03). A form carries a MAC of the first one, which no other site and no other browser can know (X-SE-02, AZ-29).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from gatebridge.crypto import sealing, secrets
from gatebridge.crypto.sealing import MasterKey
from gatebridge.crypto.secrets import Kind
from gatebridge.oauth.request import Malformed, read_file
from gatebridge.oauth.request import read_form as read_parameters
from gatebridge.rules.reasons import Refused, sign_in
from gatebridge.web.house import House

BROWSER, SESSION = "gb_browser", "gb_session"
BROWSER_SECONDS = 400 * 24 * 3600  # the longest that browsers keep any cookie (RFC 6265bis section 5.6)
FIELD = "form_token"
PURPOSE = "form token"
MOST_FIELDS = 1_000  # of a form of ours: one to tick scopes has a box for each that the org knows


class _Keep(Enum):
    KEEP = "keep"


KEEP: Final = _Keep.KEEP  # leave the session's cookie as it is


@dataclass(frozen=True, slots=True)
class Browser:
    """What a browser sent of our cookies. `value` is always there: a browser without one gets one with the answer."""

    value: str = field(repr=False)
    is_new: bool
    session_value: str | None = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What is stored of the browser: an interaction belongs to it, and a session remembers it."""
        return secrets.digest(self.value)


def of(request: Request, house: House) -> Browser:
    """The browser that sends this request. What is not a value of ours, or comes twice, counts as not there."""
    found = _cookies(request)
    issuer = request.scope["gatebridge.issuer"]
    value, session = found.get(_name(BROWSER, issuer)), found.get(_name(SESSION, issuer))
    known = value is not None and secrets.looks_right(Kind.BROWSER, value)
    return Browser(
        value=value if value is not None and known else secrets.new(Kind.BROWSER, house.database.random),
        is_new=not known,
        session_value=session if session is not None and secrets.looks_right(Kind.SESSION, session) else None,
    )


def form_token(house: House, browser: Browser) -> str:
    """What every form of this browser carries."""
    return _mac(house.keys.current, browser)


async def read_form(request: Request, house: House, browser: Browser) -> dict[str, str]:
    """The fields of a form that was sent from one of our pages in this browser. Empty fields are absent. Raises Refused.

    It must be checked before anything of it is believed: the reason is `form_forged`, or what makes it no form at all.
    """
    if not _from_ourselves(request):
        raise Refused(sign_in.FORM_FORGED)
    headers = request.headers
    typed, packed = headers.get("content-type", ""), headers.get("content-encoding", "")
    fields = read_parameters(typed, packed, await request.body(), MOST_FIELDS)
    if isinstance(fields, Malformed):
        raise Refused(fields.reason)
    return _of_ours(fields, house, browser)


async def read_upload(request: Request, house: House, browser: Browser, file: str) -> tuple[dict[str, str], bytes]:
    """The fields of such a form with one file, and what is in the file: nothing where none was chosen. Raises Refused, as `read_form`."""
    if not _from_ourselves(request):
        raise Refused(sign_in.FORM_FORGED)
    found = read_file(request.headers.get("content-type", ""), request.headers.get("content-encoding", ""), await request.body(), file)
    if isinstance(found, Malformed):
        raise Refused(found.reason)
    fields, content = found
    return _of_ours(fields, house, browser), content


def _of_ours(fields: Mapping[str, str], house: House, browser: Browser) -> dict[str, str]:
    # A form that was given out under an older master key is still ours.
    presented = fields.get(FIELD, "").encode()
    if browser.is_new or not any(secrets.same(presented, _mac(key, browser).encode()) for key in house.keys.all):
        raise Refused(sign_in.FORM_FORGED)
    return {name: value for name, value in fields.items() if name != FIELD}


def answer(response: Response, browser: Browser, issuer: str, session: str | Literal[_Keep.KEEP] | None = KEEP) -> Response:
    """The response with the cookies that this browser needs. `session`: the value of a new session, or None or "" to forget it."""
    if browser.is_new:
        _set(response, BROWSER, browser.value, issuer, BROWSER_SECONDS)
    if session is not KEEP:
        # Without an age it lasts as long as the browser runs; how long it lives is the server's decision.
        _set(response, SESSION, session or "", issuer, None if session else 0)
    return response


def _set(response: Response, name: str, value: str, issuer: str, seconds: int | None) -> None:
    secure = _is_secure(issuer)
    response.set_cookie(_name(name, issuer), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax")


def _name(name: str, issuer: str) -> str:
    """`__Host-` keeps a neighbouring host from setting it (X-SE-08); over plain http, on this machine only, browsers refuse that prefix."""
    return f"__Host-{name}" if _is_secure(issuer) else name


def _is_secure(issuer: str) -> bool:
    return issuer.startswith("https://")


def _from_ourselves(request: Request) -> bool:
    """What the browser itself tells of where a form comes from. Our pages send no referrer, so `null` is what they have for an origin;

    another site can have that too, which is why the form's token decides and this is only the second lock.
    """
    origins = request.headers.getlist("origin")
    if any(origin not in (request.scope["gatebridge.issuer"], "null") for origin in origins):
        return False
    return request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _mac(key: MasterKey, browser: Browser) -> str:
    return hmac.digest(sealing.derive(key, PURPOSE), browser.value.encode(), "sha256").hex()


def _cookies(request: Request) -> dict[str, str]:
    found: dict[str, str] = {}
    twice: set[str] = set()
    for line in request.headers.getlist("cookie"):
        for part in line.split(";"):
            name, _, value = part.strip().partition("=")
            if name in found:
                twice.add(name)
            found[name] = value
    return {name: value for name, value in found.items() if name not in twice}
