"""Redeeming an authorization code (RFC 6749 section 4.1.3, RFC 7636): what it buys, once, and for whom."""

from typing import Any

import pytest
from tests.oauth.client_keys import client_key
from tests.oauth.door import basic
from tests.oauth.flows.portal import CALLBACK, PUBLIC, VERIFIER, Portal, make_portal
from tests.oauth.tenants import Client, Tenant, compared

from gatebridge.monitoring import receipts
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.revoke import RevokeUser, revoke_user
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import permission_sets, sessions
from gatebridge.storage.grants import grants

DIALECTS = pytest.mark.parametrize("dialect", list(Dialect), ids=str)


@pytest.fixture
def portal(acme: Tenant) -> Portal:
    return make_portal(acme)


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# --- The success ---------------------------------------------------------------------------------------------------------


@DIALECTS
def test_std_TK_01_TK_04_a_code_buys_the_answer_of_the_rfc_and_what_salesforces_clients_read(acme: Tenant, dialect: Dialect) -> None:
    portal = make_portal(acme, dialect=dialect)
    answer = portal.redeem(portal.code())
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    user = f"{acme.org.issuer}/id/{long(acme.org.id)}/{long(acme.runner.id)}"
    assert (body["token_type"], body["expires_in"], body["id"], body["instance_url"]) == ("Bearer", 7200, user, acme.org.issuer)
    assert body["scope"] == "refresh_token api openid id"
    assert body["refresh_token"].startswith("gbr_")
    assert body["id_token"].count(".") == 2
    assert body["issued_at"].isdigit()
    assert body["signature"]
    assert portal.live(body["access_token"])


def test_the_line_of_a_redemption_names_app_user_grant_and_flow(acme: Tenant, portal: Portal) -> None:
    line = acme.receipt(portal.redeem(portal.code()))
    assert (line.event, line.outcome, line.flow, line.user_id) == ("token", "success", "web_server", acme.runner.id)
    assert (line.app_id, line.scopes_given, line.auth_method) == (portal.app.id, "refresh_token api openid id", "client_secret_post")
    assert line.grant_id


def test_the_grant_keeps_what_was_approved_and_how_its_user_signed_in(acme: Tenant, portal: Portal) -> None:
    grant_id = acme.receipt(portal.redeem(portal.code(), scope="api refresh_token")).grant_id
    with acme.standing.database.snapshot() as tx:
        grant = tx.connection.execute(grants.select().where(grants.c.id == grant_id)).one()
    assert set(grant.scopes.split()) == {"api", "id", "openid", "refresh_token"}
    assert (grant.methods, grant.level, grant.nonce, grant.authenticated_at) == ("pwd", "standard", "n-0S6_WzA2Mj", acme.standing.clock.now)
    assert grant.session_id


def test_two_codes_are_two_grants(acme: Tenant, portal: Portal) -> None:
    first, second = (acme.receipt(portal.redeem(portal.code())).grant_id for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    ("said", "policies", "given"),
    [
        pytest.param({}, {}, True, id="scope, flow and policy allow it"),
        pytest.param({"scopes": ("api", "offline_access")}, {}, True, id="offline_access is the same scope"),
        pytest.param({"scopes": ("api",)}, {}, False, id="not asked for"),
        pytest.param({}, {"refresh_policies": "immediately"}, False, id="it would be dead at once"),
    ],
)
def test_std_RT_09_a_refresh_token_comes_where_scope_flow_and_policy_allow_it(
    acme: Tenant, said: dict[str, Any], policies: dict[str, Any], given: bool
) -> None:
    from gatebridge.rules.lifetimes import RefreshPolicy

    portal = make_portal(acme, scopes=("api", "id", "openid", "refresh_token", "offline_access"))
    portal.policies(**{name: (RefreshPolicy("immediately"),) for name in policies})
    assert ("refresh_token" in portal.redeem(portal.code(**said)).json()) is given


def test_without_the_refresh_flow_there_is_no_refresh_token(acme: Tenant) -> None:
    from gatebridge.rules.app_settings import Flow

    portal = make_portal(acme, flows=frozenset({Flow.WEB_SERVER}))
    assert "refresh_token" not in portal.signed_in()


