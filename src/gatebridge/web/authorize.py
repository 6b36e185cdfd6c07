"""The authorization endpoint as browsers see it: one decision, one transaction, and a page or a redirect (docs/decisions/0012)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gatebridge.oauth import authorization_lines, authorize, consent, response_modes, waiting
from gatebridge.oauth.authorization_case import Visit
from gatebridge.oauth.authorization_steps import Ask, Decision, Pressed, ProveAgain, Refuse, SendBack, SignIn, Step, StepUp
from gatebridge.oauth.consent import Consent
from gatebridge.oauth.request import Malformed, OAuthRequest, read_form, read_parameters
from gatebridge.oauth.response_modes import Reply
from gatebridge.rules import ids
from gatebridge.rules.authorization import ResponseMode
from gatebridge.rules.gates import Gate
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.warned import Lack, Yes
from gatebridge.signin import sessions
from gatebridge.storage import orgs
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, explain, my_security
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.middleware import proxy
from gatebridge.web.middleware.operation_id import operation_id

SUCCESS = "/services/oauth2/success"
SIGN_IN, STEP_UP = "/signin", "/signin/verify"
RECEIPT = "X-Gatebridge-Receipt"
LONGEST_AGENT = 512
WRONG = 400  # of a form that is shown again

# The page that sends an answer by itself runs one file of ours, and its form leads to the app and nowhere else (docs/decisions/0015).
FORM_POST_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action {}; base-uri 'none'; frame-ancestors 'none'"
)

# Who is told these has not signed in; which of them it was, is not a stranger's business (standards CA-18).
_SAME_TO_STRANGERS = frozenset({Gate.CLIENT, Gate.APP})

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who brings a request, in the transaction in which it is decided."""

    tx: Tx
    org: Org
    standing: Standing | None
    visit: Visit


@dataclass(frozen=True, slots=True)
class _Question:
    """What the consent page shows. `lack`: what a yes would lack that is said now."""

    org: Org
    ask: Ask
    user: str
    consent: Consent
    lack: Lack


def routes(house: House) -> list[Route]:
    """The addresses to which apps send browsers, and those between which browsers are sent until the app has its answer."""
    pages = AuthorizePages(house)
    return [
        Route(authorize.PATH, door_pages.endpoint(house, pages.begin), methods=["GET"]),
        Route(authorize.PATH, door_pages.endpoint(house, pages.begin_by_post), methods=["POST"]),
        Route(waiting.PATH, door_pages.endpoint(house, pages.go_on), methods=["GET"]),
        Route(waiting.PATH, door_pages.endpoint(house, pages.decide), methods=["POST"]),
        Route(SUCCESS, door_pages.endpoint(house, pages.success), methods=["GET", "POST"]),
    ]


