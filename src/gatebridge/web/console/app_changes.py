"""Changes of an app: what was done to it, its policies here, its secrets and its certificates, from the Setup Audit Trail."""

from datetime import timedelta

from starlette.routing import Route

from gatebridge.monitoring import audit_trail
from gatebridge.monitoring.audit_trail import AuditFilter
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_tabs, exports, listing
from gatebridge.web.console import audit_trail as audit_page
from gatebridge.web.console.audit_trail import PLACE as AUDIT
from gatebridge.web.console.audit_trail import told, words_of
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.listing import Filter, View
from gatebridge.web.house import House

TAB = "changes"
PATH = f"{app_tabs.PATH}/changes"
PERIODS = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30), "1y": timedelta(days=365)}
SUBJECTS = frozenset({"app", "secret", "certificate", "loosening", "user_of_app", "app_access"})
FILTERS = (
    Filter("event", "What", (("", "Anything"), *((each, words_of(each).capitalize()) for each in Event if each.subject in SUBJECTS))),
    Filter(
        "since", "When", (("", "Any time"), ("24h", "Last 24 hours"), ("7d", "Last 7 days"), ("30d", "Last 30 days"), ("1y", "Last year"))
    ),
)


def routes(house: House) -> list[Route]:
    return [shows(house, app_tabs.PLACE, PATH, show), exports.route(house, LIST)]


def show(visit: Visit) -> Shown:
    """The lines about the app in this org, newest first."""
    found = _found(visit)
    listed = LIST.page(visit, LIST.view(visit))
    records = [told(line) for line in listed.records if isinstance(line, AuditLine)]
    return app_tabs.shown(visit, found, TAB, "app/changes.html", {"listed": listing.showing(listed, records), "audit": AUDIT.path})


def rows(visit: Visit, view: View, after: str, count: int) -> list[AuditLine]:
    """The lines behind a number, in the order of the view. Raises Refused."""
    since = PERIODS.get(view.value("since"))
    wanted = AuditFilter(
        target_ids=audit_page.of_app(visit, _found(visit).app.id),
        event=view.value("event") or None,
        since=visit.tx.now - since if since is not None else None,
    )
    behind = int(after) if after.isdecimal() and len(after) < 19 else None  # a longer one is no number of a line
    return audit_trail.page(visit.tx, visit.actor, wanted, behind=behind, limit=count, rising=not view.descending)


def _found(visit: Visit) -> ListedApp:
    return app_reading.visible(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))


LIST = exports.List(app_tabs.PLACE, FILTERS, audit_page.SORTS, audit_page.COLUMNS, rows, audit_page.position, "Changes of an app", PATH)
