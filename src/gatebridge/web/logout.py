"""The end session endpoint as browsers see it: signed out at once, asked first, or told what is wrong with the app's request."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.oauth import end_session, logout_waiting, response_modes, waiting
from gatebridge.oauth.end_session import AskUser, Done, Nobody, Onward, Step, Wish
from gatebridge.oauth.request import read_form, read_parameters
from gatebridge.rules import ids
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Refused, sign_in
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.signin import sessions
from gatebridge.signin.sessions import SignedIn
from gatebridge.storage import orgs
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages
from gatebridge.web.authorize import RECEIPT, address_of, oauth_request
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER, SIGNED_OUT

Found = TypeVar("Found")

_SCHEME_AND_HOST = re.compile(r"[^:]+:(//[^/?#]*)?")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is sent here, in the transaction in which it is decided."""

    tx: Tx
    org: Org
    signed_in: SignedIn | None


def routes(house: House) -> list[Route]:
    """The address to which apps send browsers, and that of the form with which the user says yes."""
    pages = LogoutPages(house)
    return [
        Route(end_session.PATH, door_pages.endpoint(house, pages.begin), methods=["GET"]),
        Route(end_session.PATH, door_pages.endpoint(house, pages.begin_by_post), methods=["POST"]),
        Route(end_session.CONFIRM, door_pages.endpoint(house, pages.confirm), methods=["POST"]),
    ]


class LogoutPages:
    """The handlers of these routes. A HEAD is answered without looking at anything, so that it can change nothing (X-CO-02)."""

    def __init__(self, house: House) -> None:
        self.house = house

    def begin(self, request: Request, browser: Browser) -> Response:
        """An app sends a browser with its request in the address, or it comes back with the name of one that came by POST."""
        if request.method == "HEAD":
            return Response()
        name = request.query_params.get("interaction", "")
        asked = oauth_request(request, read_parameters(request.scope["query_string"]))

        def decided(visitor: Visitor) -> Step:
            if not name:
                wish = end_session.wish(FactsReader(visitor.tx), visitor.org, asked)
            elif (kept := logout_waiting.take(visitor.tx, visitor.org, name)) is not None:
                wish = kept
            else:
                raise Refused(sign_in.INTERACTION_UNKNOWN)
            return end_session.begin(visitor.tx, visitor.org, asked, wish, visitor.signed_in)

        return self._answer(request, browser, self._decided(request, browser, decided))

    async def begin_by_post(self, request: Request, browser: Browser) -> Response:
        """An app lets a browser post its request, along with which no cookie of ours comes: it is kept until the browser comes by GET."""
        headers = request.headers
        form = read_form(headers.get("content-type", ""), headers.get("content-encoding", ""), await request.body())
        asked = oauth_request(request, form)

        def kept(visitor: Visitor) -> str:
            waiting.make_room(visitor.tx, visitor.org, asked.address)
            wish = end_session.wish(FactsReader(visitor.tx), visitor.org, asked)
            return logout_waiting.store(visitor.tx, visitor.org, wish)

        name = await run_in_threadpool(self._decided, request, browser, kept)
        # No cookie is set here: where ours did not come along, a new one would take the place of the one that the browser has.
        return RedirectResponse(f"{end_session.PATH}?{urlencode({'interaction': name})}", SEE_OTHER)

    async def confirm(self, request: Request, browser: Browser) -> Response:
        """The user has pressed the button. Pressing it twice, or in two tabs, is as good as once."""
        fields = await browsers.read_form(request, self.house, browser)
        wish = Wish(fields.get("client_id"), fields.get("post_logout_redirect_uri"), fields.get("state"))
        asked = oauth_request(request, {})

        def decided(visitor: Visitor) -> Step:
            return end_session.confirm(visitor.tx, visitor.org, asked, wish, visitor.signed_in)

        step = await run_in_threadpool(self._decided, request, browser, decided)
        return self._answer(request, browser, step)

    def _decided(self, request: Request, browser: Browser, act: Callable[[Visitor], Found]) -> Found:
        with self.house.database.transaction() as tx:
            org = orgs.by_host(tx, request.scope["gatebridge.host"])
            if org is None:
                raise Refused(request_reasons.HOST_UNKNOWN)
            signed_in = sessions.current(tx, org, browser.session_value, address=address_of(request), touch=True)
            return act(Visitor(tx, org, signed_in))

    def _answer(self, request: Request, browser: Browser, step: Step) -> Response:
        if isinstance(step, Done):
            onward = step.onward.location if step.onward is not None else SIGNED_OUT
            response = Response(status_code=SEE_OTHER, headers={"Location": onward})
            return browsers.answer(response, browser, request.scope["gatebridge.issuer"], None)
        door = partial(door_pages.door, request, house=self.house, browser=browser)
        if isinstance(step, Nobody):
            onward_uri = step.onward.location if step.onward is not None else None
            return door("logout_nobody.html", app=step.app, onward=onward_uri, host=_host(step.onward))
        if isinstance(step, AskUser):
            targets = (response_modes.form_target(step.onward.uri),) if step.onward is not None else ()
            return door("logout.html", form_action=targets, ask=step, host=_host(step.onward))
        receipt = ids.long(step.receipt_id)
        return door("logout_fault.html", end_session.FAULT, fault=step, receipt=receipt, headers={RECEIPT: receipt})


def _host(onward: Onward | None) -> str | None:
    """Where the browser goes afterwards, as a person reads it: scheme and host, or the scheme of an app on the device."""
    found = _SCHEME_AND_HOST.match(onward.uri) if onward is not None else None
    return found[0] if found is not None else None
