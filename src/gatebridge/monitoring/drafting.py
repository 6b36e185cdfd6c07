"""From what an admin says a draft would change to a draft of whole records, over what is recorded now. Writes nothing.

Every problem is told at once, at the field that has it. What cannot be saved is not a draft of anything; whether the actor may save it is
not asked here, because looking ahead is reading.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from gatebridge.rules import typed_ranges
from gatebridge.rules.drafts import Draft
from gatebridge.rules.facts import Facts
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment, Profile
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.storage import facts_of_many, names, permission_sets, profiles
from gatebridge.storage.tx import Tx

Record = TypeVar("Record")

MOST = 100  # records of one kind in one draft

# How sure a sign-in must be is one noun here, and two fields where it is saved.
_REQUIREMENT = {"required_level": "level", "level_action": "action"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be different about one record: values by field. A list of ranges is still text."""

    id: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """That one record is given to another until a moment, or taken away: an app to a holder, a permission set to a user."""

    of: str  # the app, or the user
    to: str  # the holder, or the permission set
    expires_at: datetime | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A draft as an admin says it."""

    org: Mapping[str, Any] = field(default_factory=dict)
    policies: Sequence[Changes] = ()
    settings: Sequence[Changes] = ()
    profiles: Sequence[Changes] = ()
    access: Sequence[Given] = ()
    sets: Sequence[Given] = ()


def read(tx: Tx, org: Org, said: Said) -> Draft:
    """The draft that is meant. Raises Refused: `record_not_found` for what the org does not have, `field_invalid` for what cannot be."""
    found = _Reading(tx, org, said)
    draft = Draft(
        org=found.changed("org", org.settings, said.org) if said.org else None,
        policies={
            each.id: found.changed(f"policies.{place}", _installed(found.apps[each.id]).policies, each.values)
            for place, each in enumerate(said.policies)
        },
        settings={
            each.id: found.changed(f"settings.{place}", found.apps[each.id].settings, each.values)
            for place, each in enumerate(said.settings)
        },
        permits={app_id: found.permits_of(app_id) for app_id in dict.fromkeys(each.of for each in said.access)},
        profiles={
            each.id: found.changed(f"profiles.{place}", _profile(tx, org.id, each.id), each.values)
            for place, each in enumerate(said.profiles)
        },
        sets={user_id: found.sets_of(user_id) for user_id in dict.fromkeys(each.of for each in said.sets)},
    )
    if found.problems:
        raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(found.problems))
    return draft


class _Reading:
    """What a draft is about, read at once, and what is wrong with it."""

    def __init__(self, tx: Tx, org: Org, said: Said) -> None:
        self.tx, self.org, self.said = tx, org, said
        self.problems: list[FieldProblem] = []
        self._refuse_twice()
        app_ids = {each.id for each in (*said.policies, *said.settings)} | {each.of for each in said.access}
        self.apps = facts_of_many.of_apps(tx, org, app_ids)
        user_ids = {each.of for each in said.sets}
        user_ids |= {run_as for each in said.policies if (run_as := each.values.get("run_as_user_id")) is not None}
        self.people = facts_of_many.of_users(tx, org.id, user_ids)
        holders = {each.to for each in said.access if not each.removed}
        if app_ids - self.apps.keys() or user_ids - self.people.keys() or holders - names.of_holders(tx, org.id, holders).keys():
            raise Refused(setup_reasons.RECORD_NOT_FOUND)

    def _refuse_twice(self) -> None:
        """A record that is drafted in two ways leaves open which one is meant."""
        said = self.said
        named: dict[str, list[object]] = {
            "policies": [each.id for each in said.policies],
            "settings": [each.id for each in said.settings],
            "profiles": [each.id for each in said.profiles],
            "access": [(each.of, each.to) for each in said.access],
            "permission_sets": [(each.of, each.to) for each in said.sets],
        }
        for name, ids in named.items():
            if len(ids) > MOST:
                self.problems.append(FieldProblem(name, f"A draft may be about {MOST} records of a kind, not {len(ids)}."))
            elif len(set(ids)) < len(ids):
                self.problems.append(FieldProblem(name, "The same record stands here twice; say once what is to be different."))
        if self.problems:
            raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(self.problems))

    def changed(self, where: str, record: Record | None, values: Mapping[str, Any]) -> Record:
        """The record with these values; ranges are read from their text."""
        if record is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        changed: Any = record
        meant = dict(values)
        if meant.keys() & _REQUIREMENT.keys():
            said = {_REQUIREMENT[name]: meant.pop(name) for name in _REQUIREMENT if name in meant}
            meant["requirement"] = replace(changed.requirement, **said)
        for name, value in values.items():
            if isinstance(value, tuple) and value and isinstance(value[0], TypedRange):
                meant[name], problems = typed_ranges.read(f"{where}.{name}", value)
                self.problems += problems
        drafted: Record = replace(changed, **meant)
        return drafted

    def permits_of(self, app_id: str) -> tuple[Assignment, ...]:
        """All permits of an app, with those that are given and without those that are taken away."""
        permits = {permit.holder_id: permit for permit in _installed(self.apps[app_id]).permits}
        for place, each in enumerate(self.said.access):
            if each.of != app_id:
                continue
            if not each.removed:
                permits[each.to] = Assignment(each.to, each.expires_at)
            elif permits.pop(each.to, None) is None:
                self.problems.append(FieldProblem(f"access.{place}", "This profile or permission set is not assigned to the app."))
        return tuple(permits[holder_id] for holder_id in sorted(permits))

    def sets_of(self, user_id: str) -> tuple[Any, ...]:
        """All permission sets of a user, with those that are given and without those that are taken away."""
        sets = {held.id: (held, assignment) for held, assignment in self.people[user_id].sets}
        for place, each in enumerate(self.said.sets):
            if each.of != user_id:
                continue
            if not each.removed:
                given = permission_sets.by_id(self.tx, self.org.id, each.to)
                if given is None:
                    raise Refused(setup_reasons.RECORD_NOT_FOUND)
                sets[each.to] = (given, Assignment(each.to, each.expires_at))
            elif sets.pop(each.to, None) is None:
                self.problems.append(FieldProblem(f"permission_sets.{place}", "The user does not hold this permission set."))
        return tuple(sets.values())


def _installed(facts: Facts) -> Facts:
    if facts.installation is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return facts


def _profile(tx: Tx, org_id: str, profile_id: str) -> Profile | None:
    return profiles.by_id(tx, org_id, profile_id)
