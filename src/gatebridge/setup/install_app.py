"""Take an app of another org into use, or out of it again. An app arrives closed, also when it comes back (X-CA-08)."""

from dataclasses import dataclass, replace

from gatebridge.records.change import permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.apps import App, Installation
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.setup.edits import stale
from gatebridge.setup.signing_keys import ensure_signing_key
from gatebridge.storage import apps, epochs, installations, revocations
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class InstallApp:
    """Use an app here. Its publisher gives the consumer key, which is how an org that knows nothing of it can name it."""

    consumer_key: str


@dataclass(frozen=True, slots=True)
class UninstallApp:
    """Use an app here no more. The reason must be written."""

    app_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class InstalledApp:
    """An app as it is in one org."""

    app: App
    installation: Installation
    policies: AppPolicies


def install_app(tx: Tx, actor: Actor, command: InstallApp) -> InstalledApp:
    """Install the app that has this consumer key, with closed policies; one that is blocked here stays blocked. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app = apps.by_consumer_key(tx, command.consumer_key)
    if app is None or app.deleted_at is not None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    installation = installations.by_app(tx, actor.org_id, app.id)
    if installation is None:
        installation, policies = first_installation(tx, actor.org_id, app.id)
    else:
        installation, policies = _again(tx, actor, installation)
    after = {"installed": True, "policies": policies}
    record_change(tx, actor, Event.APP_INSTALLED, app_rights.target(app), {"installed": False}, after)
    settings = apps.settings_of(tx, app.org_id, app.id)
    if settings is not None:
        ensure_signing_key(tx, actor, settings.signing_algorithm)
    return InstalledApp(app, installation, policies)


def uninstall_app(tx: Tx, actor: Actor, command: UninstallApp) -> Installation:
    """End everything that the app has in this org, at the cost of one increment, and refuse it from now on. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, installation = app_rights.in_use(tx, actor, command.app_id)
    app_rights.refuse_own_door(actor, app.id)
    reason = app_rights.written_reason(command.reason)
    if not installations.uninstall(tx, actor.org_id, installation.id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app was uninstalled before.")
    epochs.raise_installation(tx, actor.org_id, app.id)
    revocations.append(tx, actor.org_id, "app", app_id=app.id)
    record_change(tx, actor, Event.APP_UNINSTALLED, app_rights.target(app), {"installed": True}, {"installed": False}, reason=reason)
    ended = replace(installation, epoch=installation.epoch + 1, epoch_at=tx.now)
    return replace(ended, uninstalled_at=tx.now, version=installation.version + 1)


def first_installation(tx: Tx, org_id: str, app_id: str) -> tuple[Installation, AppPolicies]:
    """The closed beginning of an app in an org: admin approved, nobody assigned, no run-as user. Raises Refused if it is there already."""
    installation = Installation(id=tx.new_id(Prefix.INSTALLATION), org_id=org_id, app_id=app_id, epoch=0, installed_at=tx.now)
    policies = AppPolicies(installation.id)
    if not installations.insert(tx, installation, policies):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app is installed already.")
    return installation, policies


def _again(tx: Tx, actor: Actor, former: Installation) -> tuple[Installation, AppPolicies]:
    policies = installations.policies_of(tx, actor.org_id, former.id)
    if policies is None or not installations.reinstall(tx, actor.org_id, former.id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app is installed already.")
    # What was opened for the app before it went does not open by itself when it comes back.
    installations.remove_permits(tx, actor.org_id, former.id)
    if not installations.update_policies(tx, actor.org_id, AppPolicies(former.id, version=policies.version)):
        raise stale()
    installation = replace(former, installed_at=tx.now, uninstalled_at=None, version=former.version + 1)
    return installation, AppPolicies(former.id, version=policies.version + 1)
