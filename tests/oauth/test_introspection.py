"""Introspection (RFC 7662): a proven caller learns whether a token is good now, and of one that is not, nothing."""

from datetime import timedelta

import pytest
from tests.oauth.flows.portal import PUBLIC, make_portal
from tests.oauth.tenants import INTROSPECT, Client, Tenant

from gatebridge.rules.app_settings import ClientAuthMethod, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings

INACTIVE = {"active": False}


@pytest.fixture
def app(acme: Tenant) -> Client:
    return acme.app()


def test_std_IN_03_an_active_token_is_described_in_full(acme: Tenant, app: Client) -> None:
    issued = app.token()
    now = int(acme.standing.clock.now.timestamp())
    answer = app.introspect(issued.json()["access_token"])
    assert answer.json() == {
        "active": True,
        "scope": "api id",
        "client_id": app.consumer_key,
        "username": acme.runner.username,
        "token_type": "Bearer",
        "exp": now + 7200,
        "iat": now,
        "nbf": now,
        "sub": long(acme.runner.id),
        "aud": acme.org.issuer,
        "iss": acme.org.issuer,
        "jti": issued.headers["x-gatebridge-receipt"],
    }
    assert "x-gatebridge-receipt" not in answer.headers


def test_the_answer_is_in_the_dialect_of_the_caller_and_not_of_the_token(acme: Tenant, app: Client) -> None:
    server = acme.app("Sales", dialect=Dialect.SALESFORCE, introspect_all_tokens=True)
    told = server.introspect(app.access_token()).json()
    identity = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}"
    assert (told["token_type"], told["sub"]) == ("access_token", identity)


UNKNOWN = [
    pytest.param("", id="an opaque token of this org that was never issued"),
    pytest.param("gba_", id="a beginning of one"),
    pytest.param("a.b.c", id="three parts that are no JWT"),
    pytest.param("x" * 9000, id="more than a token can be"),
    pytest.param("päckchen", id="not ASCII"),
]


@pytest.mark.parametrize("token", UNKNOWN)
def test_std_IN_02_what_is_no_token_is_bare_inactive(acme: Tenant, app: Client, token: str) -> None:
    from gatebridge.crypto.secrets import opaque_access_token

    answer = app.introspect(token or opaque_access_token(acme.org.id, "standard", lambda count: bytes(range(count))))
    assert (answer.status_code, answer.json()) == (200, INACTIVE)
    assert acme.true_cause(answer) == "token_unknown"


