"""A draft: what the records would be, if a change that nobody has saved yet were saved.

Whole records stand in it, not differences, so that a verb that is about to save and a replay of what has happened say the same thing in
the same way. `applied` lays it over recorded facts; what it does not touch stays as it is recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.facts import Facts
from gatebridge.rules.orgs import OrgSettings
from gatebridge.rules.people import Assignment, PermissionSet, Profile, Standing

Held = tuple[PermissionSet, Assignment]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be recorded instead, by the id of whatever it is about. An empty one changes nothing."""

    org: OrgSettings | None = None
    settings: Mapping[str, AppSettings] = field(default_factory=lambda: _NOTHING)  # by app
    policies: Mapping[str, AppPolicies] = field(default_factory=lambda: _NOTHING)  # by app
    permits: Mapping[str, tuple[Assignment, ...]] = field(default_factory=lambda: _NOTHING)  # by app: all of its permits
    profiles: Mapping[str, Profile] = field(default_factory=lambda: _NOTHING)  # by profile, whoever has it
    profile_of: Mapping[str, Profile] = field(default_factory=lambda: _NOTHING)  # by user: the one that the user has
    permission_sets: Mapping[str, PermissionSet] = field(default_factory=lambda: _NOTHING)  # by set, whoever holds it
    sets: Mapping[str, tuple[Held, ...]] = field(default_factory=lambda: _NOTHING)  # by user: all permission sets that the user holds


def applied(draft: Draft, facts: Facts) -> Facts:
    """The facts as they would be. The very same facts where the draft touches none of them, so that nothing needs to be decided twice."""
    changes: dict[str, Any] = {}
    if draft.org is not None and draft.org != facts.org.settings:
        changes["org"] = replace(facts.org, settings=draft.org)
    if facts.app is not None:
        for name, drafted in (("settings", draft.settings), ("policies", draft.policies), ("permits", draft.permits)):
            # An app that is not installed has no policies and no permits, and a draft of them does not install it.
            if facts.app.id in drafted and getattr(facts, name) is not None and getattr(facts, name) != drafted[facts.app.id]:
                changes[name] = drafted[facts.app.id]
    standing = of_user(draft, facts.standing) if facts.standing is not None else None
    if standing is not facts.standing:
        changes["standing"] = standing
    return replace(facts, **changes) if changes else facts


def of_user(draft: Draft, standing: Standing) -> Standing:
    """What one user would be: with the profile and the permission sets that it would hold, and these as they are drafted."""
    profile = draft.profile_of.get(standing.user.id, standing.profile)
    profile = draft.profiles.get(profile.id, profile)
    held = draft.sets.get(standing.user.id, standing.sets)
    sets = tuple((draft.permission_sets.get(each.id, each), assignment) for each, assignment in held)
    return standing if profile == standing.profile and sets == standing.sets else Standing(standing.user, profile, sets)
