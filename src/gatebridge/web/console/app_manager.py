"""App Manager: every app that the org owns or uses, with how it stands and how exposed it is."""

from dataclasses import dataclass

from starlette.routing import Route

from gatebridge.monitoring import exposures
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.storage import listed_apps, names, usage
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.storage.usage import Usage
from gatebridge.web.api import app_reading
from gatebridge.web.console import listing, places
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.listing import Filter
from gatebridge.web.house import House

PLACE = places.named("apps")
FILTERS = (
    Filter("q", "Find", placeholder="Label, API name or consumer key"),
    Filter("state", "State", (("", "Any"), *((state, state.capitalize()) for state in AppState))),
    Filter("whose", "Owner", (("", "Anybody"), ("mine", "Me"))),
)
TONES = {AppState.ACTIVE: "good", AppState.BLOCKED: "bad", AppState.UNINSTALLED: "", AppState.DELETED: ""}


@dataclass(frozen=True, slots=True)
class Line:
    """One app of the list."""

    found: ListedApp
    tone: str
    owner: str
    grade: str  # of its exposures; empty where it is not in use
    exposures: int
    usage: Usage | None


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show)]


def show(visit: Visit) -> Shown:
    """The list, oldest first. With Register Connected Apps alone one sees one's own."""
    view = listing.read(visit.request, FILTERS, PLACE.path)
    only = app_reading.owner_filter(visit.actor)
    state = view.value("state")
    listed = listing.page(
        view,
        lambda after, count: listed_apps.list_page(
            visit.tx,
            visit.org.id,
            search=view.value("q"),
            state=AppState(state) if state else None,
            owner_id=visit.user.id if view.value("whose") else only,
            after=ids.parse(after, Prefix.APP) if after else None,
            limit=count,
        ),
        lambda found: ids.long(found.app.id),
    )
    apps = [each for each in listed.records if isinstance(each, ListedApp)]
    return Shown("apps/list.html", {"listed": listing.showing(listed, _lines(visit, apps))}, ((PLACE.name, ""),))


def _lines(visit: Visit, apps: list[ListedApp]) -> list[Line]:
    app_ids = [each.app.id for each in apps]
    judged = {each.app.id: each for each in exposures.of_apps(visit.tx, visit.org, app_ids)}
    owners = names.of_users(visit.tx, visit.org.id, {each.app.owner_id for each in apps if each.app.org_id == visit.org.id})
    used = usage.of_apps(visit.tx, visit.org.id, app_ids)
    return [
        Line(
            each,
            TONES[each.state],
            owners.get(each.app.owner_id, ""),
            judged[each.app.id].grade if each.app.id in judged else "",
            len(judged[each.app.id].exposures) if each.app.id in judged else 0,
            used.get(each.app.id),
        )
        for each in apps
    ]
