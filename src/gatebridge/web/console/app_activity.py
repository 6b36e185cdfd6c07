"""Activity of an app: its last 30 days as a chart with the figures behind it, why it was refused, who uses it, and its newest outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from starlette.routing import Route

from gatebridge.monitoring import app_activity, login_history
from gatebridge.monitoring.app_activity import Activity, Cause
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.rules import reasons
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import names
from gatebridge.storage.app_activity import MOST
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web import reason_pages, told
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_tabs, chart, strip, usage
from gatebridge.web.console import login_history as history_page
from gatebridge.web.console.chart import Count
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House

TAB = "activity"
PATH = f"{app_tabs.PATH}/activity"
FEW = 10
MOST_CAUSES = 20
_FLOWS: Mapping[str, str] = {flow.value: words for flow, words in FLOWS.items()}


@dataclass(frozen=True, slots=True)
class Told:
    """One cause of refusals in words, and the view of the history that has them all; empty where the reader may not open it."""

    cause: Cause
    title: str
    gate: str
    address: str


def routes(house: House) -> list[Route]:
    return [shows(house, app_tabs.PLACE, PATH, show)]


def show(visit: Visit) -> Shown:
    """The last 30 days, for who may see usage or the login history."""
    found = app_reading.visible(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    app_id = found.app.id
    activity = app_activity.of_app(visit.tx, visit.actor, app_id, visit.moments.zone)
    monitors = Permission.MONITOR_LOGIN_HISTORY in visit.actor.permissions
    newest = login_history.page(visit.tx, visit.actor, HistoryFilter(app_id=app_id), limit=FEW) if monitors else []
    causes = [_told(found, each, monitors=monitors) for each in activity.causes[:MOST_CAUSES]]
    values = {
        "activity": activity,
        "most": MOST,
        "days": [(_short(visit, day.start), day.start.date(), day.granted, day.refused) for day in reversed(activity.days)],
        "chart": chart.of([Count(_short(visit, day.start), day.granted, day.refused) for day in activity.days]),
        "sentence": _sentence(visit, activity),
        "causes": causes,
        "finding": _finding(visit, causes),
        "flows": [(_FLOWS.get(flow, flow), number) for flow, number in activity.flows.items()],
        "credentials": _credentials(visit, found, activity),
        "users": app_activity.users_of_app(visit.tx, visit.actor, app_id, FEW, visit.moments.zone),
        "newest": [history_page.line(visit, receipt) for receipt in newest] if monitors else None,
        "history": _history(found) if monitors else "",
        "refusals": _history(found, outcome="refused", since="30d") if monitors else "",
        "receipts": history_page.PLACE.path if app_tabs.sees_receipts(visit.actor, found) else "",
        "usage_path": app_usage(app_id) if Permission.VIEW_OAUTH_USAGE in visit.actor.permissions else "",
    }
    return app_tabs.shown(visit, found, TAB, "app/activity.html", values)


def app_usage(app_id: str) -> str:
    """The page of OAuth Usage of an app."""
    return f"{usage.PLACE.path}/{app_tabs.address(app_id).rpartition('/')[2]}"


def _history(found: ListedApp, **narrowed: str) -> str:
    # By its key, which names an app of another org too.
    return f"{history_page.PLACE.path}?{urlencode({'q': found.app.consumer_key} | narrowed)}"


def _told(found: ListedApp, cause: Cause, *, monitors: bool) -> Told:
    known = reasons.REASONS.get(cause.reason)
    gate = known.gate if known is not None else None
    at_gate = {"gate": gate.value} if gate is not None else {}
    address = _history(found, outcome="refused", **at_gate, since="30d") if monitors else ""
    return Told(cause, reason_pages.title_of(cause.reason), strip.name_of(gate) if gate is not None else "", address)


def _short(visit: Visit, start: datetime) -> str:
    """A day of the last 30 as it stands below a bar: `16 Nov`."""
    return told.day_of_this_year(start.astimezone(visit.moments.zone))


def _sentence(visit: Visit, activity: Activity) -> str:
    """The chart for who hears it."""
    if not activity.granted and not activity.refused:
        return "Nothing was asked for in 30 days."
    busiest = max(activity.days, key=lambda day: day.granted + day.refused)
    most = f"most on {_short(visit, busiest.start)}: {busiest.granted + busiest.refused:,}"
    return f"{activity.granted:,} let through and {activity.refused:,} refused in 30 days, {most}."


def _finding(visit: Visit, causes: list[Told]) -> tuple[str, Told] | None:
    """What stands out: the day on which one reason refused most, and that reason."""
    if not causes:
        return None
    most = max(causes, key=lambda each: (each.cause.on_worst, each.cause.worst, each.cause.number))
    return _short(visit, most.cause.worst), most


def _credentials(visit: Visit, found: ListedApp, activity: Activity) -> list[tuple[str, int]]:
    """What was let through by the secret or certificate that proved the app; to the org that owns them."""
    if found.app.org_id != visit.org.id or not activity.credentials:
        return []
    named = names.of_credentials(visit.tx, names.of_apps(visit.tx, visit.org.id, [found.app.id]).values())
    return sorted(
        ((named.get(each, "of a run of Try it"), number) for each, number in activity.credentials.items()), key=lambda each: -each[1]
    )
