"""The page on which one says on whose clocks one is told times."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules.reasons import Refused
from gatebridge.setup.my_clocks import SetMyTimezone, set_my_timezone
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, me
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.sign_in import PATH as SIGN_IN
from gatebridge.web.sign_in import SEE_OTHER

PATH = "/me/clocks"


def routes(house: House) -> list[Route]:
    """The address of this page."""
    return [
        Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]),
        Route(PATH, door_pages.endpoint(house, partial(change, house)), methods=["POST"]),
    ]


def show(house: House, request: Request, browser: Browser) -> Response:
    """The form, with what stands."""
    return _form(house, request, browser, None)


async def change(house: House, request: Request, browser: Browser) -> Response:
    """Set another zone."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_change, house, request, browser, fields.get("timezone", "").strip())


def _change(house: House, request: Request, browser: Browser, typed: str) -> Response:
    try:
        with house.database.transaction() as tx:
            visitor = me.visitor_of(tx, request, browser)
            if visitor is None:
                return RedirectResponse(SIGN_IN, SEE_OTHER)
            set_my_timezone(tx, visitor.actor, SetMyTimezone(typed))
    except Refused as refused:
        if not refused.fields:
            raise
        return _form(house, request, browser, typed, refused)
    return RedirectResponse(f"{PATH}?said=clocks", SEE_OTHER)


def _form(house: House, request: Request, browser: Browser, typed: str | None, refused: Refused | None = None) -> Response:
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
    if visitor is None:
        return RedirectResponse(SIGN_IN, SEE_OTHER)
    problem = refused.fields[0].problem if refused is not None else None
    standing = visitor.signed_in.standing.user.timezone
    status = refused.reason.status if refused is not None else 200
    return me.my_page(
        request, house, browser, visitor, "clocks.html", status, timezone=standing if typed is None else typed, problem=problem
    )
