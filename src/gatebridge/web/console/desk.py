"""The desk of setup: who looks, in which org, in one transaction; and the frame that every page stands in.

A page is a function of a visit that answers with what to show, or with where to go on. It asks for no right itself: the read or the verb
that it calls does, and what they refuse is shown in the frame with its reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route

from gatebridge.rules import ids
from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.sessions import Session
from gatebridge.storage.tx import Tx
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages, kept_form, me, packing, pages, refusal, session_in_use, sign_in
from gatebridge.web.browser import Browser
from gatebridge.web.console import places, waiting
from gatebridge.web.console.moments import Moments
from gatebridge.web.console.places import Place
from gatebridge.web.house import House
from gatebridge.web.my_security import PROVE


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody, in its transaction."""

    tx: Tx
    request: Request
    org: Org
    user: User
    session: Session | None  # None: a list is read over the API, where nobody sits at a browser
    actor: Actor
    house: House
    fields: Mapping[str, str] = field(default_factory=dict)  # of the form that was sent, where one was

    @property
    def moments(self) -> Moments:
        return Moments.of(self.user, self.tx.now)

    def id_in_path(self, name: str, prefix: Prefix) -> str:
        """The id in the address, in either form. What is no id of this kind names no record. Raises Refused."""
        found = ids.parse(self.request.path_params[name], prefix)
        if found is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its template below `templates/console/`, what it says, and the way that leads to it, the place itself left out."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    crumbs: tuple[tuple[str, str], ...] = ()  # name and address; the last one is the page itself, whose address is empty
    status: int = 200


Page = Callable[[Visit], Shown | Response]
Again = Callable[[Visit, Refused], Shown | None]

NOT_HERE = "Setup is for admins and for the developers of apps. What is yours is among your own pages."


def shows(house: House, place: Place, path: str, page: Page) -> Route:
    """The route of a page that is looked at. Everything on it is of one moment."""
    return Route(path, door_pages.endpoint(house, partial(_show, house, place, page)), methods=["GET"])


def acts(house: House, place: Place, path: str, does: Page, again: Again | None = None) -> Route:
    """The route to which a form is sent: all of what `does` does happens, or, where it is refused, nothing.

    `again` shows the form once more with what was typed and what is wrong with it, in a transaction of its own; None: it cannot be
    mended there, and the refusal is shown instead.
    """
    return Route(path, door_pages.endpoint(house, partial(_act, house, place, does, again)), methods=["POST"])


def _show(house: House, place: Place, page: Page, request: Request, browser: Browser) -> Response:
    with house.database.snapshot() as tx:
        visit = visit_of(house, request, browser, tx)
        answer = _looked_at(visit, place, page, browser) if visit is not None else _to_sign_in(request)
        now = tx.now
    session_in_use.note(house, request, browser, visit.session if visit is not None else None, now)
    return answer


def _looked_at(visit: Visit, place: Place, page: Page, browser: Browser) -> Response:
    try:
        return _framed(visit, place, browser, _let_in(visit, page))
    except Refused as refused:
        return _told(visit, place, browser, refused)


async def _act(house: House, place: Place, does: Page, again: Again | None, request: Request, browser: Browser) -> Response:
    fields = await browsers.read_form(request, house, browser)
    return await run_in_threadpool(done, house, place, does, again, request, browser, fields)


def done(
    house: House, place: Place, does: Page, again: Again | None, request: Request, browser: Browser, fields: Mapping[str, str]
) -> Response:
    """What `acts` does with the fields of a form once they are read; for a page that does more than one thing, in several transactions."""
    try:
        with house.database.transaction() as tx:
            visit = visit_of(house, request, browser, tx, fields)
            if visit is None:
                return _signed_out(house, again, request, browser, fields)
            return _framed(visit, place, browser, _let_in(visit, does))
    except Refused as error:
        # What was refused was rolled back, and is told in a transaction that writes nothing.
        refused = error
    with house.database.snapshot() as tx:
        visit = visit_of(house, request, browser, tx, fields)
        if visit is not None:
            try:
                shown = again(visit, refused) if again is not None else None
            except Refused as gone:  # there is no record any more of which the form could be shown
                shown, refused = None, gone
            if shown is not None:
                return _framed(visit, place, browser, shown)
            if again is None or refused.reason is not bearer_reasons.REAUTHENTICATION_NEEDED:
                return _told(visit, place, browser, refused)
    if visit is None:
        return _signed_out(house, again, request, browser, fields)
    return kept_form.instead(house, request, browser, fields, _address(request), refused.reason)


