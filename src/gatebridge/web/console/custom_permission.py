"""One custom permission: which profiles and permission sets give it; and its forms."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import CustomPermission
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_custom_permissions import (
    AssignCustomPermission,
    DeleteCustomPermission,
    EditCustomPermission,
    UnassignCustomPermission,
    assign_custom_permission,
    delete_custom_permission,
    edit_custom_permission,
    unassign_custom_permission,
)
from gatebridge.storage import custom_permissions, names, permission_sets, profiles
from gatebridge.web.api.custom_permissions import READS
from gatebridge.web.console import custom_permissions as listed
from gatebridge.web.console import forms
from gatebridge.web.console import permission_sets as set_pages
from gatebridge.web.console import profiles as profile_pages
from gatebridge.web.console.custom_permissions import EDITED, PLACE
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.profiles import may_edit
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{PLACE.path}/{{permission_id}}"
EDIT, DELETE, GIVE = f"{PATH}/edit", f"{PATH}/delete", f"{PATH}/give"
TAKE = f"{PATH}/givers/{{holder_id}}/take"
MOST = 200  # of each kind, in a list to choose from
SAID = {
    "created": "The custom permission is made. Nothing gives it yet.",
    "saved": "Saved.",
    "given": "Whoever holds it is told so to apps, from their next question on.",
    "taken": "It is given there no more; apps are told so from their next question on.",
}
TYPED_NAME = {"typed_name": "Type the label to go on"}
GIVING = {"holder_id": "Profile or permission set"}
NOT_CHOSEN = "Choose a profile or a permission set."


@dataclass(frozen=True, slots=True)
class Giver:
    """A profile or permission set that gives it."""

    id: str
    kind: str
    name: str
    address: str


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PATH, show),
        shows(house, PLACE, EDIT, show_edit),
        acts(house, PLACE, EDIT, edit, again),
        shows(house, PLACE, DELETE, show_delete),
        acts(house, PLACE, DELETE, delete, delete_again),
        shows(house, PLACE, GIVE, show_give),
        acts(house, PLACE, GIVE, give, give_again),
        acts(house, PLACE, TAKE, take),
    ]


def show(visit: Visit) -> Shown:
    """All there is to it."""
    found = _found(visit)
    values = {
        "permission": found,
        "address": listed.address_of(found.id),
        "said": SAID.get(visit.request.query_params.get("said", ""), ""),
        "givers": _givers(visit, found),
        "may_edit": may_edit(visit),
    }
    return Shown("custom_permissions/one.html", values, ((PLACE.name, PLACE.path), (found.label, "")))


def show_edit(visit: Visit) -> Shown:
    """The form, with what stands."""
    found = _edited(visit)
    return _form(found, _standing(found))


def edit(visit: Visit) -> RedirectResponse:
    """Save how it is called for people."""
    permission_id, fields = _id(visit), visit.fields
    label, description = (forms.text(fields, name) for name in EDITED)
    edit_custom_permission(visit.tx, visit.actor, EditCustomPermission(permission_id, forms.version(fields), label, description))
    return RedirectResponse(listed.address_of(permission_id, "saved"), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed; where somebody else saved meanwhile, beside what stands now."""
    if not forms.mendable(refused):
        return None
    found = _edited(visit)
    form = forms.again(_standing(found), visit.fields, refused)
    return _form(found, form) if form is not None else None


def show_delete(visit: Visit) -> Shown:
    """What gives it; while anything does, it stays."""
    found = _edited(visit)
    return _delete(visit, found, Form(TYPED_NAME, {}, found.version))


def delete(visit: Visit) -> RedirectResponse:
    """Delete it."""
    found = _edited(visit)
    if forms.text(visit.fields, "typed_name") != found.label:
        raise forms.wrong("typed_name", "This is not the label of the custom permission. Type it as it stands above.")
    delete_custom_permission(visit.tx, visit.actor, DeleteCustomPermission(found.id, forms.version(visit.fields)))
    return RedirectResponse(PLACE.path, SEE_OTHER)


