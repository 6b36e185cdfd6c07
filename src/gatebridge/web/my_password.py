"""The page on which one changes the own password: the old one is checked as at the sign-in page, and what it opened is shut."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules.password_checks import password_problem
from gatebridge.rules.reasons import Reason, sign_in
from gatebridge.setup.my_account import ChangeMyPassword, change_my_password
from gatebridge.setup.my_apps import my_apps
from gatebridge.signin import password, sessions
from gatebridge.storage import factors as stored_factors
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, me
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.me import Visitor
from gatebridge.web.sign_in import PATH as SIGN_IN
from gatebridge.web.sign_in import SEE_OTHER, attempt_of

PATH = "/me/password"
FIELDS = ("current", "password", "repeat")
WRONG = sign_in.PASSWORD_WRONG.status  # of a form that is shown again
REFUSED = "This is not your password, or it was tried too often. After ten tries there is a pause of 15 minutes."


def routes(house: House) -> list[Route]:
    """The address of this page."""
    return [
        Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]),
        Route(PATH, door_pages.endpoint(house, partial(change, house)), methods=["POST"]),
    ]


def show(house: House, request: Request, browser: Browser) -> Response:
    """The form."""
    return _form(house, request, browser)


async def change(house: House, request: Request, browser: Browser) -> Response:
    """Check the old password and the new one, and set it."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_change, house, request, browser, fields)


def _change(house: House, request: Request, browser: Browser, fields: dict[str, str]) -> Response:
    with house.database.reading() as tx:
        visitor = me.visitor_of(tx, request, browser)
    if visitor is None:
        return RedirectResponse(SIGN_IN, SEE_OTHER)
    end_grants = "end_grants" in fields
    problems = _problems(house, request, browser, visitor, fields)
    if problems:
        return _form(house, request, browser, WRONG, problems, end_grants=end_grants)
    hashed = house.hasher.hash(fields["password"])
    with house.database.transaction() as tx:
        # Asked again, where it counts: the session may have been ended while the passwords were hashed.
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
        value = _set(tx, visitor, browser, hashed, end_grants=end_grants)
    answer = RedirectResponse(f"{PATH}?said={'changed-all' if end_grants else 'changed'}", SEE_OTHER)
    return browsers.answer(answer, browser, visitor.org.issuer, value)


def _set(tx: Tx, visitor: Visitor, browser: Browser, hashed: str, *, end_grants: bool) -> str:
    """Set the password, and begin a session in place of the one at this browser, since the old value dies.

    Whoever has a second factor has not proven anew to be it: the password alone makes no sign-in newer that is good for factors (X-SE-10).
    """
    before = visitor.signed_in.session
    has_factor = bool(stored_factors.of_user(tx, visitor.org.id, before.user_id))
    change_my_password(tx, visitor.actor, ChangeMyPassword(hashed, end_grants))
    fresh = me.standing_now(tx, visitor)
    _, value = sessions.begin(
        tx,
        visitor.org,
        fresh,
        methods=before.methods,
        address=visitor.actor.address,
        user_agent=before.user_agent,
        browser=browser.digest,
        level=before.level,
        activated=before.activated,
        authenticated_at=before.authenticated_at if has_factor else None,
    )
    return value


def _problems(house: House, request: Request, browser: Browser, visitor: Visitor, fields: dict[str, str]) -> dict[str, str]:
    user = visitor.signed_in.standing.user
    found = {"current": "Type the password that you have."} if "current" not in fields else {}
    chosen = fields.get("password", "")
    if problem := password_problem(chosen, username=user.username, email=user.email):
        found["password"] = problem
    elif fields.get("repeat", "") != chosen:
        found["repeat"] = "The two are not the same. Type both once more."
    if found:
        return found
    attempt = attempt_of(request, browser, user.username, fields["current"])
    refused = password.confirm(house.database, house.hasher, visitor.org, user, attempt)
    return {"current": REFUSED} if isinstance(refused, Reason) else {}


def _form(
    house: House,
    request: Request,
    browser: Browser,
    status: int = 200,
    problems: dict[str, str] | None = None,
    *,
    end_grants: bool = True,
) -> Response:
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return RedirectResponse(SIGN_IN, SEE_OTHER)
        apps = [app.label for app in my_apps(tx, visitor.actor) if app.grants]
    return me.my_page(
        request,
        house,
        browser,
        visitor,
        "password.html",
        status,
        problems=dict.fromkeys(FIELDS) | (problems or {}),
        apps=apps,
        end_grants=end_grants,
    )
