"""The pages of one's own second factors and recovery codes. What changes them wants a sign-in of the last minutes (`prove_again`)."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules import ids
from gatebridge.rules.factors import Factor
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.sessions import proven_lately
from gatebridge.setup.my_factors import (
    AddPasskey,
    ConfirmApp,
    RemoveMyFactor,
    add_passkey,
    asked_to_make,
    begin_app,
    begun_app,
    confirm_app,
    forget_my_browsers,
    my_factors,
    new_recovery_codes,
    remove_my_factor,
)
from gatebridge.signin import factors, step_up
from gatebridge.storage import factors as stored_factors
from gatebridge.storage import verifications
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, me, qr
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.me import Visitor
from gatebridge.web.second_step import WRONG, Way, way_of
from gatebridge.web.sign_in import PATH as SIGN_IN
from gatebridge.web.sign_in import SEE_OTHER, place_of

PATH = "/me/security"
APP, PASSKEY, CODES = f"{PATH}/app", f"{PATH}/passkey", f"{PATH}/recovery-codes"
PROVE = f"{PATH}/prove"

SAID = {
    "removed": "It is removed, and every other browser is signed out.",
    "forgotten": "No browser counts as yours any more. Where your org asks for it, the next sign-in verifies itself again.",
    "added": "It works from now on, and every other browser is signed out.",
}

Fields = dict[str, str]


def routes(house: House) -> list[Route]:
    """The addresses of these pages; the one on which one proves to be it once more is in `prove_again`."""
    shown = {PATH: show, APP: show_app, PASSKEY: show_passkey}
    acts = {
        APP: _begin_app,
        f"{APP}/confirm": _confirm_app,
        PASSKEY: _add_passkey,
        CODES: _new_codes,
        f"{PATH}/{{factor_id}}/remove": _remove,
        f"{PATH}/browsers/forget": _forget_browsers,
    }
    found = [Route(path, door_pages.endpoint(house, partial(page, house)), methods=["GET"]) for path, page in shown.items()]
    return found + [Route(path, door_pages.endpoint(house, partial(act, house, does)), methods=["POST"]) for path, does in acts.items()]


def must_prove(tx: Tx, visitor: Visitor) -> bool:
    """Whether the user has to prove once more to be it before a factor is changed.

    A first factor also wants an activated browser: else whoever knows nothing but the password could set up a factor in the user's place.
    """
    session, settings = visitor.signed_in.session, visitor.org.settings
    if not proven_lately(session, settings, tx.now):
        return True
    return not session.activated and not stored_factors.of_user(tx, visitor.org.id, session.user_id)


def show(house: House, request: Request, browser: Browser) -> Response:
    """What the user has."""
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
        found, now = my_factors(tx, visitor.actor), tx.now
        activated = verifications.browsers_of(tx, visitor.org.id, visitor.signed_in.standing.user.id)
    return me.my_page(
        request,
        house,
        browser,
        visitor,
        "security.html",
        now=now,
        found=found,
        activated=activated,
        here_digest=browser.digest,
        said=SAID.get(request.query_params.get("said", "")),
    )


def show_app(house: House, request: Request, browser: Browser) -> Response:
    """Setting up an authenticator app."""
    return _app_page(house, request, browser, way_of(dict(request.query_params)))


def show_passkey(house: House, request: Request, browser: Browser) -> Response:
    """Setting up a passkey."""
    return _passkey_page(house, request, browser, way_of(dict(request.query_params)))


def _app_page(
    house: House, request: Request, browser: Browser, way: Way, status: int = 200, problems: dict[str, str] | None = None
) -> Response:
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
        if must_prove(tx, visitor):
            return _prove_first("app", way)
        begun = begun_app(tx, visitor.actor)
    return me.my_page(
        request,
        house,
        browser,
        visitor,
        "add_app.html",
        status,
        way=way,
        begun=begun,
        code=qr.svg(begun.address) if begun is not None else None,
        problems={"code": None, "name": None} | (problems or {}),
    )


def _passkey_page(
    house: House, request: Request, browser: Browser, way: Way, status: int = 200, problems: dict[str, str] | None = None
) -> Response:
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
        if must_prove(tx, visitor):
            return _prove_first("passkey", way)
        options, challenge = asked_to_make(tx, visitor.actor, browser.digest)
    return me.my_page(
        request,
        house,
        browser,
        visitor,
        "add_passkey.html",
        status,
        script=True,
        way=way,
        options=options,
        challenge=challenge,
        problems={"passkey": None, "name": None} | (problems or {}),
    )


async def act(house: House, does: Callable[[House, Request, Browser, Fields], Response], request: Request, browser: Browser) -> Response:
    """Take a form in."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(does, house, request, browser, fields)


