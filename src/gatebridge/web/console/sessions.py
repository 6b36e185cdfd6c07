"""Sessions: who is signed in at which browser, how surely, and from where; and the end of one."""

from urllib.parse import urlencode

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.monitoring.live_sessions import live_sessions
from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.end_sessions import ENDS_SESSIONS, EndSession, end_session
from gatebridge.storage import listed_sessions, session_apps
from gatebridge.storage.listed_sessions import ListedSession, SessionOrder
from gatebridge.web import told
from gatebridge.web.console import called, exports, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.listing import Filter, Sort, View
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("sessions")
END = f"{PLACE.path}/{{session_id}}/end"
FILTERS = (Filter("q", "Find", placeholder="Name of a user"),)
SORTS = (Sort(SessionOrder.AGE, "Signed in", "time"), Sort(SessionOrder.SEEN, "Seen", "time"))
COLUMNS: tuple[Column[ListedSession], ...] = (
    Column("username", lambda found: found.standing.user.username),
    Column("user", lambda found: found.standing.user.name),
    Column("level", lambda found: found.session.level),
    Column("methods", lambda found: list(found.session.methods)),
    Column("browser", lambda found: told.browser(found.session.user_agent)),
    Column("user_agent", lambda found: found.session.user_agent),
    Column("address", lambda found: found.session.address),
    Column("signed_in_at", lambda found: found.session.authenticated_at),
    Column("last_seen_at", lambda found: found.session.last_seen_at),
    Column("user_id", lambda found: ids.long(found.standing.user.id)),
    Column("id", lambda found: ids.long(found.session.id)),
)
ENDED = "That browser is signed out."


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        exports.route(house, LIST),
        shows(house, PLACE, END, show_end),
        acts(house, PLACE, END, end),
    ]


def show(visit: Visit) -> Shown:
    """The list, newest first."""
    view = LIST.view(visit)
    listed = LIST.page(visit, view)
    said = ENDED if visit.request.query_params.get("said") == "ended" else ""
    meant = called.meant(visit, view.value("q"), of_apps=False)
    nobody = view.value("q") != "" and not meant.alone
    apps = session_apps.labels(visit.tx, visit.org.id, [each.session.id for each in listed.records if isinstance(each, ListedSession)])
    values = {"listed": listed, "told": told, "said": said, "nobody": nobody, "which": meant.several, "apps": apps}
    return Shown("sessions/list.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> list[ListedSession]:
    """The sessions behind one of them, in the order of the view. Raises Refused."""
    user_id = called.meant(visit, view.value("q"), of_apps=False).user_id
    return live_sessions(
        visit.tx,
        visit.actor,
        after=ids.parse(after, Prefix.SESSION),
        limit=0 if view.value("q") and user_id is None else count,
        user_id=user_id,
        by=SessionOrder(view.sort),
        descending=view.descending,
    )


def show_end(visit: Visit) -> Shown:
    """Who is hit, and why: asked before it is done."""
    permit(visit.actor, *ENDS_SESSIONS)
    signed_in_lately(visit.tx, visit.actor)
    found = _found(visit)
    apps = session_apps.labels(visit.tx, visit.org.id, [found.session.id]).get(found.session.id, ())
    return Shown("sessions/end.html", {"found": found, "told": told, "apps": apps}, ((PLACE.name, PLACE.path), ("End a session", "")))


def end(visit: Visit) -> RedirectResponse:
    """End it. One that had ended before is told as ended."""
    end_session(visit.tx, visit.actor, EndSession(visit.id_in_path("session_id", Prefix.SESSION), visit.fields.get("reason", "")))
    return RedirectResponse(f"{PLACE.path}?{urlencode({'said': 'ended'})}", SEE_OTHER)


def _found(visit: Visit) -> ListedSession:
    found = listed_sessions.by_id(visit.tx, visit.org, visit.id_in_path("session_id", Prefix.SESSION))
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, lambda found: ids.long(found.session.id))
