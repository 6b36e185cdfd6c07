"""The pages of signing in and out."""

import re
from functools import partial
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.crypto.secrets import Secret
from gatebridge.oauth import waiting
from gatebridge.oauth.waiting import Asking
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Reason, Refused, sign_in
from gatebridge.signin import passkey, password, sessions
from gatebridge.signin.outcomes import Begun, Place
from gatebridge.signin.password import Attempt, Pending
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, passkey_forms
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.middleware.operation_id import operation_id
from gatebridge.web.middleware.proxy import address

PATH, HOME = "/signin", "/me"
PASSKEY, VERIFY = "/signin/passkey", "/signin/verify"
SIGN_OUT, SIGNED_OUT = "/signout", "/signed-out"
# Where a browser may be led to by a word, when no app waits for it: no address that somebody made up can stand here (X-RU-14).
ONWARD = {"connect": "/connect", "security": "/me/security", "app": "/me/security/app", "passkey": "/me/security/passkey"}
# A page of setup is gone back to by its own address, which can be nobody else's: it begins at our root, and looking changes nothing.
_WITHIN = re.compile(r"/setup(?:/[A-Za-z0-9_-]+)*(?:\?[A-Za-z0-9%&=+._:~-]{0,600})?")
SEE_OTHER = 303  # never 307: what was typed goes to nobody else (X-RU-16)

# What the page may say on arrival, by a word in its address; anything else says nothing, so that no link can put words here.
SAID = {
    "reset": "Your new password is set. Sign in with it.",
    "welcome": "Welcome. Your password is set; sign in with it.",
}
# One text for every cause (X-BF-01).
REFUSED = sign_in.PASSWORD_WRONG.public_sentence + " After ten tries there is a pause of 15 minutes."
PASSKEY_REFUSED = "The passkey was not accepted here, or its user cannot sign in now. Try once more, or sign in with your password."


def routes(house: House) -> list[Route]:
    """The addresses of these pages."""
    return [
        Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]),
        Route(PATH, door_pages.endpoint(house, partial(enter, house)), methods=["POST"]),
        Route(PASSKEY, door_pages.endpoint(house, partial(enter_by_passkey, house)), methods=["POST"]),
        Route(SIGN_OUT, door_pages.endpoint(house, partial(leave, house)), methods=["POST"]),
        Route(SIGNED_OUT, door_pages.endpoint(house, partial(show_signed_out, house)), methods=["GET"]),
    ]


def show(house: House, request: Request, browser: Browser) -> Response:
    """The form; for who is signed in already and was sent by no app, the way in."""
    org = door_pages.org_of(request, house)
    interaction = request.query_params.get("interaction", "")
    here, then = _signed_in(house, org, browser), then_of(request.query_params.get("then", ""))
    if not interaction and here is not None:
        return RedirectResponse(_onward("", then), SEE_OTHER)
    asking = asking_of(house, org, interaction, browser)
    said = SAID.get(request.query_params.get("said", ""))
    username = asking.login_hint if asking else ""
    return _form(request, house, browser, org, interaction, asking, then=then, username=username, said=said, here=here)


async def enter(house: House, request: Request, browser: Browser) -> Response:
    """Check what was typed, and go on to the app's question or to the own pages."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_enter, house, request, browser, fields)


def _enter(house: House, request: Request, browser: Browser, fields: dict[str, str]) -> Response:
    org = door_pages.org_of(request, house)
    interaction, username, then = fields.get("interaction", ""), fields.get("username", ""), then_of(fields.get("then", ""))
    asking = asking_of(house, org, interaction, browser)
    wrong = sign_in.PASSWORD_WRONG.status
    again = partial(_form, request, house, browser, org, interaction, asking, wrong, then=then, username=username)
    missing = {name: f"Type your {name}." for name in ("username", "password") if not fields.get(name)}
    if missing:
        return again(problems=missing)
    attempt = attempt_of(request, browser, username, fields["password"])
    begun = password.sign_in(house.database, house.hasher, org, attempt)
    if isinstance(begun, Reason):
        return again(problems={"password": REFUSED})
    if isinstance(begun, Pending):
        # No session yet: the name of what waits is worth something in this browser only, and with the second step only.
        said = {"step": begun.name, "interaction": interaction, "then": then}
        told = urlencode({name: value for name, value in said.items() if value})
        return browsers.answer(RedirectResponse(f"{VERIFY}?{told}", SEE_OTHER), browser, org.issuer)
    return _let_in(browser, org, _onward(interaction, then), begun)


async def enter_by_passkey(house: House, request: Request, browser: Browser) -> Response:
    """Check a passkey, which says itself whose it is, and go on as after a password and a second step."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_enter_by_passkey, house, request, browser, fields)


