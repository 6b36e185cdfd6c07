"""The install link (`/setup/install?key=...`): what an app of another org, or of all, is and may do, before anybody takes it into use here.

Looking changes nothing. Who manages apps installs it there; who may use apps that are not installed uses it alone; everybody else asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.oauth.consent import Destination, destination_of, rights
from gatebridge.rules import ids
from gatebridge.rules.access_requests import RequestState
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup.ask_for_access import AskForApp, ask_for_app
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.setup.review_app import Review, key_of_attempt, review_app
from gatebridge.setup.use_uninstalled import UseUninstalled, use_uninstalled
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, kept_form, me, sign_in, told
from gatebridge.web.browser import Browser
from gatebridge.web.house import House
from gatebridge.web.me import Visitor

PATH = "/setup/install"

# What each flow means for the org that takes the app in.
FLOWS = {
    Flow.WEB_SERVER: "Users sign in here, in a browser, and the app gets tokens for them",
    Flow.REFRESH_TOKEN: "It goes on for users who are away, as long as your policies let it",
    Flow.JWT_BEARER: "It asks for tokens of users who are not there, with a key of its own",
    Flow.CLIENT_CREDENTIALS: "It acts for itself, as the user whom you name in its policies",
    Flow.DEVICE: "Users let in a device that has no browser, by typing a code",
    Flow.USER_AGENT: "Tokens come back in the address of a browser, as old apps need it",
}
CHANGED = "The app was changed while you looked at it. Look again before you decide."


@dataclass(frozen=True, slots=True)
class _Said:
    """What went wrong with a form, and where it is told."""

    words: str = ""
    problem: str | None = None
    notice: str = ""


def routes(house: House) -> list[Route]:
    """The address of the page, to look and to decide."""
    return [
        Route(PATH, door_pages.endpoint(house, partial(show, house)), methods=["GET"]),
        Route(PATH, door_pages.endpoint(house, partial(decide, house)), methods=["POST"]),
    ]


def show(house: House, request: Request, browser: Browser) -> Response:
    """The review, for whoever is signed in here; a stranger is told to sign in, whatever the key is."""
    with house.database.snapshot() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            values: Mapping[str, Any] | None = None
        else:
            receipt_id = ids.parse(request.query_params.get("receipt", ""), Prefix.RECEIPT)
            key = request.query_params.get("key", "").replace("\0", "")
            if receipt_id is not None:
                key = key_of_attempt(tx, visitor.actor, receipt_id)
            values = _values(tx, visitor, review_app(tx, visitor.actor, key), _Said())
    if values is None:
        return door_pages.door(request, "sign_in_first.html", house=house, browser=browser)
    return door_pages.door(request, "install.html", house=house, browser=browser, **values)


async def decide(house: House, request: Request, browser: Browser) -> Response:
    """Install it, use it alone, or ask for it: which button was pressed says so, and the right is asked for by the verb."""
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(_decide, house, request, browser, fields)


def _decide(house: House, request: Request, browser: Browser, fields: Mapping[str, str]) -> Response:
    key = fields.get("key", "")
    with house.database.transaction() as tx:
        visitor = me.visitor_of(tx, request, browser)
        if visitor is None:
            return kept_form.instead(house, request, browser, fields)
        review = review_app(tx, visitor.actor, key)
        said = _done(tx, visitor, review, fields)
        values = _values(tx, visitor, review, said) if said is not None else None
    if values is None:
        return RedirectResponse(f"{PATH}?{urlencode({'key': key})}", sign_in.SEE_OTHER)
    return door_pages.door(request, "install.html", 422, house=house, browser=browser, **values)


def _done(tx: Tx, visitor: Visitor, review: Review, fields: Mapping[str, str]) -> _Said | None:
    """Do what the form asks for; what stands in its way, if it can be mended on the page, else None."""
    pressed, words = fields.get("decision"), fields.get("words", "")
    if pressed in ("install", "use") and fields.get("question") != review.mark:
        return _Said(notice=CHANGED)
    if pressed == "install":
        install_app(tx, visitor.actor, InstallApp(review.app.consumer_key))
    elif pressed == "use":
        use_uninstalled(tx, visitor.actor, UseUninstalled(review.app.consumer_key))
    elif pressed == "ask":
        try:
            ask_for_app(tx, visitor.actor, AskForApp(review.app.consumer_key, words))
        except Refused as refused:
            if not refused.fields:
                raise
            return _Said(words, refused.fields[0].problem)
    return None


def _values(tx: Tx, visitor: Visitor, review: Review, said: _Said) -> dict[str, Any]:
    here, rights_held = review.installation, visitor.actor.permissions
    blocked = here is not None and here.blocked_at is not None
    in_use = here is not None and here.in_use(tx.now)
    asked = review.asked
    return {
        "org": visitor.org,
        "user": visitor.signed_in.standing.user,
        "review": review,
        "of_this_org": review.publisher.id == visitor.org.id,
        "host": review.publisher.issuer.partition("://")[2],
        "rights": rights(review.settings.scopes, visitor.org),
        "flows": [(flow, FLOWS[flow]) for flow in Flow if flow in review.settings.flows],
        "destinations": _destinations(review.settings.callbacks),
        "blocked": blocked,
        "in_use": in_use,
        "ours": here is not None and here.holders_only and not in_use and not blocked,
        "manages": Permission.MANAGE_CONNECTED_APPS in rights_held,
        "may_use": Permission.APPROVE_UNINSTALLED_CONNECTED_APPS in rights_held and (here is None or here.holders_only) and not blocked,
        "waits": asked is not None and asked.state is RequestState.OPEN and bool(asked.words),
        "again_from": asked.asked_again_from if asked is not None and asked.asked_again_from and tx.now < asked.asked_again_from else None,
        "said": said,
        "told": told,
        "now": tx.now,
    }


def _destinations(callbacks: tuple[str, ...]) -> list[Destination]:
    """Where answers may go, each place once."""
    return list({(each.kind, each.scheme, each.host): each for each in map(destination_of, callbacks)}.values())
