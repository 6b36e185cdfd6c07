"""Custom permissions: rights that an org names for its own applications, and the profiles and permission sets that give them.

Gatebridge itself asks for none of them. An app with the scope `custom_permissions` is told which ones its user holds, and does with that
what it likes; so whoever could give one to oneself could have it do anything.
"""

from dataclasses import dataclass, replace

from gatebridge.records.change import Target, check_version, permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import CustomPermission
from gatebridge.rules.people_checks import permission_set_problems
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale
from gatebridge.storage import custom_permissions, names, people, permission_sets
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class CreateCustomPermission:
    """A new custom permission, which nobody holds yet."""

    label: str
    api_name: str  # what apps are told, so it never changes
    description: str = ""


@dataclass(frozen=True, slots=True)
class EditCustomPermission:
    """What is to be different about one. Its API name stays: apps are told it."""

    permission_id: str
    expected_version: int | None = None
    label: str | Unchanged = UNCHANGED
    description: str | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True)
class DeleteCustomPermission:
    """Remove one that no profile and no permission set gives."""

    permission_id: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class AssignCustomPermission:
    """Let the holders of a profile or permission set hold it."""

    permission_id: str
    holder_id: str


@dataclass(frozen=True, slots=True)
class UnassignCustomPermission:
    """Let them hold it no more; apps are told so from their next question on."""

    permission_id: str
    holder_id: str


def create_custom_permission(tx: Tx, actor: Actor, command: CreateCustomPermission) -> CustomPermission:
    """Make a custom permission. Raises Refused."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    made = CustomPermission(
        id=tx.new_id(Prefix.CUSTOM_PERMISSION),
        org_id=actor.org_id,
        api_name=command.api_name,
        label=command.label,
        description=command.description,
        created_at=tx.now,
    )
    refuse_invalid(permission_set_problems(made))
    if not custom_permissions.insert(tx, made):
        problem = FieldProblem("api_name", "Another custom permission of this org has this API name.")
        raise Refused(setup_reasons.NAME_TAKEN, fields=(problem,))
    record_change(tx, actor, Event.CUSTOM_PERMISSION_CREATED, _target(made), None, _told(made))
    return made


def edit_custom_permission(tx: Tx, actor: Actor, command: EditCustomPermission) -> CustomPermission:
    """Change how it is called for people. Raises Refused."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    before = _found(tx, actor, command.permission_id)
    check_version(before.version, command.expected_version)
    edited = applied(before, command, "label", "description")
    refuse_invalid(permission_set_problems(edited))
    if edited == before:
        return before
    if not custom_permissions.update(tx, edited):
        raise stale()
    record_change(tx, actor, Event.CUSTOM_PERMISSION_EDITED, _target(edited), _told(before), _told(edited))
    return replace(edited, version=before.version + 1)


def delete_custom_permission(tx: Tx, actor: Actor, command: DeleteCustomPermission) -> None:
    """Remove one that nothing gives. Raises Refused (`state_conflict` with the count)."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    before = _found(tx, actor, command.permission_id)
    check_version(before.version, command.expected_version)
    giving = len(custom_permissions.holders_of(tx, actor.org_id, before.id))
    if giving:
        detail = f"Profiles and permission sets that give this custom permission: {giving}. Take it from them first."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail, facts={"holders": giving})
    custom_permissions.delete(tx, actor.org_id, before.id)
    record_change(tx, actor, Event.CUSTOM_PERMISSION_DELETED, _target(before), _told(before), None)


def assign_custom_permission(tx: Tx, actor: Actor, command: AssignCustomPermission) -> str:
    """Let a profile or permission set give it, and return what that is called. Raises Refused (`own_assignment` for one's own)."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    permission = _found(tx, actor, command.permission_id)
    holder = _holder(tx, actor, command.holder_id)
    if _is_own(tx, actor, command.holder_id):
        raise Refused(setup_reasons.OWN_ASSIGNMENT, detail=f"You hold {holder} yourself, and it would let you do more.")
    if custom_permissions.assign(tx, actor.org_id, permission.id, command.holder_id):
        record_change(tx, actor, Event.CUSTOM_PERMISSION_ASSIGNED, _target(permission), {}, {"given_by": holder})
    return holder


def unassign_custom_permission(tx: Tx, actor: Actor, command: UnassignCustomPermission) -> None:
    """Let a profile or permission set give it no more. Raises Refused (`state_conflict` where it did not)."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    permission = _found(tx, actor, command.permission_id)
    holder = _holder(tx, actor, command.holder_id)
    if not custom_permissions.unassign(tx, actor.org_id, permission.id, command.holder_id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail=f"{holder} does not give {permission.label}.")
    record_change(tx, actor, Event.CUSTOM_PERMISSION_UNASSIGNED, _target(permission), {"given_by": holder}, {})


def _found(tx: Tx, actor: Actor, permission_id: str) -> CustomPermission:
    """The one of the actor's org, held until the end. Raises Refused (`record_not_found`), for another org's as for none (X-AD-01)."""
    held = custom_permissions.by_id(tx, actor.org_id, permission_id, hold=True)
    if held is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return held


def _holder(tx: Tx, actor: Actor, holder_id: str) -> str:
    name = names.of_holders(tx, actor.org_id, [holder_id]).get(holder_id)
    if name is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return name


def _is_own(tx: Tx, actor: Actor, holder_id: str) -> bool:
    """Whether the actor holds this profile or set; one that has run out counts as well, since it can be given again (X-AD-04)."""
    user = people.by_id(tx, actor.org_id, actor.user_id) if actor.user_id is not None else None
    if user is None:
        return False
    return user.profile_id == holder_id or permission_sets.assignment(tx, actor.org_id, user.id, holder_id) is not None


def _target(permission: CustomPermission) -> Target:
    return Target("custom permission", permission.id, permission.label)


def _told(permission: CustomPermission) -> dict[str, object]:
    return {"label": permission.label, "api_name": permission.api_name, "description": permission.description}
