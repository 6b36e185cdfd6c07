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
from gatebridge.storage import listed_sessions, people
from gatebridge.storage.listed_sessions import ListedSession
from gatebridge.web import told
from gatebridge.web.console import listing, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.listing import Filter
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("sessions")
END = f"{PLACE.path}/{{session_id}}/end"
FILTERS = (Filter("q", "Find", placeholder="A whole username"),)
ENDED = "That browser is signed out."


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show), shows(house, PLACE, END, show_end), acts(house, PLACE, END, end)]


def show(visit: Visit) -> Shown:
    """The list, newest first."""
    view = listing.read(visit.request, FILTERS, PLACE.path)
    text = view.value("q")
    user_id = people.id_of_username(visit.tx, visit.org.id, text) if text else None
    nobody = bool(text) and user_id is None
    listed = listing.page(
        view,
        lambda after, count: live_sessions(
            visit.tx, visit.actor, after=ids.parse(after, Prefix.SESSION) if after else None, limit=0 if nobody else count, user_id=user_id
        ),
        lambda found: ids.long(found.session.id),
    )
    said = ENDED if visit.request.query_params.get("said") == "ended" else ""
    return Shown("sessions/list.html", {"listed": listed, "told": told, "said": said, "nobody": nobody}, ((PLACE.name, ""),))


def show_end(visit: Visit) -> Shown:
    """Who is hit, and why: asked before it is done."""
    permit(visit.actor, *ENDS_SESSIONS)
    signed_in_lately(visit.tx, visit.actor)
    found = _found(visit)
    return Shown("sessions/end.html", {"found": found, "told": told}, ((PLACE.name, PLACE.path), ("End a session", "")))


def end(visit: Visit) -> RedirectResponse:
    """End it. One that had ended before is told as ended."""
    end_session(visit.tx, visit.actor, EndSession(visit.id_in_path("session_id", Prefix.SESSION), visit.fields.get("reason", "")))
    return RedirectResponse(f"{PLACE.path}?{urlencode({'said': 'ended'})}", SEE_OTHER)


def _found(visit: Visit) -> ListedSession:
    found = listed_sessions.by_id(visit.tx, visit.org, visit.id_in_path("session_id", Prefix.SESSION))
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found
