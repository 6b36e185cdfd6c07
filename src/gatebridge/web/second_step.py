"""The pages of the second step: in a sign-in that has shown the password, or in a session that an app wants to be surer of.

Which of them is shown is decided by `signin.second_step` anew for each request. A form carries the name of what waits and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind, Secret
from gatebridge.oauth import waiting as requests
from gatebridge.rules.factors import Factor, FactorKind, Step
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Reason, Refused, sign_in
from gatebridge.signin import mailed_code, second_step, step_up
from gatebridge.signin.factors import Code, Signed
from gatebridge.signin.outcomes import Begun
from gatebridge.signin.second_step import Waiting
from gatebridge.storage import factors as stored_factors
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, me, passkey_forms
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.sign_in import ONWARD, SEE_OTHER, address_of, asking_of, place_of, then_of
from gatebridge.web.sign_in import PATH as SIGN_IN

PATH, ENROL = "/signin/verify", "/signin/enrol"
WRONG = sign_in.SECOND_CODE_WRONG.status  # of a form that is shown again

# One text for every cause (X-BF-01).
REFUSED = "This code is not right, was used before, or was tried too often. After ten tries there is a pause of 15 minutes."
MAIL_REFUSED = "This is not the code in the newest mail, or it was tried too often. After ten tries there is a pause of 15 minutes."
NOT_ACCEPTED = "The passkey was not accepted. Try once more, or use a code."


@dataclass(frozen=True, slots=True)
class Way:
    """What a form or an address carries: what waits for its second step, and where the browser goes then."""

    step: str = ""
    interaction: str = ""
    then: str = ""

    @property
    def onward(self) -> str:
        """The request that waits is named and never spelled out, so no address that somebody made up can stand here (X-RU-14)."""
        if self.interaction and self.then in ("app", "passkey"):
            return f"{ONWARD[self.then]}?{urlencode({'interaction': self.interaction})}"
        if self.interaction:
            return f"{requests.PATH}?{urlencode({'interaction': self.interaction})}"
        return address_of(self.then)

    @property
    def query(self) -> str:
        said = {"step": self.step, "interaction": self.interaction, "then": self.then}
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def here(self) -> str:
        return f"{PATH}?{self.query}"


def way_of(fields: dict[str, str]) -> Way:
    """What came along, as far as it could have come from us."""
    step, interaction, then = (fields.get(name, "") for name in ("step", "interaction", "then"))
    if interaction and not secrets.looks_right(Kind.INTERACTION, interaction):
        raise Refused(sign_in.INTERACTION_UNKNOWN)
    return Way(step, interaction, then_of(then))


def routes(house: House) -> list[Route]:
    """The addresses of these pages; those on which a factor is set up are in `enrol`."""
    acts = {PATH: _show_code, f"{PATH}/passkey": _show_passkey, f"{PATH}/mailed": _show_mailed, f"{PATH}/mail": _mail_again}
    posts = [Route(path, door_pages.endpoint(house, partial(act, house, does)), methods=["POST"]) for path, does in acts.items()]
    return [Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]), *posts]


def show(house: House, request: Request, browser: Browser) -> Response:
    """The page of what is asked next."""
    return page(house, request, browser, way_of(dict(request.query_params)))


async def act(
    house: House, does: Callable[[House, Request, Browser, Way, dict[str, str]], Response], request: Request, browser: Browser
) -> Response:
    """Take a form in."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(does, house, request, browser, way_of(fields), fields)


def page(
    house: House, request: Request, browser: Browser, way: Way, status: int = 200, *, problem: str | None = None, at: str = "code"
) -> Response:
    """What is asked of this browser: of a sign-in that waits, or of the session that lives. `problem` stands at the field `at`."""
    org = door_pages.org_of(request, house)
    asking = asking_of(house, org, way.interaction, browser)
    with house.database.snapshot() as tx:
        if way.step:
            found = second_step.find(tx, org, way.step, browser.digest)
            if isinstance(found, Reason):
                raise Refused(found)
            step, standing, level = found.step, found.standing, Level.STANDARD
        else:
            visitor = me.visitor_of(tx, request, browser)
            if visitor is None:
                return RedirectResponse(_sign_in(way), SEE_OTHER)
            standing, level = visitor.signed_in.standing, visitor.signed_in.session.level
            step = Step.FACTOR if stored_factors.of_user(tx, org.id, standing.user.id) else Step.ENROL
        kinds = stored_factors.of_user(tx, org.id, standing.user.id)
        asked = passkey_forms.to_prove(tx, org, standing.user, kinds, browser)
    if not way.step and level is Level.HIGH:
        return RedirectResponse(way.onward, SEE_OTHER)
    if step is Step.ENROL:
        return RedirectResponse(f"{ENROL}?{way.query}", SEE_OTHER) if way.step else _offer(house, request, browser, org, way)
    return door_pages.door(
        request,
        "verify_mail.html" if step is Step.MAIL else "verify.html",
        status,
        house=house,
        browser=browser,
        org=org,
        form_action=[asking.form_target] if asking is not None else (),
        script=step is Step.FACTOR and bool(asked),
        way=way,
        asking=asking,
        user=standing.user,
        has_app=_has(kinds, FactorKind.TOTP),
        has_passkey=_has(kinds, FactorKind.PASSKEY),
        asked=asked,
        stepping_up=not way.step,
        problems={"code": None, "passkey": None} | ({at: problem} if problem else {}),
        sent=request.query_params.get("sent", ""),
        email=_masked(standing.user.email),
    )


