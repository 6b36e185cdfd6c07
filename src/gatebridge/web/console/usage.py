"""OAuth Usage: which app is used how much and by whom, down to the single grant."""

from starlette.routing import Route

from gatebridge.monitoring import oauth_usage
from gatebridge.monitoring.oauth_usage import AppUsage, GrantUsage
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage.listed_usage import UsageOrder
from gatebridge.web.console import app_overview, app_revoke, app_tabs, exports, places
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.listing import Filter, Sort, View
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House

PLACE = places.named("usage")
OF_APP = f"{PLACE.path}/{{app_id}}"
FILTERS = (Filter("q", "Find", placeholder="Label, API name or consumer key"),)
SORTS = (
    Sort(UsageOrder.APP, "App"),
    Sort(UsageOrder.GRANTED, "Granted", "number"),
    Sort(UsageOrder.REFUSED, "Refused", "number"),
    Sort(UsageOrder.FIRST, "First used", "time"),
    Sort(UsageOrder.LAST, "Last used", "time"),
)
COLUMNS: tuple[Column[AppUsage], ...] = (
    Column("app", lambda found: found.app),
    Column("publisher", lambda found: found.publisher),
    Column("users", lambda found: found.users),
    Column("grants", lambda found: found.grants),
    Column("live_tokens", lambda found: found.live_tokens),
    Column("exact", lambda found: found.exact),
    Column("granted", lambda found: found.usage.granted),
    Column("refused", lambda found: found.usage.refused),
    Column("first_used_at", lambda found: found.usage.first_at),
    Column("last_used_at", lambda found: found.usage.last_at),
    Column("last_refused_at", lambda found: found.usage.last_refused_at),
    Column("id", lambda found: ids.long(found.app_id)),
)
SORTS_OF_APP = (Sort("age", "Since", "time"),)
COLUMNS_OF_APP: tuple[Column[GrantUsage], ...] = (
    Column("user", lambda grant: grant.user),
    Column("flow", lambda grant: grant.flow),
    Column("scopes", lambda grant: grant.scopes),
    Column("used_scopes", lambda grant: [each.scope for each in grant.exercised]),
    Column("unused_scopes", lambda grant: grant.unused),
    Column("since", lambda grant: grant.created_at),
    Column("last_used_at", lambda grant: grant.last_used_at),
    Column("user_id", lambda grant: ids.long(grant.user_id)),
    Column("id", lambda grant: ids.long(grant.grant_id)),
)


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        exports.route(house, APPS),
        shows(house, PLACE, OF_APP, show_app),
        exports.route(house, GRANTS),
    ]


def show(visit: Visit) -> Shown:
    """Every app, those that nobody uses too."""
    listed = APPS.page(visit, APPS.view(visit))
    return Shown("usage/list.html", {"listed": listed, "here": PLACE.path}, ((PLACE.name, ""),))


def apps(visit: Visit, view: View, after: str, count: int) -> list[AppUsage]:
    """The apps behind one of them, in the order of the view. Raises Refused."""
    return oauth_usage.of_apps(
        visit.tx,
        visit.actor,
        search=view.value("q"),
        by=UsageOrder(view.sort),
        descending=view.descending,
        after=ids.parse(after, Prefix.APP),
        limit=count,
    )


def show_app(visit: Visit) -> Shown:
    """The grants of one app with what each makes use of, and the scopes that nobody would miss."""
    app_id = visit.id_in_path("app_id", Prefix.APP)
    found = oauth_usage.of_app(visit.tx, visit.actor, app_id)
    values = {
        "found": found,
        "scopes": oauth_usage.scopes_of_app(visit.tx, visit.actor, app_id),
        "listed": GRANTS.page(visit, GRANTS.view(visit)),
        "flows": FLOWS,
        "address": app_overview.address_of(app_id) if app_tabs.opens_app(visit, app_id) else "",
        "revokes": app_revoke.revokes(visit.actor, found.named),
        "manages": Permission.MANAGE_CONNECTED_APPS in visit.actor.permissions,
        "said": app_revoke.SAID.get(visit.request.query_params.get("said", ""), ""),
    }
    return Shown("usage/app.html", values, ((PLACE.name, PLACE.path), (found.app, "")))


def grants(visit: Visit, view: View, after: str, count: int) -> list[GrantUsage]:
    """The live grants of the app behind one of them, in the order of the view. Raises Refused."""
    app_id, behind = visit.id_in_path("app_id", Prefix.APP), ids.parse(after, Prefix.GRANT)
    return oauth_usage.live_grants_of_app(visit.tx, visit.actor, app_id, descending=view.descending, after=behind, limit=count)


APPS = exports.List(PLACE, FILTERS, SORTS, COLUMNS, apps, lambda found: ids.long(found.app_id))
GRANTS = exports.List(PLACE, (), SORTS_OF_APP, COLUMNS_OF_APP, grants, lambda grant: ids.long(grant.grant_id), "Grants of an app", OF_APP)
