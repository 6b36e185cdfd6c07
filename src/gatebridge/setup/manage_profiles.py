"""Profiles: what every user has exactly one of."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from gatebridge.records.change import Target, check_version, permit, record_change
from gatebridge.rules import factors as factor_rules
from gatebridge.rules import hours, levels, typed_ranges
from gatebridge.rules.actors import Actor
from gatebridge.rules.drafts import Draft
from gatebridge.rules.events import Event
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.people import Profile
from gatebridge.rules.people_checks import profile_problems
from gatebridge.rules.permissions import EVERY_POWER, NARROWING, Permission, gains
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.typed_ranges import TypedRange, lock_out_problem
from gatebridge.setup import hit_list
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale, told_requirement, with_ranges, with_requirement
from gatebridge.setup.rights import keep_an_admin, refuse_beyond_own, refuse_stale_giver
from gatebridge.storage import factors, holders, orgs, people, profiles
from gatebridge.storage.tx import Tx

ADMINISTRATOR = "System Administrator"
# With these every org begins. They are profiles like others: an org may edit them, and delete those that nobody holds.
BUILT_IN: Mapping[str, tuple[str, frozenset[Permission]]] = MappingProxyType(
    {
        ADMINISTRATOR: ("Everything that can be done in this org.", EVERY_POWER),
        "Standard User": ("Uses connected apps and administers nothing.", frozenset({Permission.API_ENABLED})),
        "Integration User": ("For service users: APIs and nothing else.", frozenset({Permission.API_ENABLED, Permission.API_ONLY})),
    }
)
_RANGES = ("login_ranges", "monitored_ranges")


@dataclass(frozen=True, slots=True)
class CreateProfile:
    """A new profile, with no right that the actor does not hold."""

    name: str
    description: str = ""
    permissions: frozenset[Permission] = frozenset()
    login_ranges: tuple[TypedRange, ...] = ()
    session_minutes: int | None = None  # None: the org's
    monitored_ranges: tuple[TypedRange, ...] = ()
    login_hours: tuple[OpenHours, ...] = ()
    required_level: Level = Level.STANDARD
    level_action: LevelAction = LevelAction.RAISE


@dataclass(frozen=True, slots=True)
class EditProfile:
    """What is to be different about a profile; permissions, ranges and hours replace those that it has."""

    profile_id: str
    expected_version: int | None = None
    name: str | Unchanged = UNCHANGED
    description: str | Unchanged = UNCHANGED
    permissions: frozenset[Permission] | Unchanged = UNCHANGED
    login_ranges: tuple[TypedRange, ...] | Unchanged = UNCHANGED
    session_minutes: int | Unchanged | None = UNCHANGED
    monitored_ranges: tuple[TypedRange, ...] | Unchanged = UNCHANGED
    login_hours: tuple[OpenHours, ...] | Unchanged = UNCHANGED
    required_level: Level | Unchanged = UNCHANGED
    level_action: LevelAction | Unchanged = UNCHANGED
    confirmed: bool = False  # even if it locks out who uses an app


@dataclass(frozen=True, slots=True)
class DeleteProfile:
    """Remove a profile that nobody holds."""

    profile_id: str
    expected_version: int | None = None


def create_profile(tx: Tx, actor: Actor, command: CreateProfile) -> Profile:
    """Make a profile. Raises Refused."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    plain = replace(
        _new(tx, actor.org_id, command.name, command.description, command.permissions),
        session_minutes=command.session_minutes,
        login_hours=hours.in_order(command.login_hours),
        requirement=Requirement(command.required_level, command.level_action),
    )
    profile, problems = with_ranges(plain, command, *_RANGES)
    refuse_invalid(profile_problems(profile) + problems)
    refuse_beyond_own(actor, profile.permissions)
    if not profiles.insert(tx, profile):
        raise _name_taken()
    record_change(tx, actor, Event.PROFILE_CREATED, _target(profile), None, _told(profile))
    return profile


def seed_profiles(tx: Tx, founder: Actor, powers: frozenset[Permission]) -> dict[str, Profile]:
    """The built-in profiles of a new org by name, within its powers. Part of making an org, whose verb was permitted."""
    seeded = {}
    for name, (description, permissions) in BUILT_IN.items():
        profile = _new(tx, founder.org_id, name, description, permissions & (powers | NARROWING))
        profiles.insert(tx, profile)
        record_change(tx, founder, Event.PROFILE_CREATED, _target(profile), None, _told(profile))
        seeded[name] = profile
    return seeded


