"""Quick Find: pages by their names, records by theirs or by their ids, and what an address or a reason leads to; and the keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.routing import Route

from gatebridge.monitoring import receipts
from gatebridge.rules import ids, reasons
from gatebridge.rules.ids import Prefix
from gatebridge.rules.network import parse_address
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.storage import listed_apps, listed_users, permission_sets, profiles
from gatebridge.web.api import app_reading
from gatebridge.web.api.users import READS
from gatebridge.web.console import app_overview, login_history, places, users
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.places import Place
from gatebridge.web.house import House

# Everybody's own, so it has no place in the navigation.
PLACE = Place("find", "Quick Find", "/setup/find", "", places.HOME.needs)
SHORTCUTS = "/setup/shortcuts"
MOST = 10
KEYS = (("/", "Quick Find"), ("?", "This page"), ("Tab", "From one thing to the next; what has the focus is framed"))


@dataclass(frozen=True, slots=True)
class Other:
    """Something that is named so, of what kind, and where it is."""

    kind: str
    name: str
    address: str


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show), shows(house, PLACE, SHORTCUTS, shortcuts)]


def show(visit: Visit) -> Shown:
    """What fits the text; without a text, every page."""
    text = visit.request.query_params.get("q", "").strip()[:100].replace("\0", "")
    apps = []
    if text and visit.actor.permissions & (app_reading.SEES_ALL | {Permission.REGISTER_CONNECTED_APPS}):
        only = app_reading.owner_filter(visit.actor)
        apps = listed_apps.list_page(visit.tx, visit.org.id, search=text, owner_id=only, limit=MOST)
    sees_users = bool(text) and bool(visit.actor.permissions.intersection(READS))
    values = {
        "text": text,
        "found": places.found(visit.actor.permissions, text),
        "apps": apps,
        "address_of": app_overview.address_of,
        "users": listed_users.list_page(visit.tx, visit.org.id, after=None, limit=MOST, search=text) if sees_users else [],
        "address_of_user": users.address_of,
        "receipt": _receipt(visit, text),
        "others": list(_others(visit, text)) if text else [],
    }
    return Shown("find/found.html", values, (("Quick Find", ""),))


def _receipt(visit: Visit, text: str) -> str | None:
    """The address of the receipt that the text is the id of, for who may open it: the owner of its app too."""
    named = ids.parse(text, Prefix.RECEIPT)
    if named is None:
        return None
    try:
        receipts.by_id(visit.tx, visit.actor, named)
    except Refused:
        return None
    return f"{login_history.PLACE.path}/{ids.long(named)}"


def _others(visit: Visit, text: str) -> Iterator[Other]:
    """What else the text names, for who finds the place of it."""
    opened = places.open_to(visit.actor.permissions)
    if "profiles" in opened:
        for profile in profiles.list_page(visit.tx, visit.org.id, after=None, limit=MOST, search=text):
            yield Other("Profile", profile.name, f"/setup/profiles/{ids.long(profile.id)}")
        for held in permission_sets.list_page(visit.tx, visit.org.id, after=None, limit=MOST, search=text):
            yield Other("Permission set", held.label, f"/setup/permission-sets/{ids.long(held.id)}")
    for prefix, word, kind in ((Prefix.APP, "apps", "App"), (Prefix.USER, "users", "User")):
        record_id = ids.parse(text, prefix)
        if record_id is not None and word in opened:
            yield Other(kind, ids.long(record_id), f"/setup/{word}/{ids.long(record_id)}")
    if parse_address(text) is not None and login_history.PLACE.word in opened:
        yield Other(login_history.PLACE.name, text, f"{login_history.PLACE.path}?{urlencode({'q': text})}")
    if text in reasons.REASONS:
        yield Other("Reason", text, f"/help/reasons/{text}")


def shortcuts(_: Visit) -> Shown:
    """The keys."""
    return Shown("find/shortcuts.html", {"keys": KEYS}, (("Shortcuts", ""),))
