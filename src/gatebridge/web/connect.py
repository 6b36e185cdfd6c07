"""The pages on which a user connects a device: type its code, look at who asks, decide (RFC 8628 section 3.3; docs/decisions/0021).

A link may bring the code along and never more than that: opening a page changes nothing, and only the session that typed the code decides.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.oauth import connecting, device_authorization
from gatebridge.oauth.connecting import Ask, Case, Done, Elsewhere, NoDevice, Problem, Refuse, Said, Step, Visit
from gatebridge.oauth.device_shown import Shown, shown
from gatebridge.rules import device_codes, ids
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User
from gatebridge.rules.reasons import Refused, user_codes
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.setup.report_odd import ReportOdd, report_odd
from gatebridge.signin import sessions
from gatebridge.storage import device_codes as stored
from gatebridge.storage import orgs
from gatebridge.storage.tx import Tx
from gatebridge.web import authorize, door_pages, explain, me, my_security, second_step, sign_in, told
from gatebridge.web import browser as browsers
from gatebridge.web.browser import Browser
from gatebridge.web.house import House

PATH, DONE = "/connect", "/connect/done"
THEN = {"then": "connect"}  # by which word the sign-in pages know where to go on

WRONG = 400
REFUSED = f"{user_codes.USER_CODE_UNKNOWN.public_sentence} After five wrong codes there is a pause of 15 minutes."
MISSING = "Type the code that your device shows."

# What a form that is shown again says at the field.
PROBLEMS = {
    Problem.TOLD: "Answer this first: it is how most devices of strangers are found out.",
    Problem.NUMBER: "Pick the number that your device shows.",
    Problem.CODE: "Type the code that your device shows, whole. After three wrong ones the device is refused.",
    Problem.CHANGED: "What the app asks for has changed since you opened the page. Look once more.",
}
# What the last page tells, by a word in its address; anything else says that it was refused.
APPROVED, REFUSED_BY_USER, REPORTED = "approved", "denied", "reported"
DOUBTFUL = {
    "asked-for": user_codes.DEVICE_ASKED_FOR,
    "number": user_codes.DEVICE_NUMBER_WRONG,
    "code": user_codes.DEVICE_CODE_RETYPED_WRONG,
}

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class _Question:
    """What the page shows, read in the transaction in which it was decided that it is shown."""

    ask: Ask
    shown: Shown
    user: User


def routes(house: House) -> list[Route]:
    """The addresses of these pages. The second one is where Salesforce's clients send their users."""
    pages = ConnectPages(house)
    return [
        Route(PATH, door_pages.endpoint(house, pages.enter), methods=["GET"]),
        Route(device_authorization.SALESFORCE_VERIFICATION_PATH, door_pages.endpoint(house, pages.enter), methods=["GET"]),
        Route(PATH, door_pages.endpoint(house, pages.look), methods=["POST"]),
        Route(DONE, door_pages.endpoint(house, pages.done), methods=["GET"]),
        Route(f"{PATH}/{{device_id}}", door_pages.endpoint(house, pages.ask), methods=["GET"]),
        Route(f"{PATH}/{{device_id}}", door_pages.endpoint(house, pages.decide), methods=["POST"]),
    ]


