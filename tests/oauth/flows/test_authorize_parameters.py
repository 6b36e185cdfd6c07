"""What an authorization request may say besides where to: response types and modes, PKCE, scopes, and what is refused or ignored."""

import pytest
from tests.oauth.browser import Page
from tests.oauth.door import OFFICE
from tests.oauth.flows.portal import CALLBACK, PUBLIC, VERIFIER, challenge_of, make_portal
from tests.oauth.flows.visits import AUTHORIZE, CONSENT, STATE, Asking, approve, chooser, deny, enrol, go_back, sign_in
from tests.oauth.tenants import Tenant

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.network import parse_range
from gatebridge.setup.install_app import UninstallApp, uninstall_app
from gatebridge.storage import profiles

GOOD = challenge_of(VERIFIER)


@pytest.mark.parametrize(
    ("changed", "error", "reason"),
    [
        ({"response_type": None}, "invalid_request", "response_type_missing"),
        ({"response_type": ""}, "invalid_request", "response_type_missing"),
        ({"response_type": "token"}, "unauthorized_client", "flow_not_enabled"),
        ({"response_type": "id_token"}, "unsupported_response_type", "response_type_unknown"),
        ({"response_type": "code token"}, "unsupported_response_type", "response_type_unknown"),
        ({"response_type": "code code"}, "unsupported_response_type", "response_type_unknown"),
        ({"response_mode": "web_message"}, "invalid_request", "response_mode_unknown"),
        ({"response_mode": "query.jwt"}, "invalid_request", "response_mode_unknown"),
        ({"prompt": "none login"}, "invalid_request", "prompt_conflict"),
        ({"prompt": "none none"}, "invalid_request", "prompt_conflict"),
        ({"prompt": "create"}, "invalid_request", "prompt_conflict"),
        ({"prompt": "NONE"}, "invalid_request", "prompt_conflict"),
        ({"max_age": "-1"}, "invalid_request", "authorization_malformed"),
        ({"max_age": "1.5"}, "invalid_request", "authorization_malformed"),
        ({"max_age": "١"}, "invalid_request", "authorization_malformed"),
        ({"max_age": "99999999999"}, "invalid_request", "authorization_malformed"),
        ({"nonce": "n" * 513}, "invalid_request", "authorization_malformed"),
        ({"nonce": "n\n"}, "invalid_request", "authorization_malformed"),
        ({"claims": "no json"}, "invalid_request", "authorization_malformed"),
        ({"claims": "[]"}, "invalid_request", "authorization_malformed"),
        ({"claims": '{"userinfo": "email"}'}, "invalid_request", "authorization_malformed"),
        ({"request": "ey.ey.ey"}, "request_not_supported", "request_object_unsupported"),
        ({"request_uri": "https://169.254.169.254/"}, "request_uri_not_supported", "request_uri_unsupported"),
        ({"registration": "{}"}, "registration_not_supported", "registration_unsupported"),
        ({"scope": "nonsense"}, "invalid_scope", "scope_unknown"),
        ({"scope": "API"}, "invalid_scope", "scope_unknown"),
        ({"scope": "web"}, "invalid_scope", "scope_not_assigned"),
        ({"scope": "api  id"}, "invalid_scope", "scope_malformed"),
        ({"scope": "api,id"}, "invalid_scope", "scope_unknown"),
    ],
)
def test_std_AZ_07_AZ_15_AZ_18_AZ_24_AZ_25_AZ_35_X_MX_03_X_MX_04_what_is_wrong_goes_back_to_the_app(
    acme: Tenant, changed: dict[str, str | None], error: str, reason: str
) -> None:
    app = chooser(acme)
    page = app.browser().open(app.url(**changed))
    answer = app.arrived(page)
    assert (answer["error"], answer["state"]) == (error, STATE)
    assert answer["error_uri"].startswith(f"{app.issuer}/help/reasons/{reason}?receipt=")
    assert acme.door.get(answer["error_uri"], headers={"Accept": "text/html"}).status_code == 200
    assert page.headers["x-gatebridge-receipt"] in answer["error_uri"]
    line = acme.history()[-1]
    assert (line.event, line.reason, line.status, line.app_id, line.user_id) == ("authorize", reason, 303, app.portal.app.id, None)


def test_a_parameter_at_fault_is_named(acme: Tenant) -> None:
    app = chooser(acme)
    assert app.arrived(app.browser().open(app.url(max_age="soon")))["error_description"].endswith("(max_age)")


