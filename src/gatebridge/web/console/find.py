"""Quick Find: pages by their names, and an app, a user or a receipt by what it is called; and the keys that lead somewhere."""

from starlette.routing import Route

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import listed_apps, listed_users
from gatebridge.web.api import app_reading
from gatebridge.web.api.users import READS
from gatebridge.web.console import app_overview, login_history, places, users
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.house import House

PATH, SHORTCUTS = "/setup/find", "/setup/shortcuts"
MOST = 10
KEYS = (("/", "Quick Find"), ("?", "This page"), ("Tab", "From one thing to the next; what has the focus is framed"))


def routes(house: House) -> list[Route]:
    return [shows(house, places.HOME, PATH, show), shows(house, places.HOME, SHORTCUTS, shortcuts)]


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
    }
    return Shown("find/found.html", values, (("Quick Find", ""),))


def _receipt(visit: Visit, text: str) -> str | None:
    """The address of the receipt that the text is the id of, for who may open receipts."""
    named = ids.parse(text, Prefix.RECEIPT)
    if named is None or Permission.MONITOR_LOGIN_HISTORY not in visit.actor.permissions:
        return None
    return f"{login_history.PLACE.path}/{ids.long(named)}"


def shortcuts(_: Visit) -> Shown:
    """The keys."""
    return Shown("find/shortcuts.html", {"keys": KEYS}, (("Shortcuts", ""),))
