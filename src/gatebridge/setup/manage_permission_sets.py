"""Permission sets: made, edited and deleted. Who holds them is in `assign_permission_set.py`."""

from dataclasses import dataclass, replace

from gatebridge.records.change import Target, check_version, permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.drafts import Draft
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import PermissionSet
from gatebridge.rules.people_checks import permission_set_problems
from gatebridge.rules.permissions import Permission, gains
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import hit_list
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale
from gatebridge.setup.rights import keep_an_admin, refuse_beyond_own, refuse_stale_giver
from gatebridge.storage import holders, permission_sets
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class CreatePermissionSet:
    """A new permission set, with no right that the actor does not hold. Nobody holds it yet."""

    label: str
    api_name: str  # manifests name the set by it, so it never changes
    description: str = ""
    permissions: frozenset[Permission] = frozenset()


@dataclass(frozen=True, slots=True)
class EditPermissionSet:
    """What is to be different about a permission set; permissions replace those that it has."""

    set_id: str
    expected_version: int | None = None
    label: str | Unchanged = UNCHANGED
    description: str | Unchanged = UNCHANGED
    permissions: frozenset[Permission] | Unchanged = UNCHANGED
    confirmed: bool = False  # even if it locks out who uses an app


@dataclass(frozen=True, slots=True)
class DeletePermissionSet:
    """Remove a permission set that nobody holds."""

    set_id: str
    expected_version: int | None = None


def create_permission_set(tx: Tx, actor: Actor, command: CreatePermissionSet) -> PermissionSet:
    """Make a permission set. Raises Refused."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    made = PermissionSet(
        id=tx.new_id(Prefix.PERMISSION_SET),
        org_id=actor.org_id,
        label=command.label,
        api_name=command.api_name,
        description=command.description,
        permissions=command.permissions,
        created_at=tx.now,
    )
    refuse_invalid(permission_set_problems(made))
    refuse_beyond_own(actor, made.permissions)
    if not permission_sets.insert(tx, made):
        problem = FieldProblem("api_name", "Another permission set of this org has this API name.")
        raise Refused(setup_reasons.NAME_TAKEN, fields=(problem,))
    record_change(tx, actor, Event.PERMISSION_SET_CREATED, target(made), None, _told(made))
    return made


def edit_permission_set(tx: Tx, actor: Actor, command: EditPermissionSet) -> PermissionSet:
    """Change a set, for all who hold it at once. Whoever holds it cannot make it give more, and others after a recent sign-in only.

    Raises Refused.
    """
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    before = found(tx, actor, command.set_id)
    check_version(before.version, command.expected_version)
    edited = applied(before, command, "label", "description", "permissions")
    refuse_invalid(permission_set_problems(edited))
    refuse_beyond_own(actor, edited.permissions - before.permissions)
    if gains(before.permissions, edited.permissions) and _holds(tx, actor, before):
        raise Refused(setup_reasons.OWN_ASSIGNMENT, detail="You hold this permission set, and the change would let you do more.")
    refuse_stale_giver(tx, actor, edited.permissions, before.permissions)
    if edited == before:
        return before
    drafts = Draft(permission_sets={before.id: before}), Draft(permission_sets={before.id: edited})
    locked_out = hit_list.refuse_unconfirmed(tx, actor, None, *drafts, command.confirmed)
    if not permission_sets.update(tx, edited):
        raise stale()
    keep_an_admin(tx, actor, before.permissions - edited.permissions)
    record_change(tx, actor, Event.PERMISSION_SET_EDITED, target(edited), _told(before), _told(edited) | locked_out)
    return replace(edited, version=before.version + 1)


def delete_permission_set(tx: Tx, actor: Actor, command: DeletePermissionSet) -> None:
    """Remove a set that no user holds and no app is used through. Raises Refused (`state_conflict` with the counts)."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    before = found(tx, actor, command.set_id)
    check_version(before.version, command.expected_version)
    held = holders.of_permission_set(tx, actor.org_id, before.id)
    if held.users or held.apps:
        detail = f"{held.users} users hold this permission set, and {held.apps} apps name it."
        raise Refused(setup_reasons.STATE_CONFLICT, detail=detail, facts={"users": held.users, "apps": held.apps})
    permission_sets.delete(tx, actor.org_id, before.id)
    record_change(tx, actor, Event.PERMISSION_SET_DELETED, target(before), _told(before), None)


def found(tx: Tx, actor: Actor, set_id: str) -> PermissionSet:
    """The set of the actor's org, held until the end. Raises Refused (`record_not_found`), for another org's as for none (X-AD-01)."""
    held = permission_sets.by_id(tx, actor.org_id, set_id, hold=True)
    if held is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return held


def target(permission_set: PermissionSet) -> Target:
    """The set as the audit trail names it."""
    return Target("permission set", permission_set.id, permission_set.label)


def _holds(tx: Tx, actor: Actor, permission_set: PermissionSet) -> bool:
    # One that has run out counts as well: it can be given again, and then it would give what was put into it meanwhile.
    return actor.user_id is not None and permission_sets.assignment(tx, actor.org_id, actor.user_id, permission_set.id) is not None


def _told(permission_set: PermissionSet) -> dict[str, object]:
    return {
        "label": permission_set.label,
        "api_name": permission_set.api_name,
        "description": permission_set.description,
        "permissions": permission_set.permissions,
    }
