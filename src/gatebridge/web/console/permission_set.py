"""One permission set: what it adds, who holds it until when, and which apps it opens; and its forms."""

from dataclasses import dataclass, replace

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Assignment, PermissionSet, User
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.manage_permission_sets import DeletePermissionSet, EditPermissionSet, delete_permission_set, edit_permission_set
from gatebridge.storage import custom_permissions, holders, people, permission_sets
from gatebridge.web.api.permission_sets import READS
from gatebridge.web.console import called, forms, listing, places, rights, users
from gatebridge.web.console import permission_sets as listed_sets
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.permission_sets import EDITED, PLACE
from gatebridge.web.console.profiles import may_edit
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{PLACE.path}/{{set_id}}"
EDIT, DELETE, ASSIGN = f"{PATH}/edit", f"{PATH}/delete", f"{PATH}/assign"
MOST_APPS = 50
SAID = {
    "created": "The permission set is made. Nobody holds it yet.",
    "saved": "Saved, for all who hold it at once.",
    "assigned": "The permission set is assigned.",
    "taken": "The permission set is taken away.",
}
TYPED_NAME = {"typed_name": "Type the label to go on"}
ASSIGNING = {"username": "Username", "expires_at": "Until"}


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds the set."""

    user: User
    address: str
    assignment: Assignment
    in_force: bool
    state: str
    tone: str


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PATH, show),
        shows(house, PLACE, EDIT, show_edit),
        acts(house, PLACE, EDIT, edit, again),
        shows(house, PLACE, DELETE, show_delete),
        acts(house, PLACE, DELETE, delete, delete_again),
        shows(house, PLACE, ASSIGN, show_assign),
        acts(house, PLACE, ASSIGN, assign, assign_again),
    ]


def show(visit: Visit) -> Shown:
    """All there is to it, with those who hold it page by page."""
    held = _found(visit)
    view = listing.read(visit.request, (), listed_sets.address_of(held.id))
    page = listing.page(
        view,
        lambda after, count: permission_sets.holders_page(
            visit.tx, visit.org.id, held.id, after=ids.parse(after, Prefix.USER) if after else None, limit=count
        ),
        lambda each: ids.long(each[0].id),
    )
    found = [_holder(visit, *each) for each in page.records if isinstance(each, tuple)]
    values = {
        "held": held,
        "address": listed_sets.address_of(held.id),
        "said": SAID.get(visit.request.query_params.get("said", ""), ""),
        "rights": rights.told(held.permissions),
        "listed": listing.showing(page, found),
        "number": holders.users_of_sets(visit.tx, visit.org.id, [held.id]).get(held.id, 0),
        "opened": holders.opened_apps(visit.tx, visit.org.id, [held.id], MOST_APPS),
        "custom": custom_permissions.given_by(visit.tx, visit.org.id, held.id),
        "may_edit": may_edit(visit),
        "sees": places.open_to(visit.actor.permissions),
        "myself": visit.user.id,
    }
    return Shown("permission_sets/one.html", values, ((PLACE.name, PLACE.path), (held.label, "")))


def show_edit(visit: Visit) -> Shown:
    """The form, with what stands."""
    held = _edited(visit)
    return _form(visit, held, _standing(held))


def edit(visit: Visit) -> RedirectResponse:
    """Save it, for all who hold it at once."""
    set_id, fields = visit.id_in_path("set_id", Prefix.PERMISSION_SET), visit.fields
    label, description = forms.text(fields, "label"), forms.text(fields, "description")
    command = EditPermissionSet(set_id, forms.version(fields), label, description, rights.read(fields), confirmed=forms.confirmed(fields))
    edit_permission_set(visit.tx, visit.actor, command)
    return RedirectResponse(listed_sets.address_of(set_id, "saved"), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed; where somebody else saved meanwhile, beside what stands now."""
    if not forms.mendable(refused):
        return None
    held = _edited(visit)
    form = forms.again(_standing(held), visit.fields, refused)
    return _form(visit, held, replace(form, beside=forms.worded(form, rights.WORDS))) if form is not None else None


