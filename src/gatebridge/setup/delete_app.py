"""Delete an app for everybody who uses it, and restore it within 30 days. Its consumer key and name stay its own so long."""

from dataclasses import dataclass, replace

from gatebridge.records import logouts
from gatebridge.records.change import permit, record_change
from gatebridge.rules import app_checks
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.setup.edits import stale
from gatebridge.storage import apps, audit_trail, epochs, installations, revocations
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class DeleteApp:
    """`confirm` is the app's API name, typed by whoever means it."""

    app_id: str
    confirm: str
    reason: str


@dataclass(frozen=True, slots=True)
class RestoreApp:
    """Bring back an app that was deleted at most 30 days ago. The reason must be written."""

    app_id: str
    reason: str


def delete_app(tx: Tx, actor: Actor, command: DeleteApp) -> App:
    """End everything that the app has in any org, at the cost of one increment, and refuse it everywhere. Raises Refused."""
    before = app_rights.editable(tx, actor, command.app_id)
    app_rights.refuse_own_door(actor, before.id)
    if before.deleted_at is not None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app was deleted before.")
    users = installations.orgs_with(tx, before.id)
    if command.confirm != before.api_name:
        detail = f"To delete this app, send its API name {before.api_name} in the field confirm; {len(users)} org(s) have it installed."
        raise Refused(setup_reasons.CONFIRMATION_REQUIRED, detail=detail, facts={"confirm": before.api_name, "orgs": len(users)})
    reason = app_rights.written_reason(command.reason)
    after = replace(before, deleted_at=tx.now)
    if not apps.update(tx, after):
        raise stale()
    epochs.raise_app(tx, actor.org_id, after.id)
    for org_id in users:
        if (installation := installations.by_app(tx, org_id, after.id)) is not None:
            logouts.announce_app(tx, org_id, after.id, installation.id)
        revocations.append(tx, org_id, "app", app_id=after.id)
    record_change(tx, actor, Event.APP_DELETED, app_rights.target(after), {"deleted": False}, {"deleted": True}, reason=reason)
    return replace(after, version=after.version + 1, epoch=after.epoch + 1, epoch_at=tx.now)


def restore_app(tx: Tx, actor: Actor, command: RestoreApp) -> App:
    """Bring a deleted app back with its consumer key, secrets and policies; its old tokens stay dead. Raises Refused."""
    before = app_rights.editable(tx, actor, command.app_id)
    if before.deleted_at is None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app is not deleted.")
    if not deleted_by_owners(tx, before):
        permit(actor, Permission.MANAGE_CONNECTED_APPS)
    if not app_checks.restorable(before.deleted_at, tx.now):
        days = app_checks.RESTORABLE.days
        raise Refused(setup_reasons.STATE_CONFLICT, detail=f"This app was deleted more than {days} days ago and cannot be restored.")
    reason = app_rights.written_reason(command.reason)
    after = replace(before, deleted_at=None)
    if not apps.update(tx, after):
        raise stale()
    record_change(tx, actor, Event.APP_RESTORED, app_rights.target(after), {"deleted": True}, {"deleted": False}, reason=reason)
    return replace(after, version=after.version + 1)


def deleted_by_owners(tx: Tx, app: App) -> bool:
    """Whether one of its owners deleted it last. What was deleted by who manages apps is not brought back by them alone (X-AD-01)."""
    last = audit_trail.page(tx, app.org_id, target_id=app.id, event=Event.APP_DELETED, limit=1)
    return bool(last) and last[0].actor_id in (app.owner_id, app.backup_owner_id)
