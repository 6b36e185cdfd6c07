"""What becomes of an app as a whole, each on a page that says who is hit: blocked, revoked, uninstalled, deleted, and back again."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.monitoring import app_activity
from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules import app_checks
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import revoke as revokes
from gatebridge.setup.block_app import BlockApp, UnblockApp, block_app, unblock_app
from gatebridge.setup.delete_app import DeleteApp, RestoreApp, delete_app, deleted_by_owners, restore_app
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.setup.revoke import RevokeApp
from gatebridge.storage import installations
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_tabs, forms
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

TAB = "overview"
FEW = 10
LABELS = {"until": "Until", "reason": "Why", "confirm": "Type the API name of the app to go on"}
NOT_THE_NAME = "This is not the API name. Type it as it stands below, upper and lower case too."
SEES_RADIUS = frozenset({Permission.MANAGE_CONNECTED_APPS, Permission.MANAGE_USERS})


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing that can become of an app. `states`: how it must stand for that; `own`: only at the org that owns it."""

    word: str
    title: str  # in front of the app's name
    ledes: tuple[str, ...]  # what happens, a sentence or two each
    button: str
    does: Callable[[Visit, ListedApp, str], object]  # the app, and the reason
    states: frozenset[AppState]
    own: bool = False
    kind: str = "danger"
    fields: tuple[str, ...] = ("reason", "confirm")
    weighty: bool = False  # wants a recent sign-in
    undoes: bool = False  # brings back what was deleted; its owners only what they deleted themselves

    @property
    def name(self) -> str:
        """What the menu of the app calls it."""
        return self.button.removesuffix(" it")

    @property
    def hits(self) -> bool:
        """Whether somebody loses something."""
        return "confirm" in self.fields

    @property
    def labels(self) -> dict[str, str]:
        return {name: words for name, words in LABELS.items() if name in self.fields}


def _delete(visit: Visit, found: ListedApp, reason: str) -> None:
    delete_app(visit.tx, visit.actor, DeleteApp(found.app.id, forms.text(visit.fields, "confirm"), reason))


def _install(visit: Visit, found: ListedApp, _: str) -> None:
    until = forms.moment(visit.fields, "until", visit.moments.zone)
    install_app(visit.tx, visit.actor, InstallApp(found.app.consumer_key, until))


_HERE = frozenset({AppState.ACTIVE, AppState.BLOCKED})
_NOT_DELETED = frozenset(AppState) - {AppState.DELETED}
_DAYS = app_checks.RESTORABLE.days

STOPS = (
    Stop(
        "revoke",
        "Revoke everything of",
        (
            "Every token and every grant that the app has in this org ends at once.",
            "It may ask anew the next moment, and whoever may use it can let it in again. To keep it out, block it.",
        ),
        "Revoke everything",
        lambda visit, found, reason: revokes.revoke_app(visit.tx, visit.actor, RevokeApp(found.app.id, reason)),
        _HERE,
        weighty=True,
    ),
    Stop(
        "block",
        "Block",
        (
            "Everything that the app has in this org ends at once, and it is refused until somebody unblocks it.",
            "Its settings, policies and access stay as they are. A block survives every edit, and being uninstalled and installed again.",
        ),
        "Block it",
        lambda visit, found, reason: block_app(visit.tx, visit.actor, BlockApp(found.app.id, reason)),
        frozenset({AppState.ACTIVE}),
    ),
    Stop(
        "unblock",
        "Unblock",
        ("The app may ask for tokens again, under the policies that it had. What ended with the block stays ended.",),
        "Unblock it",
        lambda visit, found, reason: unblock_app(visit.tx, visit.actor, UnblockApp(found.app.id, reason)),
        frozenset({AppState.BLOCKED}),
        kind="main",
        fields=("reason",),
    ),
    Stop(
        "uninstall",
        "Uninstall",
        (
            "Everything that the app has in this org ends at once, and it is not used here any more.",
            "It can be installed again; then it comes back closed, with nobody assigned to it.",
        ),
        "Uninstall it",
        lambda visit, found, reason: uninstall_app(visit.tx, visit.actor, UninstallApp(found.app.id, reason)),
        _HERE,
    ),
    Stop(
        "install",
        "Install",
        ("The app can be used here. It arrives closed: until its policies say otherwise and somebody is assigned, nobody may use it.",),
        "Install it",
        _install,
        frozenset({AppState.UNINSTALLED}),
        kind="main",
        fields=("until",),
    ),
    Stop(
        "delete",
        "Delete",
        (
            "Everything that the app has in any org ends at once, and it is refused everywhere.",
            f"For {_DAYS} days it can be restored with its key, its secrets and its policies. Its consumer key is never given to another.",
        ),
        "Delete it",
        _delete,
        _NOT_DELETED,
        own=True,
    ),
    Stop(
        "restore",
        "Restore",
        ("The app comes back with its consumer key, secrets and policies. Its old tokens stay dead.",),
        "Restore it",
        lambda visit, found, reason: restore_app(visit.tx, visit.actor, RestoreApp(found.app.id, reason)),
        frozenset({AppState.DELETED}),
        own=True,
        kind="main",
        fields=("reason",),
        undoes=True,
    ),
)
# More than a stop, on a page of its own (`app_contain`): its title, what happens, and where.
CONTAIN = ("Contain", "For an incident: it is blocked, what it proves itself with ends, and who has to know is told.", "/contain")
SAID = {
    "revoke": "Everything that the app had here is ended.",
    "block": "The app is blocked, and everything that it had here is ended.",
    "unblock": "The app may ask for tokens again.",
    "uninstall": "The app is uninstalled, and everything that it had here is ended.",
    "install": "The app is installed, and closed. Say next who may use it.",
    "delete": f"The app is deleted. It can be restored for {_DAYS} days.",
    "restore": "The app is back.",
}


