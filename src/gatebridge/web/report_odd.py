"""Report something odd: the page behind the link at the foot of every page at the door.

What is waiting in this browser, an app's request or a device, says which app it is about; no address can name any other.
"""

from collections.abc import Mapping
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind
from gatebridge.rules import ids
from gatebridge.rules.access_requests import LONGEST_WORDS
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.setup.report_odd import ReportOdd, report_odd
from gatebridge.storage import apps, device_codes, interactions, listed_apps
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, kept_form, me, sign_in
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.me import Visitor

PATH = "/me/report"
ABOUT = ("interaction", "device")


def routes(house: House) -> list[Route]:
    """The address of the page, to read and to send."""
    return [
        Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]),
        Route(PATH, door_pages.endpoint(house, partial(send, house)), methods=["POST"]),
    ]


def show(house: House, request: Request, browser: Browser) -> Response:
    """The form; for whoever is not signed in, what to do then."""
    return _page(house, request, browser, dict(request.query_params))


async def send(house: House, request: Request, browser: Browser) -> Response:
    """Tell the admins."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_send, house, request, browser, fields)


def _send(house: House, request: Request, browser: Browser, fields: Mapping[str, str]) -> Response:
    try:
        with house.database.transaction() as tx:
            visitor = me.visitor_of(tx, request, browser)
            if visitor is None:
                return kept_form.instead(house, request, browser, fields)
            listed, address = _about(tx, visitor, browser, fields)
            report_odd(tx, visitor.actor, ReportOdd(fields.get("words", ""), listed.app.id if listed is not None else "", address))
    except Refused as refused:
        if not refused.fields:
            raise
        return _page(house, request, browser, fields, 422, refused.fields[0].problem)
    return RedirectResponse(f"{PATH}?said=sent", sign_in.SEE_OTHER)


def _page(
    house: House, request: Request, browser: Browser, fields: Mapping[str, str], status: int = 200, problem: str | None = None
) -> Response:
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        listed, address = _about(tx, visitor, browser, fields) if visitor is not None else (None, "")
    return door_pages.door(
        request,
        "report.html",
        status,
        house=house,
        browser=browser,
        user=visitor.signed_in.standing.user if visitor is not None else None,
        app=listed.app if listed is not None else None,
        device_address=address,
        named={name: fields[name] for name in ABOUT if fields.get(name)} if listed is not None else {},
        sent=problem is None and fields.get("said") == "sent",
        words=fields.get("words", "") if problem is not None else "",
        problem=problem,
        longest=LONGEST_WORDS,
    )


def _about(tx: Tx, visitor: Visitor, browser: Browser, fields: Mapping[str, str]) -> tuple[ListedApp | None, str]:
    """The app that asked in this browser, and the address of its device; None where the report is about nothing such."""
    org_id, name = visitor.org.id, fields.get("interaction", "")
    found = interactions.by_digest(tx, org_id, secrets.digest(name)) if secrets.looks_right(Kind.INTERACTION, name) else None
    if found is not None and secrets.same(found.browser, browser.digest):
        app = apps.by_consumer_key(tx, found.parameters.get("client_id", ""))
        return (listed_apps.known(tx, org_id, app.id), "") if app is not None else (None, "")
    device_id = ids.parse(fields.get("device", ""), Prefix.DEVICE_CODE)
    device = device_codes.by_id(tx, org_id, device_id) if device_id is not None else None
    if device is None or device.session_id != visitor.signed_in.session.id:
        return None, ""
    return listed_apps.known(tx, org_id, device.app_id), device.address