def test_std_IN_02_a_revoked_token_is_bare_inactive(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    app.revoke(token)
    answer = app.introspect(token)
    assert (answer.json(), acme.true_cause(answer)) == (INACTIVE, "token_revoked")


def test_std_IN_04_another_apps_token_is_bare_inactive_unless_the_caller_may_ask_about_all(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    nosy, server = acme.app("Nosy"), acme.app("Server", introspect_all_tokens=True)
    answer = nosy.introspect(token)
    assert (answer.json(), acme.true_cause(answer)) == (INACTIVE, "token_of_other_app")
    assert server.introspect(token).json()["active"] is True


def test_std_IN_04_a_resource_server_sees_the_tokens_of_its_own_audience_and_no_other(acme: Tenant) -> None:
    orders = acme.app("Orders", flows=frozenset(), audience="https://orders.example", open_for_use=False)
    caller = acme.app("Caller", audience="https://orders.example")
    other = acme.app("Other", audience="https://billing.example")
    assert orders.introspect(caller.access_token()).json()["active"] is True
    assert orders.introspect(other.access_token()).json() == INACTIVE


def test_X_MX_06_std_IN_04_two_clients_of_one_api_do_not_see_each_others_tokens(acme: Tenant) -> None:
    """That both call it says nothing of what one may know about the other's users (decision 39)."""
    one, other = (acme.app(name, audience="https://orders.example") for name in ("One", "Other"))
    answer = one.introspect(other.access_token())
    assert (answer.json(), acme.true_cause(answer)) == (INACTIVE, "token_of_other_app")
    assert other.introspect(other.access_token()).json()["active"] is True


def test_std_IN_04_an_app_that_is_called_like_the_issuer_sees_no_more_for_it(acme: Tenant, app: Client) -> None:
    """Whose tokens are for nobody have the issuer for their audience, and what an app's audience is, its developer says alone."""
    nosy = acme.app("Nosy", flows=frozenset(), audience=acme.org.issuer, open_for_use=False)
    assert nosy.introspect(app.access_token()).json() == INACTIVE


@pytest.mark.parametrize("format", list(TokenFormat), ids=str)
def test_std_SC_08_a_token_of_another_org_is_unknown_here(acme: Tenant, rival: Tenant, format: TokenFormat) -> None:
    server = acme.app("Server", introspect_all_tokens=True)
    answer = server.introspect(rival.app(access_token_format=format).access_token())
    assert (answer.json(), acme.true_cause(answer)) == (INACTIVE, "token_unknown")


def test_an_app_installed_in_two_orgs_keeps_their_tokens_apart(acme: Tenant, rival: Tenant, app: Client) -> None:
    there = rival.install(app)
    token = there.access_token()
    assert there.introspect(token).json()["active"] is True
    assert app.introspect(token).json() == INACTIVE


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
def test_the_hint_binds_nobody(app: Client, hint: str) -> None:
    assert app.introspect(app.access_token(), token_type_hint=hint).json()["active"] is True


def test_an_active_answer_writes_nothing_and_an_inactive_one_writes_one_line(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    before = len(acme.history())
    for _ in range(3):
        app.introspect(token)
    assert len(acme.history()) == before
    app.introspect("unknown")
    assert len(acme.history()) == before + 1


def test_std_IN_01_who_does_not_prove_itself_is_refused(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    for form in ({}, {"client_id": app.consumer_key}, app.credentials | {"client_secret": "wrong"}):
        answer = app.post(INTROSPECT, form | {"token": token})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_std_IN_01_a_public_app_proves_nothing_and_may_not_ask_even_about_its_own_token(acme: Tenant, app: Client) -> None:
    token = app.access_token()
    with acme.standing.database.transaction() as tx:
        public = EditSettings(app.id, auth_methods=frozenset({ClientAuthMethod.NONE}), flows=frozenset())
        edit_settings(tx, acme.admin, public)
    answer = app.post(INTROSPECT, {"client_id": app.consumer_key, "token": token})
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")
    assert acme.true_cause(answer) == "client_not_confidential"


def test_std_IN_08_a_bearer_token_is_no_proof_of_who_asks(app: Client) -> None:
    token = app.access_token()
    answer = app.post(INTROSPECT, {"token": token}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_a_blocked_resource_server_is_refused_like_a_stranger(acme: Tenant, app: Client) -> None:
    token, server = app.access_token(), acme.app("Server", introspect_all_tokens=True)
    with acme.standing.database.transaction() as tx:
        block_app(tx, acme.admin, BlockApp(server.id, "It leaks."))
    answer = server.introspect(token)
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (401, "invalid_client", "app_blocked")


def test_the_token_must_be_there(acme: Tenant, app: Client) -> None:
    answer = app.introspect("")
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_request", "parameter_missing")
    assert answer.json()["error_description"].endswith("(token)")


def test_a_right_to_ask_about_all_that_was_taken_is_taken_at_once(acme: Tenant, app: Client) -> None:
    token, server = app.access_token(), acme.app("Server", introspect_all_tokens=True)
    with acme.standing.database.transaction() as tx:
        edit_settings(tx, acme.admin, EditSettings(server.id, introspect_all_tokens=False))
    assert server.introspect(token).json() == INACTIVE


# --- Refresh tokens ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_std_IN_05_an_app_learns_about_its_own_refresh_token_without_using_it_up(acme: Tenant, dialect: Dialect) -> None:
    portal = make_portal(acme, dialect=dialect, rotate_refresh_tokens=True)
    now, token = int(acme.standing.clock.now.timestamp()), portal.signed_in()["refresh_token"]
    user = long(acme.runner.id)
    for hint in ("", "access_token", "refresh_token"):
        assert portal.app.introspect(token, token_type_hint=hint).json() == {
            "active": True,
            "scope": "refresh_token api openid id",
            "client_id": portal.app.consumer_key,
            "username": acme.runner.username,
            "token_type": "refresh_token",
            "exp": now + 30 * 86400,
            "iat": now,
            "nbf": now,
            "sub": f"{acme.org.issuer}/id/{long(acme.org.id)}/{user}" if dialect is Dialect.SALESFORCE else user,
            "aud": acme.org.issuer,
            "iss": acme.org.issuer,
        }
    assert portal.refresh(token).status_code == 200


def test_a_refresh_token_that_lives_until_it_is_revoked_has_no_exp(acme: Tenant) -> None:
    portal = make_portal(acme)
    until = acme.standing.clock.now + timedelta(days=60)
    policies = (RefreshPolicy("until_revoked"),)
    portal.policies(refresh_policies=policies, refresh_exception_reason="A kiosk in the hall.", refresh_exception_until=until)
    assert "exp" not in portal.app.introspect(portal.signed_in()["refresh_token"]).json()


def test_std_IN_05_nobody_else_learns_about_a_refresh_token(acme: Tenant) -> None:
    portal = make_portal(acme)
    token = portal.signed_in()["refresh_token"]
    for other in (portal.guard, make_portal(acme, "Other").app):
        answer = other.introspect(token)
        assert (answer.json(), acme.true_cause(answer)) == (INACTIVE, "token_of_other_app")


def test_std_IN_02_a_refresh_token_that_would_be_refused_is_inactive(acme: Tenant) -> None:
    portal = make_portal(acme, rotate_refresh_tokens=True)
    old = portal.signed_in()["refresh_token"]
    newest = portal.refresh(old).json()["refresh_token"]
    answer = portal.app.introspect(old)
    assert (answer.json(), acme.true_cause(answer)) == (INACTIVE, "refresh_reused")
    assert portal.app.introspect(newest).json()["active"] is True  # asking about a used one ends nothing
    acme.standing.clock.advance(days=31)
    late = portal.app.introspect(newest)
    assert (late.json(), acme.true_cause(late)) == (INACTIVE, "refresh_expired")
    ended = make_portal(acme, "Ended", auth_methods=PUBLIC)
    assert ended.app.revoke(ended.signed_in()["refresh_token"]).status_code == 200
