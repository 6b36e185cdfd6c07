"""One profile: what it lets its users do, from where, when and how surely, and what of it holds in the end; and its forms."""

from dataclasses import dataclass, replace

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import effective
from gatebridge.rules.hours import DAY, WEEKDAYS, OpenHours
from gatebridge.rules.ids import Prefix
from gatebridge.rules.lifetimes import Source
from gatebridge.rules.people import Profile
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.manage_profiles import DeleteProfile, EditProfile, delete_profile, edit_profile
from gatebridge.storage import custom_permissions, holders, profiles
from gatebridge.web.api.profiles import READS
from gatebridge.web.console import forms, places, rights, users
from gatebridge.web.console import profiles as listed
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.profiles import PLACE, may_edit
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{PLACE.path}/{{profile_id}}"
EDIT, DELETE = f"{PATH}/edit", f"{PATH}/delete"
MOST_APPS = 50
SAID = {
    "created": "The profile is made. Nobody has it yet: give it to users on their pages.",
    "saved": "Saved, for all who have it at once.",
}
SOURCES: dict[Source, str] = {"app": "the app", "profile": "this profile", "org": "the org", "default": "nobody: the default"}
TYPED_NAME = {"typed_name": "Type the name to go on"}


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the week, with its open spans: where each begins and how long it is, in minutes."""

    name: str
    spans: tuple[OpenHours, ...]


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PATH, show),
        shows(house, PLACE, EDIT, show_edit),
        acts(house, PLACE, EDIT, edit, again),
        shows(house, PLACE, DELETE, show_delete),
        acts(house, PLACE, DELETE, delete, delete_again),
    ]


def show(visit: Visit) -> Shown:
    """All there is to it."""
    profile = _found(visit)
    held = holders.of_profile(visit.tx, visit.org.id, profile.id)
    values = {
        "profile": profile,
        "address": listed.address_of(profile.id),
        "said": SAID.get(visit.request.query_params.get("said", ""), ""),
        "rights": rights.told(profile.permissions),
        "users": held.users,
        "users_address": users.of_profile(profile.id),
        "opened": holders.opened_apps(visit.tx, visit.org.id, [profile.id], MOST_APPS),
        "custom": custom_permissions.given_by(visit.tx, visit.org.id, profile.id),
        "network": effective.network(effective.network_policy(visit.org, profile)),
        "session": effective.session_minutes(visit.org, profile),
        "level": effective.level(visit.org, profile),
        "sources": SOURCES,
        "week": _week(profile) if profile.login_hours else (),
        "whole_day": DAY,
        "zone": visit.org.settings.timezone,
        "may_edit": may_edit(visit),
        "sees": places.open_to(visit.actor.permissions),
    }
    return Shown("profiles/one.html", values, ((PLACE.name, PLACE.path), (profile.name, "")))


def show_edit(visit: Visit) -> Shown:
    """The form, with what stands."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    profile = _found(visit)
    return _form(visit, profile, listed.standing(profile))


def edit(visit: Visit) -> RedirectResponse:
    """Save it, for all who have it at once."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    said = listed.typed(visit.fields)
    version, confirmed = forms.version(visit.fields), forms.confirmed(visit.fields)
    profile_id = visit.id_in_path("profile_id", Prefix.PROFILE)
    edit_profile(visit.tx, visit.actor, EditProfile(profile_id, version, **said, confirmed=confirmed))
    return RedirectResponse(listed.address_of(profile_id, "saved"), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed: beside what somebody else saved, or with whom it would shut out."""
    if not forms.mendable(refused):
        return None
    profile = _found(visit)
    form = forms.again(listed.standing(profile), visit.fields, refused)
    return _form(visit, profile, replace(form, beside=forms.worded(form, listed.WORDS))) if form is not None else None


def show_delete(visit: Visit) -> Shown:
    """Who hangs from it; while anybody does, it stays."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    profile = _found(visit)
    return _delete(visit, profile, Form(TYPED_NAME, {}, profile.version))


def delete(visit: Visit) -> RedirectResponse:
    """Delete it."""
    permit(visit.actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    profile = _found(visit)
    if forms.text(visit.fields, "typed_name") != profile.name:
        raise forms.wrong("typed_name", "This is not the name of the profile. Type it as it stands above.")
    delete_profile(visit.tx, visit.actor, DeleteProfile(profile.id, forms.version(visit.fields)))
    return RedirectResponse(PLACE.path, SEE_OTHER)


def delete_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed, or with who hangs from it."""
    if not forms.mendable(refused):
        return None
    profile = _found(visit)
    form = forms.again(Form(TYPED_NAME, {}, profile.version), visit.fields, refused)
    return _delete(visit, profile, form) if form is not None else None


def _found(visit: Visit) -> Profile:
    permit(visit.actor, *READS)
    found = profiles.by_id(visit.tx, visit.org.id, visit.id_in_path("profile_id", Prefix.PROFILE))
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _week(profile: Profile) -> tuple[Day, ...]:
    return tuple(
        Day(name.capitalize(), tuple(span for span in profile.login_hours if span.weekday == number))
        for number, name in enumerate(WEEKDAYS)
    )


def _crumbs(profile: Profile, page: str) -> tuple[tuple[str, str], ...]:
    return (PLACE.name, PLACE.path), (profile.name, listed.address_of(profile.id)), (page, "")


def _form(visit: Visit, profile: Profile, form: Form) -> Shown:
    address = listed.address_of(profile.id)
    values = {"here": f"{address}/edit", "back": address, "name": profile.name, "save": "Save"}
    standing = listed.standing(profile)
    return Shown("profiles/form.html", values | listed.form_values(visit, form, standing), _crumbs(profile, "Edit"), form.status)


def _delete(visit: Visit, profile: Profile, form: Form) -> Shown:
    address = listed.address_of(profile.id)
    values = {
        "form": form,
        "name": profile.name,
        "what": "profile",
        "held": holders.of_profile(visit.tx, visit.org.id, profile.id),
        "users_address": users.of_profile(profile.id) if "users" in places.open_to(visit.actor.permissions) else "",
        "here": f"{address}/delete",
        "back": address,
    }
    return Shown("holder_delete.html", values, _crumbs(profile, "Delete"), form.status)