class AuthorizePages:
    """The handlers of these routes. A HEAD is answered without looking at anything, so that it can change nothing (X-CO-02)."""

    def __init__(self, house: House) -> None:
        self.house = house

    def begin(self, request: Request, browser: Browser) -> Response:
        """An app sends a browser with its request in the address."""
        if request.method == "HEAD":
            return Response()
        asked, keyring = oauth_request(request, read_parameters(request.scope["query_string"])), self.house.keyring
        step = self._decided(request, browser, lambda visitor: authorize.begin(visitor.tx, visitor.org, asked, visitor.visit, keyring))
        return self._answer(request, browser, step)

    async def begin_by_post(self, request: Request, browser: Browser) -> Response:
        """An app lets a browser post its request, perhaps without our cookies: it is kept until the browser comes back by GET (AZ-06)."""
        headers = request.headers
        form = read_form(headers.get("content-type", ""), headers.get("content-encoding", ""), await request.body())
        asked = oauth_request(request, form)

        def deferred(visitor: Visitor) -> str | Refuse:
            known = None if browser.is_new else browser.digest
            return authorize.defer(visitor.tx, visitor.org, asked, Visit(known, None))

        def answer() -> Response:
            # No cookie is set here: where ours did not come along, a new one would take the place of the one that the browser has.
            kept = self._decided(request, browser, deferred)
            if isinstance(kept, Refuse):
                return self._refused(request, replace(browser, is_new=False), kept)
            return _see_other(f"{waiting.PATH}?{urlencode({'interaction': kept})}")

        return await run_in_threadpool(answer)

    def go_on(self, request: Request, browser: Browser) -> Response:
        """The browser comes back to a request that waits: after signing in, after a POST, or to be asked."""
        if request.method == "HEAD":
            return Response()
        return self._resumed(request, browser, request.query_params.get("interaction", ""), None)

    async def decide(self, request: Request, browser: Browser) -> Response:
        """The user has pressed a button."""
        fields = await browsers.read_form(request, self.house, browser)
        said = fields.get("decision")
        decision = Decision(said) if said in set(Decision) else None
        pressed = Pressed(decision, fields.get("question", ""), fields.get("publisher", ""))
        return await run_in_threadpool(self._resumed, request, browser, fields.get("interaction", ""), pressed)

    def _resumed(self, request: Request, browser: Browser, name: str, pressed: Pressed | None) -> Response:
        bare = oauth_request(request, {})

        def resumed(visitor: Visitor) -> Step | _Question:
            step = authorize.resume(visitor.tx, visitor.org, bare, visitor.visit, self.house.keyring, name, pressed)
            session, standing = visitor.visit.session, visitor.standing
            # What was sent and has changed nothing is asked once more at the address of the question; a field that is wrong stays here.
            stays = pressed is None or (isinstance(step, Ask) and step.lack is not Lack.NOTHING)
            if not isinstance(step, Ask) or session is None or standing is None or not stays:
                return step
            found = consent.consent(visitor.tx, visitor.org, step.asked)
            return _Question(visitor.org, step, standing.user.name, found, found.lack(Yes(session.authenticated_at, step.asked_at)))

        step = self._decided(request, browser, resumed)
        if isinstance(step, _Question):
            return self._ask(request, browser, step, name, pressed)
        return self._answer(request, browser, step)

    def success(self, request: Request, browser: Browser) -> Response:
        """Where apps without an address of their own have their answer sent: they read it from the address, and people see this page."""
        refused = "error" in request.query_params
        return door_pages.door(request, "success.html", house=self.house, browser=browser, refused=refused)

    def _decided(self, request: Request, browser: Browser, act: Callable[[Visitor], Found]) -> Found:
        with self.house.database.transaction() as tx:
            org = orgs.by_host(tx, request.scope["gatebridge.host"])
            if org is None:
                raise Refused(request_reasons.HOST_UNKNOWN)
            signed_in = sessions.current(tx, org, browser.session_value, address=address_of(request), touch=True)
            session, standing = (signed_in.session, signed_in.standing) if signed_in is not None else (None, None)
            return act(Visitor(tx, org, standing, Visit(browser.digest, session)))

    def _answer(self, request: Request, browser: Browser, step: Step) -> Response:
        if isinstance(step, Refuse):
            return self._refused(request, browser, step)
        if isinstance(step, SendBack):
            response = self._sent_back(request, browser, step.reply)
            response.headers[RECEIPT] = ids.long(step.receipt_id)
        else:
            elsewhere = {SignIn: SIGN_IN, StepUp: STEP_UP, ProveAgain: my_security.PROVE, Ask: waiting.PATH}
            response = _see_other(f"{elsewhere[type(step)]}?{urlencode({'interaction': step.interaction})}")
        return browsers.answer(response, browser, request.scope["gatebridge.issuer"])

    def _sent_back(self, request: Request, browser: Browser, reply: Reply) -> Response:
        if reply.mode is not ResponseMode.FORM_POST:
            return _see_other(reply.location)
        return door_pages.door(
            request,
            "form_post.html",
            house=self.house,
            browser=browser,
            headers={"Content-Security-Policy": FORM_POST_POLICY.format(reply.target)},
            action=reply.uri,
            fields=reply.parameters,
            refused=any(name == "error" for name, _ in reply.parameters),
            destination=consent.destination_of(reply.uri),
        )

    def _ask(self, request: Request, browser: Browser, question: _Question, name: str, pressed: Pressed | None) -> Response:
        asked, waits = question.ask.asked, urlencode({"interaction": name})
        return door_pages.door(
            request,
            "consent.html",
            WRONG if question.ask.lack else 200,
            house=self.house,
            browser=browser,
            org=question.org,
            form_action=(response_modes.form_target(asked.callback),),
            consent=question.consent,
            user=question.user,
            interaction=name,
            question=asked.mark,
            lack=question.lack,
            problem=bool(question.ask.lack),
            typed=pressed.publisher if pressed is not None else "",
            switch=f"{SIGN_IN}?{waits}",
            about=waits,
        )

    def _refused(self, request: Request, browser: Browser, refuse: Refuse) -> Response:
        """A page of our own. What was sent beside what is registered stands in the receipt, which only who answers for the app may open."""
        hidden = not refuse.within and refuse.reason.gate in _SAME_TO_STRANGERS
        page = door_pages.door(
            request,
            "not_authorized.html",
            authorization_lines.ON_A_PAGE,
            house=self.house,
            browser=browser,
            reason=refuse.reason,
            hidden=hidden,
            code=refuse.reason.public_code if hidden else refuse.reason.code,
            parameter=refuse.parameter,
            receipt=ids.long(refuse.receipt_id) if refuse.receipt_id is not None else None,
            explain=explain.link_to(refuse.receipt_id, within=refuse.within),
            interaction=refuse.interaction,
            form_action=(refuse.form_target,) if refuse.form_target else (),
        )
        if refuse.receipt_id is not None:
            page.headers[RECEIPT] = ids.long(refuse.receipt_id)
        return page


def oauth_request(request: Request, parameters: Mapping[str, str] | Malformed) -> OAuthRequest:
    """What came in, as the rooms below see it."""
    return OAuthRequest(
        host=request.scope["gatebridge.host"],
        address=proxy.address(request.scope),
        user_agent=request.headers.get("user-agent", "")[:LONGEST_AGENT].replace("\0", ""),
        operation_id=operation_id(request.scope),
        parameters={} if isinstance(parameters, Malformed) else parameters,
        malformed=parameters if isinstance(parameters, Malformed) else None,
    )


def address_of(request: Request) -> str:
    """From where the browser comes, empty where that cannot be told."""
    return str(proxy.address(request.scope) or "")


def _see_other(location: str) -> Response:
    return Response(status_code=303, headers={"Location": location})
