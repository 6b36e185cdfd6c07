"""What goes wrong at the token endpoint, and the code and text on which Salesforce's clients match (its protocol, section 4.2).

Rows of that section that are not here cannot happen: nobody signs in by password, SAML or DPoP, no org is locked, and a request that
names no app of this org speaks the standard dialect.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.oauth.flows.devices import Panel, decide, make_panel, member, type_code
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import TOKEN, Client, Tenant, make_tenant

from gatebridge.oauth.flows.device import SALESFORCE_GRANT_TYPE
from gatebridge.rules import device_codes
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.permissions import Permission
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.setup.stop_users import DeactivateUser, FreezeUser, deactivate_user, freeze_user

SALESFORCE: dict[str, Any] = {"dialect": Dialect.SALESFORCE}
WHY = "It is a drill."

Situation = Callable[[Tenant], httpx.Response]


def robot(acme: Tenant, **said: Any) -> Client:
    return acme.app(**SALESFORCE | said)


def portal(acme: Tenant, **said: Any) -> Portal:
    return make_portal(acme, **SALESFORCE | said)


def job(acme: Tenant, **said: Any) -> Job:
    return Job(acme, **SALESFORCE | said)


def change(acme: Tenant, verb: Callable[..., object], command: object) -> None:
    with acme.standing.database.transaction() as tx:
        verb(tx, acme.admin, command)


def robot_says(**said: str) -> Situation:
    return lambda acme: robot(acme).token(said)


def job_claims(**changed: Any) -> Situation:
    def ask(acme: Tenant) -> httpx.Response:
        asks = job(acme)
        return asks.ask(asks.claims(**changed))

    return ask


def redeems(said: dict[str, str], **code: Any) -> Situation:
    def ask(acme: Tenant) -> httpx.Response:
        app = portal(acme)
        return app.redeem(app.code(**code), said)

    return ask


def after(first: Callable[[Tenant, Portal, str], object], **said: Any) -> Situation:
    """A refresh after something has happened to the family, the app or the user."""

    def ask(acme: Tenant) -> httpx.Response:
        app = portal(acme, **said)
        token = app.signed_in()["refresh_token"]
        first(acme, app, token)
        return app.refresh(token)

    return ask


def from_another_org(acme: Tenant) -> httpx.Response:
    return replace(robot(make_tenant(acme.standing)), issuer=acme.org.issuer).token()


def by_a_deleted_app(acme: Tenant) -> httpx.Response:
    app = robot(acme)
    change(acme, delete_app, DeleteApp(app.id, "Nightly_Sync", WHY))
    return app.token()


def code_twice(acme: Tenant) -> httpx.Response:
    app = portal(acme)
    code = app.code()
    app.redeem(code)
    return app.redeem(code)


def code_too_late(acme: Tenant) -> httpx.Response:
    app = portal(acme)
    code = app.code()
    acme.standing.clock.advance(minutes=1)
    return app.redeem(code)


def rotated(acme: Tenant, app: Portal, token: str) -> None:
    app.policies(refresh_grace_seconds=0)
    assert app.refresh(token).status_code == 200


def rotated_long_ago(acme: Tenant, app: Portal, token: str) -> None:
    rotated(acme, app, token)
    acme.standing.clock.advance(seconds=1)


def idle(acme: Tenant, app: Portal, token: str) -> None:
    app.policies(refresh_policies=(RefreshPolicy("idle", 1, "days"),))
    acme.standing.clock.advance(days=1)


def jti_twice(acme: Tenant) -> httpx.Response:
    asks = job(acme)
    assertion = asks.key.sign(asks.claims())
    assert asks.present(assertion).status_code == 200
    return asks.present(assertion)


def forged(acme: Tenant) -> httpx.Response:
    from tests.oauth.client_keys import client_key

    return job(acme).ask(key=client_key("ES256", 2, clock=acme.standing.clock))


def nobody_has_approved(acme: Tenant) -> httpx.Response:
    asks = job(acme)
    change(acme, edit_policies, EditPolicies(asks.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE))
    return asks.ask()


def no_admin_has_approved(acme: Tenant) -> httpx.Response:
    asks = job(acme, open_for_use=False)
    change(acme, edit_policies, EditPolicies(asks.app.id, access_token_minutes=30))
    return asks.ask()


def no_run_as_user(acme: Tenant) -> httpx.Response:
    app = robot(acme, open_for_use=False)
    change(acme, edit_policies, EditPolicies(app.id, access_token_minutes=30))
    return app.token()


def flow_off(acme: Tenant) -> httpx.Response:
    app = robot(acme)
    change(acme, edit_settings, EditSettings(app.id, flows=frozenset({Flow.JWT_BEARER})))
    return app.token()


def user(verb: Callable[..., object], command: Callable[..., object]) -> Situation:
    def ask(acme: Tenant) -> httpx.Response:
        asks = job(acme)
        change(acme, verb, command(acme.runner.id, WHY))
        return asks.ask()

    return ask


def profile(**changed: Any) -> Situation:
    def ask(acme: Tenant) -> httpx.Response:
        app = robot(acme)
        change(acme, edit_profile, EditProfile(acme.profile.id, confirmed=True, **changed))
        return app.token()

    return ask


def panel(acme: Tenant) -> Panel:
    return make_panel(acme, "Handheld", **SALESFORCE)


def polls(device: Panel, code: str) -> httpx.Response:
    return device.app.post(TOKEN, {"grant_type": SALESFORCE_GRANT_TYPE, "client_id": device.app.consumer_key, "code": code})


def pending(acme: Tenant) -> httpx.Response:
    device = panel(acme)
    return polls(device, device.begin()["device_code"])


def too_soon(acme: Tenant) -> httpx.Response:
    device = panel(acme)
    code = device.begin()["device_code"]
    polls(device, code)
    acme.standing.clock.advance(seconds=2)
    return polls(device, code)


def denied(acme: Tenant) -> httpx.Response:
    device, ada = panel(acme), member(acme)
    begun = device.begin()
    browser = device.browser(ada)
    decide(browser, type_code(browser, begun["user_code"]), "deny")
    return polls(device, begun["device_code"])


def device_too_late(acme: Tenant) -> httpx.Response:
    device = panel(acme)
    code = device.begin()["device_code"]
    acme.standing.clock.advance(minutes=10)
    return polls(device, code)


def device_unknown(acme: Tenant) -> httpx.Response:
    return polls(panel(acme), "nonsense")


NO_API = frozenset({Permission.VIEW_SETUP})
ELSEWHERE = (TypedRange("203.0.113.0/24"),)
MISMATCH = "redirect_uri must match configuration"
UNKNOWN_SCOPE, NOT_ALLOWED = "the requested scope is invalid, unknown, or malformed", "the requested scope is not allowed"
IN_USE, DEAD = "token request is already being processed", "expired access/refresh token"
NO_GRANT = "grant type not supported"

# What happens, what the client hears, and what only the receipt says.
ROWS: list[tuple[str, Situation, str, str, str]] = [
    ("a wrong secret", robot_says(client_secret="wrong"), "invalid_client", "invalid client credentials", "secret_mistyped"),
    ("no secret", robot_says(client_secret=""), "invalid_client", "invalid client credentials", "client_proof_missing"),
    ("an app that is gone", by_a_deleted_app, "invalid_client_id", "client identifier invalid", "app_deleted"),
    ("an app that is not installed", from_another_org, "invalid_client", "app must be installed into org", "app_not_installed"),
    ("no grant type", robot_says(grant_type=""), "unsupported_grant_type", NO_GRANT, "grant_type_missing"),
    ("by password", robot_says(grant_type="password"), "unsupported_grant_type", NO_GRANT, "grant_type_unknown"),
    ("the hybrid flow", robot_says(grant_type="hybrid_refresh"), "unsupported_grant_type", NO_GRANT, "grant_type_unknown"),
    ("an unknown scope", robot_says(scope="bogus"), "invalid_scope", UNKNOWN_SCOPE, "scope_unknown"),
    ("a malformed scope", robot_says(scope="api  id"), "invalid_scope", UNKNOWN_SCOPE, "scope_malformed"),
    ("a scope that the app lacks", robot_says(scope="web"), "invalid_scope", NOT_ALLOWED, "scope_not_assigned"),
    ("no run-as user", no_run_as_user, "invalid_grant", "no client credentials user enabled", "run_as_missing"),
    ("client credentials off", flow_off, "invalid_grant", "client credentials flow not enabled", "flow_not_enabled"),
    ("no right to the API", profile(permissions=NO_API), "invalid_grant", "authentication failure", "api_not_enabled"),
    ("another network", profile(login_ranges=ELSEWHERE), "invalid_grant", "ip restricted", "address_outside_ranges"),
    ("a code used twice", code_twice, "invalid_grant", "invalid authorization code", "code_used"),
    ("an unknown code", redeems({"code": "aPrx"}), "invalid_grant", "invalid authorization code", "code_unknown"),
    ("a code too late", code_too_late, "invalid_grant", "expired authorization code", "code_expired"),
    ("another verifier", redeems({"code_verifier": "x" * 43}), "invalid_grant", "invalid code verifier", "verifier_wrong"),
    ("no verifier", redeems({"code_verifier": ""}), "invalid_grant", "invalid code verifier", "verifier_missing"),
    ("another callback", redeems({"redirect_uri": "https://x.example/"}), "redirect_uri_mismatch", MISMATCH, "callback_differs"),
    ("no code", redeems({"code": ""}), "invalid_request", "missing required parameter", "parameter_missing"),
    ("an unknown refresh token", lambda acme: portal(acme).refresh("5Aep861"), "invalid_grant", DEAD, "refresh_unknown"),
    ("a revoked one", after(lambda acme, app, token: app.app.revoke(token)), "invalid_grant", DEAD, "refresh_ended"),
    ("one past its policy", after(idle), "invalid_grant", "token validity expired", "refresh_expired"),
    ("one in use", after(rotated, rotate_refresh_tokens=True), "invalid_grant", IN_USE, "refresh_in_progress"),
    ("one rotated out", after(rotated_long_ago, rotate_refresh_tokens=True), "invalid_grant", DEAD, "refresh_reused"),
    ("no refresh token", lambda acme: portal(acme).refresh(""), "invalid_request", "missing required parameter", "parameter_missing"),
    ("nobody has approved", nobody_has_approved, "invalid_grant", "user hasn't approved this consumer", "consent_missing"),
    ("nobody of that name", job_claims(sub="nobody"), "invalid_grant", "user hasn't approved this consumer", "user_unknown"),
    ("no admin has", no_admin_has_approved, "invalid_app_access", "user is not admin approved to access this app", "user_not_approved"),
    ("a frozen user", user(freeze_user, FreezeUser), "invalid_grant", "inactive user", "user_frozen"),
    ("a user who left", user(deactivate_user, DeactivateUser), "invalid_grant", "inactive user", "user_inactive"),
    ("a forged assertion", forged, "invalid_grant", "invalid assertion", "grant_signature_wrong"),
    ("another audience", job_claims(aud="https://login.example"), "invalid_grant", "audience is invalid", "grant_audience_wrong"),
    ("an old assertion", job_claims(exp=1), "invalid_grant", "expired authorization code", "grant_assertion_expired"),
    ("an assertion for long", job_claims(exp=2 * 10**9), "invalid_grant", "invalid assertion", "grant_assertion_too_long"),
    ("an assertion twice", jti_twice, "bad_jti_claim", "invalid assertion", "grant_assertion_replayed"),
    ("a device that waits", pending, "authorization_pending", "authorization pending", ""),
    ("a device in a hurry", too_soon, "slow_down", "slow down", ""),
    ("a device refused", denied, "access_denied", "end-user denied authorization", "device_denied"),
    ("a device too late", device_too_late, "invalid_grant", "expired device code", "device_expired"),
    ("an unknown device code", device_unknown, "invalid_grant", "invalid device code", "device_code_unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("situation", "error", "text", "cause"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_compat_08_the_client_hears_salesforces_words_and_the_receipt_tells_the_cause(
    acme: Tenant, situation: Situation, error: str, text: str, cause: str
) -> None:
    answer = situation(acme)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_description"]) == (400, error, text)
    assert body["error_uri"].startswith(f"{acme.org.issuer}/help/reasons/")
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert "www-authenticate" not in answer.headers
    if cause:  # of a device that waits nothing is written down yet
        assert acme.true_cause(answer) == cause


def test_too_many_devices_are_a_rate_and_400_to_salesforces_clients(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    device = panel(acme)
    monkeypatch.setattr(device_codes, "MOST_WAITING_IN_NETWORK", 0)
    answer = device.app.post(TOKEN, {"response_type": "device_code", "client_id": device.app.consumer_key})
    told = answer.json()["error"], answer.json()["error_description"]
    assert (answer.status_code, *told) == (400, "rate_limit_exceeded", "number of logins exceeded")
    assert (answer.headers["retry-after"], acme.true_cause(answer)) == ("1", "device_codes_too_many")


def test_the_word_audience_stays_in_the_text_for_which_sf_looks(acme: Tenant) -> None:
    """It tries several audiences, and of all the refusals it shows those that hold the word."""
    assert "audience" in job_claims(aud="https://test.example")(acme).json()["error_description"]