# --- The client ----------------------------------------------------------------------------------------------------------


def test_std_CG_01_X_AC_03_another_apps_code_is_unknown_to_the_caller_and_stays_good(acme: Tenant, portal: Portal) -> None:
    thief = make_portal(acme, "Thief")
    code = portal.code()
    foreign, unknown = thief.redeem(code), thief.redeem("gbc_" + "0" * 49)
    assert error_of(foreign) == error_of(unknown) == (400, "invalid_grant")
    assert foreign.json()["error_description"] == unknown.json()["error_description"]
    assert (acme.true_cause(foreign), acme.true_cause(unknown)) == ("code_of_other_app", "code_unknown")
    line = acme.receipt(foreign)
    assert (line.app_id, line.user_id, line.grant_id) == (thief.app.id, None, None)
    assert portal.redeem(code).status_code == 200


def test_X_AC_03_a_used_code_of_another_app_ends_nothing(acme: Tenant, portal: Portal) -> None:
    thief = make_portal(acme, "Thief")
    code = portal.code()
    token = portal.redeem(code).json()["access_token"]
    assert error_of(thief.redeem(code)) == (400, "invalid_grant")
    assert portal.live(token)


def test_a_confidential_app_proves_itself_before_anything_is_said_about_the_code(acme: Tenant, portal: Portal) -> None:
    code = portal.code()
    for form in ({"client_secret": ""}, {"client_secret": "wrong"}):
        assert error_of(portal.redeem(code, form)) == error_of(portal.redeem("nonsense", form)) == (401, "invalid_client")
    assert portal.redeem(code).status_code == 200  # nothing was burnt


def test_an_app_may_be_excused_from_its_secret_and_then_the_verifier_is_its_proof(acme: Tenant) -> None:
    portal = make_portal(acme, require_secret_for_web_server=False)
    assert portal.redeem(portal.code(), client_secret="").status_code == 200
    assert portal.redeem(portal.code()).status_code == 200  # and a secret that is sent is checked
    assert error_of(portal.redeem(portal.code(), client_secret="wrong")) == (401, "invalid_client")
    unbound = portal.redeem(portal.code(challenge=None), client_secret="", code_verifier="")
    assert (error_of(unbound), acme.true_cause(unbound)) == ((400, "invalid_request"), "challenge_missing")


def test_a_public_app_redeems_by_its_name_and_its_verifier(acme: Tenant) -> None:
    portal = make_portal(acme, auth_methods=PUBLIC)
    body = portal.signed_in()
    assert "signature" not in body
    assert portal.live(body["access_token"])


def test_a_header_and_a_signed_assertion_prove_the_app_as_well(acme: Tenant, portal: Portal) -> None:
    by_header = portal.app.ask(
        {"grant_type": "authorization_code", "code": portal.code(), "redirect_uri": CALLBACK, "code_verifier": VERIFIER},
        headers=basic(portal.app.consumer_key, portal.app.secret),
    )
    keyed = make_portal(acme, "Keyed", key=client_key(clock=acme.standing.clock))
    assert (by_header.status_code, keyed.redeem(keyed.code()).status_code) == (200, 200)


# --- The callback --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "sent", "good"),
    [
        ({}, CALLBACK, True),
        ({}, "", True),  # PKCE binds the code, and OAuth 2.1 sends it no more
        ({}, CALLBACK + "/", False),
        ({}, "https://evil.example/callback", False),
        ({"challenge": None}, "", False),  # nothing else binds the code
        ({"challenge": None}, CALLBACK, True),
        ({"callback_sent": False}, "", True),
        ({"callback_sent": False, "challenge": None}, "", True),
        ({"callback_sent": False}, "https://evil.example/callback", False),
    ],
)
def test_X_AC_04_std_CG_02_the_redirect_uri_is_the_one_of_the_authorization_request(
    acme: Tenant, stored: dict[str, Any], sent: str, good: bool
) -> None:
    portal = make_portal(acme, pkce_required=False)
    answer = portal.redeem(portal.code(**stored), redirect_uri=sent, code_verifier="" if "challenge" in stored else VERIFIER)
    assert answer.status_code == (200 if good else 400), answer.text
    if not good:
        assert acme.true_cause(answer) == "callback_differs"
        assert compared(acme.receipt(answer))["redirect_uri"]["registered"] == CALLBACK


