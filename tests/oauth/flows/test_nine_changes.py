"""Nine changes against everything that anybody can hold: whatever was taken away is refused at the next request, everywhere.

A code that was not redeemed yet, a refresh token, an assertion, and a live access token at introspection and at userinfo. Each change
is made by the verb that an admin uses. The receipt names the true cause; the wire tells a holder nothing about the user, and nothing that
a thief could use.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import httpx
import pytest
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Client, Tenant

from gatebridge.rules.ids import Prefix, parse
from gatebridge.rules.network import parse_range
from gatebridge.setup.assign_access import RemoveAccess, remove_access
from gatebridge.setup.assign_permission_set import UnassignPermissionSet, unassign_permission_set
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.install_app import UninstallApp, uninstall_app
from gatebridge.setup.revoke import RevokeUser, revoke_user
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import profiles
from gatebridge.storage.tx import Tx

Change = Callable[[Tx, Tenant, Client], object]

USERINFO = "/services/oauth2/userinfo"


def _network(tx: Tx, acme: Tenant, _: Client) -> None:
    elsewhere = parse_range("203.0.113.0/24")
    assert elsewhere is not None
    assert profiles.update(tx, replace(acme.profile, login_ranges=(elsewhere,)))


CHANGES: dict[str, Change] = {
    "user frozen": lambda tx, acme, _: freeze_user(tx, acme.admin, FreezeUser(acme.runner.id, "Lost laptop.")),
    "permission set removed from user": lambda tx, acme, _: unassign_permission_set(
        tx, acme.admin, UnassignPermissionSet(acme.runner.id, acme.approved.id)
    ),
    "permission set removed from app": lambda tx, acme, app: remove_access(tx, acme.admin, RemoveAccess(app.id, acme.approved.id)),
    "app blocked": lambda tx, acme, app: block_app(tx, acme.admin, BlockApp(app.id, "It leaks.")),
    "app uninstalled": lambda tx, acme, app: uninstall_app(tx, acme.admin, UninstallApp(app.id, "It was replaced.")),
    "scope removed": lambda tx, acme, app: edit_settings(tx, acme.admin, EditSettings(app.id, scopes=("visualforce",))),
    "network tightened": _network,
    "epoch raised": lambda tx, acme, _: revoke_user(tx, acme.admin, RevokeUser(acme.runner.id, "Lost laptop.")),
    "flow off": lambda tx, acme, app: edit_settings(tx, acme.admin, EditSettings(app.id, flows=frozenset())),
}

# What the receipt names, where it is the same for every holder.
CAUSES = {
    "user frozen": "user_frozen",
    "permission set removed from user": "user_not_approved",
    "permission set removed from app": "user_not_approved",
    "app blocked": "app_blocked",
    "app uninstalled": "app_not_installed",
    "scope removed": "scope_none_left",
    "network tightened": "address_outside_ranges",
    "flow off": "flow_not_enabled",
}
OF_HOLDER = {
    ("epoch raised", "code"): "code_ended",
    ("epoch raised", "refresh token"): "refresh_ended",
    ("epoch raised", "assertion"): "grant_assertion_ended",
    ("epoch raised", "access token"): "token_ended",
    ("scope removed", "refresh token"): "refresh_scope_withdrawn",
    ("scope removed", "assertion"): "scope_not_assigned",
}

# What the wire says: about the user and the network one thing, about the rest what the app's own developer may know.
THE_USER = ("invalid_grant", "user_not_approved")
ON_THE_WIRE = {
    "user frozen": THE_USER,
    "permission set removed from user": THE_USER,
    "permission set removed from app": THE_USER,
    "network tightened": THE_USER,
    "app blocked": ("invalid_client", "client_authentication_failed"),
    "app uninstalled": ("unauthorized_client", "app_not_installed"),
    "flow off": ("unauthorized_client", "flow_not_enabled"),
    ("scope removed", "code"): ("invalid_scope", "scope_none_left"),
    ("scope removed", "refresh token"): ("invalid_grant", "refresh_scope_withdrawn"),
    ("scope removed", "assertion"): ("invalid_scope", "scope_not_assigned"),
    ("epoch raised", "code"): ("invalid_grant", "authorization_code_refused"),
    ("epoch raised", "refresh token"): ("invalid_grant", "refresh_token_refused"),
    ("epoch raised", "assertion"): ("invalid_grant", "grant_assertion_ended"),
}

every_change = pytest.mark.parametrize("change", CHANGES)


@dataclass(frozen=True)
class Held:
    """Everything that was given out or signed before the change, each good at that moment."""

    portal: Portal
    job: Job
    code: str
    tokens: dict[str, str]
    assertion: str

    def use(self, holder: str) -> httpx.Response:
        """Use it at the token endpoint."""
        if holder == "code":
            return self.portal.redeem(self.code)
        if holder == "refresh token":
            return self.portal.refresh(self.tokens["refresh_token"])
        return self.job.present(self.assertion, {"scope": "api"})


@pytest.fixture
def held(acme: Tenant) -> Held:
    portal, job = make_portal(acme), Job(acme)
    tokens = portal.signed_in()
    assert portal.live(tokens["access_token"])
    assert job.ask(None, {"scope": "api"}).status_code == 200
    signed = job.key.sign(job.claims(iat=job.key.now))
    held = Held(portal, job, portal.code(), tokens, signed)
    acme.standing.clock.advance(seconds=5)
    return held


def make(change: str, acme: Tenant, app: Client) -> None:
    with acme.standing.database.transaction() as tx:
        CHANGES[change](tx, acme, app)


def page_of(answer: httpx.Response) -> str:
    return str(answer.json()["error_uri"]).partition("?")[0].rpartition("/")[2]


@every_change
@pytest.mark.parametrize("holder", ["code", "refresh token", "assertion"])
def test_X_AC_13_X_RT_05_X_JB_02_it_buys_nothing_at_the_next_request_and_the_receipt_knows_why(
    acme: Tenant, held: Held, holder: str, change: str
) -> None:
    make(change, acme, held.job.app if holder == "assertion" else held.portal.app)
    answer = held.use(holder)
    assert answer.status_code in (400, 401), answer.text
    true_cause = OF_HOLDER.get((change, holder)) or CAUSES[change]
    assert acme.true_cause(answer) == true_cause
    wire = ON_THE_WIRE.get((change, holder)) or ON_THE_WIRE[change]
    assert (answer.json()["error"], page_of(answer)) == wire


@every_change
def test_std_IN_02_a_live_access_token_of_a_user_is_inactive_at_the_next_question(acme: Tenant, held: Held, change: str) -> None:
    make(change, acme, held.portal.app)
    answer = held.portal.guard.introspect(held.tokens["access_token"])
    assert answer.json() == {"active": False}
    assert acme.true_cause(answer) == (OF_HOLDER.get((change, "access token")) or CAUSES[change])


@every_change
def test_std_BR_02_a_live_access_token_of_a_user_opens_userinfo_no_more(acme: Tenant, held: Held, change: str) -> None:
    bearer = {"Authorization": f"Bearer {held.tokens['access_token']}"}
    assert acme.door.get(acme.org.issuer + USERINFO, headers=bearer).status_code == 200
    make(change, acme, held.portal.app)
    answer = acme.door.get(acme.org.issuer + USERINFO, headers=bearer)
    true_cause = OF_HOLDER.get((change, "access token")) or CAUSES[change]
    assert answer.status_code == 401, answer.text
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert true_cause not in answer.text + answer.headers["www-authenticate"]
    receipt_id = parse(answer.headers["X-Gatebridge-Receipt"], Prefix.RECEIPT)
    (line,) = [line for line in acme.history() if line.id == receipt_id]
    assert line.reason == true_cause


def test_after_a_revoke_the_app_may_ask_anew_with_an_assertion_that_is_signed_after_it(acme: Tenant, held: Held) -> None:
    make("epoch raised", acme, held.job.app)
    assert held.use("assertion").status_code == 400
    acme.standing.clock.advance(seconds=1)
    assert held.job.ask(held.job.claims(iat=held.job.key.now), {"scope": "api"}).status_code == 200
