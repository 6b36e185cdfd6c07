"""The pages behind the links in our mails: choosing a first password, and choosing a new one when it was forgotten."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules.orgs import Org
from gatebridge.rules.password_checks import password_problem
from gatebridge.rules.people import User
from gatebridge.rules.reasons import sign_in
from gatebridge.setup.invite_users import AcceptInvitation, accept_invitation, invited_by
from gatebridge.setup.reset_password import ForgotPassword, ResetPassword, forgot_password, reset_password, user_of_link
from gatebridge.signin import sessions
from gatebridge.storage import grants, names
from gatebridge.storage.grants import OF_USERS
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.middleware.operation_id import operation_id
from gatebridge.web.middleware.proxy import address
from gatebridge.web.sign_in import PATH as SIGN_IN
from gatebridge.web.sign_in import SEE_OTHER

FORGOT, SENT, RESET, INVITATION = "/forgot-password", "/forgot-password/sent", "/reset-password", "/invitation"
WRONG = sign_in.PASSWORD_WRONG.status  # of a form that is shown again


@dataclass(frozen=True, slots=True)
class Link:
    """One kind of link: how its page is called, whose it is, and what the chosen password does."""

    path: str
    form_id: str
    title: str
    lede: str
    said: str  # by this word the sign-in page says that it is done
    whose: Callable[[Tx, Org, str], User]
    asks_about_grants: bool


def routes(house: House) -> list[Route]:
    """The addresses of these pages."""
    found = [
        Route(FORGOT, door_pages.endpoint(house, partial(show_forgot, house)), methods=["GET"]),
        Route(FORGOT, door_pages.endpoint(house, partial(send_link, house)), methods=["POST"]),
        Route(SENT, door_pages.endpoint(house, partial(show_sent, house)), methods=["GET"]),
    ]
    for link in (_RESET, _INVITATION):
        found.append(Route(link.path, door_pages.endpoint(house, partial(show_choice, house, link)), methods=["GET"]))
        found.append(Route(link.path, door_pages.endpoint(house, partial(choose, house, link)), methods=["POST"]))
    return found


def show_forgot(house: House, request: Request, browser: Browser) -> Response:
    """The form that asks for the username."""
    return _forgot(request, house, browser)


async def send_link(house: House, request: Request, browser: Browser) -> Response:
    """Answer first, and look for the user afterwards: neither the words nor the time tell whether there is one (X-BF-03)."""
    username = (await browsers.read_form(request, house, browser)).get("username", "")
    if not username:
        return await run_in_threadpool(_forgot, request, house, browser, WRONG, "Type your username.")
    org = await run_in_threadpool(door_pages.org_of, request, house)
    return RedirectResponse(SENT, SEE_OTHER, background=BackgroundTask(_send_link, house, org, username))


def _send_link(house: House, org: Org, username: str) -> None:
    with house.database.transaction() as tx:
        forgot_password(tx, org, ForgotPassword(username))


def show_sent(house: House, request: Request, browser: Browser) -> Response:
    """What everybody is told who asked for a link."""
    return door_pages.door(request, "link_sent.html", house=house, browser=browser)


def _forgot(request: Request, house: House, browser: Browser, status: int = 200, problem: str | None = None) -> Response:
    return door_pages.door(
        request, "forgot_password.html", status, house=house, browser=browser, username="", problems={"username": problem}
    )


def show_choice(house: House, link: Link, request: Request, browser: Browser) -> Response:
    """The form behind a link that works. Looking at it changes nothing, so a mail scanner that follows links does no harm."""
    return _choice(house, link, request, browser, request.query_params.get("token", ""))


async def choose(house: House, link: Link, request: Request, browser: Browser) -> Response:
    """Set the password that was chosen, and lead to the sign-in page: the link proves a mailbox, and signing in is another thing."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_choose, house, link, request, browser, fields)


def _choose(house: House, link: Link, request: Request, browser: Browser, fields: dict[str, str]) -> Response:
    org, token, chosen = door_pages.org_of(request, house), fields.get("token", ""), fields.get("password", "")
    with house.database.reading() as tx:
        user = link.whose(tx, org, token)  # before the hashing, which is slow on purpose
    end_grants = "end_grants" in fields
    problems: dict[str, str] = {}
    if problem := password_problem(chosen, username=user.username, email=user.email):
        problems["password"] = problem
    elif fields.get("repeat", "") != chosen:
        problems["repeat"] = "The two are not the same. Type both once more."
    if problems:
        return _choice(house, link, request, browser, token, WRONG, problems, end_grants=end_grants)
    hashed = house.hasher.hash(chosen)
    where, operation = str(address(request.scope) or ""), operation_id(request.scope)
    with house.database.transaction() as tx:
        if link is _RESET:
            reset_password(tx, org, ResetPassword(token, hashed, end_grants, where, operation))
        else:
            accept_invitation(tx, org, AcceptInvitation(token, hashed, where, operation))
        # Whoever was signed in at this browser is so no more; it may have been somebody else.
        if (former := sessions.current(tx, org, browser.session_value)) is not None:
            sessions.end(tx, org.id, former.session.id, sessions.SIGNED_OUT)
    return browsers.answer(RedirectResponse(f"{SIGN_IN}?said={link.said}", SEE_OTHER), browser, org.issuer, None)


def _choice(
    house: House,
    link: Link,
    request: Request,
    browser: Browser,
    token: str,
    status: int = 200,
    problems: dict[str, str] | None = None,
    *,
    end_grants: bool = True,
) -> Response:
    org = door_pages.org_of(request, house)
    with house.database.reading() as tx:
        user = link.whose(tx, org, token)
        apps = _apps_of(tx, user) if link.asks_about_grants else None
    return door_pages.door(
        request,
        "choose_password.html",
        status,
        house=house,
        browser=browser,
        org=org,
        form_id=link.form_id,
        title=link.title,
        lede=link.lede,
        action=link.path,
        user=user,
        token=token,
        problems={"password": None, "repeat": None} | (problems or {}),
        apps=apps,
        end_grants=end_grants,
    )


def _apps_of(tx: Tx, user: User) -> list[str]:
    """The labels of the apps that the user let in and that may still act in the user's name."""
    live = {grant.app_id for grant in grants.live_of_user(tx, user.org_id, user.id) if grant.flow in OF_USERS}
    return sorted(app.label for app in names.of_apps(tx, user.org_id, sorted(live)).values())


_RESET = Link(
    path=RESET,
    form_id="reset",
    title="Choose a new password",
    lede="for your user at",
    said="reset",
    whose=user_of_link,
    asks_about_grants=True,
)
_INVITATION = Link(
    path=INVITATION,
    form_id="invitation",
    title="Choose your password",
    lede="You were invited to",
    said="welcome",
    whose=invited_by,
    asks_about_grants=False,
)
