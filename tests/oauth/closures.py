"""Every way to close a gate: one change each, made by the verb that an admin, a developer or the user has for it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from tests.oauth.everything import Everything
from tests.oauth.flows.portal import CALLBACK

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.permissions import Permission
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.add_certificate import RetireCertificate, retire_certificate
from gatebridge.setup.after_restore import AfterRestore, after_restore
from gatebridge.setup.assign_access import AssignAccess, RemoveAccess, assign_access, remove_access
from gatebridge.setup.assign_permission_set import (
    AssignPermissionSet,
    UnassignPermissionSet,
    assign_permission_set,
    unassign_permission_set,
)
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.contain_app import ContainApp, contain_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.install_app import UninstallApp, uninstall_app
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.setup.my_account import EndMySession, end_my_session, my_sessions
from gatebridge.setup.my_apps import EndMyApp, end_my_app
from gatebridge.setup.revoke import RevokeApp, RevokeGrant, RevokeUser, revoke_app, revoke_grant, revoke_user
from gatebridge.setup.rotate_secret import RetireSecret, retire_secret
from gatebridge.setup.stop_users import DeactivateUser, FreezeUser, deactivate_user, freeze_user
from gatebridge.storage import credentials, grants
from gatebridge.storage.tx import Tx

WHY = "It is a drill."
ELSEWHERE = (TypedRange("203.0.113.0/24"),)
HIGH = {"required_level": Level.HIGH, "level_action": LevelAction.RAISE}
SOON = timedelta(seconds=30)

Closing = Callable[[Tx, Everything], object]


def _closed_today(tx: Tx) -> tuple[OpenHours, ...]:
    """Hours on one day, three days from now: other tests in the same house may have moved the clock."""
    return (OpenHours((tx.now.weekday() + 3) % 7, 0, 1440),)


def _profile(**changed: Any) -> Closing:
    return lambda tx, held: edit_profile(tx, held.acme.admin, _sure(EditProfile, profile_id=held.user.profile_id, **changed))


def _policies(**changed: Any) -> Closing:
    return lambda tx, held: edit_policies(tx, held.acme.admin, _sure(EditPolicies, app_id=held.app_id, **changed))


def _org(**changed: Any) -> Closing:
    return lambda tx, held: edit_org(tx, held.acme.admin, _sure(EditOrg, **changed))


def _settings(**changed: Any) -> Closing:
    return lambda tx, held: edit_settings(tx, held.acme.admin, EditSettings(held.app_id, **changed))


def _sure(command: Any, **said: Any) -> Any:
    """The command of somebody who was shown who is locked out by it, and means it."""
    return command(**said, **({"confirmed": True} if "confirmed" in command.__slots__ else {}))


def _says(**changed: str) -> Closing:
    return lambda _, held: held.changed.update(changed)


def _retire_secret(tx: Tx, held: Everything) -> object:
    (secret,) = credentials.secrets_of(tx, held.acme.org.id, held.app_id)
    return retire_secret(tx, held.acme.admin, RetireSecret(held.app_id, secret.id))


def _retire_certificate(tx: Tx, held: Everything) -> object:
    (certificate,) = credentials.certificates_of(tx, held.acme.org.id, held.app_id)
    return retire_certificate(tx, held.acme.admin, RetireCertificate(held.app_id, certificate.id))


def _expires(assign: Closing) -> Closing:
    """An assignment gets an end, and the end comes."""

    def close(tx: Tx, held: Everything) -> None:
        assign(tx, held)
        held.acme.standing.clock.advance(seconds=SOON.seconds)

    return close


def _end_sessions(tx: Tx, held: Everything) -> None:
    for session in my_sessions(tx, held.actor):
        end_my_session(tx, held.actor, EndMySession(session.id))


def _end_grants(tx: Tx, held: Everything) -> None:
    for grant in grants.live_of_user(tx, held.acme.org.id, held.user.id):
        revoke_grant(tx, held.acme.admin, RevokeGrant(grant.id, WHY))


CLOSURES: Mapping[str, Closing] = {
    "client secret wrong": _says(client_secret="wrong"),
    "client secret retired": _retire_secret,
    "certificate retired": _retire_certificate,
    "callback removed": _settings(callbacks=("https://portal.example/other",)),
    "callback differs": _says(redirect_uri=CALLBACK + "/"),
    "app blocked": lambda tx, held: block_app(tx, held.acme.admin, BlockApp(held.app_id, WHY)),
    "app contained": lambda tx, held: contain_app(tx, held.acme.admin, ContainApp(held.app_id, WHY)),
    "app deleted": lambda tx, held: delete_app(tx, held.acme.admin, DeleteApp(held.app_id, "Workbench", WHY)),
    "app uninstalled": lambda tx, held: uninstall_app(tx, held.acme.admin, UninstallApp(held.app_id, WHY)),
    "every flow off": _settings(flows=frozenset()),
    "flows with a user at a browser off": _settings(flows=frozenset({Flow.JWT_BEARER, Flow.CLIENT_CREDENTIALS})),
    "verifier wrong": _says(code_verifier="x" * 43),
    "challenge missing": _says(code_challenge="", code_challenge_method=""),
    "sessions ended": _end_sessions,
    "grants ended": _end_grants,
    "app revoked": lambda tx, held: revoke_app(tx, held.acme.admin, RevokeApp(held.app_id, WHY)),
    "user revoked": lambda tx, held: revoke_user(tx, held.acme.admin, RevokeUser(held.user.id, WHY)),
    "org epoch raised": lambda tx, held: after_restore(tx, held.acme.admin, AfterRestore(WHY)),
    "scopes removed": _settings(scopes=("visualforce",)),
    "user frozen": lambda tx, held: freeze_user(tx, held.acme.admin, FreezeUser(held.user.id, WHY)),
    "user deactivated": lambda tx, held: deactivate_user(tx, held.acme.admin, DeactivateUser(held.user.id, WHY)),
    "API Enabled taken": _profile(permissions=frozenset({Permission.VIEW_SETUP})),
    "permission set taken from the user": lambda tx, held: unassign_permission_set(
        tx, held.acme.admin, _sure(UnassignPermissionSet, user_id=held.user.id, set_id=held.acme.approved.id)
    ),
    "permission set taken from the app": lambda tx, held: remove_access(
        tx, held.acme.admin, _sure(RemoveAccess, app_id=held.app_id, holder_id=held.acme.approved.id)
    ),
    "the user's assignment expired": _expires(
        lambda tx, held: assign_permission_set(tx, held.acme.admin, AssignPermissionSet(held.user.id, held.acme.approved.id, tx.now + SOON))
    ),
    "the app's assignment expired": _expires(
        lambda tx, held: assign_access(tx, held.acme.admin, AssignAccess(held.app_id, held.acme.approved.id, tx.now + SOON))
    ),
    "hours closed": lambda tx, held: _profile(login_hours=_closed_today(tx))(tx, held),
    "profile's range tightened": _profile(login_ranges=ELSEWHERE),
    "org's range tightened": _org(trusted_ranges=ELSEWHERE),
    "app's range tightened": _policies(ip_ranges=ELSEWHERE),
    "refresh range tightened": _policies(refresh_ranges=ELSEWHERE),
    "level raised by the app": _policies(**HIGH),
    "level raised by the profile": _profile(**HIGH),
    "level raised by the org": _org(**HIGH),
    "level raised, and blocking": _policies(**HIGH | {"level_action": LevelAction.BLOCK}),
    "consent withdrawn": lambda tx, held: end_my_app(tx, held.actor, EndMyApp(held.app_id)),
}

# Only where each user decides for oneself is there a consent that can be withdrawn.
SELF_AUTHORIZED = frozenset({"consent withdrawn"})


def close(closure: str, held: Everything) -> None:
    """Make the change, in one transaction as its door does."""
    with held.acme.standing.database.transaction() as tx:
        CLOSURES[closure](tx, held)
