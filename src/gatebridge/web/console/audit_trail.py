"""Setup Audit Trail: who changed what, newest first; a line with what stood before and after; whether the chain is whole, and the login
history as it was sealed into it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from starlette.routing import Route

from gatebridge.monitoring import audit_history, audit_trail
from gatebridge.monitoring.audit_heads import HeadsUnreadable
from gatebridge.monitoring.audit_trail import AuditFilter, Verification
from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.audit import Change, sentence
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import credentials, names
from gatebridge.storage.audit_trail import AuditLine
from gatebridge.storage.tx import Tx
from gatebridge.web.console import called, exports, listing, places
from gatebridge.web.console.called import Meant
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
    Filter("q", "Find", placeholder="Name of a user or an app"),
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
_PAGES: Mapping[Prefix, tuple[str, Callable[[Tx, str, list[str]], Mapping[str, object]]]] = {
    Prefix.APP: ("apps", names.of_apps),
    Prefix.USER: ("users", names.of_users),
    Prefix.PROFILE: ("profiles", names.of_holders),
    Prefix.PERMISSION_SET: ("permission-sets", names.of_holders),
}
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
    """The list. A user finds what that user did and what was done to it; an app what was done to it, its secrets and its certificates."""
    view = LIST.view(visit)
    meant = called.meant(visit, view.value("q"))
    listed = LIST.page(visit, view)
    records = [told(line) for line in listed.records if isinstance(line, AuditLine)]
    nothing = NOBODY if view.value("q") and not meant.alone else ""
    values = {"listed": listing.showing(listed, records), "nothing": nothing, "which": meant.several}
    return Shown("audit/trail.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> list[AuditLine]:
    """The lines behind a number, in the order of the view. Raises Refused."""
    behind = int(after) if after.isdecimal() and len(after) < 19 else None  # a longer one is no number of a line
    permit(visit.actor, Permission.VIEW_AUDIT_TRAIL)
    found = {
        line.sequence: line
        for wanted in _wanted(visit, view)
        for line in audit_trail.page(visit.tx, visit.actor, wanted, behind=behind, limit=count, rising=not view.descending)
    }
    return [found[number] for number in sorted(found, reverse=view.descending)][:count]


def position(line: AuditLine) -> str:
    """Where a line stands in the list."""
    return str(line.sequence)


def _wanted(visit: Visit, view: View) -> list[AuditFilter]:
    """The lines that the view shows are those of any of these; of none where it looks for what nobody here is called."""
    text, since = view.value("q"), PERIODS.get(view.value("since"))
    fits = AuditFilter(event=view.value("event") or None, since=visit.tx.now - since if since is not None else None)
    return [replace(fits, **each) for each in _about(visit, called.meant(visit, text))] if text else [fits]


def _about(visit: Visit, meant: Meant) -> list[dict[str, Any]]:
    if meant.user_id is not None:
        return [{"actor_id": meant.user_id}, {"target_id": meant.user_id}]
    return [{"target_ids": of_app(visit, meant.app_id)}] if meant.app_id is not None else []


def of_app(visit: Visit, app_id: str) -> tuple[str, ...]:
    """What the lines about an app are about: the app, and what of it has lines of its own, at the org that owns them."""
    app = names.of_apps(visit.tx, visit.org.id, [app_id]).get(app_id)
    if app is None or app.org_id != visit.org.id:
        return (app_id,)
    secrets = credentials.secrets_of(visit.tx, app.org_id, app.id)
    certificates = credentials.certificates_of(visit.tx, app.org_id, app.id)
    return (app.id, *(each.id for each in secrets), *(each.id for each in certificates))


def show_line(visit: Visit) -> Shown:
    """One change."""
    line = audit_trail.by_id(visit.tx, visit.actor, visit.id_in_path("line_id", Prefix.AUDIT))
    changes = [(Change(str(each["field"]), each["before"], each["after"]), str(each["field"])) for each in line.changes]
    values = {
        "line": told(line),
        "changes": [(field, change.before, change.after) for change, field in changes],
        "of": _page_of(visit, line.target_id),
        "who": _page_of(visit, line.actor_id or ""),
    }
    return Shown("audit/line.html", values, ((PLACE.name, PLACE.path), (f"Line {line.sequence:,}", "")))


def _page_of(visit: Visit, record_id: str) -> str:
    """Where the reader may look at a record; empty where it is gone, or has no page of its own."""
    for prefix, (word, named) in _PAGES.items():
        if record_id.startswith(prefix) and word in places.open_to(visit.actor.permissions):
            return f"/setup/{word}/{ids.long(record_id)}" if named(visit.tx, visit.org.id, [record_id]) else ""
    return ""


def show_chain(visit: Visit) -> Shown:
    """Whether anybody changed the trail behind our back, which is read whole, or the login history, of which a part is read at a time."""
    permit(visit.actor, Permission.VIEW_AUDIT_TRAIL)
    asked = visit.request.query_params.get("older_than", "")
    go_on = int(asked) if asked.isdecimal() and len(asked) < 19 else None
    history = audit_history.verify(visit.tx, visit.org.id, visit.house.keys, go_on=go_on)
    values = {"found": _verified(visit), "history": history, "older": f"{CHAIN}?older_than={history.go_on}#history"}
    return Shown("audit/chain.html", values, ((PLACE.name, PLACE.path), ("The chain", "")))


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