class ConnectPages:
    """The handlers of these routes. A HEAD is answered without looking at anything, so that it can change nothing (X-CO-02)."""

    def __init__(self, house: House) -> None:
        self.house = house

    def enter(self, request: Request, browser: Browser) -> Response:
        """Where the code is typed. One that a link brought is shown for the user to compare, and goes no further by itself."""
        if request.method == "HEAD":
            return Response()
        user = self._visited(request, browser, lambda _, visit: visit.standing.user)
        if user is None:
            return _to(sign_in.PATH, THEN)
        brought = device_codes.typed(request.query_params.get("user_code", ""))
        return self._form(request, browser, user, code=device_codes.shown(brought) if brought else "", by_link=brought is not None)

    async def look(self, request: Request, browser: Browser) -> Response:
        """Find the device whose code was typed."""
        fields = await browsers.read_form(request, self.house, browser)
        return await run_in_threadpool(self._look, request, browser, fields)

    def _look(self, request: Request, browser: Browser, fields: Mapping[str, str]) -> Response:
        text, by_link = fields.get("user_code", ""), self._brought(fields)

        def looked(tx: Tx, visit: Visit) -> tuple[User, DeviceCode | NoDevice | None]:
            user = visit.standing.user
            return user, connecting.look(tx, visit, text, by_link=by_link) if text else None

        found = self._visited(request, browser, looked)
        if found is None:
            return _to(sign_in.PATH, THEN)
        user, device = found
        if isinstance(device, DeviceCode):
            typed = device_codes.typed(text) or ""
            return _to(f"{PATH}/{ids.long(device.id)}", {} if by_link and not device.number else {"user_code": device_codes.shown(typed)})
        return self._form(request, browser, user, code=text, by_link=by_link, problem=MISSING if device is None else REFUSED)

    def _brought(self, fields: Mapping[str, str]) -> bool:
        """Whether the code that is sent is the one which a link had put into the form."""
        brought = device_codes.typed(fields.get("brought", ""))
        return brought is not None and brought == device_codes.typed(fields.get("user_code", ""))

    def ask(self, request: Request, browser: Browser) -> Response:
        """Who asks for what, from where; and the question."""
        if request.method == "HEAD":
            return Response()
        return self._answered(request, browser, partial(connecting.question, device_id=_device_id(request)))

    async def decide(self, request: Request, browser: Browser) -> Response:
        """The user has pressed a button."""
        fields = await browsers.read_form(request, self.house, browser)
        said = Said(
            approve=fields.get("decision") == "approve",
            told=fields.get("told", ""),
            number=fields.get("number", ""),
            publisher=fields.get("publisher", ""),
            code=fields.get("user_code", ""),
            mark=fields.get("question", ""),
        )
        device_id, reports = _device_id(request), fields.get("decision") == "report"

        def decided(tx: Tx, visit: Visit) -> Step:
            device = stored.by_id(tx, visit.org.id, device_id)
            step = connecting.decide(tx, visit, device_id, said)
            if not reports or device is None or device.decided_at is not None or not isinstance(step, Done):
                return step
            return replace(step, reported=_reported(tx, request, browser, device))

        return await run_in_threadpool(self._answered, request, browser, decided, said)

    def done(self, request: Request, browser: Browser) -> Response:
        """What became of it, in words. It says nothing about any device, so anybody may open it."""
        said = request.query_params.get("said", "")
        known = said if said in (APPROVED, REPORTED) or said in DOUBTFUL else REFUSED_BY_USER
        reason = DOUBTFUL.get(known)
        status = reason.status if reason is not None else 200
        return door_pages.door(request, "connect_done.html", status, house=self.house, browser=browser, said=known, reason=reason)

    def _answered(self, request: Request, browser: Browser, act: Callable[[Tx, Visit], Step], said: Said | None = None) -> Response:
        def stepped(tx: Tx, visit: Visit) -> Step | _Question:
            step = act(tx, visit)
            if not isinstance(step, Ask):
                return step
            return _Question(step, shown(tx, step.case, authorize.address_of(request)), visit.standing.user)

        step = self._visited(request, browser, stepped)
        if step is None or step is Elsewhere.SIGN_IN:
            return _to(sign_in.PATH, THEN)
        if step is Elsewhere.STEP_UP:
            return _to(second_step.PATH, THEN)
        if step is Elsewhere.PROVE_AGAIN:
            # It leads back to where the code is typed: the session that proves it is a new one, and only who can see the device goes on.
            return _to(my_security.PROVE, THEN)
        if isinstance(step, _Question):
            return self._question(request, browser, step, said)
        if isinstance(step, Done):
            return _to(DONE, {"said": _word(step)})
        if isinstance(step, Refuse):
            return self._refused(request, browser, step)
        return _to(PATH, {"said": "gone"})

    def _visited(self, request: Request, browser: Browser, act: Callable[[Tx, Visit], Found]) -> Found | None:
        """What comes of an act of who is signed in here, in one transaction; None where nobody is."""
        with self.house.database.transaction() as tx:
            org = orgs.by_host(tx, request.scope["gatebridge.host"])
            if org is None:
                raise Refused(request_reasons.HOST_UNKNOWN)
            found = sessions.current(tx, org, browser.session_value, address=authorize.address_of(request), touch=True)
            if found is None:
                return None
            return act(tx, Visit(org, found.session, found.standing, authorize.oauth_request(request, {})))

    def _form(
        self, request: Request, browser: Browser, user: User, *, code: str = "", by_link: bool = False, problem: str | None = None
    ) -> Response:
        if problem is None and request.query_params.get("said") == "gone":
            problem = user_codes.USER_CODE_UNKNOWN.public_sentence
        return door_pages.door(
            request,
            "connect.html",
            WRONG if problem is not None and request.method == "POST" else 200,
            house=self.house,
            browser=browser,
            user=user,
            code=code,
            by_link=by_link,
            problem=problem,
        )

    def _question(self, request: Request, browser: Browser, question: _Question, said: Said | None) -> Response:
        ask = question.ask
        typed = self._shown_code(request, ask.case)
        return door_pages.door(
            request,
            "connect_device.html",
            WRONG if ask.problem else 200,
            house=self.house,
            browser=browser,
            user=question.user,
            shown=question.shown,
            consent=question.shown.consent,
            device=ask.case.device,
            code=typed,
            choices=ask.choices,
            question=ask.case.mark,
            lack=question.shown.consent.lack(connecting.yes(ask.case)),
            problem=ask.problem,
            words=PROBLEMS.get(ask.problem, ""),
            said=said or Said(approve=False),
            told=told,
            now=ask.case.facts.now,
            about=urlencode({"device": ids.long(ask.case.device.id)}),
            address=f"{PATH}/{ids.long(ask.case.device.id)}" + (f"?{urlencode({'user_code': typed})}" if typed else ""),
        )

    def _shown_code(self, request: Request, case: Case) -> str:
        """The code as it was typed, for the user to compare; empty where the address does not hold this device's."""
        typed = device_codes.typed(request.query_params.get("user_code", ""))
        if typed is None:
            return ""
        with self.house.database.reading() as tx:
            device = device_authorization.of_user_code(tx, case.facts.org, typed)
        return device_codes.shown(typed) if device is not None and device.id == case.device.id else ""

    def _refused(self, request: Request, browser: Browser, refuse: Refuse) -> Response:
        page = door_pages.door(
            request,
            "not_authorized.html",
            WRONG,
            house=self.house,
            browser=browser,
            reason=refuse.reason,
            hidden=False,
            code=refuse.reason.code,
            parameter="",
            receipt=ids.long(refuse.receipt_id),
            explain=explain.link_to(refuse.receipt_id, within=True),
            interaction="",
        )
        page.headers[authorize.RECEIPT] = ids.long(refuse.receipt_id)
        return page


def _reported(tx: Tx, request: Request, browser: Browser, device: DeviceCode) -> bool:
    """Tell the user's admins of a device that was just refused. The refusal stands, whatever becomes of the report."""
    visitor = me.visitor_of(tx, request, browser)
    if visitor is not None:
        with suppress(Refused):
            report_odd(tx, visitor.actor, ReportOdd("", device.app_id, device.address or "an address that is not known"))
            return True
    return False


def _word(done: Done) -> str:
    """By which word the last page knows what to say."""
    if done.because is None:
        return APPROVED
    otherwise = REPORTED if done.reported else REFUSED_BY_USER
    return next((word for word, reason in DOUBTFUL.items() if reason is done.because), otherwise)


def _device_id(request: Request) -> str:
    """The id in the address; one that is none is one that nobody knows."""
    return ids.parse(request.path_params["device_id"], Prefix.DEVICE_CODE) or ""


def _to(path: str, said: Mapping[str, str]) -> Response:
    return RedirectResponse(f"{path}?{urlencode(said)}" if said else path, sign_in.SEE_OTHER)
