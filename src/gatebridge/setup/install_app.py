"""Take an app of another org into use, or out of it again. An app arrives closed, also when it comes back (X-CA-08)."""

from dataclasses import dataclass, replace
from datetime import datetime

from gatebridge.records import logouts
from gatebridge.records.change import permit, record_change
from gatebridge.rules.access_requests import RequestState, end_problem
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.apps import App, Installation
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights, request_mails
from gatebridge.setup.edit_policies import told
from gatebridge.setup.edits import refuse_invalid, stale
from gatebridge.setup.signing_keys import ensure_signing_key
from gatebridge.storage import access_requests, apps, epochs, installations, orgs, revocations
from gatebridge.storage.access_requests import Decision
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class InstallApp:
    """Use an app here, for good or until a moment.

    Its publisher gives the consumer key, which is how an org that knows nothing of it can name it.
    """

    consumer_key: str
    until: datetime | None = None


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
    """Install the app that has this consumer key, with closed policies; one that is blocked here stays blocked. Raises Refused.

    One that is installed until a moment gets the new end and keeps its policies. Whoever asked for the app is answered.
    """
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app = apps.by_consumer_key(tx, command.consumer_key)
    if app is None or app.deleted_at is not None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    problem = end_problem(command.until, tx.now, needed=False)
    if problem is not None:
        refuse_invalid([FieldProblem("until", problem)])
    # Whoever decides about an app here holds what was asked about it, then its installation, the feed and the audit trail, in this order:
    # two who do so in two ways must not wait for each other.
    access_requests.hold(tx, actor.org_id, app.id)
    before, installation, policies = _taken_into_use(tx, actor, app.id, command.until)
    ends = {"until": command.until} if command.until is not None or "until" in before else {}
    after = {"installed": True, "policies": told(policies)} | ends
    record_change(tx, actor, Event.APP_INSTALLED, app_rights.target(app), before, after)
    settings = apps.settings_of(tx, app.org_id, app.id)
    if settings is not None:
        ensure_signing_key(tx, actor, settings.signing_algorithm)
    answer_all(tx, actor, app.id, app.label, Decision(RequestState.APPROVED, actor.id, ends_at=command.until))
    return InstalledApp(app, installation, policies)


def answer_all(tx: Tx, actor: Actor, app_id: str, label: str, decision: Decision) -> None:
    """Whoever asked for the app itself has the answer with it. Part of a verb that was permitted and has its audit line."""
    answered = access_requests.decide_all(tx, actor.org_id, app_id, decision)
    org = orgs.by_id(tx, actor.org_id) if answered else None
    if org is not None:
        for request in answered:
            request_mails.tell_asker(tx, org, label, request)


def uninstall_app(tx: Tx, actor: Actor, command: UninstallApp) -> Installation:
    """End everything that the app has in this org, at the cost of one increment, and refuse it from now on. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app, installation = app_rights.in_use(tx, actor, command.app_id)
    app_rights.refuse_own_door(actor, app.id)
    reason = app_rights.written_reason(command.reason)
    if not installations.uninstall(tx, actor.org_id, installation.id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This app was uninstalled before.")
    epochs.raise_installation(tx, actor.org_id, app.id)
    logouts.announce_app(tx, actor.org_id, app.id, installation.id)
    revocations.append(tx, actor.org_id, "app", app_id=app.id)
    record_change(tx, actor, Event.APP_UNINSTALLED, app_rights.target(app), {"installed": True}, {"installed": False}, reason=reason)
    ended = replace(installation, epoch=installation.epoch + 1, epoch_at=tx.now)
    return replace(ended, uninstalled_at=tx.now, version=installation.version + 1)


def first_installation(tx: Tx, org_id: str, app_id: str, until: datetime | None = None) -> tuple[Installation, AppPolicies] | None:
    """The closed beginning of an app in an org: admin approved, nobody assigned, no run-as user. None if it is or was there already."""
    installation = Installation(tx.new_id(Prefix.INSTALLATION), org_id, app_id, epoch=0, installed_at=tx.now, uninstalled_at=until)
    policies = AppPolicies(installation.id)
    return (installation, policies) if installations.insert(tx, installation, policies) else None


def _taken_into_use(tx: Tx, actor: Actor, app_id: str, until: datetime | None) -> tuple[dict[str, object], Installation, AppPolicies]:
    """The app in use, and what was before it. Raises Refused."""
    first = first_installation(tx, actor.org_id, app_id, until)
    if first is not None:
        return {"installed": False}, *first
    former = installations.by_app(tx, actor.org_id, app_id, hold=True)
    kept = installations.policies_of(tx, actor.org_id, former.id) if former is not None else None
    if former is None or kept is None:
        raise _installed_already()
    policies: dict[str, object] = {"policies": told(kept)}
    if not former.in_use(tx.now):
        return policies | {"installed": False}, *_again(tx, actor, former, kept, until)
    if not installations.prolong(tx, actor.org_id, former.id, until):
        raise _installed_already()
    prolonged = replace(former, uninstalled_at=until, version=former.version + 1)
    return policies | {"installed": True, "until": former.uninstalled_at}, prolonged, kept


def _again(tx: Tx, actor: Actor, former: Installation, kept: AppPolicies, until: datetime | None) -> tuple[Installation, AppPolicies]:
    if not installations.reinstall(tx, actor.org_id, former.id, until):
        raise _installed_already()
    # What was opened for the app before it went does not open by itself when it comes back.
    installations.remove_permits(tx, actor.org_id, former.id)
    if not installations.update_policies(tx, actor.org_id, AppPolicies(former.id, version=kept.version)):
        raise stale()
    installation = replace(former, installed_at=tx.now, uninstalled_at=until, holders_only=False, version=former.version + 1)
    if former.epoch_at is None or (former.uninstalled_at is not None and former.epoch_at < former.uninstalled_at):
        # It went out of use by its date, or never was installed: nobody has ended what it had, and that must not come back either.
        epochs.raise_installation(tx, actor.org_id, former.app_id)
        installation = replace(installation, epoch=former.epoch + 1, epoch_at=tx.now)
    return installation, AppPolicies(former.id, version=kept.version + 1)


def _installed_already() -> Refused:
    return Refused(setup_reasons.STATE_CONFLICT, detail="This app is installed already.")
