"""Stop an app in this org at once, or let it go on. A block survives every edit of the app, and being uninstalled and installed again."""

from dataclasses import dataclass, replace

from gatebridge.records import logouts
from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import Installation
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.storage import epochs, installations, revocations
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class BlockApp:
    """Stop an app in the actor's org. The reason must be written."""

    app_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnblockApp:
    """Let a blocked app ask for tokens again. The reason must be written."""

    app_id: str
    reason: str


def block_app(tx: Tx, actor: Actor, command: BlockApp) -> Installation:
    """End everything that the app has in this org and refuse it until it is unblocked. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, installation = app_rights.installed(tx, actor, command.app_id)
    app_rights.refuse_own_door(actor, app.id)
    reason = app_rights.written_reason(command.reason)
    if not installations.block(tx, actor.org_id, installation.id, reason):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app is blocked already.")
    epochs.raise_installation(tx, actor.org_id, app.id)
    logouts.announce_app(tx, actor.org_id, app.id, installation.id)
    revocations.append(tx, actor.org_id, "app", app_id=app.id)
    record_change(tx, actor, Event.APP_BLOCKED, app_rights.target(app), {"blocked": False}, {"blocked": True}, reason=reason)
    ended = replace(installation, epoch=installation.epoch + 1, epoch_at=tx.now)
    return replace(ended, blocked_at=tx.now, blocked_because=reason, version=installation.version + 1)


def unblock_app(tx: Tx, actor: Actor, command: UnblockApp) -> Installation:
    """Let the app ask for tokens again; those from before the block stay dead. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, installation = app_rights.installed(tx, actor, command.app_id)
    reason = app_rights.written_reason(command.reason)
    if not installations.unblock(tx, actor.org_id, installation.id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app is not blocked.")
    record_change(tx, actor, Event.APP_UNBLOCKED, app_rights.target(app), {"blocked": True}, {"blocked": False}, reason=reason)
    return replace(installation, blocked_at=None, blocked_because="", version=installation.version + 1)