def edit_profile(tx: Tx, actor: Actor, command: EditProfile) -> Profile:
    """Change a profile, for all who hold it at once. Whoever holds it cannot make it give more, and others after a recent sign-in only.

    Raises Refused.
    """
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    profile = _found(tx, actor, command.profile_id)
    check_version(profile.version, command.expected_version)
    edited = applied(profile, command, "name", "description", "permissions", "session_minutes", "login_hours")
    edited = replace(with_requirement(edited, command), login_hours=hours.in_order(edited.login_hours))
    edited, problems = with_ranges(edited, command, *_RANGES)
    refuse_invalid(profile_problems(edited) + problems)
    refuse_beyond_own(actor, edited.permissions - profile.permissions)
    if _holds(tx, actor, profile):
        _refuse_own_gain(profile, edited)
        _refuse_lock_out(tx, actor, profile, edited)
    refuse_stale_giver(tx, actor, edited.permissions, profile.permissions)
    if edited == profile:
        return profile
    drafts = Draft(profiles={profile.id: profile}), Draft(profiles={profile.id: edited})
    locked_out = hit_list.refuse_unconfirmed(tx, actor, None, *drafts, command.confirmed)
    try:
        if not profiles.update(tx, edited):
            raise stale()
    except people.NameTaken:
        raise _name_taken() from None
    keep_an_admin(tx, actor, profile.permissions - edited.permissions)
    record_change(tx, actor, Event.PROFILE_EDITED, _target(edited), _told(profile), _told(edited) | locked_out)
    return replace(edited, version=profile.version + 1)


def delete_profile(tx: Tx, actor: Actor, command: DeleteProfile) -> None:
    """Remove a profile that no user holds and no app is used through. Raises Refused (`state_conflict` with the counts)."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    profile = _found(tx, actor, command.profile_id)
    check_version(profile.version, command.expected_version)
    held = holders.of_profile(tx, actor.org_id, profile.id)
    if held.users or held.apps:
        detail = f"{held.users} users hold this profile, and {held.apps} apps name it."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail, facts={"users": held.users, "apps": held.apps})
    profiles.delete(tx, actor.org_id, profile.id)
    record_change(tx, actor, Event.PROFILE_DELETED, _target(profile), _told(profile), None)


def _new(tx: Tx, org_id: str, name: str, description: str, permissions: frozenset[Permission]) -> Profile:
    return Profile(tx.new_id(Prefix.PROFILE), org_id, name, description, permissions, tx.now)


def _found(tx: Tx, actor: Actor, profile_id: str) -> Profile:
    profile = profiles.by_id(tx, actor.org_id, profile_id, hold=True)
    if profile is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return profile


def _holds(tx: Tx, actor: Actor, profile: Profile) -> bool:
    user = people.by_id(tx, actor.org_id, actor.user_id) if actor.user_id is not None else None
    return user is not None and user.profile_id == profile.id


def _refuse_own_gain(before: Profile, after: Profile) -> None:
    if gains(before.permissions, after.permissions):
        raise Refused(setup_reasons.OWN_ASSIGNMENT, detail="This is your own profile, and the change would let you do more.")


def _refuse_lock_out(tx: Tx, actor: Actor, before: Profile, after: Profile) -> None:
    problems: list[tuple[str, str | None]] = []
    if after.login_ranges != before.login_ranges and actor.address:
        problems.append(("login_ranges", lock_out_problem(actor.address, after.login_ranges)))
    org = orgs.by_id(tx, actor.org_id)
    assert org is not None  # noqa: S101 - the actor is of it
    if after.login_hours != before.login_hours:
        problems.append(("login_hours", hours.lock_out_problem(after.login_hours, org.settings.timezone, tx.now)))
    if after.requirement != before.requirement and actor.authenticated_at is not None:
        required, has_factor = levels.required(org, after, None)[0], bool(factors.of_user(tx, org.id, actor.user_id or ""))
        problems.append(("level_action", factor_rules.lock_out_problem(required, has_factor=has_factor)))
    refuse_invalid([FieldProblem(field, problem) for field, problem in problems if problem is not None])


def _told(profile: Profile) -> dict[str, object]:
    return {
        "name": profile.name,
        "description": profile.description,
        "permissions": profile.permissions,
        "login_ranges": typed_ranges.told(profile.login_ranges),
        "session_minutes": profile.session_minutes,
        "monitored_ranges": typed_ranges.told(profile.monitored_ranges),
        "login_hours": [str(each) for each in profile.login_hours],
        **told_requirement(profile.requirement),
    }


def _target(profile: Profile) -> Target:
    return Target("profile", profile.id, profile.name)


def _name_taken() -> Refused:
    return Refused(setup_reasons.NAME_TAKEN, fields=(FieldProblem("name", "Another profile of this org has this name."),))
