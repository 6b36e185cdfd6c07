"""App Manager: every app that the org owns or uses, with how it stands and how exposed it is."""

from collections.abc import Sequence

from starlette.routing import Route

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import app_columns, listed_apps
from gatebridge.storage.listed_apps import AppOrder, AppState
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_lines, exports, places
from gatebridge.web.console.app_lines import Line
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.listing import Filter, Sort, View
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House

PLACE = places.named("apps")
FILTERS = (
    Filter("q", "Find", placeholder="Label, API name or consumer key"),
    Filter("state", "State", (("", "Any"), *((state, state.capitalize()) for state in AppState))),
    Filter("flow", "Flow", (("", "Any"), *FLOWS.items())),
    Filter("whose", "Owner", (("", "Anybody"), ("mine", "Me"))),
)
SORTS = (
    Sort(AppOrder.NAME, "App"),
    Sort(AppOrder.EXPOSURE, "Exposure", "number"),
    Sort(AppOrder.USED, "Last used", "time"),
    Sort(AppOrder.ENDS, "Next expiry", "end"),
    Sort(AppOrder.AGE, "Registered", "time"),
)
COLUMNS: tuple[Column[Line], ...] = (
    Column("app", lambda line: line.found.app.label),
    Column("api_name", lambda line: line.found.app.api_name),
    Column("consumer_key", lambda line: line.found.app.consumer_key),
    Column("state", lambda line: line.found.state),
    Column("owner", lambda line: line.owner),
    Column("purpose", lambda line: line.found.app.purpose),
    Column("flows", lambda line: line.flows),
    Column("grade", lambda line: line.grade),
    Column("exposures", lambda line: line.exposures),
    Column("users_in_30_days", lambda line: line.users.number if line.users else 0),
    Column("granted", lambda line: line.usage.granted if line.usage else 0),
    Column("refused", lambda line: line.usage.refused if line.usage else 0),
    Column("first_used_at", lambda line: line.usage.first_at if line.usage else None),
    Column("last_used_at", lambda line: line.usage.last_at if line.usage else None),
    Column("next_expiry_at", lambda line: line.ends_at),
    Column("registered_at", lambda line: line.found.app.created_at),
    Column("installed_at", lambda line: line.found.installation.installed_at if line.found.installation else None),
    Column("id", lambda line: ids.long(line.found.app.id)),
)


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show), exports.route(house, LIST)]


def show(visit: Visit) -> Shown:
    """The list. With Register Connected Apps alone one sees one's own."""
    values = {
        "listed": LIST.page(visit, LIST.view(visit)),
        "flow_names": FLOWS,
        "most_users": app_columns.MOST_USERS,
        "may_add": Permission.REGISTER_CONNECTED_APPS in visit.actor.permissions,
    }
    return Shown("apps/list.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> Sequence[Line]:
    """The apps behind a position, in the order of the view. Raises Refused."""
    only = app_reading.owner_filter(visit.actor)
    state = view.value("state")
    found = listed_apps.list_page(
        visit.tx,
        visit.org.id,
        search=view.value("q"),
        state=AppState(state) if state else None,
        owner_id=visit.user.id if view.value("whose") else only,
        flow=view.value("flow"),
        by=AppOrder(view.sort),
        descending=view.descending,
        after=ids.parse(after, Prefix.APP) if after else None,
        limit=count,
    )
    return app_lines.of(visit, found)


LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, lambda line: ids.long(line.found.app.id))
