"""Login History: every sign-in and token outcome, each leading to its receipt; and what is new in it, asked for or followed live."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import urlencode

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.monitoring import login_history
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.monitoring.receipts import Receipt
from gatebridge.records.change import permit
from gatebridge.rules import ids, reasons
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import Prefix
from gatebridge.rules.network import parse_address
from gatebridge.rules.permissions import Permission
from gatebridge.web import reason_pages
from gatebridge.web.api import app_reading
from gatebridge.web.console import called, exports, listing, places, strip
from gatebridge.web.console.called import Meant
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.listing import Filter, Listed, Sort, View
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("login-history")
LIVE = "/setup/live/login-history"  # where new lines of a view are sent as they come (`tail`)

PERIODS = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
# Lines of an address or a flow stand scattered among all others. Where nobody says how far to look back for them, it is a day.
LOOKS_BACK = timedelta(days=1)
FLOWS = {
    Flow.WEB_SERVER: "Web server",
    Flow.REFRESH_TOKEN: "Refresh token",
    Flow.JWT_BEARER: "JWT bearer",
    Flow.CLIENT_CREDENTIALS: "Client credentials",
    Flow.DEVICE: "Device",
    Flow.USER_AGENT: "User-agent",
}
_BY_FLOW: dict[str, str] = {flow.value: words for flow, words in FLOWS.items()}
# What a line is about where no flow says it.
EVENTS = {
    "sign_in": "Sign-in",
    "introspection": "Introspection",
    "revocation": "Revocation",
    "userinfo": "UserInfo",
    "identity": "Identity URL",
    "api": "Admin API",
    "data": "Data API",
    "soap": "SOAP",
    "authorize": "Authorization",
    "device_started": "Device",
}
FILTERS = (
    Filter("q", "Find", placeholder="User, app, address, receipt or reason"),
    Filter("outcome", "Outcome", (("", "Any"), ("success", "Granted"), ("refused", "Refused"), ("monitored", "Would be refused"))),
    Filter("gate", "Gate", (("", "Any"), *((gate, strip.name_of(gate)) for gate in Gate))),
    Filter("flow", "Flow", (("", "Any"), *((flow.value, words) for flow, words in FLOWS.items()))),
    Filter(
        "since", "When", (("", "Any time"), ("1h", "Last hour"), ("24h", "Last 24 hours"), ("7d", "Last 7 days"), ("30d", "Last 30 days"))
    ),
)
SORTS = (Sort("time", "Time", "time"),)
COLUMNS: tuple[Column[Receipt], ...] = (
    Column("receipt", lambda each: ids.long(each.id)),
    Column("at", lambda each: each.at),
    Column("event", lambda each: each.event),
    Column("outcome", lambda each: each.outcome),
    Column("reason", lambda each: each.reason),
    Column("gate", lambda each: at.gate if (at := strip.stopped_at(each.findings)) is not None else None),
    Column("would_refuse", lambda each: each.would_refuse),
    Column("app", lambda each: each.app),
    Column("app_id", lambda each: ids.long(each.app_id) if each.app_id else None),
    Column("user", lambda each: each.user),
    Column("user_id", lambda each: ids.long(each.user_id) if each.user_id else None),
    Column("flow", lambda each: each.flow),
    Column("scopes_asked", lambda each: each.scopes_asked),
    Column("scopes_given", lambda each: each.scopes_given),
    Column("address", lambda each: each.address),
    Column("user_agent", lambda each: each.user_agent),
    Column("auth_method", lambda each: each.auth_method),
    Column("credential", lambda each: each.credential),
    Column("status", lambda each: each.status),
)
NOBODY = "Nothing here is called so: no receipt, no user, no app and no reason."
A_DAY = "Of an address or a flow these are the last 24 hours. For more, choose a longer time."


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list."""

    receipt: Receipt
    flow: str
    verdict: str
    tone: str
    gate: str  # of the gate that refused
    number: int
    network: str  # the org's name for the address, where it has one
    words: str  # what came of it, in a few
    app_address: str  # where the reader may look at the app; else empty


@dataclass(frozen=True, slots=True)
class News:
    """The ways to what is new behind the newest line of a list: once, as a page, and as it comes, as a stream."""

    newer: str
    stream: str


@dataclass(frozen=True, slots=True)
class _Sought:
    """What the text that was typed into Find stands for."""

    meant: Meant = field(default_factory=Meant)
    address: str | None = None
    reason: str | None = None
    receipt_id: str | None = None

    @property
    def nothing(self) -> bool:
        """Whether no lines can be those that are looked for."""
        return self.receipt_id is not None or not (self.meant.alone or self.address or self.reason)


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show), exports.route(house, LIST)]


