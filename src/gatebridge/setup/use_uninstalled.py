"""Use an app that nobody has installed, for oneself alone (Salesforce: "Approve Uninstalled Connected Apps").

Nothing is installed by it: for everybody else the app stays unknown or not installed, and it gets no policies that anybody could open.
Who may do this is asked anew at each request, so the right ends what it allowed as soon as it is taken (docs/decisions/0018).
"""

from dataclasses import dataclass

from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.apps import Installation
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights, request_mails
from gatebridge.setup.my_apps import myself
from gatebridge.setup.signing_keys import ensure_signing_key
from gatebridge.storage import apps, installations, orgs, people
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class UseUninstalled:
    """An app of another org, by the consumer key that its publisher gave."""

    consumer_key: str


def use_uninstalled(tx: Tx, actor: Actor, command: UseUninstalled) -> Installation:
    """Let those who may use apps that are not installed use this one, each after being asked by it. Doing it again changes nothing.

    Raises Refused: an app that is installed needs it not, and one that an admin took out of use, or blocked, stays so.
    """
    permit(actor, Permission.APPROVE_UNINSTALLED_CONNECTED_APPS)
    user = people.by_id(tx, actor.org_id, myself(actor))
    org, app = orgs.by_id(tx, actor.org_id), apps.by_consumer_key(tx, command.consumer_key)
    if org is None or user is None or app is None or app.deleted_at is not None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    former = installations.by_app(tx, org.id, app.id)
    if former is not None:
        if former.holders_only and former.blocked_at is None:
            return former
        raise Refused(setup_reasons.STATE_CONFLICT, detail=_why_not(former, in_use=former.in_use(tx.now)))
    here = Installation(
        id=tx.new_id(Prefix.INSTALLATION),
        org_id=org.id,
        app_id=app.id,
        epoch=0,
        installed_at=tx.now,
        uninstalled_at=tx.now,
        holders_only=True,
    )
    if not installations.insert(tx, here, AppPolicies(here.id, permitted_users=PermittedUsers.SELF_AUTHORIZE)):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="Somebody else took this app into use at the same moment; look at it again.")
    after = {"used_uninstalled_by": user.name}
    record_change(tx, actor, Event.APP_USE_APPROVED, app_rights.target(app), {"used_uninstalled_by": None}, after)
    settings = apps.settings_of(tx, app.org_id, app.id)
    if settings is not None:
        ensure_signing_key(tx, actor, settings.signing_algorithm)
    request_mails.tell_of_use(tx, org, app, user)
    return here


def _why_not(former: Installation, *, in_use: bool) -> str:
    if former.blocked_at is not None:
        return "An admin has blocked this app here."
    if in_use:
        return "This app is installed here; go back to it and begin again."
    return "An admin took this app out of use here; ask for it instead."
