"""One user: who it is, what it may do and through what, where it is signed in, and what apps have of it; and the form to change it."""

from dataclasses import dataclass, replace
from datetime import datetime

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.monitoring.live_sessions import SEES_SESSIONS, live_sessions
from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules import ids, lockouts
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Assignment, PermissionSet, Standing, User, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup import manage_users
from gatebridge.setup.invite_users import InviteAgain, invite_again
from gatebridge.setup.manage_factors import factors_of_user
from gatebridge.setup.manage_users import EditUser, edit_user
from gatebridge.setup.my_apps import apps_of_user
from gatebridge.storage import custom_permissions, holders, limited_acts, listed_apps
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web import told
from gatebridge.web.api import app_reading
from gatebridge.web.api.users import READS
from gatebridge.web.console import forms, places, rights, users
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.rights import Right
from gatebridge.web.console.users import PLACE, WHO
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{PLACE.path}/{{user_id}}"
EDIT, INVITE = f"{PATH}/edit", f"{PATH}/invite"
FEW = 10
MOST_APPS = 25
LABELS = WHO | {"timezone": "Time zone"}
SEES_APPS = frozenset({Permission.VIEW_OAUTH_USAGE, Permission.MANAGE_USERS})
SAID = {
    "created": "The user is there, and active at once.",
    "invited": "The user is there. A mail with a link for choosing a password is on its way; the link works once, for 7 days.",
    "invited-again": "A new link is on its way by mail. Earlier ones work no more.",
    "saved": "Saved.",
    "freeze": "The user is frozen: every session is ended, and nothing new is let in.",
    "unfreeze": "The user may go on.",
    "deactivate": "The user is deactivated, and everything that was obtained so far is ended.",
    "activate": "The user is active again, with the rights it had.",
    "end": "Every session of the user is ended.",
    "password-link": "A link for choosing a new password is on its way by mail. It works once, within an hour.",
    "remove-factors": "The second factors are gone. A mail tells the user.",
    "assigned": "The permission set is assigned.",
    "taken": "The permission set is taken away.",
}


@dataclass(frozen=True, slots=True)
class HeldRight:
    """One right that a user has now, and what gives it."""

    right: Right
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldSet:
    """One permission set of a user."""

    held: PermissionSet
    ends_at: datetime | None
    in_force: bool
    gives: str


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PATH, show),
        shows(house, PLACE, EDIT, show_edit),
        acts(house, PLACE, EDIT, edit, again),
        acts(house, PLACE, INVITE, invite),
    ]


def show(visit: Visit) -> Shown:
    """All there is to know; each part for whoever may see it on its own page."""
    standing = found(visit)
    user, may, now = standing.user, visit.actor.permissions, visit.tx.now
    state, tone = users.state_of(user)
    in_force = [standing.profile.id, *(held.id for held, assignment in standing.sets if assignment.holds(now))]
    values = {
        "user_shown": user,
        "profile": standing.profile,
        "state": state,
        "tone": tone,
        "address": users.address_of(user.id),
        "locked_until": _locked_until(visit, user),
        "said": SAID.get(visit.request.query_params.get("said", ""), ""),
        "sets": [_held(held, assignment, now) for held, assignment in standing.sets],
        "rights": _rights(standing, now),
        "custom": custom_permissions.names_for(visit.tx, visit.org.id, in_force),
        "opened": holders.opened_apps(visit.tx, visit.org.id, in_force, FEW),
        "owned": owned_by(visit, user),
        "sessions": live_sessions(visit.tx, visit.actor, after=None, limit=FEW, user_id=user.id) if may & {*SEES_SESSIONS} else None,
        "apps": apps_of_user(visit.tx, visit.actor, user.id) if may & SEES_APPS else None,
        "most_apps": MOST_APPS,
        "factors": factors_of_user(visit.tx, visit.actor, user.id) if Permission.MANAGE_USERS in may else None,
        "told": told,
        "ends_apps": Permission.MANAGE_CONNECTED_APPS in may,
        "manages": Permission.MANAGE_USERS in may,
        "assigns": Permission.MANAGE_PROFILES_AND_PERMISSION_SETS in may and user.id != visit.user.id,
        "sees": places.open_to(may),
        "myself": user.id == visit.user.id,
    }
    return Shown("users/one.html", values, ((PLACE.name, PLACE.path), (user.name, "")))


