"""The head that every page of an app shares: what the app is called, how it stands, and the tabs. A tab stands here once.

A page of an app asks `visible`, `own` or `installed` of `web.api.app_reading`, and answers with `shown`; its template extends
`console/app/layout.html` and fills the block `tab`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup.app_rights import REGISTERS
from gatebridge.storage import orgs
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_lines, app_manager
from gatebridge.web.console.desk import Shown, Visit

PLACE = app_manager.PLACE
PATH = f"{PLACE.path}/{{app_id}}"


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of an app. `own`: only at the org that owns it, whose settings they are; `here`: only where it is or was installed."""

    word: str
    name: str
    ending: str
    own: bool = False
    here: bool = False
    needs: frozenset[Permission] = frozenset()  # one of these; none: whoever sees the app sees it

    def opens(self, actor: Actor) -> bool:
        """Whether the actor may see what stands there; the page asks for itself."""
        return not self.needs or bool(self.needs & actor.permissions)

    def stands_for(self, found: ListedApp, org_id: str) -> bool:
        """Whether this app has the tab in this org."""
        return (not self.own or found.app.org_id == org_id) and (not self.here or found.installation is not None)


# In the order in which they are shown.
TABS = (
    Tab("overview", "Overview", ""),
    Tab("settings", "Settings", "/settings", own=True),
    Tab("policies", "Policies", "/policies", here=True),
    Tab("access", "Access", "/access", here=True),
    Tab("credentials", "Credentials", "/credentials", own=True),
    Tab("activity", "Activity", "/activity", here=True, needs=frozenset({Permission.VIEW_OAUTH_USAGE, Permission.MONITOR_LOGIN_HISTORY})),
    Tab("try", "Try it", "/try", own=True, needs=frozenset({Permission.ROTATE_CONSUMER_CREDENTIALS})),
    Tab("changes", "Changes", "/changes", needs=frozenset({Permission.VIEW_AUDIT_TRAIL})),
)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done with an app as a whole, on a page of its own: a line of the overview's menu. For the rest as a `Tab`."""

    name: str
    ending: str
    own: bool = False
    here: bool = False
    states: frozenset[AppState] = frozenset(AppState)
    fixed: bool = False  # also with an app that is the same for every org of this server

    def stands_for(self, found: ListedApp, org_id: str) -> bool:
        """Whether it can be done with this app in this org, as the app stands now."""
        there = (not self.own or found.app.org_id == org_id) and (not self.here or found.installation is not None)
        return there and found.state in self.states and (self.fixed or not found.app.fixed)


_NOT_DELETED = frozenset(AppState) - {AppState.DELETED}

ACTS = (
    Act("Who it is", "/identity", own=True, states=_NOT_DELETED),
    Act("Picture", "/logo", own=True, states=_NOT_DELETED),
    Act("Transfer", "/owner", own=True, states=_NOT_DELETED, fixed=True),
)


def address(app_id: str, ending: str = "") -> str:
    """A page of an app."""
    return f"{PLACE.path}/{ids.long(app_id)}{ending}"


def address_of_tab(found: ListedApp, org_id: str, word: str) -> str:
    """The tab of this word; empty where the app has no such tab in the org."""
    tab = next((tab for tab in TABS if tab.word == word and tab.stands_for(found, org_id)), None)
    return address(found.app.id, tab.ending) if tab is not None else ""


def opens(visit: Visit, found: ListedApp, word: str) -> bool:
    """Whether the reader finds the tab of this word at the app."""
    return any(tab.word == word and tab.stands_for(found, visit.org.id) and tab.opens(visit.actor) for tab in TABS)


def opens_app(visit: Visit, app_id: str) -> bool:
    """Whether the reader may see the app at all, so that a page leads there; its pages ask for themselves."""
    try:
        app_reading.visible(visit.tx, visit.actor, app_id)
    except Refused:
        return False
    return True


def shown(
    visit: Visit, found: ListedApp, word: str, template: str, values: Mapping[str, object], *, page: str = "", status: int = 200
) -> Shown:
    """A page of the tab of this word, with the head of the app. `page` names one that lies behind the tab."""
    app = found.app
    own = app.org_id == visit.org.id
    publisher = visit.org if own else orgs.by_id(visit.tx, app.org_id)
    head: dict[str, object] = {
        "found": found,
        "app": app,
        "own": own,
        "tone": app_lines.TONES[found.state],
        "publisher": app.publisher(publisher.name if publisher is not None else None),
        "app_path": address(app.id),
        "tabs": [
            (tab.name, address(app.id, tab.ending), tab.word == word)
            for tab in TABS
            if tab.stands_for(found, visit.org.id) and tab.opens(visit.actor)
        ],
        "validation": None,
        "said": "",
    }
    tab = next(tab for tab in TABS if tab.word == word)
    way = [(PLACE.name, PLACE.path), (app.label, address(app.id) if tab.ending or page else "")]
    if tab.ending:
        way.append((tab.name, address(app.id, tab.ending) if page else ""))
    return Shown(template, head | dict(values), (*way, *(((page, ""),) if page else ())), status)


def may_edit(actor: Actor, found: ListedApp) -> bool:
    """Whether the actor may change what the app is and what it can ask for, so that a page offers it; the verbs ask for themselves."""
    app = found.app
    if app.org_id != actor.org_id or app.fixed or app.deleted_at is not None or not actor.permissions & REGISTERS:
        return False
    return owns(actor, found) or Permission.MANAGE_CONNECTED_APPS in actor.permissions


def owns(actor: Actor, found: ListedApp) -> bool:
    """Whether the actor answers for the app, in the org that owns it."""
    app = found.app
    return app.org_id == actor.org_id and actor.user_id is not None and actor.user_id in (app.owner_id, app.backup_owner_id)


def sees_receipts(actor: Actor, found: ListedApp) -> bool:
    """Whether the receipts of the app open for the actor, so that a page leads there; the reading asks for itself."""
    return Permission.MONITOR_LOGIN_HISTORY in actor.permissions or owns(actor, found)


def may_rule(actor: Actor, found: ListedApp) -> bool:
    """Whether the actor may decide how this org uses the app, so that a page offers it; the verbs ask for themselves."""
    return found.state in (AppState.ACTIVE, AppState.BLOCKED) and Permission.MANAGE_CONNECTED_APPS in actor.permissions


def ask_to_edit(actor: Actor, found: ListedApp) -> None:
    """For a page with a form that changes what the app is: nobody fills in what will be refused. Raises Refused (`permission_missing`)."""
    permit(actor, *REGISTERS)
    if not may_edit(actor, found) and found.app.deleted_at is None and not found.app.fixed:
        permit(actor, Permission.MANAGE_CONNECTED_APPS)