def show(visit: Visit) -> Shown | RedirectResponse:
    """The list. The id of a receipt that is looked for leads to that receipt."""
    view = LIST.view(visit)
    receipt_id = ids.parse(view.value("q"), Prefix.RECEIPT)
    if receipt_id is not None:
        return RedirectResponse(f"{PLACE.path}/{ids.long(receipt_id)}", SEE_OTHER)
    listed = LIST.page(visit, view)
    receipts = [each for each in listed.records if isinstance(each, Receipt)]
    text = view.value("q")
    sought = _sought(visit, text) if text else _Sought()
    nothing = text != "" and sought.nothing
    seen = ids.parse(visit.request.query_params.get("seen", ""), Prefix.RECEIPT)
    values = {
        "listed": listing.showing(listed, [line(visit, receipt) for receipt in receipts]),
        "nothing": NOBODY if nothing else "",
        "which": sought.meant.several,
        "bounded": A_DAY if not view.value("since") and not nothing and _scattered(sought, view.value("flow")) else "",
        "news": None if nothing else news(listed, receipts),
        "seen": seen or "",
        "new": sum(each.id > seen for each in receipts) if seen is not None else 0,
    }
    return Shown("login_history/list.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> list[Receipt]:
    """The receipts behind one, in the order of the view. Raises Refused."""
    permit(visit.actor, Permission.MONITOR_LOGIN_HISTORY)
    fits = wanted(visit, view)
    behind = ids.parse(after, Prefix.RECEIPT) if after else None
    limit = count if fits is not None else 0
    return login_history.page(visit.tx, visit.actor, fits or HistoryFilter(), before=behind, limit=limit, oldest_first=not view.descending)


def news(listed: Listed, receipts: list[Receipt]) -> News | None:
    """Where there can be something new: before the newest line, at the beginning of the list."""
    view = listed.view
    if view.after or not view.descending:
        return None
    newest = ids.long(receipts[0].id) if receipts else ""
    stream = replace(view, path=LIVE, size=listing.SIZES[0]).where()
    return News(_with(view.where(), seen=newest), _with(stream, behind=newest))


def _with(address: str, **said: str) -> str:
    more = urlencode({name: value for name, value in said.items() if value})
    return f"{address}{'&' if '?' in address else '?'}{more}" if more else address


def line(visit: Visit, receipt: Receipt) -> Line:
    """A receipt as one line."""
    at = strip.stopped_at(receipt.findings)
    gate = strip.gate_of(at)
    verdict, tone = ("Refused", "bad") if receipt.outcome == "refused" else ("Granted", "good")
    if receipt.would_refuse is not None:
        verdict, tone = "Would be refused", "caution"
    return Line(
        receipt,
        _BY_FLOW.get(receipt.flow or "") or event_words(receipt.event),
        verdict,
        tone,
        strip.name_of(gate) if gate is not None else "",
        strip.number_of(at),
        network_of(visit, receipt.address),
        _words(receipt),
        _app_address(visit, receipt),
    )


def _app_address(visit: Visit, receipt: Receipt) -> str:
    # Who does not read all of them is the app's owner, and sees the app.
    sees = receipt.narrowed or bool(visit.actor.permissions & app_reading.SEES_ALL)
    return f"{places.named('apps').path}/{ids.long(receipt.app_id)}" if receipt.app_id and receipt.app and sees else ""


def _words(receipt: Receipt) -> str:
    if receipt.reason is not None:
        return reason_pages.title_of(receipt.reason)
    return "All gates" if receipt.findings else event_words(receipt.event)


def event_words(event: str) -> str:
    """What a line is about that is of no flow."""
    return EVENTS.get(event, event.replace("_", " ").capitalize())


def network_of(visit: Visit, address: str | None) -> str:
    """What the org calls the range that holds the address: one that it trusts, or one that it only watches."""
    try:
        here = ip_network(address or "")
    except ValueError:
        return ""
    settings = visit.org.settings
    for known in (*settings.trusted_ranges, *settings.monitored_ranges):
        if known.contains(here.network_address):
            return known.label or str(known)
    return ""


def _sought(visit: Visit, text: str) -> _Sought:
    receipt_id = ids.parse(text, Prefix.RECEIPT)
    if receipt_id is not None:
        return _Sought(receipt_id=receipt_id)
    if text in reasons.REASONS:
        return _Sought(reason=text)
    address = parse_address(text)
    return _Sought(address=str(address)) if address is not None else _Sought(called.meant(visit, text))


def wanted(visit: Visit, view: View) -> HistoryFilter | None:
    """Which lines the view shows; None where it looks for what is called so by nothing here, or by several."""
    text = view.value("q")
    sought = _sought(visit, text) if text else _Sought()
    if text and sought.nothing:
        return None
    outcome, since, gate, flow = view.value("outcome"), PERIODS.get(view.value("since")), view.value("gate"), view.value("flow")
    if since is None and _scattered(sought, flow):
        since = LOOKS_BACK
    return HistoryFilter(
        app_id=sought.meant.app_id,
        user_id=sought.meant.user_id,
        outcome=outcome if outcome in ("success", "refused") else None,
        reason=sought.reason,
        since=visit.tx.now - since if since is not None else None,
        would_refuse=True if outcome == "monitored" else None,
        gate=Gate(gate) if gate else None,
        address=sought.address,
        flow=flow or None,
    )


def _scattered(sought: _Sought, flow: str) -> bool:
    """Whether what is asked for beside it may be rare among very many lines; a user has so few that it does not matter."""
    return sought.address is not None or (flow != "" and sought.meant.user_id is None)


LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, lambda receipt: ids.long(receipt.id))
