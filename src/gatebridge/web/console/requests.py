"""Requests: apps that somebody tried to use here uninstalled, and users who ask to be let into an app."""

from dataclasses import dataclass

from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.access_requests import RequestKind, RequestState
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import access_requests
from gatebridge.storage.access_requests import ListedRequest, RequestOrder
from gatebridge.web.console import called, exports, login_history, places
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.listing import Filter, Sort, View
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House

PLACE = places.named("requests")
ANY = "any"
KINDS = {RequestKind.APP: "Install the app", RequestKind.USER: "Let the user in"}
STATES = {
    RequestState.OPEN: ("Waiting", "caution"),
    RequestState.APPROVED: ("Approved", "good"),
    RequestState.REFUSED: ("Refused", "bad"),
    RequestState.BLOCKED: ("Blocked", "bad"),
}
FILTERS = (
    Filter("q", "Find", placeholder="Name of a user or an app"),
    Filter("state", "State", (("", "Waiting"), *((state, STATES[state][0]) for state in RequestState if state != "open"), (ANY, "Any"))),
    Filter("kind", "What for", (("", "Anything"), *((kind, KINDS[kind]) for kind in RequestKind))),
)
_BY_FLOW: dict[str, str] = {flow.value: words for flow, words in FLOWS.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One request as it is told. `about` is what would be given: the app to the org, or the app to the user."""

    found: ListedRequest
    address: str
    wants: str
    state: str
    tone: str
    flow: str
    network: str  # the org's name for the address, where it has one


SORTS = (Sort(RequestOrder.LAST, "Last", "time"), Sort(RequestOrder.APP, "App"))
COLUMNS: tuple[Column[Line], ...] = (
    Column("app", lambda line: line.found.app),
    Column("consumer_key", lambda line: line.found.consumer_key),
    Column("publisher", lambda line: line.found.publisher),
    Column("username", lambda line: line.found.username),
    Column("user", lambda line: line.found.user),
    Column("kind", lambda line: line.found.request.kind),
    Column("words", lambda line: line.found.request.words),
    Column("scopes", lambda line: line.found.request.scopes),
    Column("flow", lambda line: line.found.request.flow),
    Column("address", lambda line: line.found.request.address),
    Column("network", lambda line: line.network),
    Column("first_at", lambda line: line.found.request.first_at),
    Column("last_at", lambda line: line.found.request.last_at),
    Column("times", lambda line: line.found.request.count),
    Column("state", lambda line: line.found.request.state),
    Column("decided_at", lambda line: line.found.request.decided_at),
    Column("decided_by", lambda line: line.found.decided_by),
    Column("reason", lambda line: line.found.request.reason),
    Column("id", lambda line: ids.long(line.found.request.id)),
)


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show), exports.route(house, LIST)]


def show(visit: Visit) -> Shown:
    """The list, newest first; what waits, unless the address says otherwise."""
    view = LIST.view(visit)
    listed = LIST.page(visit, view)
    meant = called.meant(visit, view.value("q"))
    values = {
        "listed": listed,
        "nobody": view.value("q") != "" and not meant.alone,
        "which": meant.several,
        "all_states": _state(view) is None,
    }
    return Shown("requests/list.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> list[Line]:
    """The requests behind one of them, in the order of the view. Raises Refused."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    text, kind = view.value("q"), view.value("kind")
    meant = called.meant(visit, text)
    found = access_requests.page(
        visit.tx,
        visit.org.id,
        after=ids.parse(after, Prefix.REQUEST),
        limit=count if meant.alone or not text else 0,
        state=_state(view),
        kind=RequestKind(kind) if kind else None,
        app_id=meant.app_id,
        user_id=meant.user_id,
        by=RequestOrder(view.sort),
        descending=view.descending,
    )
    return [line(visit, each) for each in found]


def waiting(visit: Visit, most: int) -> list[Line]:
    """The newest requests that wait for an answer. Raises Refused."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found = access_requests.page(visit.tx, visit.org.id, limit=most, state=RequestState.OPEN)
    return [line(visit, each) for each in found]


def line(visit: Visit, found: ListedRequest) -> Line:
    """A request as it is told."""
    request = found.request
    state, tone = STATES[request.state]
    network = login_history.network_of(visit, request.address)
    return Line(found, address_of(request.id), KINDS[request.kind], state, tone, _BY_FLOW.get(request.flow, ""), network)


def address_of(request_id: str) -> str:
    """The page of a request."""
    return f"{PLACE.path}/{ids.long(request_id)}"


def _state(view: View) -> RequestState | None:
    said = view.value("state")
    return None if said == ANY else RequestState(said) if said else RequestState.OPEN


LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, lambda line: ids.long(line.found.request.id))