@pytest.mark.parametrize(
    "changed",
    [
        *(
            {"display": "wap"},
            {"ui_locales": "xx yy"},
            {"claims_locales": "?"},
            {"login_hint": "\u202e"},
            {"acr_values": "urn:nobody:knows"},
        ),
        *(
            {"claims": '{"nobody": {"knows": null}}'},
            {"id_token_hint": "?"},
            {"extra": "foobar"},
            {"immediate": "x"},
            {"device_id": "1"},
            {"sso_provider": "x"},
            {"nonce": "ä" * 64},
        ),
    ],
)
def test_std_AZ_23_G_07_what_is_a_wish_or_unknown_is_never_an_error(acme: Tenant, changed: dict[str, str]) -> None:
    app = chooser(acme)
    assert "signin" in app.browser().open(app.url(**changed)).forms


def test_std_AZ_07_a_flow_that_is_not_enabled_is_unauthorized_client(acme: Tenant) -> None:
    portal = make_portal(acme, flows=frozenset({Flow.CLIENT_CREDENTIALS}))
    app = Asking(portal)
    answer = app.arrived(app.browser().open(app.url()))
    assert (answer["error"], acme.last_cause()) == ("unauthorized_client", "flow_not_enabled")


def test_std_AZ_16_AZ_17_without_openid_there_is_no_id_token_and_a_nonce_is_never_invented(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    tokens = app.portal.redeem(app.arrived(approve(browser, browser.open(app.url(scope="api", nonce="n"))))["code"]).json()
    assert "id_token" not in tokens
    tokens = app.portal.redeem(app.arrived(approve(browser, browser.open(app.url(scope="openid id"))))["code"]).json()
    assert "id_token" in tokens


@pytest.mark.parametrize("public", [False, True])
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "challenge_missing"),
        ({"code_challenge": None}, "challenge_missing"),
        ({"code_challenge": ""}, "challenge_missing"),
        ({"code_challenge_method": None}, "challenge_method_unsupported"),
        ({"code_challenge_method": ""}, "challenge_method_unsupported"),
        ({"code_challenge_method": "plain"}, "challenge_method_unsupported"),
        ({"code_challenge_method": "s256"}, "challenge_method_unsupported"),
        ({"code_challenge": GOOD[:-1]}, "challenge_malformed"),
        ({"code_challenge": GOOD + "A"}, "challenge_malformed"),
        ({"code_challenge": GOOD[:-1] + "="}, "challenge_malformed"),
        ({"code_challenge": GOOD[:-1] + "~"}, "challenge_malformed"),
    ],
)
def test_X_AC_06_X_AC_08_std_AZ_12_AZ_13_AZ_14_pkce_is_needed_and_is_s256(
    acme: Tenant, public: bool, changed: dict[str, str | None], reason: str
) -> None:
    app = chooser(acme, auth_methods=PUBLIC) if public else chooser(acme)
    answer = app.arrived(app.browser().open(app.url(**changed)))
    assert (answer["error"], acme.last_cause()) == ("invalid_request", reason)


def test_X_AC_06_the_challenge_that_was_sent_is_the_one_that_counts(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    code = app.arrived(approve(browser, browser.open(app.url())))["code"]
    assert app.portal.redeem(code, code_verifier="").json()["error"] == "invalid_grant"
    code = app.arrived(browser.open(app.url()))["code"]
    assert app.portal.redeem(code, code_verifier="another-verifier-that-has-forty-three-characters").json()["error"] == "invalid_grant"


def test_std_AZ_12_a_confidential_app_with_the_waiver_needs_no_challenge_and_may_not_send_a_wrong_one(acme: Tenant) -> None:
    app, ben = chooser(acme, pkce_required=False), enrol(acme, "ben")
    browser = app.signed_in(ben)
    bare: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    code = app.arrived(approve(browser, browser.open(app.url(**bare))))["code"]
    assert app.portal.redeem(code, code_verifier="").status_code == 200
    answer = app.arrived(browser.open(app.url(code_challenge_method="plain")))
    assert answer["error"] == "invalid_request"
    code = app.arrived(browser.open(app.url()))["code"]
    assert app.portal.redeem(code, code_verifier="").status_code == 400  # sent, so it binds


def test_in_the_salesforce_dialect_a_method_that_is_left_out_means_s256_and_errors_are_salesforces(acme: Tenant) -> None:
    app, ben = chooser(acme, dialect=Dialect.SALESFORCE), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url(code_challenge_method=None))
    denied = app.arrived(deny(browser, page))
    assert (denied["error"], denied["error_description"]) == ("access_denied", "end-user denied authorization")
    code = app.arrived(approve(browser, browser.open(app.url(code_challenge_method=None))))["code"]
    assert app.portal.redeem(code).status_code == 200
    assert app.arrived(browser.open(app.url(code_challenge_method="plain")))["error"] == "invalid_request"
    missing = app.arrived(browser.open(app.url(code_challenge=None, code_challenge_method=None)))
    assert missing["error_description"] == "missing required code challenge"
    app.portal.policies(permitted_users=PermittedUsers.ADMIN_APPROVED, confirmed=True)
    answer = app.arrived(go_back(browser, app.refused(browser.open(app.url()), "user_not_approved")))
    assert answer["error"] == "OAUTH_APP_ACCESS_DENIED"
    assert answer["error_description"] == "user is not admin approved to access this app"
    app.portal.settings(flows=frozenset({Flow.CLIENT_CREDENTIALS}))
    assert app.arrived(browser.open(app.url()))["error"] == "oauth_flow_disabled"