# --- PKCE ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verifier", "error", "cause"),
    [
        ("", "invalid_grant", "verifier_missing"),
        ("x" * 43, "invalid_grant", "verifier_wrong"),
        ("x" * 42, "invalid_request", "verifier_malformed"),
        ("x" * 129, "invalid_request", "verifier_malformed"),
        (VERIFIER + "=", "invalid_request", "verifier_malformed"),
        (VERIFIER + "ä", "invalid_request", "verifier_malformed"),
        (VERIFIER + "\n", "invalid_request", "verifier_malformed"),
    ],
)
def test_X_AC_06_X_AC_09_std_CG_03_SC_03_a_wrong_verifier_is_refused_and_burns_the_code(
    acme: Tenant, portal: Portal, verifier: str, error: str, cause: str
) -> None:
    code = portal.code()
    answer = portal.redeem(code, code_verifier=verifier)
    assert (error_of(answer), acme.true_cause(answer)) == ((400, error), cause)
    second = portal.redeem(code)
    assert (error_of(second), acme.true_cause(second)) == ((400, "invalid_grant"), "code_used")


def test_X_AC_07_std_CG_03_a_verifier_for_a_code_without_challenge_is_refused(acme: Tenant) -> None:
    portal = make_portal(acme, pkce_required=False)
    answer = portal.redeem(portal.code(challenge=None))
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "verifier_unexpected")


def test_in_the_salesforce_dialect_a_stray_verifier_is_ignored_and_a_long_one_is_taken(acme: Tenant) -> None:
    from tests.oauth.flows.portal import challenge_of

    portal = make_portal(acme, dialect=Dialect.SALESFORCE, pkce_required=False)
    assert portal.redeem(portal.code(challenge=None)).status_code == 200
    long_one = "~" * 171
    assert portal.redeem(portal.code(challenge=challenge_of(long_one)), code_verifier=long_one).status_code == 200
    wrong = portal.redeem(portal.code(), code_verifier="x" * 43)
    assert (error_of(wrong), wrong.json()["error_description"]) == ((400, "invalid_grant"), "invalid code verifier")


# --- Once, and in time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [False, True])
def test_X_AC_01_std_CG_04_a_second_redemption_ends_what_the_first_has_bought(acme: Tenant, public: bool) -> None:
    portal = make_portal(acme, auth_methods=PUBLIC) if public else make_portal(acme)
    code = portal.code()
    bought = portal.redeem(code).json()
    second = portal.redeem(code, address="198.51.100.7")
    assert (error_of(second), acme.true_cause(second)) == ((400, "invalid_grant"), "code_used")
    assert not portal.live(bought["access_token"])
    assert error_of(portal.refresh(bought["refresh_token"])) == (400, "invalid_grant")
    line = acme.receipt(second)
    assert (line.user_id, line.address) == (acme.runner.id, "198.51.100.7")
    assert [each["kind"] for each in portal.guard.feed().json()["revocations"]] == ["grant"]


def test_X_AC_01_what_was_refreshed_since_ends_with_it(portal: Portal) -> None:
    code = portal.code()
    later = portal.refresh(portal.redeem(code).json()["refresh_token"]).json()["access_token"]
    portal.redeem(code)
    assert not portal.live(later)


def test_std_CG_04_a_replay_without_the_verifier_ends_nothing(acme: Tenant, portal: Portal) -> None:
    code = portal.code()
    token = portal.redeem(code).json()["access_token"]
    for form in ({"code_verifier": "x" * 43}, {"code_verifier": ""}, {"client_secret": "wrong"}):
        assert portal.redeem(code, form).status_code in (400, 401)
    assert portal.live(token)


