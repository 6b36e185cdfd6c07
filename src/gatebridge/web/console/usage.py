"""OAuth Usage: which app is used how much and by whom, down to the single grant."""

from starlette.routing import Route

from gatebridge.monitoring import oauth_usage
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import names
from gatebridge.web.console import app_overview, app_revoke, listing, places
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House

PLACE = places.named("usage")


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show), shows(house, PLACE, f"{PLACE.path}/{{app_id}}", show_app)]


def show(visit: Visit) -> Shown:
    """Every app, those that nobody uses too."""
    view = listing.read(visit.request, (), PLACE.path)
    listed = listing.page(
        view,
        lambda after, count: oauth_usage.of_apps(visit.tx, visit.actor, after=ids.parse(after, Prefix.APP) or "", limit=count),
        lambda found: ids.long(found.app_id),
    )
    return Shown("usage/list.html", {"listed": listed, "here": PLACE.path}, ((PLACE.name, ""),))


def show_app(visit: Visit) -> Shown:
    """The grants of one app with what each makes use of, and the scopes that nobody would miss."""
    app_id = visit.id_in_path("app_id", Prefix.APP)
    found = oauth_usage.of_app(visit.tx, visit.actor, app_id)
    view = listing.read(visit.request, (), f"{PLACE.path}/{ids.long(app_id)}")
    listed = listing.page(
        view,
        lambda after, count: oauth_usage.grants_of_app(visit.tx, visit.actor, app_id, after=after, limit=count),
        lambda grant: grant.place,
    )
    values = {
        "found": found,
        "scopes": oauth_usage.scopes_of_app(visit.tx, visit.actor, app_id),
        "listed": listed,
        "flows": FLOWS,
        "address": app_overview.address_of(app_id),
        "revokes": _revokes(visit, app_id),
        "manages": Permission.MANAGE_CONNECTED_APPS in visit.actor.permissions,
        "said": app_revoke.SAID.get(visit.request.query_params.get("said", ""), ""),
    }
    return Shown("usage/app.html", values, ((PLACE.name, PLACE.path), (found.app, "")))


def _revokes(visit: Visit, app_id: str) -> bool:
    app = names.of_apps(visit.tx, visit.org.id, [app_id]).get(app_id)
    return app is not None and app_revoke.revokes(visit.actor, app)
