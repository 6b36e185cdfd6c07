"""Custom permissions: rights that the org names for its own applications; and a new one."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import CustomPermission
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup.manage_custom_permissions import CreateCustomPermission, create_custom_permission
from gatebridge.storage import custom_permissions
from gatebridge.storage.custom_permissions import CustomPermissionOrder
from gatebridge.web.api.custom_permissions import READS
from gatebridge.web.console import exports, forms, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.forms import Form
from gatebridge.web.console.listing import Filter, Sort, View
from gatebridge.web.console.profiles import may_edit
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("custom-permissions")
NEW = f"{PLACE.path}/new"
FILTERS = (Filter("q", "Find", placeholder="In label or API name"),)
SORTS = (Sort(CustomPermissionOrder.NAME, "Custom permission"), Sort(CustomPermissionOrder.AGE, "Since", "time"))
EDITED = {"label": "Label", "description": "Description"}
LABELS = {"label": "Label", "api_name": "API name", "description": "Description"}


@dataclass(frozen=True, slots=True)
class Line:
    """One custom permission of the list, and how many profiles and permission sets give it."""

    permission: CustomPermission
    address: str
    givers: int


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        exports.route(house, LIST),
        shows(house, PLACE, NEW, show_new),
        acts(house, PLACE, NEW, make, again),
    ]


def show(visit: Visit) -> Shown:
    """The list."""
    values = {"listed": LIST.page(visit, LIST.view(visit)), "may_add": may_edit(visit)}
    return Shown("custom_permissions/list.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> list[Line]:
    """The custom permissions behind a position, in the order of the view. Raises Refused."""
    permit(visit.actor, *READS)
    found = custom_permissions.list_page(
        visit.tx,
        visit.org.id,
        after=ids.parse(after, Prefix.CUSTOM_PERMISSION) if after else None,
        limit=count,
        search=view.value("q"),
        by=CustomPermissionOrder(view.sort),
        descending=view.descending,
    )
    given = custom_permissions.givers_of(visit.tx, visit.org.id, [each.id for each in found])
    return [Line(each, address_of(each.id), given.get(each.id, 0)) for each in found]


def show_new(visit: Visit) -> Shown:
    """The form for a new custom permission."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    return _form(Form(LABELS, {}))


def make(visit: Visit) -> RedirectResponse:
    """Make it; nothing gives it yet."""
    label, api_name, description = (forms.text(visit.fields, name) for name in LABELS)
    made = create_custom_permission(visit.tx, visit.actor, CreateCustomPermission(label, api_name, description))
    return RedirectResponse(address_of(made.id, "created"), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _form(form) if form is not None else None


def address_of(permission_id: str, said: str = "") -> str:
    """The page of a custom permission, and what it is to say on arrival."""
    return f"{PLACE.path}/{ids.long(permission_id)}{f'?said={said}' if said else ''}"


def _form(form: Form) -> Shown:
    values = {"form": form, "here": NEW, "back": PLACE.path, "name": "", "save": "Make the custom permission"}
    return Shown("custom_permissions/form.html", values, ((PLACE.name, PLACE.path), ("New custom permission", "")), form.status)


COLUMNS: tuple[Column[Line], ...] = (
    Column("custom_permission", lambda line: line.permission.label),
    Column("api_name", lambda line: line.permission.api_name),
    Column("description", lambda line: line.permission.description),
    Column("given_by", lambda line: line.givers),
    Column("created_at", lambda line: line.permission.created_at),
    Column("id", lambda line: ids.long(line.permission.id)),
)
LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, lambda line: ids.long(line.permission.id))