def test_std_CG_04_a_replayed_client_assertion_ends_nothing_either(acme: Tenant) -> None:
    portal = make_portal(acme, key=client_key(clock=acme.standing.clock))
    code = portal.code()
    token = portal.redeem(code).json()["access_token"]  # with the one assertion that `credentials` holds
    again = portal.redeem(code)
    assert (error_of(again), acme.true_cause(again)) == ((401, "invalid_client"), "assertion_replayed")
    assert portal.live(token)


def test_X_AC_10_std_CG_05_a_code_lives_sixty_seconds(acme: Tenant, portal: Portal) -> None:
    in_time, late = portal.code(), portal.code()
    acme.standing.clock.advance(seconds=59)
    assert portal.redeem(in_time).status_code == 200
    acme.standing.clock.advance(seconds=1)
    answer = portal.redeem(late)
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "code_expired")


def test_std_CG_05_a_replay_is_noticed_long_after_the_code_has_run_out(acme: Tenant, portal: Portal) -> None:
    code = portal.code()
    token = portal.redeem(code).json()["access_token"]
    acme.standing.clock.advance(minutes=30)
    assert acme.true_cause(portal.redeem(code)) == "code_used"
    assert not portal.live(token)


# --- The world at redemption ---------------------------------------------------------------------------------------------


def freeze(tx: Any, portal: Portal) -> object:
    return freeze_user(tx, portal.acme.admin, FreezeUser(portal.user.id, "It looks odd."))


def block(tx: Any, portal: Portal) -> object:
    return block_app(tx, portal.acme.admin, BlockApp(portal.app.id, "It leaks."))


def unassign(tx: Any, portal: Portal) -> object:
    return permission_sets.unassign(tx, portal.acme.org.id, portal.user.id, portal.acme.approved.id)


def revoke(tx: Any, portal: Portal) -> object:
    return revoke_user(tx, portal.acme.admin, RevokeUser(portal.user.id, "A laptop was lost."))


def sign_out(tx: Any, portal: Portal) -> object:
    return sessions.end_of_user(tx, portal.acme.org.id, portal.user.id, "signed out")


@pytest.mark.parametrize(
    ("change", "error", "cause"),
    [
        (freeze, (400, "invalid_grant"), "user_frozen"),
        (block, (401, "invalid_client"), "app_blocked"),
        (unassign, (400, "invalid_grant"), "user_not_approved"),
        (revoke, (400, "invalid_grant"), "code_ended"),
        (sign_out, (400, "invalid_grant"), "code_ended"),
    ],
)
def test_X_AC_13_std_CG_06_what_changed_since_the_consent_counts(
    acme: Tenant, portal: Portal, change: Any, error: tuple[int, str], cause: str
) -> None:
    code = portal.code()
    with acme.standing.database.transaction() as tx:
        change(tx, portal)
    answer = portal.redeem(code)
    assert (error_of(answer), acme.true_cause(answer)) == (error, cause)


def test_X_AC_13_whoever_presents_a_code_learns_nothing_about_its_user(acme: Tenant, portal: Portal) -> None:
    told = set()
    for change in (freeze, unassign):
        code = portal.code()
        with acme.standing.database.transaction() as tx:
            change(tx, portal)
        body = portal.redeem(code).json()
        told.add((body["error"], body["error_description"], body["error_uri"].partition("?")[0]))
    assert len(told) == 1


# --- Scope and audience --------------------------------------------------------------------------------------------------


def test_X_AC_11_the_scope_may_be_narrowed_at_redemption_and_never_grows(acme: Tenant) -> None:
    portal = make_portal(acme, scopes=("api", "id", "openid", "refresh_token", "web"))
    assert portal.redeem(portal.code(), scope="api").json()["scope"] == "api"
    answer = portal.redeem(portal.code(), scope="api web")
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_scope"), "scope_exceeds_grant")


def test_a_scope_that_the_app_has_lost_since_is_dropped(acme: Tenant, portal: Portal) -> None:
    code = portal.code()
    portal.settings(scopes=("api",))
    assert portal.redeem(code).json()["scope"] == "api"


