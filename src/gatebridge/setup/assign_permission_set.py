"""Who holds which permission set, and until when. Nobody decides this about themselves."""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.drafts import Draft
from gatebridge.rules.events import Event
from gatebridge.rules.people import Assignment, PermissionSet, User
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import hit_list, manage_permission_sets, manage_users
from gatebridge.setup.edits import refuse_invalid
from gatebridge.setup.rights import keep_an_admin, refuse_beyond_own, refuse_own, refuse_stale_giver
from gatebridge.storage import permission_sets
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class AssignPermissionSet:
    """Let a user hold a set for good, or until a moment. Who holds it already holds it until the new moment."""

    user_id: str
    set_id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class UnassignPermissionSet:
    """Take a set from a user; `confirmed`: even if the user then may not use what was used lately."""

    user_id: str
    set_id: str
    confirmed: bool = False


def assign_permission_set(tx: Tx, actor: Actor, command: AssignPermissionSet) -> Assignment:
    """Give a set that gives no right beyond the actor's own to another user; where it gives any, or for longer, after a recent sign-in.

    Raises Refused.
    """
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    user = manage_users.found(tx, actor, command.user_id).user
    given = manage_permission_sets.found(tx, actor, command.set_id)
    refuse_own(actor, user.id)
    refuse_beyond_own(actor, given.permissions)
    if command.expires_at is not None and command.expires_at <= tx.now:
        refuse_invalid([FieldProblem("expires_at", "This moment has passed; choose a later one, or none.")])
    before, after = permission_sets.assignment(tx, actor.org_id, user.id, given.id), Assignment(given.id, command.expires_at)
    if before is None or not before.outlasts(after):
        refuse_stale_giver(tx, actor, given.permissions)
    permission_sets.assign(tx, actor.org_id, user.id, given.id, command.expires_at)
    if before is not None and before.expires_at is None and command.expires_at is not None:
        keep_an_admin(tx, actor, given.permissions)
    told = _told(given.label, before) if before is not None else {}
    record_change(tx, actor, Event.PERMISSION_SET_ASSIGNED, manage_users.target(user), told, _told(given.label, after))
    return after


def unassign_permission_set(tx: Tx, actor: Actor, command: UnassignPermissionSet) -> None:
    """Take a set from another user. Raises Refused (`state_conflict` when the user does not hold it; `locks_out`)."""
    permit(actor, Permission.MANAGE_PROFILES_AND_PERMISSION_SETS)
    standing = manage_users.found(tx, actor, command.user_id)
    user = standing.user
    taken = manage_permission_sets.found(tx, actor, command.set_id)
    refuse_own(actor, user.id)
    before = permission_sets.assignment(tx, actor.org_id, user.id, taken.id)
    if before is None:
        raise _not_held(user, taken)
    recorded = Draft(sets={user.id: standing.sets})
    left = Draft(sets={user.id: tuple(held for held in standing.sets if held[0].id != taken.id)})
    locked_out = hit_list.refuse_unconfirmed(tx, actor, None, recorded, left, command.confirmed)
    if not permission_sets.unassign(tx, actor.org_id, user.id, taken.id):
        raise _not_held(user, taken)
    keep_an_admin(tx, actor, taken.permissions)
    record_change(tx, actor, Event.PERMISSION_SET_UNASSIGNED, manage_users.target(user), _told(taken.label, before), locked_out)


def _not_held(user: User, taken: PermissionSet) -> Refused:
    return Refused(setup_reasons.STATE_CONFLICT, detail=f"{user.name} does not hold {taken.label}.")


def _told(label: str, assignment: Assignment) -> dict[str, object]:
    return {"permission_set": label, "until": assignment.expires_at or "for good"}
