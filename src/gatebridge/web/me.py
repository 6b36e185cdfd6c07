"""The pages of one's own account: connected apps, sessions and password. Whoever is not signed in is led to the sign-in page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.oauth.consent import rights
from gatebridge.rules import ids, levels
from gatebridge.rules import sessions as session_rules
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import request as request_reasons
from gatebridge.setup.my_account import EndMyOtherSessions, EndMySession, end_my_other_sessions, end_my_session, my_sessions
from gatebridge.setup.my_apps import EndMyApp, end_all_my_apps, end_my_app, my_apps
from gatebridge.signin import sessions
from gatebridge.signin.sessions import SignedIn
from gatebridge.storage import facts, names, orgs
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, pages, session_in_use, sign_in, told
from gatebridge.web.browser import Browser
from gatebridge.web.console import places
from gatebridge.web.house import House
from gatebridge.web.middleware.operation_id import operation_id
from gatebridge.web.middleware.proxy import address

APPS, END_ALL, SESSIONS = "/me", "/me/apps/end-all", "/me/sessions"

# What a page may say on arrival, by a word in its address; anything else says nothing, so that no link can put words here.
SAID = {
    "all-ended": "No app may act for you any more. What you use again will ask you first.",
    "session-ended": "That browser is signed out.",
    "others-ended": "You are signed out everywhere but here.",
    "changed": "Your new password is set, and every other browser is signed out.",
    "clocks": "Saved.",
    "changed-all": "Your new password is set, every other browser is signed out, and no app has anything from before.",
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the page."""

    org: Org
    signed_in: SignedIn
    actor: Actor


def routes(house: House) -> list[Route]:
    """The addresses of these pages, the password's apart (`my_password`)."""
    pages_here = {APPS: _show_apps, END_ALL: _show_end_all, SESSIONS: _show_sessions}
    acts = {
        "/me/apps/{app_id}/end": _end_app,
        END_ALL: _end_all,
        "/me/sessions/{session_id}/end": _end_session,
        "/me/sessions/end-others": _end_others,
    }
    shown = [Route(path, door_pages.endpoint(house, partial(show, house, page)), methods=["GET"]) for path, page in pages_here.items()]
    return shown + [Route(path, door_pages.endpoint(house, partial(act, house, does)), methods=["POST"]) for path, does in acts.items()]


def show(house: House, page: Callable[[Tx, Visitor, Request], Mapping[str, Any]], request: Request, browser: Browser) -> Response:
    """One page, read in one moment."""
    with house.database.snapshot() as tx:
        visitor = visitor_of(tx, request, browser)
        values = dict(page(tx, visitor, request)) if visitor is not None else {}
        now = tx.now
    session_in_use.note(house, request, browser, visitor.signed_in.session if visitor is not None else None, now)
    if visitor is None:
        return RedirectResponse(sign_in.PATH, sign_in.SEE_OTHER)
    return my_page(request, house, browser, visitor, str(values.pop("template")), now=now, **values)


async def act(house: House, does: Callable[[Tx, Visitor, Request], str], request: Request, browser: Browser) -> Response:
    """Do what a form asks for, and lead to the page that shows it. `does` answers with that page's address."""
    await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_act, house, does, request, browser)


def _act(house: House, does: Callable[[Tx, Visitor, Request], str], request: Request, browser: Browser) -> Response:
    with house.database.transaction() as tx:
        visitor = visitor_of(tx, request, browser)
        onward = does(tx, visitor, request) if visitor is not None else sign_in.PATH
    return RedirectResponse(onward, sign_in.SEE_OTHER)


def visitor_of(tx: Tx, request: Request, browser: Browser) -> Visitor | None:
    """Who is signed in at this browser, with the rights of this moment; None for nobody.

    Whoever signed in less surely than the org or the own profile demands by now has no right until another factor was shown; one's own
    account, for which no right is needed, is where that factor is set up.
    """
    org = orgs.by_host(tx, request.scope["gatebridge.host"])
    if org is None:
        raise Refused(request_reasons.HOST_UNKNOWN)
    here = str(address(request.scope) or "")
    found = sessions.current(tx, org, browser.session_value, address=here)
    if found is None:
        return None
    user = found.standing.user
    required, _ = levels.required(org, found.standing.profile, None)
    sure = found.session.level.reaches(required.level)
    actor = Actor(
        kind=ActorKind.USER,
        org_id=org.id,
        name=user.username,
        permissions=found.standing.permissions(tx.now) if sure else frozenset(),
        user_id=user.id,
        address=here,
        operation_id=operation_id(request.scope),
        authenticated_at=found.session.authenticated_at,
        fresh_for=session_rules.fresh_for(org.settings),
    )
    return Visitor(org, found, actor)


