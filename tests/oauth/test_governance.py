"""The reason why an admin's word counts: whatever is taken away is refused at the next request, at every door, and for tokens that live.

Each cause below is tried three times: a new token, a live token at introspection, and a live token at the admin API. The receipt names
the true cause; the wire tells a stranger, and the holder of a token, nothing that would be worth knowing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.oauth.tenants import Client, Tenant

from gatebridge.rules.apps import Dialect
from gatebridge.rules.network import parse_range
from gatebridge.rules.people import Assignment, UserState
from gatebridge.setup.assign_access import AssignAccess, RemoveAccess, assign_access, remove_access
from gatebridge.setup.block_app import BlockApp, UnblockApp, block_app, unblock_app
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.install_app import UninstallApp, uninstall_app
from gatebridge.setup.revoke import RevokeApp, RevokeGrant, RevokeUser, revoke_app, revoke_grant, revoke_user
from gatebridge.storage import epochs, installations, orgs, people, permission_sets, profiles
from gatebridge.storage.grants import grants
from gatebridge.storage.tx import Tx

Change = Callable[[Tx, Tenant, Client], object]

STRANGER = (401, "invalid_client", "client_authentication_failed")
UNAUTHORIZED = (400, "unauthorized_client")
NO_GRANT = (400, "invalid_grant")


def _block(tx: Tx, acme: Tenant, app: Client) -> None:
    block_app(tx, acme.admin, BlockApp(app.id, "It leaks."))


def _uninstall(tx: Tx, acme: Tenant, app: Client) -> None:
    uninstall_app(tx, acme.admin, UninstallApp(app.id, "It is replaced."))


def _delete(tx: Tx, acme: Tenant, app: Client) -> None:
    delete_app(tx, acme.admin, DeleteApp(app.id, "Nightly_Sync", "It is replaced."))


def _only_marked(tx: Tx, acme: Tenant, app: Client) -> None:
    """The block alone, without the epoch that the verb raises: the gate stands by itself."""
    installations.block(tx, acme.org.id, app.installation_id, "by hand")


def _flow_off(tx: Tx, acme: Tenant, app: Client) -> None:
    edit_settings(tx, acme.admin, EditSettings(app.id, flows=frozenset()))


def _scopes_gone(tx: Tx, acme: Tenant, app: Client) -> None:
    edit_settings(tx, acme.admin, EditSettings(app.id, scopes=("id",)))
    tx.connection.execute(sa.text("UPDATE app_settings SET scopes = '[]' WHERE app_id = :id"), {"id": app.id})


def _freeze(tx: Tx, acme: Tenant, _: Client) -> None:
    assert people.change_frozen(tx, acme.org.id, acme.runner.id, True)


def _deactivate(tx: Tx, acme: Tenant, _: Client) -> None:
    assert people.change_state(tx, acme.org.id, acme.runner.id, [UserState.ACTIVE], UserState.DEACTIVATED)


def _unassign_user(tx: Tx, acme: Tenant, _: Client) -> None:
    assert permission_sets.unassign(tx, acme.org.id, acme.runner.id, acme.approved.id)


def _unassign_app(tx: Tx, acme: Tenant, app: Client) -> None:
    remove_access(tx, acme.admin, RemoveAccess(app.id, acme.approved.id, confirmed=True))


def _assignment_ran_out(tx: Tx, acme: Tenant, _: Client) -> None:
    permission_sets.assign(tx, acme.org.id, acme.runner.id, acme.approved.id, tx.now)


def _permit_ran_out(tx: Tx, acme: Tenant, app: Client) -> None:
    installations.put_permit(tx, acme.org.id, app.installation_id, Assignment(acme.approved.id, tx.now))


def _network_tightened(tx: Tx, acme: Tenant, _: Client) -> None:
    elsewhere = parse_range("203.0.113.0/24")
    assert elsewhere is not None
    assert profiles.update(tx, replace(acme.profile, login_ranges=(elsewhere,)))


def _run_as_removed(tx: Tx, acme: Tenant, app: Client) -> None:
    edit_policies(tx, acme.admin, EditPolicies(app.id, run_as_user_id=None, confirmed=True))


def _api_taken(tx: Tx, acme: Tenant, _: Client) -> None:
    assert profiles.update(tx, replace(acme.profile, permissions=frozenset()))


CAUSES = [
    pytest.param(_block, STRANGER, "app_blocked", id="the app is blocked"),
    pytest.param(_only_marked, STRANGER, "app_blocked", id="the app is blocked, even if no epoch was raised"),
    pytest.param(_delete, STRANGER, "app_deleted", id="the app is deleted"),
    pytest.param(_uninstall, (*UNAUTHORIZED, "app_not_installed"), "app_not_installed", id="the app is uninstalled"),
    pytest.param(_flow_off, (*UNAUTHORIZED, "flow_not_enabled"), "flow_not_enabled", id="the flow is switched off"),
    pytest.param(_scopes_gone, (400, "invalid_scope", "scope_none_left"), "scope_none_left", id="its scopes are taken"),
    pytest.param(_freeze, (*NO_GRANT, "run_as_frozen"), "run_as_frozen", id="the user is frozen"),
    pytest.param(_deactivate, (*NO_GRANT, "run_as_inactive"), "run_as_inactive", id="the user is deactivated"),
    pytest.param(_unassign_user, (*NO_GRANT, "user_not_approved"), "user_not_approved", id="the permission set is taken from the user"),
    pytest.param(_unassign_app, (*NO_GRANT, "user_not_approved"), "user_not_approved", id="the permission set is taken from the app"),
    pytest.param(_assignment_ran_out, (*NO_GRANT, "user_not_approved"), "approval_expired", id="the user's assignment runs out"),
    pytest.param(_permit_ran_out, (*NO_GRANT, "user_not_approved"), "approval_expired", id="the app's approval runs out"),
    pytest.param(_network_tightened, (*NO_GRANT, "address_outside_ranges"), "address_outside_ranges", id="the network is tightened"),
    pytest.param(_run_as_removed, (*NO_GRANT, "run_as_missing"), "run_as_missing", id="the run-as user is removed"),
    pytest.param(_api_taken, (*NO_GRANT, "api_not_enabled"), "api_not_enabled", id="API Enabled is taken"),
]


@dataclass(frozen=True)
class InUse:
    """An app with a live token that works at every door."""

    app: Client
    token: str


@pytest.fixture
def in_use(acme: Tenant) -> InUse:
    app = acme.app(scopes=("api", "setup_api"))
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(app.id, may_administer=True))
    token = app.access_token()
    assert app.introspect(token).json()["active"] is True
    assert app.me(token).status_code == 200
    return InUse(app, token)


@pytest.fixture
def server(acme: Tenant) -> Client:
    """A resource server that may ask about every token of the org."""
    return acme.app("Resource Server", introspect_all_tokens=True)


def change(acme: Tenant, app: Client, cause: Change) -> None:
    with acme.standing.database.transaction() as tx:
        cause(tx, acme, app)


@pytest.mark.parametrize(("cause", "wire", "true"), CAUSES)
def test_X_RV_07_no_new_token_at_the_next_request(
    acme: Tenant, in_use: InUse, cause: Change, wire: tuple[int, str, str], true: str
) -> None:
    change(acme, in_use.app, cause)
    answer = in_use.app.token()
    body = answer.json()
    page = body["error_uri"].partition("?")[0].rpartition("/")[2]
    assert (answer.status_code, body["error"], page) == wire
    assert acme.true_cause(answer) == true


def test_X_JB_07_the_account_that_an_app_runs_as_is_looked_at_each_time(acme: Tenant, in_use: InUse) -> None:
    change(acme, in_use.app, _freeze)
    assert (in_use.app.me(in_use.token).status_code, acme.true_cause(in_use.app.token())) == (401, "run_as_frozen")
    with acme.standing.database.transaction() as tx:
        assert people.change_frozen(tx, acme.org.id, acme.runner.id, False)
    assert in_use.app.token().status_code == 200


@pytest.mark.parametrize(("cause", "wire", "true"), CAUSES)
def test_std_IN_02_a_live_token_is_inactive_at_the_next_introspection_without_a_word_why(
    acme: Tenant, in_use: InUse, server: Client, cause: Change, wire: object, true: str
) -> None:
    change(acme, in_use.app, cause)
    # Approved through a profile of its own, the resource server does not share what happens to the user.
    answer = server.introspect(in_use.token)
    assert (answer.status_code, answer.json()) == (200, {"active": False})
    line = acme.receipt(answer)
    assert (line.reason, line.app_id, line.event) == (true, in_use.app.id, "introspection")


@pytest.mark.parametrize(("cause", "wire", "true"), CAUSES)
def test_std_BR_02_a_live_token_is_invalid_at_the_admin_api_without_a_word_why(
    acme: Tenant, in_use: InUse, cause: Change, wire: object, true: str
) -> None:
    change(acme, in_use.app, cause)
    answer = in_use.app.me(in_use.token)
    challenge = answer.headers["www-authenticate"]
    assert (answer.status_code, answer.json()["reason"]) == (401, "access_token_refused")
    assert 'Bearer realm="' in challenge
    assert 'error="invalid_token"' in challenge
    assert true not in answer.text + challenge
    line = acme.history()[-1]
    assert (line.event, line.reason, line.app_id) == ("api", true, in_use.app.id)


def test_std_BR_02_a_scope_that_the_app_lost_is_told_as_such(acme: Tenant, in_use: InUse) -> None:
    change(acme, in_use.app, lambda tx, acme, app: edit_settings(tx, acme.admin, EditSettings(app.id, scopes=("api",))))
    answer = in_use.app.me(in_use.token)
    assert (answer.status_code, answer.json()["reason"]) == (403, "scope_insufficient")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="setup_api"' in answer.headers["www-authenticate"]


# --- What is ended at flat cost ------------------------------------------------------------------------------------------


def _app_epoch(tx: Tx, acme: Tenant, app: Client) -> None:
    assert epochs.raise_app(tx, acme.org.id, app.id) is not None


def _org_epoch(tx: Tx, acme: Tenant, app: Client) -> None:
    assert orgs.raise_epoch(tx, acme.org.id) is not None


def _grant(tx: Tx, acme: Tenant, app: Client) -> None:
    (grant_id,) = tx.connection.execute(sa.select(grants.c.id).where(grants.c.app_id == app.id, grants.c.ended_at.is_(None))).scalars()
    revoke_grant(tx, acme.admin, RevokeGrant(grant_id, "cleaning up"))


ENDINGS = {
    "org": _org_epoch,
    "app": _app_epoch,
    "installation": lambda tx, acme, app: revoke_app(tx, acme.admin, RevokeApp(app.id, "It leaks.")),
    "user": lambda tx, acme, app: revoke_user(tx, acme.admin, RevokeUser(acme.runner.id, "lost laptop")),
    "grant": _grant,
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS.keys())
def test_X_RV_04_whatever_is_ended_ends_the_live_token_and_lets_the_app_ask_anew(
    acme: Tenant, in_use: InUse, server: Client, ending: Change
) -> None:
    change(acme, in_use.app, ending)
    for door in (server.introspect(in_use.token), in_use.app.introspect(in_use.token)):
        assert door.json() == {"active": False}
        assert acme.true_cause(door) == "token_ended"
    assert in_use.app.me(in_use.token).status_code == 401
    assert acme.last_cause() == "token_ended"
    fresh = in_use.app.access_token()
    assert server.introspect(fresh).json()["active"] is True


def test_X_RV_04_levels_ended_in_any_order_never_bring_a_token_back(acme: Tenant, in_use: InUse, server: Client) -> None:
    tokens = [in_use.token]
    for first, second in zip(ENDINGS.values(), reversed(list(ENDINGS.values())), strict=True):
        for ending in (first, second):
            change(acme, in_use.app, ending)
            assert [server.introspect(token).json() for token in tokens] == [{"active": False}] * len(tokens)
            tokens.append(in_use.app.access_token())


def test_an_unblocked_app_works_again_and_its_old_tokens_stay_dead(acme: Tenant, in_use: InUse, server: Client) -> None:
    change(acme, in_use.app, _block)
    change(acme, in_use.app, lambda tx, acme, app: unblock_app(tx, acme.admin, UnblockApp(app.id, "It was repaired.")))
    assert server.introspect(in_use.token).json() == {"active": False}
    assert in_use.app.token().status_code == 200


def test_an_approval_holds_until_its_end_and_not_a_moment_longer(acme: Tenant, in_use: InUse, server: Client) -> None:
    clock = acme.standing.clock
    end = clock.now + timedelta(minutes=5)
    change(acme, in_use.app, lambda tx, acme, app: assign_access(tx, acme.admin, AssignAccess(app.id, acme.approved.id, end)))
    clock.now = end - timedelta(microseconds=1)
    assert server.introspect(in_use.token).json()["active"] is True
    clock.now = end
    assert server.introspect(in_use.token).json() == {"active": False}


def test_std_GV_01_another_run_as_user_does_not_inherit_the_tokens_of_the_first(acme: Tenant, in_use: InUse, server: Client) -> None:
    another = EditPolicies(in_use.app.id, run_as_user_id=acme.admin.user_id, confirmed=True)
    change(acme, in_use.app, lambda tx, acme, _: edit_policies(tx, acme.admin, another))
    assert server.introspect(in_use.token).json() == {"active": False}


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_scopes_taken_from_the_app_are_taken_from_its_live_tokens(acme: Tenant, dialect: Dialect) -> None:
    app = acme.app(scopes=("api", "id"), dialect=dialect)
    token = app.access_token()
    change(acme, app, lambda tx, acme, app: edit_settings(tx, acme.admin, EditSettings(app.id, scopes=("id", "visualforce"))))
    assert app.introspect(token).json()["scope"] == "id"