def test_std_AZ_26_where_the_user_may_not_be_is_access_denied_and_the_receipt_says_why(acme: Tenant) -> None:
    from dataclasses import replace

    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    with acme.standing.database.transaction() as tx:
        narrowed = parse_range("198.51.100.0/24")
        assert narrowed is not None
        assert profiles.update(tx, replace(acme.profile, login_ranges=(narrowed,)))
    answer = app.arrived(browser.open(app.url()))
    assert (answer["error"], acme.last_cause()) == ("access_denied", "address_outside_ranges")
    assert OFFICE not in str(answer)
    assert acme.history()[-1].user_id == ben.id


def test_an_app_that_is_not_installed_here_is_a_page(acme: Tenant, rival: Tenant) -> None:
    app = chooser(acme)
    foreign = chooser(rival)
    app.refused(app.browser().open(app.url(client_id=foreign.portal.app.consumer_key)), "client_authentication_failed")
    assert acme.last_cause() == "client_unknown"  # an app of another org that was never installed here does not exist here
    with acme.standing.database.transaction() as tx:
        uninstall_app(tx, acme.admin, UninstallApp(app.portal.app.id, "No longer needed."))
    app.refused(app.signed_in(enrol(acme, "ben")).open(app.url()), "app_not_installed")


def replied(page: Page) -> tuple[str, dict[str, str]]:
    form = page.forms["reply"]
    assert (page.status, form.method) == (200, "post")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    return form.action, form.fields


def test_std_AZ_34_form_post_is_a_page_whose_form_leads_to_the_app(acme: Tenant) -> None:
    registered = "https://portal.example/callback?tenant=a%20b"
    app, ben = chooser(acme, callbacks=(registered,)), enrol(acme, "ben")
    browser = app.browser()
    page = sign_in(browser, browser.open(app.url(response_mode="form_post")), ben)
    page = approve(browser, page)
    action, fields = replied(page)
    assert action == registered
    assert sorted(fields) == ["code", "iss", "state"]
    assert (fields["state"], fields["iss"]) == (STATE, app.issuer)
    assert page.headers["x-gatebridge-receipt"]
    assert page.directives["form-action"] == ["https://portal.example"]
    assert page.directives["script-src"] == ["'self'"]
    assert page.text.count("<script") == 1
    assert '<script type="module" src="/static/form-post.js">' in page.text
    assert "<button" in page.text
    script = acme.door.get(f"{app.issuer}/static/form-post.js")
    assert "submit()" in script.text
    assert script.headers["content-type"].split(";")[0] in ("text/javascript", "application/javascript")
    assert app.portal.redeem(fields["code"], redirect_uri=registered).status_code == 200
    _, fields = replied(browser.open(app.url(response_mode="form_post", scope="nonsense")))
    assert (fields["error"], fields["state"], fields["iss"]) == ("invalid_scope", STATE, app.issuer)
    denied = deny(browser, browser.open(app.url(response_mode="form_post", prompt="consent")))
    assert replied(denied)[1]["error"] == "access_denied"


ANYWHERE = (
    "client_id",
    "redirect_uri",
    "scope",
    "response_type",
    "response_mode",
    "prompt",
    "max_age",
    "nonce",
    "request",
    "code_challenge",
)

MARKUP = "\"><script>alert(1)</script><form action=https://evil.example>'&lt;"


