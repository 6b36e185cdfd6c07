"""Setup Audit Trail: who changed what, newest first; a line with what stood before and after; and whether the chain is whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from starlette.routing import Route

from gatebridge.monitoring import audit_trail
from gatebridge.monitoring.audit_heads import HeadsUnreadable
from gatebridge.monitoring.audit_trail import AuditFilter, Verification
from gatebridge.records.change import permit
from gatebridge.rules.audit import Change, sentence
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import apps, people
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.web.console import listing, places
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.listing import Filter
from gatebridge.web.house import House

PLACE = places.named("audit")
CHAIN = f"{PLACE.path}/chain"
PERIODS = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}


def words_of(event: str) -> str:
    """An event in words: `setup:app:policies_edited` is `app, policies edited`."""
    _, _, rest = event.partition(":")
    return ", ".join(part.replace("_", " ") for part in (rest or event).split(":"))


FILTERS = (
    Filter("q", "Find", placeholder="Username, or the API name or consumer key of an app"),
    Filter("event", "What", (("", "Anything"), *((event, words_of(event).capitalize()) for event in Event))),
    Filter("since", "When", (("", "Any time"), ("24h", "Last 24 hours"), ("7d", "Last 7 days"), ("30d", "Last 30 days"))),
)
NOBODY = "Nobody and no app is called so here."
UNREADABLE = "The heads outside the database cannot be read, so a tail that was cut off would not be seen."


@dataclass(frozen=True, slots=True)
class Told:
    """One line, with its event and its changes in words."""

    line: AuditLine
    event: str
    sentences: tuple[str, ...]


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        shows(house, PLACE, CHAIN, show_chain),
        shows(house, PLACE, f"{PLACE.path}/{{line_id}}", show_line),
    ]


def show(visit: Visit) -> Shown:
    """The list. A username finds what that user did, an app what was done to it."""
    view = listing.read(visit.request, FILTERS, PLACE.path)
    since = PERIODS.get(view.value("since"))
    text = view.value("q")
    user = people.by_username(visit.tx, visit.org.id, text) if text else None
    app = (apps.by_api_name(visit.tx, visit.org.id, text) or apps.by_consumer_key(visit.tx, text)) if text and user is None else None
    nothing = bool(text) and user is None and app is None
    wanted = AuditFilter(
        target_id=app.id if app is not None else None,
        actor_id=user.id if user is not None else None,
        event=view.value("event") or None,
        since=visit.tx.now - since if since is not None else None,
    )
    before = int(view.after) if view.after.isdecimal() else None
    listed = listing.page(
        view,
        lambda _, count: audit_trail.page(visit.tx, visit.actor, wanted, before=before, limit=0 if nothing else count),
        lambda line: str(line.sequence),
    )
    records = [told(line) for line in listed.records if isinstance(line, AuditLine)]
    return Shown(
        "audit/trail.html", {"listed": listing.showing(listed, records), "nothing": NOBODY if nothing else ""}, ((PLACE.name, ""),)
    )


def show_line(visit: Visit) -> Shown:
    """One change."""
    line = audit_trail.by_id(visit.tx, visit.actor, visit.id_in_path("line_id", Prefix.AUDIT))
    changes = [(Change(str(each["field"]), each["before"], each["after"]), str(each["field"])) for each in line.changes]
    values = {"line": told(line), "changes": [(field, change.before, change.after) for change, field in changes]}
    return Shown("audit/line.html", values, ((PLACE.name, PLACE.path), (f"Line {line.sequence:,}", "")))


def show_chain(visit: Visit) -> Shown:
    """Whether anybody changed the trail behind our back. Reads all of it."""
    permit(visit.actor, Permission.VIEW_AUDIT_TRAIL)
    return Shown("audit/chain.html", {"found": _verified(visit)}, ((PLACE.name, PLACE.path), ("The chain", "")))


def _verified(visit: Visit) -> Verification:
    try:
        heads = list(visit.house.outside_heads())
    except (OSError, HeadsUnreadable):
        return Verification("could_not_check", 0, None, UNREADABLE)
    return audit_trail.verify(visit.tx, visit.org.id, visit.house.keys, heads)


def told(line: AuditLine) -> Told:
    """A line as it is read to somebody."""
    return Told(line, words_of(line.event), tuple(_sentences(line)))


def _sentences(line: AuditLine) -> Iterable[str]:
    return (sentence(Change(str(each["field"]), each["before"], each["after"])) for each in line.changes)