def _begin_app(house: House, request: Request, browser: Browser, fields: Fields) -> Response:
    way = way_of(fields)

    def begin(tx: Tx, visitor: Visitor) -> Response:
        begin_app(tx, visitor.actor)
        return RedirectResponse(f"{APP}?{way.query}" if way.query else APP, SEE_OTHER)

    return _changed(house, request, browser, "app", way, begin)


def _confirm_app(house: House, request: Request, browser: Browser, fields: Fields) -> Response:
    way = way_of(fields)

    def confirm(tx: Tx, visitor: Visitor) -> Response:
        command = ConfirmApp(fields.get("code", ""), fields.get("name", ""), visitor.signed_in.session.id)
        return _added(tx, house, request, browser, visitor, way, confirm_app(tx, visitor.actor, command), factors.OTP)

    return _changed(house, request, browser, "app", way, confirm, partial(_app_page, house, request, browser, way))


def _add_passkey(house: House, request: Request, browser: Browser, fields: Fields) -> Response:
    way = way_of(fields)

    def add(tx: Tx, visitor: Visitor) -> Response:
        said = (fields.get("passkey", ""), fields.get("challenge", ""), browser.digest, fields.get("name", ""))
        factor = add_passkey(tx, visitor.actor, AddPasskey(*said, visitor.signed_in.session.id))
        return _added(tx, house, request, browser, visitor, way, factor, factors.HARDWARE)

    return _changed(house, request, browser, "passkey", way, add, partial(_passkey_page, house, request, browser, way))


def _new_codes(house: House, request: Request, browser: Browser, fields: Fields) -> Response:
    def make(tx: Tx, visitor: Visitor) -> Response:
        codes = new_recovery_codes(tx, visitor.actor)
        return me.my_page(request, house, browser, visitor, "recovery_codes.html", codes=codes, factor=None, onward=PATH)

    return _changed(house, request, browser, "security", way_of(fields), make)


def _remove(house: House, request: Request, browser: Browser, fields: Fields) -> Response:
    factor_id = ids.parse(str(request.path_params["factor_id"]), Prefix.FACTOR)
    if factor_id is None:
        raise Refused(request_reasons.PATH_UNKNOWN)

    def remove(tx: Tx, visitor: Visitor) -> Response:
        remove_my_factor(tx, visitor.actor, RemoveMyFactor(factor_id, visitor.signed_in.session.id))
        return RedirectResponse(f"{PATH}?said=removed", SEE_OTHER)

    return _changed(house, request, browser, "security", way_of(fields), remove)


def _forget_browsers(house: House, request: Request, browser: Browser, fields: Fields) -> Response:
    def forget(tx: Tx, visitor: Visitor) -> Response:
        forget_my_browsers(tx, visitor.actor)
        return RedirectResponse(f"{PATH}?said=forgotten", SEE_OTHER)

    return _changed(house, request, browser, "security", way_of(fields), forget)


def _changed(
    house: House,
    request: Request,
    browser: Browser,
    then: str,
    way: Way,
    does: Callable[[Tx, Visitor], Response],
    again: Callable[[int, dict[str, str]], Response] | None = None,
) -> Response:
    """Do what a form asks for, for who has proven to be it lately. `again` shows the form once more, with what is wrong in it."""
    try:
        with house.database.transaction() as tx:
            visitor = me.visitor_of(tx, request, browser)
            if visitor is None:
                return RedirectResponse(SIGN_IN, SEE_OTHER)
            return _prove_first(then, way) if must_prove(tx, visitor) else does(tx, visitor)
    except Refused as refused:
        if again is None or refused.reason is not setup_reasons.FIELD_INVALID:
            raise
        return again(WRONG, {each.field: each.problem for each in refused.fields})


def _added(tx: Tx, house: House, request: Request, browser: Browser, visitor: Visitor, way: Way, factor: Factor, method: str) -> Response:
    """The factor was shown in this session, which so reaches the high level under a new value. A first one comes with recovery codes."""
    first = my_factors(tx, visitor.actor).recovery_codes_left == 0
    codes = new_recovery_codes(tx, visitor.actor) if first else ()
    methods = tuple(dict.fromkeys((*visitor.signed_in.session.methods, method)))
    begun = step_up.begin_anew(tx, visitor.org, visitor.signed_in, place_of(request, browser), methods, Level.HIGH)
    onward = way.onward if way.interaction else f"{PATH}?said=added"
    answer: Response = RedirectResponse(onward, SEE_OTHER)
    if codes:
        onward = way.onward if way.interaction else PATH
        answer = me.my_page(request, house, browser, visitor, "recovery_codes.html", codes=codes, factor=factor, onward=onward)
    return browsers.answer(answer, browser, visitor.org.issuer, begun.value)


def _prove_first(then: str, way: Way) -> Response:
    said = {"then": then} | ({"interaction": way.interaction} if way.interaction else {})
    return RedirectResponse(f"{PROVE}?{urlencode(said)}", SEE_OTHER)
