"""Setup's first page: what stands open and how heavily, what waits, what ends soon, what the last day brought, what was changed last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.routing import Route

from gatebridge.monitoring import audit_trail, exposures, last_day, login_history
from gatebridge.monitoring.audit_trail import AuditFilter
from gatebridge.monitoring.exposures import Posture, Wanted
from gatebridge.monitoring.last_day import LastDay
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.rules import reasons
from gatebridge.rules.permissions import Permission
from gatebridge.storage import ending_credentials
from gatebridge.storage.ending_credentials import EndingCredential
from gatebridge.web import reason_pages
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_manager, app_tabs, chart, places, strip
from gatebridge.web.console import audit_trail as audit_page
from gatebridge.web.console import login_history as history_page
from gatebridge.web.console import requests as requests_page
from gatebridge.web.console.chart import Chart, Count
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.house import House

PLACE = places.HOME
FEW = 5
# What ends so soon is told, and what ended so lately: its app may be without another.
SOON, LATELY, URGENT = timedelta(days=30), timedelta(days=7), timedelta(days=7)
_SEES_APPS = app_reading.SEES_ALL | {Permission.REGISTER_CONNECTED_APPS}


@dataclass(frozen=True, slots=True)
class Ending:
    """A secret or certificate that ends, and where it is renewed."""

    found: EndingCredential
    address: str
    tone: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """The reason that refused most: its words, its gate, how often, and the newest receipt."""

    title: str
    gate: str
    number: int
    last_id: str


@dataclass(frozen=True, slots=True)
class Day:
    """The last day as it is drawn, with the figures behind it, the newest hour first, and what stands out in it."""

    found: LastDay
    chart: Chart
    rows: tuple[tuple[str, datetime, int, int], ...]
    busiest: tuple[str, int]
    most: Refusals | None


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show)]


def show(visit: Visit) -> Shown:
    """What the reader has a right to see, each part by the right that its own page asks for. Who registers apps sees the own ones."""
    held = visit.actor.permissions
    apps, monitors = bool(held & _SEES_APPS), Permission.MONITOR_LOGIN_HISTORY in held
    ending = _ending(visit) if apps else None
    parts: dict[str, object] = {
        "posture": _posture(visit) if apps else None,
        "ending": ending[0] if ending is not None else None,
        "day": _day(visit) if monitors else None,
        "refused": _refused(visit) if monitors else None,
        "requested": requests_page.waiting(visit, FEW) if Permission.MANAGE_CONNECTED_APPS in held else None,
        "changes": _changes(visit) if Permission.VIEW_AUDIT_TRAIL in held else None,
    }
    values: Mapping[str, object] = parts | {
        "shows": any(part is not None for part in parts.values()),
        "endings": ending[1] if ending is not None else 0,
        "address_of": app_tabs.address,
        "apps": app_manager.PLACE.path,
        "history": history_page.PLACE.path,
        "audit": audit_page.PLACE.path,
        "requests": requests_page.PLACE.path,
        "soon": SOON.days,
    }
    return Shown("home/page.html", values)


def _posture(visit: Visit) -> Posture:
    return exposures.posture(visit.tx, visit.org, Wanted(app_reading.owner_filter(visit.actor)), FEW)


def _ending(visit: Visit) -> tuple[list[Ending], int]:
    now, owner_id = visit.tx.now, app_reading.owner_filter(visit.actor)
    found, number = ending_credentials.page(visit.tx, visit.org.id, since=now - LATELY, until=now + SOON, owner_id=owner_id, limit=FEW)
    return [Ending(each, app_tabs.address(each.app_id, "/credentials"), tone_of(each.ends_at, now)) for each in found], number


def tone_of(ends_at: datetime, now: datetime) -> str:
    """How pressing the end of a credential is."""
    if ends_at <= now:
        return "bad"
    return "caution" if ends_at - now <= URGENT else ""


def _day(visit: Visit) -> Day:
    found = last_day.of_org(visit.tx, visit.actor, visit.moments.zone)
    rows = [(f"{hour.start.astimezone(visit.moments.zone):%H:%M}", hour.start, hour.granted, hour.refused) for hour in found.hours]
    drawn = chart.of([Count(words, granted, refused) for words, _, granted, refused in rows])
    hour, number = max(((words, granted + refused) for words, _, granted, refused in rows), key=lambda each: each[1])
    return Day(found, drawn, tuple(reversed(rows)), (hour, number), _most(found))


def _most(found: LastDay) -> Refusals | None:
    if not found.causes:
        return None
    most = found.causes[0]
    known = reasons.REASONS.get(most.reason)
    gate = known.gate if known is not None else None
    return Refusals(reason_pages.title_of(most.reason), strip.name_of(gate) if gate is not None else "", most.number, most.last_id)


def _refused(visit: Visit) -> object:
    wanted = HistoryFilter(outcome="refused", since=visit.tx.now - timedelta(days=1))
    return [history_page.line(visit, each) for each in login_history.page(visit.tx, visit.actor, wanted, limit=FEW)]


def _changes(visit: Visit) -> object:
    return [audit_page.told(line) for line in audit_trail.page(visit.tx, visit.actor, AuditFilter(), limit=FEW)]