def visit_of(house: House, request: Request, browser: Browser, tx: Tx, fields: Mapping[str, str] | None = None) -> Visit | None:
    """The visit of whoever is signed in at this browser, in this transaction; None for nobody."""
    visitor = me.visitor_of(tx, request, browser)
    if visitor is None:
        return None
    signed_in = visitor.signed_in
    return Visit(tx, request, visitor.org, signed_in.standing.user, signed_in.session, visitor.actor, house, fields or {})


def _let_in(visit: Visit, page: Page) -> Shown | Response:
    if not visit.actor.permissions & places.HOME.needs:
        raise Refused(setup_reasons.PERMISSION_MISSING, detail=NOT_HERE)
    return page(visit)


def _framed(visit: Visit, place: Place, browser: Browser, shown: Shown | Response) -> Response:
    return shown if isinstance(shown, Response) else frame(visit, place, browser, shown)


def _signed_out(house: House, again: Again | None, request: Request, browser: Browser, fields: Mapping[str, str]) -> Response:
    """What is said to who sent a form and is not signed in any more. What only had a button is pressed again."""
    return kept_form.instead(house, request, browser, fields if again is not None else {}, _address(request))


def _to_sign_in(request: Request) -> Response:
    return RedirectResponse(f"{sign_in.PATH}?{urlencode({'then': _address(request)})}", sign_in.SEE_OTHER)


def _address(request: Request) -> str:
    """What was asked for; of a form that was sent, the page at its address or the nearest one above, since a form is not sent twice."""
    path = request.url.path
    if request.method == "GET":
        return f"{path}?{request.url.query}" if request.url.query else path
    pages_here = request.scope["router"].routes
    while path and not any(each.matches({"type": "http", "method": "GET", "path": path})[0] is Match.FULL for each in pages_here):
        path = path.rpartition("/")[0]
    return path or places.HOME.path


def frame(visit: Visit, place: Place, browser: Browser, shown: Shown, headers: dict[str, str] | None = None) -> Response:
    """A page of setup with its navigation around it."""
    html = pages.page(
        f"console/{shown.template}",
        shown.status,
        headers,
        org=visit.org,
        user=visit.user,
        issuer=visit.org.issuer,
        place=place,
        crumbs=shown.crumbs,
        navigation=places.visible(visit.actor.permissions),
        waits=waiting.counts(visit.tx, visit.actor),
        printed_from=f"{visit.org.issuer}{_address(visit.request)}",
        form_token=browsers.form_token(visit.house, browser),
        at=visit.moments,
        long=ids.long,
        **shown.values,
    )
    return packing.packed(browsers.answer(html, browser, visit.org.issuer), visit.request)


def _told(visit: Visit, place: Place, browser: Browser, refused: Refused) -> Response:
    """The refusal as a page; what only wants the reader to prove once more to be it leads there, and back to where the form was."""
    reason = refused.reason
    if reason is bearer_reasons.REAUTHENTICATION_NEEDED:
        return RedirectResponse(f"{PROVE}?{urlencode({'then': _address(visit.request)})}", sign_in.SEE_OTHER)
    values = {
        "reason": reason,
        "detail": refused.detail,
        "told": not reason.wire_sentence,
        "operation_id": ids.long(visit.request.scope["gatebridge.operation_id"]),
    }
    shown = Shown("refused.html", values, ((place.name, place.path),), reason.status)
    return frame(visit, place, browser, shown, refusal.headers_of(reason))
