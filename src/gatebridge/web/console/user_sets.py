"""Which permission sets a user holds: giving one, for good or until a moment, and taking it away."""

from datetime import datetime

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Assignment, PermissionSet, User
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
from gatebridge.web.api.users import READS
from gatebridge.web.console import forms, questions, rights, user, users
from gatebridge.web.console import permission_sets as set_pages
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
HELD = "The user holds this one already. Until when is changed on the page of the user."
FOR_GOOD = "for good"


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
    if permission_sets.assignment(visit.tx, visit.org.id, _user(visit).id, set_id) is not None:
        raise forms.wrong("set_id", HELD)
    return _assigned(visit, set_id, forms.moment(visit.fields, "expires_at", visit.moments.zone))


def assign_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _new(visit, _user(visit), form) if form is not None else None


def show_end(visit: Visit) -> Shown:
    """Until when the user holds it."""
    user_here, held = _user(visit), _set(visit)
    assignment = _assignment(visit, user_here, held)
    if assignment is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return _end(visit, user_here, held, _standing(visit, assignment), _stood(assignment))


def change_end(visit: Visit) -> RedirectResponse:
    """Let it be another moment, or none. What was taken away meanwhile is not given anew, and no other end is written over unseen."""
    user_here, held = _user(visit), _set(visit)
    assignment = _assignment(visit, user_here, held)
    if assignment is None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail=f"{user_here.name} does not hold {held.label} any more.")
    if visit.fields.get("stood") != _stood(assignment):
        raise Refused(setup_reasons.VERSION_STALE)
    return _assigned(visit, held.id, questions.moment(visit, "expires_at", assignment.expires_at))


def change_end_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed; where somebody else changed the end meanwhile, beside what stands now."""
    if not forms.mendable(refused):
        return None
    user_here, held = _user(visit), _set(visit)
    assignment = _assignment(visit, user_here, held)
    form = forms.again(_standing(visit, assignment), visit.fields, refused) if assignment is not None else None
    if assignment is None or form is None:
        return None
    stale = refused.reason is setup_reasons.VERSION_STALE
    return _end(visit, user_here, held, form, _stood(assignment) if stale else visit.fields.get("stood", ""))


def show_take(visit: Visit) -> Shown:
    """What the user loses with it."""
    return _take(visit, Form({}, {}))


def take(visit: Visit) -> RedirectResponse:
    """Take it away."""
    user_id, set_id = visit.id_in_path("user_id", Prefix.USER), visit.id_in_path("set_id", Prefix.PERMISSION_SET)
    unassign_permission_set(visit.tx, visit.actor, UnassignPermissionSet(user_id, set_id, forms.confirmed(visit.fields)))
    return RedirectResponse(_onward(visit, user_id, set_id, "taken"), SEE_OTHER)


def take_again(visit: Visit, refused: Refused) -> Shown | None:
    """Whom it would shut out of what; or why it cannot be done."""
    form = forms.again(Form({}, {}), visit.fields, refused)
    return _take(visit, form) if form is not None else None


def _assigned(visit: Visit, set_id: str, until: datetime | None) -> RedirectResponse:
    user_id = visit.id_in_path("user_id", Prefix.USER)
    assign_permission_set(visit.tx, visit.actor, AssignPermissionSet(user_id, set_id, until))
    return RedirectResponse(_onward(visit, user_id, set_id, "assigned"), SEE_OTHER)


def _onward(visit: Visit, user_id: str, set_id: str, said: str = "") -> str:
    """The page of the user; of the set for who may not see users."""
    sees = visit.actor.permissions.intersection(READS)
    return users.address_of(user_id, said) if sees else set_pages.address_of(set_id, said)


def _assignment(visit: Visit, user_here: User, held: PermissionSet) -> Assignment | None:
    return permission_sets.assignment(visit.tx, visit.org.id, user_here.id, held.id)


def _standing(visit: Visit, assignment: Assignment) -> Form:
    return Form(UNTIL, {"expires_at": forms.moment_typed(assignment.expires_at, visit.moments.zone)})


def _stood(assignment: Assignment) -> str:
    """The end on which a form was begun. An assignment has no version: its end is all that there is to it."""
    return assignment.expires_at.isoformat() if assignment.expires_at is not None else FOR_GOOD


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
    address = users.address_of(user_here.id)
    ways = {"here": f"{address}/sets/new", "back": address}
    values = {"form": form, "user_shown": user_here, "choices": choices, "zone": _zone(visit), **ways}
    return Shown("users/set.html", values, user.crumbs(user_here, "Assign a permission set"), form.status)


def _end(visit: Visit, user_here: User, held: PermissionSet, form: Form, stood: str) -> Shown:
    values = {"form": form, "user_shown": user_here, "held": held, "stood": stood, "zone": _zone(visit), **_ways(visit, user_here, held)}
    return Shown("users/set_end.html", values, _crumbs(visit, user_here, held, held.label), form.status)


def _take(visit: Visit, form: Form) -> Shown:
    user_here, held = _user(visit), _set(visit)
    ways = _ways(visit, user_here, held, "/take")
    values = {"form": form, "user_shown": user_here, "held": held, "rights": rights.told(held.permissions), **ways}
    return Shown("users/set_take.html", values, _crumbs(visit, user_here, held, f"Take {held.label}"), form.status)


def _ways(visit: Visit, user_here: User, held: PermissionSet, page: str = "") -> dict[str, str]:
    here = f"{users.address_of(user_here.id)}/sets/{ids.long(held.id)}{page}"
    return {"here": here, "back": _onward(visit, user_here.id, held.id)}


def _crumbs(visit: Visit, user_here: User, held: PermissionSet, page: str) -> tuple[tuple[str, str], ...]:
    """The way over the user; over the set for who may not see users."""
    if visit.actor.permissions.intersection(READS):
        return user.crumbs(user_here, page)
    return (set_pages.PLACE.name, set_pages.PLACE.path), (held.label, set_pages.address_of(held.id)), (user_here.name, "")


def _zone(visit: Visit) -> str:
    return visit.user.timezone
