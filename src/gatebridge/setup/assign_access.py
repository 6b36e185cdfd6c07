"""Say which profiles and permission sets may use an app whose users an admin approves."""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.drafts import Draft
from gatebridge.rules.events import Event
from gatebridge.rules.people import Assignment
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights, hit_list
from gatebridge.setup.edits import refuse_invalid
from gatebridge.storage import installations, names
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class AssignAccess:
    """Let the holders of a profile or permission set use the app. Assigned again, it gets the new end; None: without an end."""

    app_id: str
    holder_id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RemoveAccess:
    """Let the holders of a profile or permission set use the app no more; `confirmed`: even those who use it."""

    app_id: str
    holder_id: str
    confirmed: bool = False


def assign_access(tx: Tx, actor: Actor, command: AssignAccess) -> Assignment:
    """Raises Refused: an app, profile or permission set of another org is as unknown as one that does not exist."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, installation = app_rights.in_use(tx, actor, command.app_id)
    holder = _holder(tx, actor, command.holder_id)
    if command.expires_at is not None and command.expires_at <= tx.now:
        refuse_invalid([FieldProblem("expires_at", "The end must be in the future.")])
    permits = {each.holder_id: each for each in installations.permits_of(tx, actor.org_id, installation.id)}
    before, after = permits.get(command.holder_id), Assignment(command.holder_id, command.expires_at)
    if before == after:
        return after
    installations.put_permit(tx, actor.org_id, installation.id, after)
    record_change(tx, actor, Event.APP_ACCESS_ASSIGNED, app_rights.target(app), _said(holder, before), _said(holder, after))
    return after


def remove_access(tx: Tx, actor: Actor, command: RemoveAccess) -> None:
    """Their tokens of this app are refused from the commit on.

    Raises Refused (`record_not_found` where they had no access; `locks_out` where somebody uses it, or nobody would be left to).
    """
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, installation = app_rights.in_use(tx, actor, command.app_id)
    permits = {each.holder_id: each for each in installations.permits_of(tx, actor.org_id, installation.id)}
    before = permits.get(command.holder_id)
    if before is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    recorded = Draft(permits={app.id: tuple(permits.values())})
    left = Draft(permits={app.id: tuple(permit for permit in permits.values() if permit is not before)})
    locked_out = hit_list.refuse_unconfirmed(tx, actor, app.id, recorded, left, command.confirmed)
    if not installations.remove_permit(tx, actor.org_id, installation.id, command.holder_id):
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    # The profile or permission set may be gone by now; the audit line then names it by its id.
    holder = names.of_holders(tx, actor.org_id, [command.holder_id]).get(command.holder_id, command.holder_id)
    record_change(tx, actor, Event.APP_ACCESS_REMOVED, app_rights.target(app), _said(holder, before), _said(holder, None) | locked_out)


def _holder(tx: Tx, actor: Actor, holder_id: str) -> str:
    name = names.of_holders(tx, actor.org_id, [holder_id]).get(holder_id)
    if name is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return name


def _said(holder: str, permit: Assignment | None) -> dict[str, object]:
    if permit is None:
        return {"access": {holder: None}}
    return {"access": {holder: f"until {permit.expires_at.isoformat()}" if permit.expires_at else "without an end"}}