def _enter_by_passkey(house: House, request: Request, browser: Browser, fields: dict[str, str]) -> Response:
    org, interaction, then = door_pages.org_of(request, house), fields.get("interaction", ""), then_of(fields.get("then", ""))
    asking = asking_of(house, org, interaction, browser)
    with house.database.transaction() as tx:
        begun = passkey.sign_in(tx, org, passkey_forms.signed(fields), place_of(request, browser))
    if isinstance(begun, Reason):
        status = sign_in.PASSKEY_REFUSED.status
        return _form(request, house, browser, org, interaction, asking, status, then=then, problems={"passkey": PASSKEY_REFUSED})
    return _let_in(browser, org, _onward(interaction, then), begun)


def then_of(text: str) -> str:
    """Where to go on after the sign-in, by a word or by an address in setup; empty for what nobody of us can have said (X-RU-14)."""
    return text if text in ONWARD or _WITHIN.fullmatch(text) else ""


def address_of(then: str) -> str:
    """The page that it stands for; the own pages where it stands for none."""
    return ONWARD.get(then) or then_of(then) or HOME


def _onward(interaction: str, then: str) -> str:
    """Where a browser goes when it has signed in: to the request that waits, which is named and never spelled out, or to a page of ours."""
    return f"{waiting.PATH}?{urlencode({'interaction': interaction})}" if interaction else address_of(then)


def _let_in(browser: Browser, org: Org, onward: str, begun: Begun) -> Response:
    return browsers.answer(RedirectResponse(onward, SEE_OTHER), browser, org.issuer, begun.value)


def attempt_of(request: Request, browser: Browser, username: str, typed: str) -> Attempt:
    """One attempt to prove a password, with what is known of where it comes from."""
    here = place_of(request, browser)
    return Attempt(username, Secret(typed), here.address, here.user_agent, here.operation_id, here.browser, here.former)


def place_of(request: Request, browser: Browser) -> Place:
    """What is known of where a form comes from."""
    return Place(
        address=str(address(request.scope) or ""),
        user_agent=request.headers.get("user-agent", "").replace("\0", ""),
        operation_id=operation_id(request.scope),
        browser=browser.digest,
        former=browser.session_value,
    )


async def leave(house: House, request: Request, browser: Browser) -> Response:
    """End the session. Pressing it twice, or in two tabs, is as good as once."""
    await browsers.read_form(request, house, browser)
    await run_in_threadpool(_leave, house, request, browser)
    return browsers.answer(RedirectResponse(SIGNED_OUT, SEE_OTHER), browser, request.scope["gatebridge.issuer"], None)


def _leave(house: House, request: Request, browser: Browser) -> None:
    org = door_pages.org_of(request, house)
    with house.database.transaction() as tx:
        signed_in = sessions.current(tx, org, browser.session_value)
        if signed_in is not None:
            sessions.end(tx, org.id, signed_in.session.id, sessions.SIGNED_OUT)


def show_signed_out(house: House, request: Request, browser: Browser) -> Response:
    """What one sees after signing out."""
    return door_pages.door(request, "signed_out.html", house=house, browser=browser)


def _form(
    request: Request,
    house: House,
    browser: Browser,
    org: Org,
    interaction: str,
    asking: Asking | None,
    status: int = 200,
    *,
    then: str = "",
    username: str = "",
    problems: dict[str, str] | None = None,
    said: str | None = None,
    here: str | None = None,
) -> Response:
    with house.database.reading() as tx:
        asked = passkey_forms.to_sign_in(tx, org, browser)
    return door_pages.door(
        request,
        "sign_in.html",
        status,
        house=house,
        browser=browser,
        # Signing in may lead on to the app without another page, and Chromium holds that against this page's policy.
        form_action=[asking.form_target] if asking is not None else (),
        org=org,
        interaction=interaction,
        then=then,
        asking=asking,
        username=username,
        problems={"username": None, "password": None, "passkey": None} | (problems or {}),
        said=said,
        here=here,
        script=True,
        asked=asked,
    )


def _signed_in(house: House, org: Org, browser: Browser) -> str | None:
    """Who is signed in at this browser already, by name."""
    with house.database.reading() as tx:
        found = sessions.current(tx, org, browser.session_value)
    return found.standing.user.name if found is not None else None


def asking_of(house: House, org: Org, interaction: str, browser: Browser) -> Asking | None:
    """Which app sent the browser here; None: none did. Raises Refused for a request that is not this browser's, or not waiting."""
    if not interaction:
        return None
    with house.database.transaction() as tx:
        asking = waiting.asking(tx, org, interaction, browser.digest)
    if isinstance(asking, Reason):
        raise Refused(asking)
    return asking