def delete_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed, or with what gives it."""
    if not forms.mendable(refused):
        return None
    found = _edited(visit)
    form = forms.again(Form(TYPED_NAME, {}, found.version), visit.fields, refused)
    return _delete(visit, found, form) if form is not None else None


def show_give(visit: Visit) -> Shown:
    """What is to give it."""
    return _give(visit, _edited(visit), Form(GIVING, {}))


def give(visit: Visit) -> RedirectResponse:
    """Let a profile or permission set give it."""
    permission_id, said = _edited(visit).id, visit.fields.get("holder_id", "")
    holder_id = ids.parse(said, Prefix.PROFILE) or ids.parse(said, Prefix.PERMISSION_SET)
    if holder_id is None:
        raise forms.wrong("holder_id", NOT_CHOSEN)
    assign_custom_permission(visit.tx, visit.actor, AssignCustomPermission(permission_id, holder_id))
    return RedirectResponse(listed.address_of(permission_id, "given"), SEE_OTHER)


def give_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was chosen."""
    if not forms.mendable(refused):
        return None
    found = _edited(visit)
    form = forms.again(Form(GIVING, {}), visit.fields, refused)
    return _give(visit, found, form) if form is not None else None


def take(visit: Visit) -> RedirectResponse:
    """Let it be given there no more."""
    permission_id, said = _id(visit), str(visit.request.path_params["holder_id"])
    holder_id = ids.parse(said, Prefix.PROFILE) or ids.parse(said, Prefix.PERMISSION_SET)
    if holder_id is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    unassign_custom_permission(visit.tx, visit.actor, UnassignCustomPermission(permission_id, holder_id))
    return RedirectResponse(listed.address_of(permission_id, "taken"), SEE_OTHER)


def _id(visit: Visit) -> str:
    return visit.id_in_path("permission_id", Prefix.CUSTOM_PERMISSION)


def _found(visit: Visit) -> CustomPermission:
    permit(visit.actor, *READS)
    found = custom_permissions.by_id(visit.tx, visit.org.id, _id(visit))
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _edited(visit: Visit) -> CustomPermission:
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    return _found(visit)


def _givers(visit: Visit, found: CustomPermission) -> list[Giver]:
    holder_ids = custom_permissions.holders_of(visit.tx, visit.org.id, found.id)
    named = names.of_holders(visit.tx, visit.org.id, holder_ids)
    return [
        Giver(each, "Profile", named.get(each, ""), profile_pages.address_of(each))
        if each.startswith(Prefix.PROFILE)
        else Giver(each, "Permission set", named.get(each, ""), set_pages.address_of(each))
        for each in holder_ids
    ]


def _standing(found: CustomPermission) -> Form:
    return Form(EDITED, {"label": found.label, "description": found.description}, found.version)


def _crumbs(found: CustomPermission, page: str) -> tuple[tuple[str, str], ...]:
    return (PLACE.name, PLACE.path), (found.label, listed.address_of(found.id)), (page, "")


def _ways(found: CustomPermission, page: str) -> dict[str, str]:
    address = listed.address_of(found.id)
    return {"here": f"{address}/{page}", "back": address}


def _form(found: CustomPermission, form: Form) -> Shown:
    values = {"form": form, "name": found.label, "save": "Save", **_ways(found, "edit")}
    return Shown("custom_permissions/form.html", values, _crumbs(found, "Edit"), form.status)


def _delete(visit: Visit, found: CustomPermission, form: Form) -> Shown:
    values = {"form": form, "permission": found, "givers": _givers(visit, found), **_ways(found, "delete")}
    return Shown("custom_permissions/delete.html", values, _crumbs(found, "Delete"), form.status)


def _give(visit: Visit, found: CustomPermission, form: Form) -> Shown:
    given = {each.id for each in _givers(visit, found)}
    of_profiles = profiles.list_page(visit.tx, visit.org.id, after=None, limit=MOST)
    of_sets = permission_sets.list_page(visit.tx, visit.org.id, after=None, limit=MOST)
    choices = [("", "Choose one")]
    choices += [(ids.long(each.id), f"{each.name} (profile)") for each in of_profiles if each.id not in given]
    choices += [(ids.long(each.id), f"{each.label} (permission set)") for each in of_sets if each.id not in given]
    values = {"form": form, "permission": found, "choices": choices, **_ways(found, "give")}
    return Shown("custom_permissions/give.html", values, _crumbs(found, "Give"), form.status)