def routes(house: House) -> list[Route]:
    found = []
    for stop in STOPS:
        path = f"{app_tabs.PATH}/{stop.word}"
        found += [
            shows(house, app_tabs.PLACE, path, partial(show, stop)),
            acts(house, app_tabs.PLACE, path, partial(do, stop), partial(again, stop)),
        ]
    return found


def show(stop: Stop, visit: Visit) -> Shown:
    """Who is hit, and why: asked before it is done."""
    found = _found(visit)
    _let_in(stop, visit, found)
    return _form(stop, visit, found, Form(stop.labels, {}))


def do(stop: Stop, visit: Visit) -> RedirectResponse:
    """Do it, where the name was typed in."""
    found = _found(visit)
    if stop.hits and forms.text(visit.fields, "confirm") != found.app.api_name:
        raise forms.wrong("confirm", NOT_THE_NAME)
    stop.does(visit, found, forms.text(visit.fields, "reason"))
    return RedirectResponse(f"{app_tabs.address(found.app.id)}?said={stop.word}", SEE_OTHER)


def again(stop: Stop, visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(stop.labels, {}), visit.fields, refused)
    found = _found(visit)
    # Where the app stands otherwise by now, no other entry mends it.
    return _form(stop, visit, found, form) if form is not None and _may(stop, visit, found) else None


def offered(visit: Visit, found: ListedApp) -> list[Stop]:
    """What the reader may do with this app as it stands; the verbs ask for themselves."""
    if found.app.fixed and found.app.org_id == visit.org.id:
        return [stop for stop in STOPS if not stop.own and _may(stop, visit, found)]
    return [stop for stop in STOPS if _may(stop, visit, found)]


def _found(visit: Visit) -> ListedApp:
    return app_reading.visible(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))


def _may(stop: Stop, visit: Visit, found: ListedApp) -> bool:
    if found.state not in stop.states or (stop.own and found.app.org_id != visit.org.id):
        return False
    if Permission.MANAGE_CONNECTED_APPS in visit.actor.permissions:
        return True
    as_owner = stop.own and app_tabs.owns(visit.actor, found) and Permission.REGISTER_CONNECTED_APPS in visit.actor.permissions
    return as_owner and (not stop.undoes or deleted_by_owners(visit.tx, found.app))


def _let_in(stop: Stop, visit: Visit, found: ListedApp) -> None:
    """Nobody fills in what will be refused. Raises Refused."""
    if stop.own and found.app.org_id != visit.org.id:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if found.state not in stop.states:
        raise Refused(setup_reasons.STATE_CONFLICT, detail=f"This app is {found.state}, so this cannot be done with it.")
    if not _may(stop, visit, found):
        permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    if stop.weighty:
        signed_in_lately(visit.tx, visit.actor)


def _form(stop: Stop, visit: Visit, found: ListedApp, form: Form) -> Shown:
    others = [each for each in offered(visit, found) if each.word != stop.word and each.hits] if stop.hits else []
    ways = [(each.title, each.ledes[0], f"/{each.word}") for each in others]
    ways += [CONTAIN] if stop.hits and app_tabs.may_rule(visit.actor, found) else []
    values = {
        "stop": stop,
        "form": form,
        "zone": visit.user.timezone,
        "action": app_tabs.address(found.app.id, f"/{stop.word}"),
        "back": app_tabs.address(found.app.id),
        "others": [(title, lede, app_tabs.address(found.app.id, ending)) for title, lede, ending in ways],
        "restorable": app_checks.RESTORABLE,
    }
    return app_tabs.shown(visit, found, TAB, "app/stop.html", values | _hit(stop, visit, found), page=stop.name, status=form.status)


def _hit(stop: Stop, visit: Visit, found: ListedApp) -> dict[str, object]:
    """Who loses what, as far as the reader may see it."""
    if not stop.hits:
        return {"radius": None, "users": None, "orgs": 0}
    may, app_id = visit.actor.permissions, found.app.id
    here = found.installation is not None
    return {
        "radius": revokes.blast_radius(visit.tx, visit.actor, app_id=app_id) if here and may & SEES_RADIUS else None,
        "users": app_activity.users_of_app(visit.tx, visit.actor, app_id, FEW, visit.moments.zone)
        if here and may.intersection(app_activity.SEES_USERS)
        else None,
        "orgs": len(installations.orgs_with(visit.tx, app_id)) if stop.own else 0,
    }
