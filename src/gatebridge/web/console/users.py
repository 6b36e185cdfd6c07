"""Users: everybody in the org, people and service users; and a new one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup.invite_users import InviteUser, invite_user
from gatebridge.setup.manage_users import CreateUser, create_user
from gatebridge.storage import listed_users, names, profiles
from gatebridge.storage.listed_users import UserOrder
from gatebridge.web.api.users import READS
from gatebridge.web.console import exports, forms, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.exports import Column
from gatebridge.web.console.forms import Form
from gatebridge.web.console.listing import Filter, Sort, View
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("users")
NEW = f"{PLACE.path}/new"
MOST_PROFILES = 200  # in a list to choose from
MOST_TO_NARROW = 50  # in the list to narrow by; the page of each profile leads to its users
NO_PROFILE = "Choose a profile."
FROZEN, WITHOUT = "frozen", "without-factor"
STATES = (("", "Any"), *((state, state.capitalize()) for state in UserState), (FROZEN, "Frozen"), (WITHOUT, "Without a second factor"))
FILTERS = (Filter("q", "Find", placeholder="In username, e-mail or name"), Filter("state", "State", STATES))
SORTS = (Sort(UserOrder.NAME, "Name"), Sort(UserOrder.AGE, "Since", "time"))
INVITED, AT_ONCE = "invite", "active"
WHO = {
    "username": "Username",
    "email": "E-mail",
    "first_name": "First name",
    "last_name": "Last name",
    "profile_id": "Profile",
    "external_id": "External id",
}
LABELS = {"how": "How it begins"} | WHO


@dataclass(frozen=True, slots=True)
class Line:
    """One user of the list."""

    user: User
    address: str
    profile: str
    state: str
    tone: str


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        exports.route(house, LIST),
        shows(house, PLACE, NEW, show_new),
        acts(house, PLACE, NEW, make, again),
    ]


def show(visit: Visit) -> Shown:
    """The list."""
    values = {"listed": LIST.page(visit, LIST.view(visit)), "may_add": Permission.MANAGE_USERS in visit.actor.permissions}
    return Shown("users/list.html", values, ((PLACE.name, ""),))


def rows(visit: Visit, view: View, after: str, count: int) -> list[Line]:
    """The users behind a position, in the order of the view. Raises Refused."""
    permit(visit.actor, *READS)
    state = view.value("state")
    found = listed_users.list_page(
        visit.tx,
        visit.org.id,
        after=ids.parse(after, Prefix.USER) if after else None,
        limit=count,
        search=view.value("q"),
        profile_id=ids.parse(view.value("profile"), Prefix.PROFILE),
        state=UserState(state) if state and state not in (FROZEN, WITHOUT) else None,
        frozen=True if state == FROZEN else None,
        without_factor=state == WITHOUT,
        by=UserOrder(view.sort),
        descending=view.descending,
    )
    named = names.of_holders(visit.tx, visit.org.id, {user.profile_id for user in found})
    return [Line(user, address_of(user.id), named.get(user.profile_id, ""), *state_of(user)) for user in found]


def show_new(visit: Visit) -> Shown:
    """The form for a new user."""
    permit(visit.actor, Permission.MANAGE_USERS)
    return _form(visit, Form(LABELS, {"how": INVITED}))


def make(visit: Visit) -> RedirectResponse:
    """Invite the person, or make a user who is active at once."""
    fields = visit.fields
    said = typed(fields)
    if fields.get("how") == AT_ONCE:
        return RedirectResponse(address_of(create_user(visit.tx, visit.actor, CreateUser(**said)).id, "created"), SEE_OTHER)
    return RedirectResponse(address_of(invite_user(visit.tx, visit.actor, InviteUser(**said)).user.id, "invited"), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    if form is not None and form.problem("profile_id") and not form.value("profile_id"):
        form = replace(form, problems={**form.problems, "profile_id": NO_PROFILE})
    return _form(visit, form) if form is not None else None


def typed(fields: Mapping[str, str]) -> dict[str, str]:
    """Who a user is, as it was typed, by the names of the verbs."""
    said = {name: forms.text(fields, name) for name in WHO}
    external = {"external_id": said.pop("external_id")}
    said["profile_id"] = ids.parse(said["profile_id"], Prefix.PROFILE) or ""
    return said | {name: value for name, value in external.items() if value}


def profile_choices(visit: Visit, chosen: str = "", limit: int = MOST_PROFILES) -> tuple[tuple[str, str], ...]:
    """The profiles to choose from; the chosen one is among them, however many there are."""
    found = profiles.list_page(visit.tx, visit.org.id, after=None, limit=limit)
    more = () if not chosen or any(each.id == chosen for each in found) else (profiles.by_id(visit.tx, visit.org.id, chosen),)
    return tuple((ids.long(each.id), each.name) for each in (*found, *more) if each is not None)


def state_of(user: User) -> tuple[str, str]:
    """How a user stands, in a word, with its tone. Being frozen counts before all else."""
    if user.frozen:
        return "Frozen", "bad"
    return user.state.capitalize(), {UserState.ACTIVE: "good", UserState.INVITED: "info", UserState.DEACTIVATED: ""}[user.state]


def address_of(user_id: str, said: str = "") -> str:
    """The page of a user, and what it is to say on arrival."""
    return f"{PLACE.path}/{ids.long(user_id)}{'?' + urlencode({'said': said}) if said else ''}"


def of_profile(profile_id: str) -> str:
    """The list of those who have a profile."""
    return f"{PLACE.path}?{urlencode({'profile': ids.long(profile_id)})}"


def _profiles_to_narrow_by(visit: Visit) -> tuple[Filter, ...]:
    permit(visit.actor, *READS)
    asked = ids.parse(visit.request.query_params.get("profile", ""), Prefix.PROFILE) or ""
    return (Filter("profile", "Profile", (("", "Any"), *profile_choices(visit, asked, MOST_TO_NARROW))),)


def _form(visit: Visit, form: Form) -> Shown:
    chosen = ids.parse(form.value("profile_id"), Prefix.PROFILE) or ""
    # Nothing is chosen beforehand: the first profile of every org is the one that gives everything.
    choices = (("", "Choose one"), *profile_choices(visit, chosen))
    values = {"form": form, "here": NEW, "profiles": choices, "invited": INVITED, "at_once": AT_ONCE}
    return Shown("users/new.html", values, ((PLACE.name, PLACE.path), ("New user", "")), form.status)


COLUMNS: tuple[Column[Line], ...] = (
    Column("username", lambda line: line.user.username),
    Column("name", lambda line: line.user.name),
    Column("first_name", lambda line: line.user.first_name),
    Column("last_name", lambda line: line.user.last_name),
    Column("email", lambda line: line.user.email),
    Column("email_verified_at", lambda line: line.user.email_verified_at),
    Column("state", lambda line: line.user.state),
    Column("frozen", lambda line: line.user.frozen),
    Column("profile", lambda line: line.profile),
    Column("external_id", lambda line: line.user.external_id),
    Column("created_at", lambda line: line.user.created_at),
    Column("password_changed_at", lambda line: line.user.password_changed_at),
    Column("id", lambda line: ids.long(line.user.id)),
)
LIST = exports.List(PLACE, FILTERS, SORTS, COLUMNS, rows, lambda line: ids.long(line.user.id), more_filters=_profiles_to_narrow_by)