def test_X_AC_12_std_TK_05_nobody_chooses_another_audience_at_redemption_or_refresh(acme: Tenant) -> None:
    portal = make_portal(acme, audience="https://api.example")
    other = {"resource": "https://other.example", "audience": "https://other.example"}
    first = portal.redeem(portal.code(), other).json()
    second = portal.refresh(first["refresh_token"], other).json()
    for token in (first["access_token"], second["access_token"]):
        assert portal.guard.introspect(token).json()["aud"] == "https://api.example"


# --- What is missing -----------------------------------------------------------------------------------------------------


def test_std_TK_02_the_code_must_be_there_and_only_a_proven_client_hears_it(acme: Tenant, portal: Portal) -> None:
    answer = portal.redeem("")
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "invalid_request"), "parameter_missing")
    assert "(code)" in answer.json()["error_description"]
    assert error_of(portal.redeem("", client_secret="wrong")) == (401, "invalid_client")


def test_std_TK_03_a_flow_that_is_not_enabled_is_unauthorized_client(acme: Tenant) -> None:
    app = acme.app()
    answer = app.token(grant_type="authorization_code", code="x")
    assert (error_of(answer), acme.true_cause(answer)) == ((400, "unauthorized_client"), "flow_not_enabled")


def test_X_AC_05_X_MX_05_no_other_kind_of_value_stands_in_for_a_code_or_a_refresh_token(acme: Tenant, portal: Portal) -> None:
    code, got = portal.code(), portal.signed_in()
    values = [portal.app.secret, portal.app.consumer_key, got["access_token"], got["id_token"]]
    for value in [*values, got["refresh_token"]]:
        assert acme.true_cause(portal.redeem(value)) == "code_unknown"
    for value in [*values, code]:
        assert acme.true_cause(portal.refresh(value)) == "refresh_unknown"
    for value in (code, got["refresh_token"], got["id_token"]):
        assert portal.app.me(value).status_code == 401
    assert portal.redeem(code).status_code == 200


def test_std_TK_06_a_token_of_a_user_names_the_user_and_a_consumer_key_is_no_users_id(acme: Tenant, portal: Portal) -> None:
    said = portal.guard.introspect(portal.signed_in()["access_token"]).json()
    assert (said["sub"], said["client_id"]) == (long(acme.runner.id), portal.app.consumer_key)
    assert said["client_id"].startswith("gbk_")


# --- The limit of grants -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dialect", "most"), [(Dialect.STANDARD, 20), (Dialect.SALESFORCE, 5)])
def test_beyond_the_limit_the_grant_used_longest_ago_ends_and_its_end_is_told(acme: Tenant, dialect: Dialect, most: int) -> None:
    portal = make_portal(acme, dialect=dialect)
    had = []
    for _ in range(most):
        had.append(portal.signed_in())
        acme.standing.clock.advance(seconds=1)
    portal.refresh(had[0]["refresh_token"])  # so the second is now the one used longest ago
    acme.standing.clock.advance(seconds=1)
    answer = portal.redeem(portal.code())
    assert [portal.live(each["access_token"]) for each in had[:3]] == [True, False, True]
    told = [line for line in acme.history() if line.event == "grant_evicted"]
    assert [line.user_id for line in told] == [acme.runner.id]
    with acme.standing.database.snapshot() as tx:
        assert receipts.by_id(tx, acme.admin, acme.receipt(answer).id).evicted == (told[0].grant_id,)
    assert portal.guard.feed().json()["revocations"][-1]["kind"] == "grant"


def test_an_app_of_another_org_gets_its_grants_in_the_org_that_installed_it(acme: Tenant, rival: Tenant) -> None:
    theirs = make_portal(rival)
    client: Client = acme.install(theirs.app)
    here = Portal(acme, client, acme.runner, theirs.guard, theirs.credentials)
    line = acme.receipt(here.redeem(here.code()))
    assert (line.org_id, line.user_id) == (acme.org.id, acme.runner.id)
