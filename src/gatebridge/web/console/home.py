"""Setup's first page: what stands open and how heavily, what was refused, what runs out, and what was changed last."""

from collections.abc import Mapping
from datetime import timedelta

from starlette.routing import Route

from gatebridge.monitoring import audit_trail, exposures, login_history
from gatebridge.monitoring.audit_trail import AuditFilter
from gatebridge.monitoring.exposures import Wanted
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.rules.permissions import Permission
from gatebridge.web.console import app_manager, app_overview, places
from gatebridge.web.console import audit_trail as audit_page
from gatebridge.web.console import login_history as history_page
from gatebridge.web.console import requests as requests_page
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.house import House

PLACE = places.HOME
FEW = 5


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show)]


def show(visit: Visit) -> Shown:
    """What the reader has a right to see, each part by the right that its own page asks for."""
    held = visit.actor.permissions
    values: Mapping[str, object] = {
        "exposed": _exposed(visit) if Permission.VIEW_SETUP in held else None,
        "refused": _refused(visit) if Permission.MONITOR_LOGIN_HISTORY in held else None,
        "waiting": requests_page.waiting(visit, FEW) if Permission.MANAGE_CONNECTED_APPS in held else None,
        "changes": _changes(visit) if Permission.VIEW_AUDIT_TRAIL in held else None,
        "address_of": app_overview.address_of,
        "apps": app_manager.PLACE.path,
        "history": history_page.PLACE.path,
        "audit": audit_page.PLACE.path,
        "requests": requests_page.PLACE.path,
    }
    return Shown("home/page.html", values)


def _exposed(visit: Visit) -> object:
    return exposures.heaviest(visit.tx, visit.org, Wanted(), after=None, limit=FEW)


def _refused(visit: Visit) -> object:
    wanted = HistoryFilter(outcome="refused", since=visit.tx.now - timedelta(days=1))
    return [history_page.line(visit, each) for each in login_history.page(visit.tx, visit.actor, wanted, limit=FEW)]


def _changes(visit: Visit) -> object:
    return [audit_page.told(line) for line in audit_trail.page(visit.tx, visit.actor, AuditFilter(), limit=FEW)]
