"""Orgs: made from the first org only, and edited each by its own security admins."""

from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gatebridge.records.change import check_version, permit, record_change, signed_in_lately
from gatebridge.rules import factors as factor_rules
from gatebridge.rules import hours, levels
from gatebridge.rules.actors import Actor
from gatebridge.rules.drafts import Draft
from gatebridge.rules.events import Event
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.org_checks import org_problems
from gatebridge.rules.orgs import Org, OrgKind, OrgSettings
from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.sessions import fresh_for
from gatebridge.rules.typed_ranges import TypedRange, lock_out_problem
from gatebridge.setup import hit_list, manage_users
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale, with_ranges, with_requirement
from gatebridge.setup.found_org import Founding, found_org, target, told
from gatebridge.setup.invite_users import send_invitation
from gatebridge.storage import factors, facts, orgs
from gatebridge.storage.tx import Tx

# What the checks of an org and of a person call the fields of `CreateOrg`.
CALLED = MappingProxyType({field: f"admin_{field}" for field in ("username", "email", "first_name", "last_name")})


@dataclass(frozen=True, slots=True)
class CreateOrg:
    """A new org and its first admin, who gets an invitation by mail, unless the hash of a password is given."""

    name: str
    kind: OrgKind
    host: str
    issuer: str
    admin_username: str
    admin_email: str
    admin_first_name: str
    admin_last_name: str
    admin_password_hash: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CreatedOrg:
    """A new org and its first admin."""

    org: Org
    admin: User


@dataclass(frozen=True, slots=True)
class EditOrg:
    """What is to be different about the actor's org; lists replace those that there are."""

    expected_version: int | None = None
    name: str | Unchanged = UNCHANGED
    session_minutes: int | Unchanged | None = UNCHANGED  # None: the default
    trusted_ranges: tuple[TypedRange, ...] | Unchanged = UNCHANGED
    trusted_ranges_only_waive: bool | Unchanged = UNCHANGED
    custom_scopes: tuple[tuple[str, str], ...] | Unchanged = UNCHANGED  # name and consent sentence
    scope_claims: tuple[tuple[str, str, str], ...] | Unchanged = UNCHANGED  # scope, claim, expression
    device_flow: bool | Unchanged = UNCHANGED
    user_agent_flow: bool | Unchanged = UNCHANGED
    timezone: str | Unchanged = UNCHANGED
    monitored_ranges: tuple[TypedRange, ...] | Unchanged = UNCHANGED
    ranges_on_every_request: bool | Unchanged = UNCHANGED
    verify_new_browsers: bool | Unchanged = UNCHANGED
    required_level: Level | Unchanged = UNCHANGED
    level_action: LevelAction | Unchanged = UNCHANGED
    lock_sessions_to_address: bool | Unchanged = UNCHANGED
    session_absolute_hours: int | Unchanged | None = UNCHANGED
    max_sessions_per_user: int | Unchanged | None = UNCHANGED
    reauthenticate_minutes: int | Unchanged | None = UNCHANGED
    confirmed: bool = False  # even if it locks out who uses an app


_RANGES = ("trusted_ranges", "monitored_ranges")
_SETTINGS = tuple(name for name in OrgSettings.__slots__ if name not in ("requirement", *_RANGES))


