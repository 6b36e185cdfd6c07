"""Ask for access: the page behind a refusal, on which a user says what an app is needed for.

The receipt of the own refused attempt is what names the app, so nobody asks, or learns, about an app that they were not refused at.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules import ids
from gatebridge.rules.access_requests import ASKED_OVER, LONGEST_WORDS, RequestKind, RequestState
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused, installed
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.ask_for_access import AskForAccess, ask_for_access
from gatebridge.setup.review_app import own_attempt
from gatebridge.storage import access_requests, listed_apps
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, install, kept_form, me, sign_in, told
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.me import Visitor

PATH = "/signin/ask-access"


def routes(house: House) -> list[Route]:
    """The address of the page, to read and to send."""
    return [
        Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]),
        Route(PATH, door_pages.endpoint(house, partial(ask, house)), methods=["POST"]),
    ]


def show(house: House, request: Request, browser: Browser) -> Response:
    """The form, or what became of what was asked before. A stranger is told to sign in, whatever the receipt is."""
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        values: Mapping[str, Any] | None = None
        if visitor is not None:
            line = _attempt(tx, visitor, request.query_params.get("receipt", ""))
            if line.reason == installed.APP_NOT_INSTALLED.code:
                return RedirectResponse(f"{install.PATH}?{urlencode({'receipt': ids.long(line.id)})}", sign_in.SEE_OTHER)
            values = _values(tx, visitor, line)
    if values is None:
        return door_pages.door(request, "sign_in_first.html", house=house, browser=browser)
    return door_pages.door(request, "ask_access.html", house=house, browser=browser, **values)


async def ask(house: House, request: Request, browser: Browser) -> Response:
    """Send the user's words to those who decide."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_ask, house, request, browser, fields)


def _ask(house: House, request: Request, browser: Browser, fields: Mapping[str, str]) -> Response:
    words, problem, values = fields.get("words", ""), None, None
    with house.database.transaction() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return kept_form.instead(house, request, browser, fields)
        line = _attempt(tx, visitor, fields.get("receipt", ""))
        try:
            ask_for_access(tx, visitor.actor, AskForAccess(line.app_id, words, line.scopes_asked or "", line.flow or ""))
        except Refused as refused:
            if not refused.fields:
                raise
            problem = refused.fields[0].problem
            values = _values(tx, visitor, line, words, problem)
    if values is not None:
        return door_pages.door(request, "ask_access.html", 422, house=house, browser=browser, **values)
    return RedirectResponse(f"{PATH}?{urlencode({'receipt': ids.long(line.id)})}", sign_in.SEE_OTHER)


def _attempt(tx: Tx, visitor: Visitor, receipt: str) -> HistoryLine:
    receipt_id = ids.parse(receipt, Prefix.RECEIPT)
    if receipt_id is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    line = own_attempt(tx, visitor.actor, receipt_id)
    if line.reason not in ASKED_OVER and line.reason != installed.APP_NOT_INSTALLED.code:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return line


def _values(tx: Tx, visitor: Visitor, line: HistoryLine, words: str = "", problem: str | None = None) -> dict[str, Any]:
    listed = listed_apps.known(tx, visitor.org.id, line.app_id)
    if listed is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    user = visitor.signed_in.standing.user
    asked = access_requests.latest(tx, visitor.org.id, RequestKind.USER, line.app_id, user.id)
    again_from = asked.asked_again_from if asked is not None else None
    return {
        "org": visitor.org,
        "user": user,
        "app": listed.app,
        "receipt": ids.long(line.id),
        "asked": asked,
        "waits": asked is not None and asked.state is RequestState.OPEN,
        "approved": asked is not None and asked.state is RequestState.APPROVED and (asked.ends_at is None or tx.now < asked.ends_at),
        "again_from": again_from if again_from is not None and tx.now < again_from else None,
        "words": words,
        "problem": problem,
        "longest": LONGEST_WORDS,
        "told": told,
        "now": tx.now,
    }
