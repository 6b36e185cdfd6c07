"""What was typed into a form that could not be taken now, kept in the page that says so: nobody is signed in, or not lately enough.

One signs in, or shows once more to be it, in a second tab, and sends the form from here. The server keeps nothing: the entries stand in
the page, for the browser that sent them in a form of ours, and whoever sends them again is asked for every right as anybody is.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebridge.rules import ids
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.web import door_pages, refusal, sign_in
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.my_security import PROVE

# What nobody typed: it says on which version a form was begun, or which button was pressed.
_UNTYPED = frozenset({"version", "confirmed"})
_SECRET = "password"  # stands in no page: a form that has it is typed again


def instead(
    house: House, request: Request, browser: Browser, fields: Mapping[str, str], then: str = "", reason: Reason = reasons.SESSION_OVER
) -> Response:
    """The answer to a form that could not be taken: the page with its entries, or where there are none to lose, the way to what is wanted.

    `then`: where that way leads to afterwards, as `sign_in.then_of` takes it. `reason`: `session_over` or `reauthentication_needed`.
    """
    way = PROVE if reason is bearer_reasons.REAUTHENTICATION_NEEDED else sign_in.PATH
    way = f"{way}?{urlencode({'then': then})}" if then else way
    if not _worth_keeping(request, fields):
        return RedirectResponse(way, sign_in.SEE_OTHER)
    query = f"?{request.url.query}" if request.url.query else ""
    return door_pages.door(
        request,
        "kept_form.html",
        reason.status,
        house=house,
        browser=browser,
        headers=refusal.headers_of(reason),
        reason=reason,
        signed_in=reason is not reasons.SESSION_OVER,
        way=way,
        address=f"{request.url.path}{query}",
        entries=tuple(fields.items()),
        operation_id=ids.long(request.scope["gatebridge.operation_id"]),
    )


def _worth_keeping(request: Request, fields: Mapping[str, str]) -> bool:
    """Whether something was typed that can be sent once more. A file cannot: no page may put one into a form."""
    is_file = request.headers.get("content-type", "").startswith("multipart/")
    return not is_file and _SECRET not in fields and any(value for name, value in fields.items() if name not in _UNTYPED)
