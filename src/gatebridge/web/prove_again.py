"""The page on which one proves once more to be it, before something weighty: by a second factor where there is one, else by the password.

Where the browser is not activated yet and there is no factor, a mailed code follows the password. Where all that waits is a yes to a page
that warned, it follows where it would in a sign-in.
"""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.crypto.secrets import Secret
from gatebridge.rules.factors import Factor, FactorKind, Step
from gatebridge.rules.reasons import Reason, Refused, sign_in
from gatebridge.signin import mailed_code, password, second_step, step_up
from gatebridge.signin.factors import Code, Signed
from gatebridge.signin.outcomes import Begun
from gatebridge.storage import factors as stored_factors
from gatebridge.storage import people
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, me, passkey_forms
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.me import Visitor
from gatebridge.web.my_password import REFUSED as PASSWORD_REFUSED
from gatebridge.web.my_security import PATH as SECURITY
from gatebridge.web.my_security import PROVE as PATH
from gatebridge.web.second_step import NOT_ACCEPTED, REFUSED, WRONG, Way, way_of
from gatebridge.web.sign_in import PATH as SIGN_IN
from gatebridge.web.sign_in import SEE_OTHER, VERIFY, asking_of, attempt_of, place_of

Form = Callable[[House, Request, Browser, Way, dict[str, str]], Response]


def routes(house: House) -> list[Route]:
    """The addresses of this page."""
    posts = {PATH: by_password, f"{PATH}/code": by_code, f"{PATH}/passkey": by_passkey}
    found = [Route(path, door_pages.endpoint(house, partial(_take, house, does)), methods=["POST"]) for path, does in posts.items()]
    return [Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]), *found]


def show(house: House, request: Request, browser: Browser) -> Response:
    """The form."""
    return _page(house, request, browser, way_of(dict(request.query_params)))


async def _take(house: House, does: Form, request: Request, browser: Browser) -> Response:
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(does, house, request, browser, way_of(fields), fields)


def by_password(house: House, request: Request, browser: Browser, way: Way, fields: dict[str, str]) -> Response:
    """For who has no second factor. Somebody who has one is not let through by the password alone."""
    typed = fields.get("password", "")
    if not typed:
        return _page(house, request, browser, way, WRONG, {"password": "Type your password."})
    with house.database.reading() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
    org, user = visitor.org, visitor.signed_in.standing.user
    refused = password.confirm(house.database, house.hasher, org, user, attempt_of(request, browser, user.username, typed))
    if isinstance(refused, Reason):
        return _page(house, request, browser, way, WRONG, {"password": PASSWORD_REFUSED})
    place = place_of(request, browser)
    with house.database.transaction() as tx:
        # Asked again, where it counts: the session may have been ended while the password was checked.
        visitor = me.visitor_of(tx, request, browser)
        stored = people.password_hash(tx, org.id, user.id)
        if visitor is None or stored is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
        if stored_factors.of_user(tx, org.id, user.id):
            return RedirectResponse(f"{PATH}?{way.query}", SEE_OTHER)
        if _mails(tx, visitor, browser, way):
            pending = mailed_code.begin(tx, org, visitor.signed_in.standing, place, password_hash=stored)
            said = {"step": pending.name, "interaction": way.interaction, "then": way.then}
            onward = f"{VERIFY}?{urlencode({name: value for name, value in said.items() if value})}"
            return RedirectResponse(onward, SEE_OTHER)
        begun = step_up.after_password(tx, org, visitor.signed_in, place)
    return browsers.answer(RedirectResponse(way.onward, SEE_OTHER), browser, org.issuer, begun.value)


def by_code(house: House, request: Request, browser: Browser, way: Way, fields: dict[str, str]) -> Response:
    """A code of an authenticator app, or a recovery code."""
    if not fields.get("code"):
        return _page(house, request, browser, way, WRONG, {"code": "Type the code."})
    return _by_factor(house, request, browser, way, Code(Secret(fields["code"])), {"code": REFUSED})


def by_passkey(house: House, request: Request, browser: Browser, way: Way, fields: dict[str, str]) -> Response:
    """A passkey."""
    return _by_factor(house, request, browser, way, passkey_forms.signed(fields), {"passkey": NOT_ACCEPTED})


def _by_factor(house: House, request: Request, browser: Browser, way: Way, shown: Code | Signed, problems: dict[str, str]) -> Response:
    with house.database.transaction() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
        begun = step_up.prove_again(tx, visitor.org, visitor.signed_in, shown, place_of(request, browser))
    if isinstance(begun, Begun):
        return browsers.answer(RedirectResponse(way.onward, SEE_OTHER), browser, visitor.org.issuer, begun.value)
    if begun is sign_in.INTERACTION_UNKNOWN:
        raise Refused(begun)
    return _page(house, request, browser, way, WRONG, problems)


def _page(
    house: House, request: Request, browser: Browser, way: Way, status: int = 200, problems: dict[str, str] | None = None
) -> Response:
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
        user = visitor.signed_in.standing.user
        kinds = stored_factors.of_user(tx, visitor.org.id, user.id)
        asked = passkey_forms.to_prove(tx, visitor.org, user, kinds, browser)
        mails = _mails(tx, visitor, browser, way)
    asking = asking_of(house, visitor.org, way.interaction, browser) if not way.then else None
    return me.my_page(
        request,
        house,
        browser,
        visitor,
        "prove.html",
        status,
        script=asked is not None,
        form_action=[asking.form_target] if asking is not None else (),
        way=way,
        asking=asking,
        not_now=way.onward if _is_for_a_yes(way) else SECURITY,
        has_factor=bool(kinds),
        has_app=_has_app(kinds),
        asked=asked,
        mails=mails,
        problems={"password": None, "code": None, "passkey": None} | (problems or {}),
    )


def _mails(tx: Tx, visitor: Visitor, browser: Browser, way: Way) -> bool:
    """Whether a mailed code follows the password."""
    session, standing = visitor.signed_in.session, visitor.signed_in.standing
    if not _is_for_a_yes(way):
        return not session.activated
    return second_step.due(tx, visitor.org, standing, browser.digest, visitor.actor.address)[0] is Step.MAIL


def _is_for_a_yes(way: Way) -> bool:
    """Whether an app's question waits, or the code of a device."""
    return way.then == "connect" or (bool(way.interaction) and not way.then)


def _has_app(kinds: list[Factor]) -> bool:
    return any(factor.kind is FactorKind.TOTP for factor in kinds)