def show_edit(visit: Visit) -> Shown:
    """The form, with what stands."""
    permit(visit.actor, Permission.MANAGE_USERS)
    signed_in_lately(visit.tx, visit.actor)  # asked before anything is typed, not once it would be lost
    user = found(visit).user
    return _form(visit, user, _standing(user))


def edit(visit: Visit) -> RedirectResponse:
    """Save it."""
    user_id = visit.id_in_path("user_id", Prefix.USER)
    said: dict[str, str | None] = {"external_id": None, **users.typed(visit.fields), "timezone": forms.text(visit.fields, "timezone")}
    command = EditUser(user_id, forms.version(visit.fields), confirmed=forms.confirmed(visit.fields), **said)  # type: ignore[arg-type]
    edit_user(visit.tx, visit.actor, command)
    return RedirectResponse(users.address_of(user_id, "saved"), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed; where somebody else saved meanwhile, beside what stands now."""
    if not forms.mendable(refused):
        return None
    user = found(visit).user
    form = forms.again(_standing(user), visit.fields, refused)
    if form is None:
        return None
    named = {WHO["profile_id"]: dict(users.profile_choices(visit, user.profile_id))}
    return _form(visit, user, replace(form, beside=forms.worded(form, named, ours=False)))


def invite(visit: Visit) -> RedirectResponse:
    """Send a new link to who has not accepted."""
    made = invite_again(visit.tx, visit.actor, InviteAgain(visit.id_in_path("user_id", Prefix.USER)))
    return RedirectResponse(users.address_of(made.user.id, "invited-again"), SEE_OTHER)


def found(visit: Visit) -> Standing:
    """The user in the address, for whoever may see users. Raises Refused."""
    permit(visit.actor, *READS)
    return manage_users.found(visit.tx, visit.actor, visit.id_in_path("user_id", Prefix.USER))


def owned_by(visit: Visit, user: User) -> list[ListedApp]:
    """The first apps for which a user answers, alone or with somebody else, and one more than is shown; for who may see all apps."""
    if not visit.actor.permissions & app_reading.SEES_ALL:
        return []
    found = listed_apps.list_page(visit.tx, visit.org.id, owner_id=user.id, limit=FEW + 1)
    return [each for each in found if each.app.deleted_at is None]


def crumbs(user: User, page: str) -> tuple[tuple[str, str], ...]:
    """The way to a page of a user."""
    return (PLACE.name, PLACE.path), (user.name, users.address_of(user.id)), (page, "")


def _locked_until(visit: Visit, user: User) -> datetime | None:
    """Until when nobody signs in under the name, because of wrong passwords; None: it is not locked."""
    counted = limited_acts.of(visit.tx, visit.org.id, "user", lockouts.canonical(user.username))
    return counted.locked_until if counted is not None and counted.locks(visit.tx.now) else None


def _held(held: PermissionSet, assignment: Assignment, now: datetime) -> HeldSet:
    return HeldSet(held, assignment.expires_at, assignment.holds(now), rights.summed(held.permissions))


def _rights(standing: Standing, now: datetime) -> list[HeldRight]:
    givers = [(standing.profile.name, standing.profile.permissions)]
    givers += [(held.label, held.permissions) for held, assignment in standing.sets if assignment.holds(now)]
    return [
        HeldRight(each, tuple(name for name, given in givers if each.permission in given))
        for each in rights.told(standing.permissions(now))
    ]


def _standing(user: User) -> Form:
    values = {name: getattr(user, name) or "" for name in LABELS}
    return Form(LABELS, values | {"profile_id": ids.long(user.profile_id)}, user.version)


def _form(visit: Visit, user: User, form: Form) -> Shown:
    values = {
        "form": form,
        "here": f"{users.address_of(user.id)}/edit",
        "back": users.address_of(user.id),
        "user_shown": user,
        "profiles": users.profile_choices(visit, user.profile_id),
        "invited": user.state is UserState.INVITED,
    }
    return Shown("users/edit.html", values, crumbs(user, "Edit"), form.status)