def create_org(tx: Tx, actor: Actor, command: CreateOrg) -> CreatedOrg:
    """Make an org, after a recent sign-in. Its admin holds everything but the installation, which is administered from the first org alone.

    Raises Refused.
    """
    permit(actor, Permission.MANAGE_INSTALLATION)
    first = orgs.first(tx)
    if first is None or first.id != actor.org_id:
        needed = Permission.MANAGE_INSTALLATION
        detail = "Orgs are made from the first org of the installation only."
        raise Refused(setup_reasons.PERMISSION_MISSING, detail=detail, facts={"permission": needed})
    signed_in_lately(tx, actor)
    invited = command.admin_password_hash is None
    founding = Founding(
        name=command.name,
        kind=command.kind,
        host=command.host,
        issuer=command.issuer,
        username=command.admin_username,
        email=command.admin_email,
        first_name=command.admin_first_name,
        last_name=command.admin_last_name,
        state=UserState.INVITED if invited else UserState.ACTIVE,
        password_hash=command.admin_password_hash,
    )
    # In the new org's audit trail the founder is shown together with the first org: nobody there knows the name alone.
    abroad = replace(actor, name=f"{actor.name} of {first.name}")
    founded = found_org(tx, abroad, founding, EVERY_POWER - {Permission.MANAGE_INSTALLATION}, CALLED)
    after = manage_users.told(founded.admin, founded.admin_profile) | {"password": command.admin_password_hash}
    if invited:
        after["invitation_expires_at"] = send_invitation(tx, founded.admin).expires_at
    event = Event.USER_INVITED if invited else Event.USER_CREATED
    record_change(tx, replace(abroad, org_id=founded.org.id), event, manage_users.target(founded.admin), None, after)
    record_change(tx, actor, Event.ORG_CREATED, target(founded.org), None, told(founded.org))
    return CreatedOrg(founded.org, founded.admin)


def edit_org(tx: Tx, actor: Actor, command: EditOrg) -> Org:
    """Change the actor's own org. For how long a sign-in is a recent one is made longer by who has one. Raises Refused."""
    permit(actor, Permission.MANAGE_SECURITY)
    org = orgs.by_id(tx, actor.org_id)
    if org is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    check_version(org.version, command.expected_version)
    settings, problems = with_ranges(with_requirement(applied(org.settings, command, *_SETTINGS), command), command, *_RANGES)
    edited = replace(applied(org, command, "name"), settings=settings)
    refuse_invalid(org_problems(edited) + problems)
    if fresh_for(settings) > fresh_for(org.settings):
        signed_in_lately(tx, actor)
    _refuse_lock_out(tx, actor, org, edited)
    if edited == org:
        return org
    drafts = Draft(org=org.settings), Draft(org=edited.settings)
    locked_out = hit_list.refuse_unconfirmed(tx, actor, None, *drafts, command.confirmed)
    if not orgs.update(tx, edited):
        raise stale()
    record_change(tx, actor, Event.ORG_EDITED, target(edited), told(org), told(edited) | locked_out)
    return replace(edited, version=org.version + 1)


def _refuse_lock_out(tx: Tx, actor: Actor, before: Org, after: Org) -> None:
    """Nobody saves what shuts them out themselves: from where they are, at this hour, or as surely as they can sign in (X-AD-12)."""
    old, new = before.settings, after.settings
    refuses_more = not new.trusted_ranges_only_waive and (
        old.trusted_ranges != new.trusted_ranges or old.trusted_ranges_only_waive != new.trusted_ranges_only_waive
    )
    moves_clock = old.timezone != new.timezone
    blocks_more = old.requirement != new.requirement and actor.authenticated_at is not None
    touched = refuses_more or moves_clock or blocks_more
    standing = facts.standing(tx, actor.org_id, actor.user_id) if actor.user_id is not None and touched else None
    if standing is None:
        return
    profile, problems = standing.profile, list[tuple[str, str | None]]()
    # The ranges of a profile count instead of the org's.
    if refuses_more and actor.address and not profile.login_ranges:
        problems.append(("trusted_ranges", lock_out_problem(actor.address, new.trusted_ranges)))
    if moves_clock:
        problems.append(("timezone", hours.lock_out_problem(profile.login_hours, new.timezone, tx.now)))
    if blocks_more:
        required, has_factor = levels.required(after, profile, None)[0], bool(factors.of_user(tx, actor.org_id, standing.user.id))
        problems.append(("level_action", factor_rules.lock_out_problem(required, has_factor=has_factor)))
    refuse_invalid([FieldProblem(field, problem) for field, problem in problems if problem is not None])
