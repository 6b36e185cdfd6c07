"""What a draft may be about on the page of the replay: an app, a profile or the whole org, each with what decides about access.

The form begins with what is recorded; what is changed in it is the draft, and nothing of it is saved.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatebridge.monitoring.drafting import Changes, Given, Said
from gatebridge.records.change import permit
from gatebridge.rules import hours, ids, scopes
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.network import Relaxation
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import apps, installations, names, profiles
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import called, forms, questions
from gatebridge.web.console import profiles as profiles_page
from gatebridge.web.console.app_policies_parts import ACTIONS, LEVELS, PERMITTED, RELAXATIONS
from gatebridge.web.console.desk import Visit
from gatebridge.web.console.forms import YES
from gatebridge.web.console.login_history import FLOWS

PERMITTED_CHOICES = tuple((each.value, each.words) for each in PERMITTED)
RELAXATION_CHOICES = tuple((each.value, each.words) for each in RELAXATIONS)
LEVEL_CHOICES = tuple((each.value, each.words) for each in LEVELS)
ACTION_CHOICES = tuple((each.value, each.words) for each in ACTIONS)

_LEVEL = {"required_level": "Sign-in must reach", "level_action": "Where it has not"}
OF_APP = {
    "permitted_users": "Permitted users",
    "ip_relaxation": "IP relaxation",
    "ip_ranges": "IP ranges",
    "refresh_ranges": "IP ranges for refresh tokens",
} | _LEVEL
OF_PROFILE = {"login_ranges": "Login IP ranges", "login_hours": "Login hours"} | _LEVEL
OF_ORG = {"trusted_ranges": "Trusted IP ranges", "trusted_ranges_only_waive": "They only waive the mailed code"} | _LEVEL


@dataclass(frozen=True, slots=True)
class Held:
    """A profile or permission set that may use the app, as a box that can be cleared."""

    box: str
    holder_id: str
    label: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What a draft is about. `asked` names it in the address; `values` is what is recorded of it, as the form has it."""

    kind: str  # app, profile or org
    name: str
    asked: str
    labels: Mapping[str, str]
    values: Mapping[str, str]
    app_id: str | None = None
    record_id: str = ""
    held: tuple[Held, ...] = ()
    own: bool = True  # an app of another org has its settings there

    def said(self, typed: Mapping[str, str]) -> Said:
        """The draft that was typed, whole. Raises Refused for what cannot be read."""
        if self.kind == "org":
            return Said(org=_with_level(typed, trusted_ranges=_ranges(typed, "trusted_ranges"), trusted_ranges_only_waive=_waive(typed)))
        if self.kind == "profile":
            profile = _with_level(typed, login_ranges=_ranges(typed, "login_ranges"), login_hours=_hours(typed))
            return Said(profiles=[Changes(self.record_id, profile)])
        policies = _with_level(
            typed,
            permitted_users=_one(PermittedUsers, typed, "permitted_users"),
            ip_relaxation=_one(Relaxation, typed, "ip_relaxation"),
            ip_ranges=_ranges(typed, "ip_ranges"),
            refresh_ranges=_ranges(typed, "refresh_ranges"),
        )
        return Said(
            policies=[Changes(self.record_id, policies)],
            settings=[Changes(self.record_id, _settings(typed))] if self.own else (),
            access=[Given(self.record_id, each.holder_id, removed=True) for each in self.held if typed.get(each.box) != YES],
        )


def of_address(visit: Visit, asked: Mapping[str, str]) -> Subject | None:
    """The subject that the address names; None where it names none. Raises Refused for what the org does not have."""
    permit(visit.actor, Permission.VIEW_SETUP)
    permit(visit.actor, Permission.MONITOR_LOGIN_HISTORY)
    if asked.get("app"):
        return _app(visit, asked["app"])
    if asked.get("profile"):
        return _profile(visit, asked["profile"])
    return _org(visit) if asked.get("org") else None


