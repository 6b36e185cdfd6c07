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
from gatebridge.storage import names, people, profiles
from gatebridge.web.api.users import READS
from gatebridge.web.console import forms, listing, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.listing import Filter
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("users")
NEW = f"{PLACE.path}/new"
MOST_PROFILES = 200  # in a list to choose from
MOST_TO_NARROW = 50  # in the list to narrow by; the page of each profile leads to its users
NO_PROFILE = "Choose a profile."
FROZEN = "frozen"
STATES = (("", "Any"), *((state, state.capitalize()) for state in UserState), (FROZEN, "Frozen"))
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
    return [shows(house, PLACE, PLACE.path, show), shows(house, PLACE, NEW, show_new), acts(house, PLACE, NEW, make, again)]


def show(visit: Visit) -> Shown:
    """The list, oldest first."""
    permit(visit.actor, *READS)
    asked = ids.parse(visit.request.query_params.get("profile", ""), Prefix.PROFILE)
    view = listing.read(visit.request, _filters(visit, asked), PLACE.path)
    state = view.value("state")
    listed = listing.page(
        view,
        lambda after, count: people.list_page(
            visit.tx,
            visit.org.id,
            after=ids.parse(after, Prefix.USER) if after else None,
            limit=count,
            search=view.value("q"),
            profile_id=ids.parse(view.value("profile"), Prefix.PROFILE),
            state=UserState(state) if state and state != FROZEN else None,
            frozen=True if state == FROZEN else None,
        ),
        lambda user: ids.long(user.id),
    )
    found = [each for each in listed.records if isinstance(each, User)]
    named = names.of_holders(visit.tx, visit.org.id, {user.profile_id for user in found})
    lines = [Line(user, address_of(user.id), named.get(user.profile_id, ""), *state_of(user)) for user in found]
    values = {"listed": listing.showing(listed, lines), "may_add": Permission.MANAGE_USERS in visit.actor.permissions}
    return Shown("users/list.html", values, ((PLACE.name, ""),))


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


def _filters(visit: Visit, profile_id: str | None) -> tuple[Filter, ...]:
    return (
        Filter("q", "Find", placeholder="In username, e-mail or name"),
        Filter("state", "State", STATES),
        Filter("profile", "Profile", (("", "Any"), *profile_choices(visit, profile_id or "", MOST_TO_NARROW))),
    )


def _form(visit: Visit, form: Form) -> Shown:
    chosen = ids.parse(form.value("profile_id"), Prefix.PROFILE) or ""
    # Nothing is chosen beforehand: the first profile of every org is the one that gives everything.
    choices = (("", "Choose one"), *profile_choices(visit, chosen))
    values = {"form": form, "here": NEW, "profiles": choices, "invited": INVITED, "at_once": AT_ONCE}
    return Shown("users/new.html", values, ((PLACE.name, PLACE.path), ("New user", "")), form.status)
