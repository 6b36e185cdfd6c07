"""Setup Audit Trail: who changed what, newest first; a line with what stood before and after; and whether the chain is whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from starlette.routing import Route

from gatebridge.monitoring import audit_trail
from gatebridge.monitoring.audit_heads import HeadsUnreadable
from gatebridge.monitoring.audit_trail import AuditFilter, Verification
from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.audit import Change, sentence
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import apps, people
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.web.console import exports, listing, places
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.listing import Filter, Sort, View
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
UNTELLING = ("Id: ", "App id: ", "Org id: ", "Created at: ", "Created by: ", "Version: ", "Epoch: ")
SORTS = (Sort("time", "Time", "time"),)
# What a file has of a line; the changes as they are kept, one sentence each.
COLUMNS: tuple[Column[AuditLine], ...] = (
    Column("line", lambda line: line.sequence),
    Column("at", lambda line: line.at),
    Column("event", lambda line: line.event),
    Column("who", lambda line: line.actor_name),
    Column("who_kind", lambda line: line.actor_kind),
    Column("address", lambda line: line.address),
    Column("of", lambda line: line.target_name),
    Column("of_kind", lambda line: line.target_kind),
    Column("of_id", lambda line: ids.long(line.target_id)),
    Column("changes", lambda line: list(sentences(line))),
    Column("reason", lambda line: line.reason),
    Column("id", lambda line: ids.long(line.id)),
    Column("operation_id", lambda line: ids.long(line.operation_id) if line.operation_id else ""),
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
        exports.route(house, LIST),
        shows(house, PLACE, CHAIN, show_chain),
        shows(house, PLACE, f"{PLACE.path}/{{line_id}}", show_line),
    ]


def show(visit: Visit) -> Shown:
    """The list. A username finds what that user did, an app what was done to it."""
    view = LIST.view(visit)
    nothing = bool(view.value("q")) and _wanted(visit, view) is None
    listed = LIST.page(visit, view)
    records = [told(line) for line in listed.records if isinstance(line, AuditLine)]
    return Shown(
        "audit/trail.html", {"listed": listing.showing(listed, records), "nothing": NOBODY if nothing else ""}, ((PLACE.name, ""),)
    )


def rows(visit: Visit, view: View, after: str, count: int) -> list[AuditLine]:
    """The lines behind a number, in the order of the view. Raises Refused."""
    wanted = _wanted(visit, view)
    behind = int(after) if after.isdecimal() and len(after) < 19 else None  # a longer one is no number of a line
    limit = count if wanted is not None else 0
    return audit_trail.page(visit.tx, visit.actor, wanted or AuditFilter(), behind=behind, limit=limit, rising=not view.descending)


def position(line: AuditLine) -> str:
    """Where a line stands in the list."""
    return str(line.sequence)


def _wanted(visit: Visit, view: View) -> AuditFilter | None:
    """Which lines the view shows; None where it looks for what nobody here is called."""
    since = PERIODS.get(view.value("since"))
    text = view.value("q")
    user = people.by_username(visit.tx, visit.org.id, text) if text else None
    app = (apps.by_api_name(visit.tx, visit.org.id, text) or apps.by_consumer_key(visit.tx, text)) if text and user is None else None
    if text and user is None and app is None:
        return None
    return AuditFilter(
        target_id=app.id if app is not None else None,
        actor_id=user.id if user is not None else None,
        event=view.value("event") or None,
        since=visit.tx.now - since if since is not None else None,
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
    # In a snapshot that begins behind the heads: of a head that came later the line would be missing in that of the page.
    with visit.house.database.snapshot() as tx:
        return audit_trail.verify(tx, visit.org.id, visit.house.keys, heads)


def told(line: AuditLine) -> Told:
    """A line with what a reader wants of it first: what a record is called, and not by which id."""
    return Told(line, words_of(line.event), tuple(sorted(sentences(line), key=lambda each: each.startswith(UNTELLING))))


def sentences(line: AuditLine) -> Iterable[str]:
    """What differs, one sentence for each field."""
    return (sentence(Change(str(each["field"]), each["before"], each["after"])) for each in line.changes)


LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, position)