def show_delete(visit: Visit) -> Shown:
    """Who hangs from it; while anybody does, it stays."""
    held = _edited(visit)
    return _delete(visit, held, Form(TYPED_NAME, {}, held.version))


def delete(visit: Visit) -> RedirectResponse:
    """Delete it."""
    held = _edited(visit)
    if forms.text(visit.fields, "typed_name") != held.label:
        raise forms.wrong("typed_name", "This is not the label of the permission set. Type it as it stands above.")
    delete_permission_set(visit.tx, visit.actor, DeletePermissionSet(held.id, forms.version(visit.fields)))
    return RedirectResponse(PLACE.path, SEE_OTHER)


def delete_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed, or with who hangs from it."""
    if not forms.mendable(refused):
        return None
    held = _edited(visit)
    form = forms.again(Form(TYPED_NAME, {}, held.version), visit.fields, refused)
    return _delete(visit, held, form) if form is not None else None


def show_assign(visit: Visit) -> Shown:
    """Whom to give it to, and until when."""
    return _assign(visit, _edited(visit), Form(ASSIGNING, {}))


def assign(visit: Visit) -> RedirectResponse:
    """Give it."""
    held, fields = _edited(visit), visit.fields
    username = forms.text(fields, "username")
    user_id = people.id_of_username(visit.tx, visit.org.id, username)
    until = forms.moment(fields, "expires_at", visit.moments.zone)
    if user_id is None:
        raise forms.wrong("username", called.no_user(visit, username))
    assign_permission_set(visit.tx, visit.actor, AssignPermissionSet(user_id, held.id, until))
    return RedirectResponse(listed_sets.address_of(held.id, "assigned"), SEE_OTHER)


def assign_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    if not forms.mendable(refused):
        return None
    held = _edited(visit)
    form = forms.again(Form(ASSIGNING, {}), visit.fields, refused)
    return _assign(visit, held, form) if form is not None else None


def _found(visit: Visit) -> PermissionSet:
    permit(visit.actor, *READS)
    found = permission_sets.by_id(visit.tx, visit.org.id, visit.id_in_path("set_id", Prefix.PERMISSION_SET))
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _edited(visit: Visit) -> PermissionSet:
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    return _found(visit)


def _holder(visit: Visit, user: User, assignment: Assignment) -> Holder:
    return Holder(user, users.address_of(user.id), assignment, assignment.holds(visit.tx.now), *users.state_of(user))


def _standing(held: PermissionSet) -> Form:
    values = {"label": held.label, "description": held.description, **rights.values(held.permissions)}
    return Form(EDITED, values, held.version)


def _crumbs(held: PermissionSet, page: str) -> tuple[tuple[str, str], ...]:
    return (PLACE.name, PLACE.path), (held.label, listed_sets.address_of(held.id)), (page, "")


def _ways(held: PermissionSet, page: str) -> dict[str, str]:
    address = listed_sets.address_of(held.id)
    return {"here": f"{address}/{page}", "back": address}


def _form(visit: Visit, held: PermissionSet, form: Form) -> Shown:
    groups = rights.boxes(visit.actor, _standing(held).values, form.values)
    values = {"form": form, "groups": groups, "name": held.label, "save": "Save", **_ways(held, "edit")}
    return Shown("permission_sets/form.html", values, _crumbs(held, "Edit"), form.status)


def _delete(visit: Visit, held: PermissionSet, form: Form) -> Shown:
    ways = _ways(held, "delete")
    values = {
        "form": form,
        "name": held.label,
        "what": "permission set",
        "held": holders.of_permission_set(visit.tx, visit.org.id, held.id),
        "users_address": ways["back"],
    }
    return Shown("holder_delete.html", values | ways, _crumbs(held, "Delete"), form.status)


def _assign(visit: Visit, held: PermissionSet, form: Form) -> Shown:
    values = {"form": form, "held": held, "rights": rights.told(held.permissions), "zone": visit.user.timezone, **_ways(held, "assign")}
    return Shown("permission_sets/assign.html", values, _crumbs(held, "Assign"), form.status)