def _offer(house: House, request: Request, browser: Browser, org: Org, way: Way) -> Response:
    """An app wants more than this user has: the way to a second factor, and back to the app."""
    asking = asking_of(house, org, way.interaction, browser)
    target = [asking.form_target] if asking is not None else ()
    return door_pages.door(request, "verify_none.html", house=house, browser=browser, org=org, form_action=target, way=way, asking=asking)


def _show_code(house: House, request: Request, browser: Browser, way: Way, fields: dict[str, str]) -> Response:
    if not fields.get("code"):
        return page(house, request, browser, way, WRONG, problem="Type the code.")
    return _shown(house, request, browser, way, Code(Secret(fields["code"])), REFUSED, "code")


def _show_passkey(house: House, request: Request, browser: Browser, way: Way, fields: dict[str, str]) -> Response:
    return _shown(house, request, browser, way, passkey_forms.signed(fields), NOT_ACCEPTED, "passkey")


def _shown(house: House, request: Request, browser: Browser, way: Way, shown: Code | Signed, words: str, at: str) -> Response:
    org, place = door_pages.org_of(request, house), place_of(request, browser)
    begun: Begun | Reason
    with house.database.transaction() as tx:
        if way.step:
            begun = second_step.answer(tx, org, way.step, shown, place)
        else:
            visitor = me.visitor_of(tx, request, browser)
            if visitor is None:
                return RedirectResponse(_sign_in(way), SEE_OTHER)
            begun = step_up.step_up(tx, org, visitor.signed_in, shown, place)
    if isinstance(begun, Begun):
        return browsers.answer(RedirectResponse(way.onward, SEE_OTHER), browser, org.issuer, begun.value)
    if begun in (sign_in.INTERACTION_UNKNOWN, sign_in.INTERACTION_FINISHED):
        raise Refused(begun)
    return page(house, request, browser, way, WRONG, problem=words, at=at)


def _show_mailed(house: House, request: Request, browser: Browser, way: Way, fields: dict[str, str]) -> Response:
    org, place = door_pages.org_of(request, house), place_of(request, browser)
    if not fields.get("code"):
        return page(house, request, browser, way, WRONG, problem="Type the code.")
    with house.database.transaction() as tx:
        found = mailed_code.answer(tx, org, way.step, fields["code"], place)
    if isinstance(found, Begun):
        return browsers.answer(RedirectResponse(way.onward, SEE_OTHER), browser, org.issuer, found.value)
    if isinstance(found, Waiting):
        return RedirectResponse(way.here, SEE_OTHER)
    if found in (sign_in.INTERACTION_UNKNOWN, sign_in.INTERACTION_FINISHED):
        raise Refused(found)
    return page(house, request, browser, way, WRONG, problem=MAIL_REFUSED)


def _mail_again(house: House, request: Request, browser: Browser, way: Way, _: dict[str, str]) -> Response:
    org, place = door_pages.org_of(request, house), place_of(request, browser)
    with house.database.transaction() as tx:
        found = second_step.find(tx, org, way.step, browser.digest)
        sent = isinstance(found, Waiting) and found.step is Step.MAIL and mailed_code.send(tx, org, found, place)
    if isinstance(found, Reason):
        raise Refused(found)
    return RedirectResponse(f"{way.here}&sent={'again' if sent else 'enough'}", SEE_OTHER)


def pending(tx: Tx, org: Org, way: Way, browser: Browser) -> Waiting:
    """The sign-in that waits for its first factor. Raises Refused for one that waits for something else, or not any more."""
    found = second_step.find(tx, org, way.step, browser.digest)
    if isinstance(found, Reason):
        raise Refused(found)
    if found.step is not Step.ENROL:
        raise Refused(sign_in.INTERACTION_UNKNOWN)
    return found


def _sign_in(way: Way) -> str:
    return f"{SIGN_IN}?{urlencode({'interaction': way.interaction})}" if way.interaction else SIGN_IN


def _has(found: list[Factor], kind: FactorKind) -> bool:
    return any(factor.kind is kind for factor in found)


def _masked(email: str) -> str:
    """So much of an address that its owner knows it again: whoever knows only a password learns no address here."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}•••@{domain[:1]}•••{domain[domain.rfind('.') :] if '.' in domain else ''}"
