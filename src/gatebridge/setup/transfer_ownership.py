"""Change who answers for an app, and who does when that person is away."""

from dataclasses import dataclass, replace

from gatebridge.records.change import check_version, permit, record_change, signed_in_lately
from gatebridge.rules import app_checks
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.setup import app_rights
from gatebridge.setup.edits import UNCHANGED, Unchanged, applied, refuse_invalid, stale
from gatebridge.storage import apps, names
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class TransferOwnership:
    """Both must be active users of the org who may register apps. For the backup owner None is a value: nobody."""

    app_id: str
    owner_id: str | Unchanged = UNCHANGED
    backup_owner_id: str | Unchanged | None = UNCHANGED
    reason: str = ""
    expected_version: int | None = None


def transfer_ownership(tx: Tx, actor: Actor, command: TransferOwnership) -> App:
    """Give the app other owners. Its owner may do so, and whoever manages apps; the backup owner may not take it over.

    Owners make credentials of the app, so whoever makes somebody one signed in lately. Raises Refused.
    """
    before = app_rights.transferable(tx, actor, command.app_id)
    if actor.user_id != before.owner_id:
        permit(actor, Permission.MANAGE_CONNECTED_APPS)
    app_rights.refuse_borrowed_powers(tx, actor, before)
    check_version(before.version, command.expected_version)
    app_rights.refuse_deleted(before)
    after = applied(before, command, "owner_id", "backup_owner_id")
    if after == before:
        return before
    problems = [problem for problem in app_checks.identity_problems(after) if problem.field == "backup_owner_id"]
    if after.owner_id != before.owner_id:
        problem = app_rights.owner_problem(tx, actor.org_id, "owner_id", after.owner_id)
        problems += [problem] if problem else []
    if after.backup_owner_id is not None and after.backup_owner_id != before.backup_owner_id:
        problem = app_rights.owner_problem(tx, actor.org_id, "backup_owner_id", after.backup_owner_id)
        problems += [problem] if problem else []
    refuse_invalid(problems)
    if {after.owner_id, after.backup_owner_id} - {before.owner_id, before.backup_owner_id, None}:
        signed_in_lately(tx, actor)
    if not apps.update(tx, after):
        raise stale()
    said = names.of_users(tx, actor.org_id, {user for app in (before, after) for user in (app.owner_id, app.backup_owner_id) if user})
    record_change(
        tx,
        actor,
        Event.APP_OWNERSHIP_TRANSFERRED,
        app_rights.target(after),
        _owners(before, said),
        _owners(after, said),
        reason=app_rights.given_reason(command.reason),
    )
    return replace(after, version=after.version + 1)


def _owners(app: App, said: dict[str, str]) -> dict[str, object]:
    backup = app.backup_owner_id
    return {
        "owner": said.get(app.owner_id),
        "owner_id": app.owner_id,
        "backup_owner": said.get(backup) if backup else None,
        "backup_owner_id": backup,
    }