def test_X_XS_04_X_XS_05_markup_in_state_is_text_in_the_form_post_page_and_percent_encoded_in_an_address(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = approve(browser, browser.open(app.url(response_mode="form_post", state=MARKUP)))
    assert replied(page)[1]["state"] == MARKUP
    assert "alert(1)<" not in page.text
    assert page.text.count("<form") == 1
    page = browser.open(app.url(state=MARKUP))
    assert not set("\"<>'") & set(page.went_to or "")


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "scope", "response_type", "response_mode", "prompt", "max_age", "nonce", "request"]
)
def test_X_XS_03_no_parameter_is_echoed_in_an_error(acme: Tenant, name: str) -> None:
    app = chooser(acme)
    page = app.browser().open(app.url(**{name: MARKUP}))
    if page.went_to is None:
        assert "alert(1)" not in page.text
    else:
        answer = app.arrived(page)
        assert "alert" not in answer["error"] + answer["error_description"] + answer["error_uri"]
        assert all(character.isascii() and character.isprintable() for character in answer["error_description"])
        assert not set('"\\') & set(answer["error_description"])


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "scope", "response_type", "prompt", "nonce", "code_challenge", "state", "login_hint"]
)
def test_X_XS_05_line_ends_in_a_parameter_never_reach_a_header(acme: Tenant, name: str) -> None:
    app = chooser(acme)
    answer = app.browser().step("GET", app.url(**{name: "x\r\nSet-Cookie: stolen=1\r\n\r\n<script>"}), {"Accept": "text/html"})
    assert "stolen" not in str(answer.headers)
    assert "<script>" not in answer.text
    assert answer.status_code in (303, 400)


@pytest.mark.parametrize("query", ["client_id=%FF", "state=%00", "a=b&" * 70, "client_id=%ZZ", "&&&=", "scope=%ED%A0%80"])
def test_what_cannot_be_read_is_a_page(acme: Tenant, query: str) -> None:
    app = chooser(acme)
    page = app.browser().open(f"{AUTHORIZE}?{query}")
    assert (page.status, page.went_to) == (400, None)
    assert 'id="refused"' in page.text


def test_std_AZ_06_a_post_from_another_site_waits_until_the_browser_comes_back_with_its_cookies(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.signed_in(ben)
    before = dict(browser.cookies)
    page = browser.post(AUTHORIZE, app.parameters(), cross_site=True)
    assert "Ben Example" in page.text
    assert browser.cookies == before  # another site's POST changes no cookie
    assert app.arrived(approve(browser, page))["state"] == STATE
    assert app.arrived(browser.post(AUTHORIZE, app.parameters(prompt="none"), cross_site=True))["code"]
    fresh = app.browser()
    page = fresh.post(AUTHORIZE, app.parameters(), cross_site=True)
    assert app.arrived(sign_in(fresh, page, ben))["state"] == STATE


def test_std_AZ_06_a_request_that_was_posted_is_that_browsers_which_opens_it_first(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser, other = app.signed_in(ben), app.signed_in(enrol(acme, "cleo"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    from urllib.parse import urlencode

    posted = app.browser().step("POST", AUTHORIZE, form, urlencode(app.parameters()).encode())
    assert posted.headers["location"].startswith(CONSENT)
    assert "set-cookie" not in posted.headers
    assert "consent" in browser.open(posted.headers["location"]).forms
    app.refused(other.open(posted.headers["location"]), "interaction_unknown")


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_a_post_that_is_no_form_is_a_page(acme: Tenant, content_type: str) -> None:
    app = chooser(acme)
    answer = app.browser().step("POST", AUTHORIZE, {"Content-Type": content_type}, b"{}")
    assert answer.status_code == 400
    assert 'data-reason="content_type_wrong"' in answer.text


def test_a_wrong_post_is_a_page_at_once(acme: Tenant) -> None:
    app = chooser(acme)
    app.refused(
        app.browser().post(AUTHORIZE, app.parameters(redirect_uri="https://evil.example/"), cross_site=True), "callback_not_registered"
    )


def test_std_G_16_a_query_of_eight_kilobytes_is_read(acme: Tenant) -> None:
    app = chooser(acme)
    assert "signin" in app.browser().open(app.url(extra="x" * 8_000)).forms


def test_callback_of_a_private_scheme_is_answered_there(acme: Tenant) -> None:
    app = chooser(acme, native=True, auth_methods=PUBLIC, callbacks=("com.example.printer:/done",))
    browser = app.browser()
    page = sign_in(browser, browser.open(app.url(scope="api")), enrol(acme, "ben"))
    assert page.directives["form-action"] == ["'self'", "com.example.printer:"]
    page = approve(browser, page)
    assert (page.went_to or "").startswith("com.example.printer:/done?code=")
    assert CALLBACK not in (page.went_to or "")
