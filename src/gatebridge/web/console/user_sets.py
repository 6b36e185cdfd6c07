"""Which permission sets a user holds: giving one, for good or until a moment, and taking it away."""

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import PermissionSet, User
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import manage_users
from gatebridge.setup.assign_permission_set import (
    AssignPermissionSet,
    UnassignPermissionSet,
    assign_permission_set,
    unassign_permission_set,
)
from gatebridge.storage import permission_sets
from gatebridge.web.console import forms, rights, user, users
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.users import PLACE
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

NEW = f"{user.PATH}/sets/new"
ONE = f"{user.PATH}/sets/{{set_id}}"
TAKE = f"{ONE}/take"
MOST_SETS = 200  # in a list to choose from
UNTIL = {"expires_at": "Until"}
LABELS = {"set_id": "Permission set"} | UNTIL
NOT_CHOSEN = "Choose a permission set."


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, NEW, show_new),
        acts(house, PLACE, NEW, assign, assign_again),
        shows(house, PLACE, ONE, show_end),
        acts(house, PLACE, ONE, change_end, change_end_again),
        shows(house, PLACE, TAKE, show_take),
        acts(house, PLACE, TAKE, take, take_again),
    ]


def show_new(visit: Visit) -> Shown:
    """Which one, and until when. An address may name one, as the page of a set does."""
    user_here = _user(visit)
    named = ids.parse(visit.request.query_params.get("set", ""), Prefix.PERMISSION_SET)
    return _new(visit, user_here, Form(LABELS, {"set_id": ids.long(named) if named else ""}))


def assign(visit: Visit) -> RedirectResponse:
    """Give it."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    set_id = ids.parse(visit.fields.get("set_id", ""), Prefix.PERMISSION_SET)
    if set_id is None:
        raise forms.wrong("set_id", NOT_CHOSEN)
    return _assigned(visit, set_id)


def assign_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _new(visit, _user(visit), form) if form is not None else None


def show_end(visit: Visit) -> Shown:
    """Until when the user holds it."""
    user_here, held = _user(visit), _set(visit)
    assignment = permission_sets.assignment(visit.tx, visit.org.id, user_here.id, held.id)
    if assignment is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    until = forms.moment_typed(assignment.expires_at, visit.moments.zone)
    return _end(visit, user_here, held, Form(UNTIL, {"expires_at": until}))


def change_end(visit: Visit) -> RedirectResponse:
    """Let it be another moment, or none."""
    return _assigned(visit, visit.id_in_path("set_id", Prefix.PERMISSION_SET))


def change_end_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(UNTIL, {}), visit.fields, refused)
    return _end(visit, _user(visit), _set(visit), form) if form is not None else None


def show_take(visit: Visit) -> Shown:
    """What the user loses with it."""
    return _take(visit, Form({}, {}))


def take(visit: Visit) -> RedirectResponse:
    """Take it away."""
    user_id, set_id = visit.id_in_path("user_id", Prefix.USER), visit.id_in_path("set_id", Prefix.PERMISSION_SET)
    unassign_permission_set(visit.tx, visit.actor, UnassignPermissionSet(user_id, set_id, forms.confirmed(visit.fields)))
    return RedirectResponse(users.address_of(user_id, "taken"), SEE_OTHER)


def take_again(visit: Visit, refused: Refused) -> Shown | None:
    """Whom it would shut out of what; or why it cannot be done."""
    form = forms.again(Form({}, {}), visit.fields, refused)
    return _take(visit, form) if form is not None else None


def _assigned(visit: Visit, set_id: str) -> RedirectResponse:
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    user_id = visit.id_in_path("user_id", Prefix.USER)
    until = forms.moment(visit.fields, "expires_at", visit.moments.zone)
    assign_permission_set(visit.tx, visit.actor, AssignPermissionSet(user_id, set_id, until))
    return RedirectResponse(users.address_of(user_id, "assigned"), SEE_OTHER)


def _user(visit: Visit) -> User:
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    return manage_users.found(visit.tx, visit.actor, visit.id_in_path("user_id", Prefix.USER)).user


def _set(visit: Visit) -> PermissionSet:
    found = permission_sets.by_id(visit.tx, visit.org.id, visit.id_in_path("set_id", Prefix.PERMISSION_SET))
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _new(visit: Visit, user_here: User, form: Form) -> Shown:
    held = {each.id for each, _ in permission_sets.of_user(visit.tx, visit.org.id, user_here.id)}
    found = permission_sets.list_page(visit.tx, visit.org.id, after=None, limit=MOST_SETS)
    choices = (("", "Choose one"), *((ids.long(each.id), each.label) for each in found if each.id not in held))
    values = {"form": form, "user_shown": user_here, "choices": choices, "zone": _zone(visit), **_ways(user_here, "/sets/new")}
    return Shown("users/set.html", values, user.crumbs(user_here, "Assign a permission set"), form.status)


def _end(visit: Visit, user_here: User, held: PermissionSet, form: Form) -> Shown:
    ways = _ways(user_here, f"/sets/{ids.long(held.id)}")
    values = {"form": form, "user_shown": user_here, "held": held, "zone": _zone(visit), **ways}
    return Shown("users/set_end.html", values, user.crumbs(user_here, held.label), form.status)


def _take(visit: Visit, form: Form) -> Shown:
    user_here, held = _user(visit), _set(visit)
    ways = _ways(user_here, f"/sets/{ids.long(held.id)}/take")
    values = {"form": form, "user_shown": user_here, "held": held, "rights": rights.told(held.permissions), **ways}
    return Shown("users/set_take.html", values, user.crumbs(user_here, f"Take {held.label}"), form.status)


def _ways(user_here: User, onward: str) -> dict[str, str]:
    address = users.address_of(user_here.id)
    return {"here": f"{address}{onward}", "back": address}


def _zone(visit: Visit) -> str:
    return visit.user.timezone