def _app(visit: Visit, text: str) -> Subject:
    meant = called.meant(visit, text, of_users=False)
    if meant.several:
        raise forms.wrong("app", called.which(meant.several))
    if meant.app_id is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    found, installation_id = app_reading.installed(visit.tx, visit.actor, meant.app_id)
    policies = installations.policies_of(visit.tx, visit.org.id, installation_id)
    settings = apps.settings_of(visit.tx, found.app.org_id, found.app.id)
    if policies is None or settings is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    own = found.app.org_id == visit.org.id
    held = _held(visit, installation_id)
    values = {
        "permitted_users": policies.permitted_users.value,
        "ip_relaxation": policies.ip_relaxation.value,
        "ip_ranges": questions.ranges_typed(policies.ip_ranges),
        "refresh_ranges": questions.ranges_typed(policies.refresh_ranges),
        "scopes": scopes.render(settings.scopes),
    }
    values |= {f"flow_{flow}": YES for flow in settings.flows}
    of_settings = {"scopes": "Scopes"} | {f"flow_{flow}": words for flow, words in FLOWS.items()}
    labels = OF_APP | (of_settings if own else {}) | {each.box: each.label for each in held}
    whole = values | _level(policies.requirement) | {each.box: YES for each in held}
    return Subject("app", found.app.label, f"app={_asked(found)}", labels, whole, found.app.id, found.app.id, held, own)


def _asked(found: ListedApp) -> str:
    return ids.long(found.app.id)


def _held(visit: Visit, installation_id: str) -> tuple[Held, ...]:
    permits = installations.permits_of(visit.tx, visit.org.id, installation_id)
    labels = names.of_holders(visit.tx, visit.org.id, [each.holder_id for each in permits])
    return tuple(
        Held(f"keep_{ids.long(each.holder_id)}", each.holder_id, labels.get(each.holder_id, ids.long(each.holder_id))) for each in permits
    )


def _profile(visit: Visit, text: str) -> Subject:
    profile_id = ids.parse(text, Prefix.PROFILE)
    profile = profiles.by_id(visit.tx, visit.org.id, profile_id) if profile_id is not None else None
    if profile is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    values = {"login_ranges": questions.ranges_typed(profile.login_ranges), "login_hours": profiles_page.hours_typed(profile.login_hours)}
    whole = values | _level(profile.requirement)
    return Subject("profile", profile.name, f"profile={ids.long(profile.id)}", OF_PROFILE, whole, record_id=profile.id)


def _org(visit: Visit) -> Subject:
    settings = visit.org.settings
    values = {
        "trusted_ranges": questions.ranges_typed(settings.trusted_ranges),
        "trusted_ranges_only_waive": YES if settings.trusted_ranges_only_waive else "",
    }
    return Subject("org", visit.org.name, "org=yes", OF_ORG, values | _level(settings.requirement))


def _level(requirement: Requirement) -> dict[str, str]:
    return {"required_level": requirement.level.value, "level_action": requirement.action.value}


def _with_level(typed: Mapping[str, str], **values: object) -> dict[str, Any]:
    level, action = _one(Level, typed, "required_level"), _one(LevelAction, typed, "level_action")
    return values | {"required_level": level, "level_action": action}


def _ranges(typed: Mapping[str, str], name: str) -> object:
    return questions.ranges(typed, name)


def _settings(typed: Mapping[str, str]) -> dict[str, Any]:
    flows = frozenset(flow for flow in Flow if typed.get(f"flow_{flow}") == YES)
    return {"scopes": scopes.ordered(typed.get("scopes", "").split()), "flows": flows}


def _hours(typed: Mapping[str, str]) -> tuple[OpenHours, ...]:
    """The hours that were typed, a span of days a line. Raises Refused."""
    found = [(place, hours.parse_hours(line)) for place, line in enumerate(forms.lines(typed, "login_hours"))]
    problems = [FieldProblem(f"login_hours.{place}", profiles_page.NO_HOURS) for place, spans in found if spans is None]
    if problems:
        raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(problems))
    return hours.in_order([span for _, spans in found for span in spans or ()])


def _waive(typed: Mapping[str, str]) -> bool:
    return typed.get("trusted_ranges_only_waive") == YES


def _one(kind: Any, typed: Mapping[str, str], name: str) -> Any:
    """The chosen one of a list. Raises Refused for what is not in it."""
    if typed.get(name) not in set(kind):
        raise forms.wrong(name, "Choose one of the list.")
    return kind(typed[name])
