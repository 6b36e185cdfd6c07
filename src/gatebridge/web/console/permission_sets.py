"""Permission sets: rights that are added to a user's profile, one set at a time; and a new one."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import PermissionSet
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup.manage_permission_sets import CreatePermissionSet, create_permission_set
from gatebridge.storage import holders, permission_sets
from gatebridge.storage.permission_sets import SetOrder
from gatebridge.web.api.permission_sets import READS
from gatebridge.web.console import exports, forms, places, rights
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.forms import Form
from gatebridge.web.console.listing import Filter, Sort, View
from gatebridge.web.console.profiles import may_edit
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("permission-sets")
NEW = f"{PLACE.path}/new"
FILTERS = (Filter("q", "Find", placeholder="In label or API name"),)
SORTS = (Sort(SetOrder.NAME, "Permission set"), Sort(SetOrder.USERS, "Users", "number"), Sort(SetOrder.AGE, "Since", "time"))
EDITED = {"label": "Label", "description": "Description", **rights.LABELS}
LABELS = {"label": "Label", "api_name": "API name"} | EDITED


@dataclass(frozen=True, slots=True)
class Line:
    """One permission set of the list."""

    set: PermissionSet
    address: str
    gives: str
    users: int


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
    return Shown("permission_sets/list.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> list[Line]:
    """The permission sets behind a position, in the order of the view. Raises Refused."""
    permit(visit.actor, *READS)
    found = permission_sets.list_page(
        visit.tx,
        visit.org.id,
        after=ids.parse(after, Prefix.PERMISSION_SET) if after else None,
        limit=count,
        search=view.value("q"),
        by=SetOrder(view.sort),
        descending=view.descending,
    )
    held = holders.users_of_sets(visit.tx, visit.org.id, [each.id for each in found])
    return [Line(each, address_of(each.id), rights.summed(each.permissions), held.get(each.id, 0)) for each in found]


def show_new(visit: Visit) -> Shown:
    """The form for a new permission set."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    return _form(visit, Form(LABELS, {}))


def make(visit: Visit) -> RedirectResponse:
    """Make it; nobody holds it yet."""
    fields = visit.fields
    label, api_name, description = (forms.text(fields, name) for name in ("label", "api_name", "description"))
    made = create_permission_set(visit.tx, visit.actor, CreatePermissionSet(label, api_name, description, rights.read(fields)))
    return RedirectResponse(address_of(made.id, "created"), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _form(visit, form) if form is not None else None


def address_of(set_id: str, said: str = "") -> str:
    """The page of a permission set, and what it is to say on arrival."""
    return f"{PLACE.path}/{ids.long(set_id)}{f'?said={said}' if said else ''}"


def _form(visit: Visit, form: Form) -> Shown:
    values = {
        "form": form,
        "groups": rights.boxes(visit.actor, {}, form.values),
        "here": NEW,
        "back": PLACE.path,
        "name": "",
        "save": "Make the permission set",
    }
    return Shown("permission_sets/form.html", values, ((PLACE.name, PLACE.path), ("New permission set", "")), form.status)


COLUMNS: tuple[Column[Line], ...] = (
    Column("permission_set", lambda line: line.set.label),
    Column("api_name", lambda line: line.set.api_name),
    Column("description", lambda line: line.set.description),
    Column("rights", lambda line: sorted(line.set.permissions)),
    Column("users", lambda line: line.users),
    Column("created_at", lambda line: line.set.created_at),
    Column("id", lambda line: ids.long(line.set.id)),
)
LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, lambda line: ids.long(line.set.id))
