"""The legacy user-agent flow: off until org and app both want it, tokens in the fragment and nowhere else, nothing that outlives them."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from tests.oauth.flows.portal import CALLBACK, PUBLIC
from tests.oauth.flows.visits import STATE, approve, deny, enrol, go_back, sign_in
from tests.oauth.flows.widget import WITH_ID_TOKEN, id_token_of, legacy, switch
from tests.oauth.tenants import Tenant

from gatebridge.monitoring.explain import Question, explain, from_receipt
from gatebridge.monitoring.explained import Outcome
from gatebridge.monitoring.hypothetical import Situation
from gatebridge.oauth.formats.id_token import half_hash
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.gates import Door, Gate
from gatebridge.setup.revoke import RevokeGrant, revoke_grant
from gatebridge.storage import grants, signing_keys

USERINFO = "/services/oauth2/userinfo"
# What every answer with a token says, in either dialect (RFC 6749 section 4.2.2, and what Salesforce's clients read).
SAID = {"access_token", "token_type", "expires_in", "scope", "instance_url", "id", "issued_at", "token_format", "state", "iss"}


def test_std_AZ_35_a_user_approves_and_the_tokens_are_in_the_fragment_and_nowhere_else(
    acme: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.browser()
    page = sign_in(browser, browser.open(app.url()), ben)
    assert "Keep this access while you are away" not in page.text  # nobody is promised what is never given
    assert "2 hours; then it has to send you here again" in page.text
    page = approve(browser, page)
    answer = app.granted(page)
    assert set(answer) == SAID
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", "7200", "api openid id")
    assert (answer["state"], answer["iss"]) == (STATE, app.issuer)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    line = acme.history()[-1]
    assert page.headers["x-gatebridge-receipt"].startswith(line.id)
    told = (line.event, line.outcome, line.flow, line.user_id, line.scopes_given, line.status)
    assert told == ("token", "success", "user_agent", ben.id, "api openid id", 303)
    assert app.portal.live(answer["access_token"])
    assert acme.door.get(app.issuer + USERINFO, headers={"Authorization": f"Bearer {answer['access_token']}"}).status_code == 200
    secret = answer["access_token"].rpartition("_")[2]
    assert not [each for each in acme.history() if secret in str(each)]
    assert secret not in capsys.readouterr().out


def test_the_grant_knows_the_session_and_the_sign_in_that_it_came_from(acme: Tenant) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    app.granted(approve(browser, browser.open(app.url())))
    with acme.standing.database.snapshot() as tx:
        (grant,) = grants.live_of_user(tx, acme.org.id, ben.id)
    assert (grant.flow, grant.methods, grant.scopes) == (Flow.USER_AGENT, ("pwd",), ("api", "openid", "id"))
    assert grant.session_id is not None
    assert grant.authenticated_at is not None
    assert acme.history()[-1].grant_id == grant.id


def test_std_MD_05_metadata_name_it_where_the_org_wants_it_and_nowhere_else(acme: Tenant) -> None:
    for on in (True, False):
        switch(acme, on=on)
        found = acme.door.get(f"{acme.org.issuer}/.well-known/openid-configuration").json()
        assert found["response_types_supported"] == (["code", "token", "id_token token"] if on else ["code"])
        assert ("implicit" in found["grant_types_supported"]) is on


@pytest.mark.parametrize("response_type", ["id_token token", "token id_token"])
def test_std_ID_01_ID_03_AZ_17_an_id_token_beside_it_is_bound_to_it_and_to_the_request(acme: Tenant, response_type: str) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    asked = WITH_ID_TOKEN | {"response_type": response_type, "claims": '{"id_token": {"email": null}}'}
    answer = app.granted(approve(browser, browser.open(app.url(**asked))))
    claims = id_token_of(app, answer)
    assert (claims["aud"], claims["nonce"], claims["iss"]) == (app.portal.app.consumer_key, "n-0S6", app.issuer)
    assert claims["at_hash"] == half_hash(answer["access_token"], "ES256")
    assert claims["email"] == ben.email
    assert {"sub", "exp", "iat", "auth_time", "acr", "amr", "sid"} <= claims.keys()
    assert not str(claims["sid"]).startswith("0Ak")


def test_std_AZ_16_without_an_id_token_asked_for_there_is_none(acme: Tenant) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    assert "id_token" not in app.granted(approve(browser, browser.open(app.url(scope="openid api", nonce="n"))))


@pytest.mark.parametrize(
    ("org", "app_flows", "reason"),
    [
        (True, {Flow.USER_AGENT}, None),
        (False, {Flow.USER_AGENT}, "flow_off_in_org"),
        (True, {Flow.WEB_SERVER}, "flow_not_enabled"),
        (False, {Flow.WEB_SERVER}, "flow_not_enabled"),
    ],
)
def test_X_RU_19_std_AZ_07_SC_01_it_is_off_until_the_org_and_the_app_both_want_it(
    acme: Tenant, org: bool, app_flows: set[Flow], reason: str | None
) -> None:
    app, ben = legacy(acme, on=org, flows=frozenset(app_flows)), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url())
    if reason is None:
        assert "consent" in page.forms
        return
    assert (app.told_no(page), acme.last_cause()) == ("unauthorized_client", reason)
    assert acme.history()[-1].event == "authorize"


def test_what_was_given_is_worth_nothing_once_the_org_or_the_app_switches_it_off(acme: Tenant) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    token = app.granted(approve(browser, browser.open(app.url())))["access_token"]
    switch(acme, on=False)
    assert not app.portal.live(token)
    switch(acme, on=True)
    assert app.portal.live(token)
    app.portal.settings(flows=frozenset({Flow.WEB_SERVER}))
    assert not app.portal.live(token)


@pytest.mark.parametrize(
    ("changed", "error", "reason"),
    [
        ({"response_mode": "query"}, "invalid_request", "response_mode_unknown"),
        ({"response_mode": "form_post"}, "invalid_request", "response_mode_unknown"),
        ({"response_mode": "web_message"}, "invalid_request", "response_mode_unknown"),
        (WITH_ID_TOKEN | {"nonce": None}, "invalid_request", "nonce_missing"),
        (WITH_ID_TOKEN | {"scope": "api"}, "invalid_request", "openid_missing"),
        ({"scope": "refresh_token"}, "invalid_scope", "scope_none_left"),
        ({"scope": "web"}, "invalid_scope", "scope_not_assigned"),
        ({"prompt": "none"}, "login_required", "login_required"),
        ({"response_type": "token refresh_token"}, "unsupported_response_type", "response_type_unknown"),
        ({"response_type": "id_token"}, "unsupported_response_type", "response_type_unknown"),
    ],
)
def test_std_AZ_35_X_RU_12_what_is_wrong_is_told_in_the_fragment_too(
    acme: Tenant, changed: dict[str, str | None], error: str, reason: str
) -> None:
    app = legacy(acme)
    assert (app.told_no(app.browser().open(app.url(**changed))), acme.last_cause()) == (error, reason)


def test_std_AZ_18_prompt_none_gives_tokens_once_the_user_has_approved(acme: Tenant) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    assert app.told_no(browser.open(app.url(prompt="none"))) == "consent_required"
    approve(browser, browser.open(app.url()))
    first, second = (app.granted(browser.open(app.url(prompt="none")))["access_token"] for _ in range(2))
    assert first != second


def test_std_AZ_26_who_says_no_or_may_not_is_told_to_the_app_in_the_fragment(acme: Tenant) -> None:
    app, ben = legacy(acme, dialect=Dialect.SALESFORCE), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = deny(browser, browser.open(app.url()))
    assert (app.told_no(page), page.answer["error_description"]) == ("access_denied", "end-user denied authorization")
    app.portal.policies(permitted_users=PermittedUsers.ADMIN_APPROVED, confirmed=True)
    page = go_back(browser, app.refused(browser.open(app.url()), "user_not_approved"))
    assert app.told_no(page) == "OAUTH_APP_ACCESS_DENIED"


def test_in_the_salesforce_dialect_a_refresh_token_may_be_wished_for_and_is_not_given(acme: Tenant) -> None:
    app, ben = legacy(acme, dialect=Dialect.SALESFORCE), enrol(acme, "ben")
    browser = app.signed_in(ben)
    answer = app.granted(approve(browser, browser.open(app.url(response_type="token refresh_token"))))
    assert set(answer) == SAID  # neither a refresh token nor a signature, which is made with a secret that nobody showed
    assert answer["instance_url"] == app.issuer
    assert answer["id"].startswith(f"{app.issuer}/id/")
    assert answer["issued_at"].isdecimal()
    assert answer["access_token"].startswith(f"{acme.org.id[:15]}!")
    switch(acme, on=False)
    assert app.told_no(browser.open(app.url())) == "oauth_flow_disabled"


def test_what_was_given_can_be_explained_and_what_would_be(acme: Tenant) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    app.granted(approve(browser, browser.open(app.url())))
    with acme.standing.database.snapshot() as tx:
        then = from_receipt(tx, acme.admin, acme.history()[-1].id)
        question = Question(app.portal.app.id, Situation(Flow.USER_AGENT), user=ben.username)
        would = explain(tx, acme.admin, question)
    assert then.now is not None
    assert (then.now.door, then.now.reason) == (Door.AUTHORIZE, None)
    assert [each.gate for each in then.gates][-1] is Gate.LIFETIME
    assert [each.door for each in would.doors] == [Door.AUTHORIZE, Door.INTROSPECT]
    assert would.outcome is Outcome.GRANTED
    switch(acme, on=False)
    with acme.standing.database.snapshot() as tx:
        now = from_receipt(tx, acme.admin, then.receipt.id).now
    assert now is not None
    assert now.reason is not None
    assert now.reason.code == "flow_off_in_org"
    assert "--user-agent-flow" in str(now.findings)


def test_X_RU_12_the_callback_is_proven_first_and_a_registered_query_stays_before_the_fragment(acme: Tenant) -> None:
    registered = "https://portal.example/callback?tenant=a%20b"
    app, ben = legacy(acme, callbacks=(registered,)), enrol(acme, "ben")
    browser = app.signed_in(ben)
    app.refused(browser.open(app.url(redirect_uri=CALLBACK)), "callback_not_registered")
    page = approve(browser, browser.open(app.url()))
    assert app.granted(page)
    assert urlsplit(page.went_to or "").query == "tenant=a%20b"


def test_std_AZ_27_a_public_app_on_loopback_asks_each_time(acme: Tenant) -> None:
    loopback = "http://127.0.0.1/done"
    app, ben = legacy(acme, callbacks=(loopback,), native=True, auth_methods=PUBLIC), enrol(acme, "ben")
    browser = app.signed_in(ben)
    for _ in range(2):
        page = browser.open(app.url())
        assert 'data-warning="loopback"' in page.text
        assert app.granted(approve(browser, page))


@pytest.mark.parametrize("token_format", list(TokenFormat), ids=str)
def test_its_tokens_are_in_the_format_of_the_app_and_end_one_by_one(acme: Tenant, token_format: TokenFormat) -> None:
    app, ben = legacy(acme, access_token_format=token_format), enrol(acme, "ben")
    browser = app.signed_in(ben)
    answer = app.granted(approve(browser, browser.open(app.url())))
    other = app.granted(browser.open(app.url()))["access_token"]
    assert answer["token_format"] == token_format
    assert app.portal.live(answer["access_token"])
    assert app.portal.app.revoke(answer["access_token"]).status_code == 200
    assert (app.portal.live(answer["access_token"]), app.portal.live(other)) == (False, True)
    with acme.standing.database.transaction() as tx:
        for grant in grants.live_of_user(tx, acme.org.id, ben.id):
            revoke_grant(tx, acme.admin, RevokeGrant(grant.id))
    assert not app.portal.live(other)


def test_std_ID_02_without_a_key_to_sign_with_the_app_hears_so_and_gets_nothing(acme: Tenant) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    approve(browser, browser.open(app.url()))
    with acme.standing.database.transaction() as tx:
        for key in signing_keys.published(tx, acme.org.id):
            signing_keys.retire(tx, acme.org.id, key.id)
    assert app.granted(browser.open(app.url()))  # an opaque token needs none
    approved = browser.open(app.url(**WITH_ID_TOKEN))
    assert (app.told_no(approved), acme.last_cause()) == ("temporarily_unavailable", "signing_key_missing")
    with acme.standing.database.snapshot() as tx:
        assert len(grants.live_of_user(tx, acme.org.id, ben.id)) == 2


def test_X_CO_03_pressing_twice_at_the_same_moment_gives_tokens_once(acme: Tenant) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url(prompt="consent"))
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda page: approve(browser, page), [page] * 8))
    assert sorted(each.status for each in pages) == [303, *[400] * 7]
    assert [line.event for line in acme.history() if line.outcome == "success"].count("token") == 1


def test_one_approval_more_than_a_user_may_have_ends_the_one_used_least_lately(acme: Tenant) -> None:
    app, ben = legacy(acme), enrol(acme, "ben")
    app.portal.policies(max_grants_per_user=2)
    browser = app.signed_in(ben)
    first = app.granted(approve(browser, browser.open(app.url())))["access_token"]
    later = []
    for _ in range(2):
        acme.standing.clock.advance(seconds=1)
        later.append(app.granted(browser.open(app.url()))["access_token"])
    assert [app.portal.live(token) for token in (first, *later)] == [False, True, True]
    assert "grant_evicted" in {line.event for line in acme.history()}