def standing_now(tx: Tx, visitor: Visitor) -> Standing:
    """The user of the page as it stands after what was done in this transaction."""
    found = facts.standing(tx, visitor.org.id, visitor.signed_in.standing.user.id)
    assert found is not None  # noqa: S101 - no user is ever deleted
    return found


def my_page(
    request: Request,
    house: House,
    browser: Browser,
    visitor: Visitor,
    template: str,
    status: int = 200,
    *,
    script: bool = False,
    form_action: Sequence[str] = (),
    **values: object,
) -> Response:
    """The page `templates/me/<template>`, with who looks at it, the form's token, and what it may say on arrival."""
    html = pages.page(
        f"me/{template}",
        status,
        {"Content-Security-Policy": (door_pages.WITH_SCRIPT if script else door_pages.POLICY).format(door_pages.also_to(form_action))},
        org=visitor.org,
        user=visitor.signed_in.standing.user,
        issuer=visitor.org.issuer,
        form_token=browsers.form_token(house, browser),
        told=told,
        at_setup=bool(visitor.actor.permissions & places.HOME.needs),
        **({"said": SAID.get(request.query_params.get("said", ""))} | values),
    )
    return browsers.answer(html, browser, visitor.org.issuer)


def _show_apps(tx: Tx, visitor: Visitor, request: Request) -> Mapping[str, Any]:
    apps = [(app, rights(app.scopes, visitor.org)) for app in my_apps(tx, visitor.actor)]
    values: dict[str, Any] = {"template": "apps.html", "apps": apps}
    ended = ids.parse(request.query_params.get("ended", ""), Prefix.APP)
    known = names.of_apps(tx, visitor.org.id, [ended]) if ended is not None else {}
    if ended in known:
        values["said"] = f"{known[ended].label} has nothing of yours any more. It has to ask you before it can act for you again."
    return values


def _show_end_all(tx: Tx, visitor: Visitor, _: Request) -> Mapping[str, Any]:
    return {"template": "end_all.html", "apps": my_apps(tx, visitor.actor)}


def _show_sessions(tx: Tx, visitor: Visitor, _: Request) -> Mapping[str, Any]:
    found = my_sessions(tx, visitor.actor)
    here = visitor.signed_in.session.id
    return {"template": "sessions.html", "sessions": sorted(found, key=lambda session: session.id != here), "current": here}


def _end_app(tx: Tx, visitor: Visitor, request: Request) -> str:
    ended = end_my_app(tx, visitor.actor, EndMyApp(_id_in_path(request, "app_id", Prefix.APP)))
    return f"{APPS}?ended={ids.long(ended.app_id)}"


def _end_all(tx: Tx, visitor: Visitor, _: Request) -> str:
    end_all_my_apps(tx, visitor.actor)
    return f"{APPS}?said=all-ended"


def _end_session(tx: Tx, visitor: Visitor, request: Request) -> str:
    session_id = _id_in_path(request, "session_id", Prefix.SESSION)
    end_my_session(tx, visitor.actor, EndMySession(session_id))
    # Who ends the session of this very browser is signed out of it, and has nothing more to see here.
    return sign_in.SIGNED_OUT if session_id == visitor.signed_in.session.id else f"{SESSIONS}?said=session-ended"


def _end_others(tx: Tx, visitor: Visitor, _: Request) -> str:
    end_my_other_sessions(tx, visitor.actor, EndMyOtherSessions(visitor.signed_in.session.id))
    return f"{SESSIONS}?said=others-ended"


def _id_in_path(request: Request, name: str, prefix: Prefix) -> str:
    found = ids.parse(str(request.path_params[name]), prefix)
    if found is None:
        raise Refused(request_reasons.PATH_UNKNOWN)
    return found
