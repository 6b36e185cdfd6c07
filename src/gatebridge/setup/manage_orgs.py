"""Orgs: made from the first org only, and edited each by its own security admins."""

from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gatebridge.records.change import check_version, permit, record_change
from gatebridge.rules import typed_ranges
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.org_checks import org_problems
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.rules.people import User, UserState
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.typed_ranges import TypedRange, lock_out_problem
from gatebridge.setup import manage_users
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale
from gatebridge.setup.found_org import Founding, found_org, target, told
from gatebridge.setup.invite_users import send_invitation
from gatebridge.storage import facts, orgs
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


def create_org(tx: Tx, actor: Actor, command: CreateOrg) -> CreatedOrg:
    """Make an org. Its admin holds everything but the installation, which is administered from the first org alone. Raises Refused."""
    permit(actor, Permission.MANAGE_INSTALLATION)
    first = orgs.first(tx)
    if first is None or first.id != actor.org_id:
        needed = Permission.MANAGE_INSTALLATION
        detail = "Orgs are made from the first org of the installation only."
        raise Refused(setup_reasons.PERMISSION_MISSING, detail=detail, facts={"permission": needed})
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
    """Change the actor's own org. Raises Refused."""
    permit(actor, Permission.MANAGE_SECURITY)
    org = orgs.by_id(tx, actor.org_id)
    if org is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    check_version(org.version, command.expected_version)
    settings = applied(org.settings, command, "session_minutes", "trusted_ranges_only_waive", "custom_scopes")
    problems: list[FieldProblem] = []
    if not isinstance(command.trusted_ranges, Unchanged):
        ranges, problems = typed_ranges.read("trusted_ranges", command.trusted_ranges)
        settings = replace(settings, trusted_ranges=ranges)
    edited = replace(applied(org, command, "name"), settings=settings)
    refuse_invalid(org_problems(edited) + problems)
    _refuse_lock_out(tx, actor, org, edited)
    if edited == org:
        return org
    if not orgs.update(tx, edited):
        raise stale()
    record_change(tx, actor, Event.ORG_EDITED, target(edited), told(org), told(edited))
    return replace(edited, version=org.version + 1)


def _refuse_lock_out(tx: Tx, actor: Actor, before: Org, after: Org) -> None:
    changed = before.settings.trusted_ranges != after.settings.trusted_ranges or (
        before.settings.trusted_ranges_only_waive and not after.settings.trusted_ranges_only_waive
    )
    if not changed or after.settings.trusted_ranges_only_waive or actor.user_id is None or not actor.address:
        return
    standing = facts.standing(tx, actor.org_id, actor.user_id)
    if standing is not None and standing.profile.login_ranges:
        return  # the ranges of the profile count instead of the org's
    problem = lock_out_problem(actor.address, after.settings.trusted_ranges)
    if problem is not None:
        refuse_invalid([FieldProblem("trusted_ranges", problem)])
