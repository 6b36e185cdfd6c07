"""Setting up the first second factor in the middle of a sign-in, where a policy wants one and the user has none yet.

The password was shown, and the browser was activated by a mailed code; a session begins only with the factor.
"""

from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.factors import Factor
from gatebridge.rules.reasons import Reason, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.my_factors import (
    AddPasskey,
    ConfirmApp,
    add_passkey,
    asked_to_make,
    begin_app,
    begun_app,
    confirm_app,
    new_recovery_codes,
)
from gatebridge.signin import factors, second_step
from gatebridge.signin.factors import Match
from gatebridge.signin.outcomes import Place
from gatebridge.signin.second_step import Waiting
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, qr
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.second_step import ENROL as PATH
from gatebridge.web.second_step import WRONG, Way, pending, way_of
from gatebridge.web.sign_in import SEE_OTHER, asking_of, place_of

APP, CONFIRM, PASSKEY = f"{PATH}/app", f"{PATH}/app/confirm", f"{PATH}/passkey"


def routes(house: House) -> list[Route]:
    """The addresses of these pages."""
    posts = {APP: begin, CONFIRM: confirm, PASSKEY: add}
    found = [Route(path, door_pages.endpoint(house, partial(handler, house)), methods=["POST"]) for path, handler in posts.items()]
    return [Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]), *found]


def show(house: House, request: Request, browser: Browser) -> Response:
    """Which factor it is to be; or, once an app was chosen, its QR code."""
    return _page(house, request, browser, way_of(dict(request.query_params)))


async def begin(house: House, request: Request, browser: Browser) -> Response:
    """Make the secret of an app."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_begin, house, request, browser, way_of(fields))


async def confirm(house: House, request: Request, browser: Browser) -> Response:
    """The app shows a code: it is a factor now, and the user is signed in."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_confirm, house, request, browser, way_of(fields), fields)


async def add(house: House, request: Request, browser: Browser) -> Response:
    """The browser has made a passkey: it is a factor now, and the user is signed in."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_add, house, request, browser, way_of(fields), fields)


def _begin(house: House, request: Request, browser: Browser, way: Way) -> Response:
    org = door_pages.org_of(request, house)
    with house.database.transaction() as tx:
        begin_app(tx, _actor(pending(tx, org, way, browser), place_of(request, browser)))
    return RedirectResponse(f"{PATH}?{way.query}", SEE_OTHER)


def _confirm(house: House, request: Request, browser: Browser, way: Way, fields: dict[str, str]) -> Response:
    def prove(tx: Tx, actor: Actor) -> Factor:
        return confirm_app(tx, actor, ConfirmApp(fields.get("code", ""), fields.get("name", "")))

    return _finish(house, request, browser, way, prove, (factors.OTP,))


def _add(house: House, request: Request, browser: Browser, way: Way, fields: dict[str, str]) -> Response:
    def prove(tx: Tx, actor: Actor) -> Factor:
        command = AddPasskey(fields.get("passkey", ""), fields.get("challenge", ""), browser.digest, fields.get("name", ""))
        return add_passkey(tx, actor, command)

    return _finish(house, request, browser, way, prove, (factors.HARDWARE,))


def _finish(
    house: House, request: Request, browser: Browser, way: Way, prove: Callable[[Tx, Actor], Factor], methods: tuple[str, ...]
) -> Response:
    """Set up the factor, begin the session, and show the recovery codes: all of it, or nothing."""
    org, place = door_pages.org_of(request, house), place_of(request, browser)
    try:
        with house.database.transaction() as tx:
            waiting = pending(tx, org, way, browser)
            actor = _actor(waiting, place)
            factor = prove(tx, actor)
            codes = new_recovery_codes(tx, actor)
            begun = second_step.finish(tx, org, waiting, place, Match(factor.kind, methods, factor.user_id, factor))
            if isinstance(begun, Reason):
                raise Refused(begun)
    except Refused as refused:
        if refused.reason is not setup_reasons.FIELD_INVALID:
            raise
        return _page(house, request, browser, way, WRONG, {each.field: each.problem for each in refused.fields})
    shown = door_pages.door(
        request, "recovery_codes.html", house=house, browser=browser, org=org, codes=codes, factor=factor, onward=way.onward
    )
    return browsers.answer(shown, browser, org.issuer, begun.value)


def _page(
    house: House, request: Request, browser: Browser, way: Way, status: int = 200, problems: dict[str, str] | None = None
) -> Response:
    org, place = door_pages.org_of(request, house), place_of(request, browser)
    asking = asking_of(house, org, way.interaction, browser)
    with house.database.snapshot() as tx:
        actor = _actor(pending(tx, org, way, browser), place)
        begun = begun_app(tx, actor)
        options, challenge = asked_to_make(tx, actor, browser.digest)
    return door_pages.door(
        request,
        "verify_enrol.html",
        status,
        house=house,
        browser=browser,
        org=org,
        form_action=[asking.form_target] if asking is not None else (),
        script=True,
        way=way,
        asking=asking,
        begun=begun,
        code=qr.svg(begun.address) if begun is not None else None,
        options=options,
        challenge=challenge,
        problems={"code": None, "passkey": None, "name": None} | (problems or {}),
    )


def _actor(waiting: Waiting, place: Place) -> Actor:
    """The user who is half signed in, as the one who sets up the own factor; without any right."""
    user = waiting.standing.user
    return Actor(
        ActorKind.USER, user.org_id, user.username, frozenset(), user_id=user.id, address=place.address, operation_id=place.operation_id
    )
