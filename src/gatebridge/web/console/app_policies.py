"""Policies of an app: what the admin of the org that uses it owns. To be read in one page, and edited in a form for each part."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import effective, ids
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.lifetimes import DEFAULT_AUTHORIZATION_CODE_SECONDS, DEFAULT_REFRESH_POLICIES, RefreshPolicy, parse_refresh_policy
from gatebridge.rules.network import Relaxation
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.storage import installations, people, profiles
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_forms, app_policies_parts, app_tabs, called, forms, places, questions
from gatebridge.web.console.app_forms import Sheet
from gatebridge.web.console.app_policies_parts import ACTIONS, FOR_EVER, IMMEDIATELY, LEVELS, LIMITS, PERMITTED, RELAXATIONS
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.questions import Part
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

REPLAY = places.named("replay")
TAB = "policies"
PATH = f"{app_tabs.PATH}/policies"
PART = f"{PATH}/{{part}}"
SAID = {"saved": "The policies are saved, and count from now on."}
MOST_PROFILES = 1_000

_NUMBERS = ("access_token_minutes", "jwt_access_token_minutes", "authorization_code_seconds", "max_grants_per_user")
_RANGES = ("ip_ranges", "refresh_ranges", "monitored_ranges")


def routes(house: House) -> list[Route]:
    place = app_tabs.PLACE
    return [shows(house, place, PATH, show), shows(house, place, PART, show_part), acts(house, place, PART, save, again)]


def show(visit: Visit) -> Shown:
    """Everything that is set, for who may see the app, and what it comes to for the users of each profile."""
    found, policies = _found(visit)
    requirement = policies.requirement
    run_as = people.by_id(visit.tx, visit.org.id, policies.run_as_user_id) if policies.run_as_user_id else None
    everybody = profiles.list_page(visit.tx, visit.org.id, after=None, limit=MOST_PROFILES)
    values = {
        "policies": policies,
        "permitted": _option(PERMITTED, policies.permitted_users),
        "relaxation": _option(RELAXATIONS, policies.ip_relaxation),
        "level": _option(LEVELS, requirement.level),
        "action": _option(ACTIONS, requirement.action) if requirement.level is Level.HIGH else None,
        "run_as": run_as,
        "refresh": [refresh_words(each) for each in policies.refresh_policies],
        "code_seconds": policies.authorization_code_seconds or DEFAULT_AUTHORIZATION_CODE_SECONDS,
        "effective": effective.of_app(visit.org, policies, everybody),
        "edit": app_tabs.address(found.app.id, "/policies/") if app_tabs.may_rule(visit.actor, found) else "",
        "replay": f"{REPLAY.path}?app={ids.long(found.app.id)}" if REPLAY.opens(visit.actor.permissions) else "",
        "said": SAID.get(visit.request.query_params.get("said", ""), ""),
    }
    return app_tabs.shown(visit, found, TAB, "app/policies.html", values)


def show_part(visit: Visit) -> Shown:
    """One part as a form."""
    sheet, policies = _sheet(visit)
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    smaller = app_forms.mend(visit, sheet).policies
    return app_forms.show(visit, sheet, _typed(visit, replace(policies, **smaller), sheet.part) if smaller else None)


def save(visit: Visit) -> Response:
    """Save one part; the others stay as they are. Whom it would shut out is asked about first."""
    sheet, policies = _sheet(visit)
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)  # before anything that was typed tells of records, such as who is a user
    given = _READ[sheet.part.word](visit, policies)
    command = EditPolicies(
        app_id=sheet.found.app.id, expected_version=forms.version(visit.fields), confirmed=forms.confirmed(visit.fields), **given
    )
    edit_policies(visit.tx, visit.actor, command)
    return RedirectResponse(f"{sheet.back}?said=saved", SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    return app_forms.again(visit, _sheet(visit)[0], refused)


def refresh_words(policy: RefreshPolicy) -> str:
    """A refresh token policy as a sentence."""
    if policy.amount is None:
        return "It lives until it is revoked" if policy.kind == FOR_EVER else "It dies at once: it cannot be used"
    span = _span(policy)
    return f"Unused for {span}, it dies" if policy.kind == "idle" else f"It dies {span} after the grant"


def _found(visit: Visit) -> tuple[ListedApp, AppPolicies]:
    found, installation_id = app_reading.installed(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    policies = installations.policies_of(visit.tx, visit.org.id, installation_id)
    if policies is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found, policies


def _sheet(visit: Visit) -> tuple[Sheet, AppPolicies]:
    found, policies = _found(visit)
    word = visit.request.path_params["part"]
    part = next((part for part in app_policies_parts.PARTS if part.word == word), None)
    if part is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    back = app_tabs.address(found.app.id, "/policies")
    return Sheet(found, TAB, part, _typed(visit, policies, part), policies.version, f"{back}/{word}", back), policies


def _typed(visit: Visit, policies: AppPolicies, part: Part) -> dict[str, str]:
    """What stands in the form of a part."""
    run_as = policies.run_as_user_id if part is app_policies_parts.WHO else None
    user = people.by_id(visit.tx, visit.org.id, run_as) if run_as is not None else None
    limits = {policy.kind: policy for policy in (*DEFAULT_REFRESH_POLICIES, *policies.refresh_policies)}
    alone = next((kind for kind in (IMMEDIATELY, FOR_EVER) if kind in limits), LIMITS)
    return {
        **{name: "" if (value := getattr(policies, name)) is None else str(value) for name in _NUMBERS},
        **{name: questions.ranges_typed(getattr(policies, name)) for name in _RANGES},
        "permitted_users": policies.permitted_users,
        "run_as_user_id": user.username if user is not None else "",
        "may_administer": forms.YES if policies.may_administer else "",
        "ip_relaxation": policies.ip_relaxation,
        "required_level": policies.requirement.level,
        "level_action": policies.requirement.action,
        "refresh_policies": alone,
        "refresh_idle": _span(limits["idle"]),
        "refresh_absolute": _span(limits["absolute"]),
        "refresh_grace_seconds": str(policies.refresh_grace_seconds),
        "refresh_exception_reason": policies.refresh_exception_reason,
        "refresh_exception_until": forms.moment_typed(policies.refresh_exception_until, visit.moments.zone),
    }


def _who(visit: Visit, _: AppPolicies) -> dict[str, Any]:
    return {
        "permitted_users": _chosen(visit, "permitted_users", PermittedUsers),
        "run_as_user_id": _user_id(visit),
        "max_grants_per_user": forms.number(visit.fields, "max_grants_per_user"),
        "may_administer": forms.text(visit.fields, "may_administer") == forms.YES,
    }


def _network(visit: Visit, _: AppPolicies) -> dict[str, Any]:
    return {"ip_relaxation": _chosen(visit, "ip_relaxation", Relaxation)} | {name: questions.ranges(visit.fields, name) for name in _RANGES}


def _level(visit: Visit, _: AppPolicies) -> dict[str, Any]:
    return {"required_level": _chosen(visit, "required_level", Level), "level_action": _chosen(visit, "level_action", LevelAction)}


def _lifetimes(visit: Visit, policies: AppPolicies) -> dict[str, Any]:
    fields = visit.fields
    given: dict[str, Any] = {name: forms.number(fields, name) for name in _NUMBERS if name != "max_grants_per_user"}
    given["refresh_grace_seconds"] = forms.number(fields, "refresh_grace_seconds") or 0
    kind = forms.text(fields, "refresh_policies")
    if kind == FOR_EVER:
        given["refresh_policies"] = (RefreshPolicy("until_revoked"),)
        given["refresh_exception_reason"] = forms.text(fields, "refresh_exception_reason")
        given["refresh_exception_until"] = questions.moment(visit, "refresh_exception_until", policies.refresh_exception_until)
    elif kind == IMMEDIATELY:
        given["refresh_policies"] = (RefreshPolicy("immediately"),)
    else:
        given["refresh_policies"] = (_limit(fields, "refresh_idle", "idle"), _limit(fields, "refresh_absolute", "absolute"))
    return given


def _chosen(visit: Visit, name: str, kind: Any) -> Any:
    """The answer that was chosen. Raises Refused where none of them was."""
    text = forms.text(visit.fields, name)
    if text not in {each.value for each in kind}:
        raise forms.wrong(name, "Choose one of these.")
    return kind(text)


def _user_id(visit: Visit) -> str | None:
    """The id of the run-as user, who is typed by username. Raises Refused where nobody is called so."""
    text = forms.text(visit.fields, "run_as_user_id")
    if not text:
        return None
    user_id = people.id_of_username(visit.tx, visit.org.id, text) or ids.parse(text, Prefix.USER)
    if user_id is None:
        raise forms.wrong("run_as_user_id", called.no_user(visit, text))
    return user_id


def _limit(fields: Mapping[str, str], name: str, kind: str) -> RefreshPolicy:
    amount, _, unit = forms.text(fields, name).partition(" ")
    plural = unit.strip().lower().rstrip("s") + "s"
    found = parse_refresh_policy(f"{kind}:{amount}:{plural}")
    if found is None:
        raise forms.wrong(name, "Write a number and hours, days or months, such as 30 days.")
    return found


def _span(policy: RefreshPolicy) -> str:
    unit = str(policy.unit)
    return f"{policy.amount} {unit.removesuffix('s') if policy.amount == 1 else unit}"


def _option(options: tuple[questions.Option, ...], value: str) -> questions.Option:
    return next(option for option in options if option.value == value)


_READ = {"who": _who, "network": _network, "level": _level, "lifetimes": _lifetimes}
