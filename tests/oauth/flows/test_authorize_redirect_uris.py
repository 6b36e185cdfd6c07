"""Where answers go: to what is registered, byte for byte, and otherwise nowhere at all (X-RU-01 to X-RU-20, X-MX-01, X-MX-02)."""

from urllib.parse import quote, urlencode

import pytest
from tests.oauth.flows.portal import CALLBACK, PUBLIC
from tests.oauth.flows.visits import AUTHORIZE, CONSENT, SIGN_IN, STATE, approve, chooser, deny, enrol
from tests.oauth.tenants import Tenant, compared

LOOPBACK = "http://127.0.0.1/done"

# The registered callback is https://portal.example/callback.
FORGED = {
    "X_RU_01": ["https://portal.example.evil.example/callback", "https://portal.example/callback/more", "https://portal.example/call", "*"],
    "X_RU_02": [
        "https://portal.example@evil.example/callback",
        "https://a@b@portal.example/callback",
        "https://x:y@portal.example/callback",
    ],
    "X_RU_03": [
        *("https://portal.example/callback/../callback", "https://portal.example/x/..;/callback", "https://portal.example/%2e%2e/callback"),
        *("https://portal.example/%252e%252e/callback", "https://portal.example/%63allback", "https://portal.example//callback"),
    ],
    "X_RU_04": [
        *("https:\\\\portal.example\\callback", "https://portal.example\\@evil.example/callback", "/\\evil.example"),
        "//evil.example",
        *(
            "https://portal.example/call\tback",
            "https://portal.example/callback\n",
            "https://portal.example/callback%0a",
            "/\t/evil.example",
        ),
    ],
    "X_RU_05": ["https://portal.example/Callback", "HTTPS://portal.example/callback", "https://Portal.example/callback"],
    "X_RU_06": ["https://portal.example/callback?x=1", "https://portal.example/callback?code=stolen", "https://portal.example/callback?"],
    "X_RU_07": ["https://portal.example/callback#", "https://portal.example/callback#a", "https://portal.example/callback%23"],
    "X_RU_10": [
        *("JaVaScript:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x", "blob:https://portal.example/x", "file:///etc"),
        *("com.example.app:/callback", "about:blank", "http://portal.example/callback", "https://portal.example:443/callback"),
    ],
}
ROWS = [pytest.param(uri, id=f"{row}-{number}") for row, uris in FORGED.items() for number, uri in enumerate(uris)]


@pytest.mark.parametrize("uri", ROWS)
def test_std_AZ_01_AZ_02_AZ_05_SC_05_X_RU_01_to_10_what_differs_by_one_byte_is_a_page_and_no_redirect(acme: Tenant, uri: str) -> None:
    app = chooser(acme)
    page = app.refused(app.browser().open(app.url(redirect_uri=uri)), "callback_not_registered")
    assert uri not in page.text
    assert CALLBACK not in page.text  # what is registered is for the receipt, not for strangers
    line = acme.history()[-1]
    assert (line.event, line.reason, line.status, line.user_id) == ("authorize", "callback_not_registered", 400, None)
    assert "is registered" in (compared(line)["redirect_uri"]["difference"] or "")


def test_X_RU_06_std_AZ_02_AZ_10_a_registered_query_is_kept_and_ours_comes_after_it(acme: Tenant) -> None:
    registered = "https://portal.example/callback?tenant=a%20b&x=%C3%A4"
    app = chooser(acme, callbacks=(registered,))
    browser = app.signed_in(enrol(acme, "ben"))
    page = approve(browser, browser.open(app.url()))
    assert (page.went_to or "").startswith(registered + "&code=")
    assert page.went_to.count("?") == 1 if page.went_to else False
    for changed in (registered + "&more=1", registered.replace("%20", "+"), registered.partition("?")[0], registered + "&"):
        app.refused(browser.open(app.url(redirect_uri=changed)), "callback_not_registered")


def test_X_RU_08_std_AZ_03_the_port_alone_may_differ_on_loopback_of_a_native_app(acme: Tenant) -> None:
    app = chooser(acme, native=True, auth_methods=PUBLIC, callbacks=(LOOPBACK, "http://[::1]:7171/done"))
    browser = app.signed_in(enrol(acme, "ben"))
    for uri in ("http://127.0.0.1:51004/done", "http://[::1]/done", "http://[::1]:65535/done", LOOPBACK):
        page = approve(browser, browser.open(app.url(redirect_uri=uri)))
        assert (page.went_to or "").startswith(f"{uri}?code=")
    for uri in (
        *("http://localhost:51004/done", "https://127.0.0.1:51004/done", "http://127.0.0.1:0/done", "http://127.0.0.1:51004/other"),
        *(
            "http://127.0.0.1:51004/done?x=1",
            "http://127.0.0.1:80@evil.example/done",
            "http://127.1:51004/done",
            "http://127.0.0.1:65536/done",
        ),
    ):
        app.refused(browser.open(app.url(redirect_uri=uri)), "callback_not_registered")


def test_X_RU_08_an_app_that_is_not_native_keeps_its_port(acme: Tenant) -> None:
    app = chooser(acme, callbacks=("http://127.0.0.1:7171/done",))
    app.refused(app.browser().open(app.url(redirect_uri="http://127.0.0.1:7172/done")), "callback_not_registered")


@pytest.mark.parametrize("uri", [CALLBACK, None])
def test_X_RU_09_an_app_without_a_callback_cannot_send_anybody_anywhere(acme: Tenant, uri: str | None) -> None:
    app = chooser(acme)
    from dataclasses import replace

    from gatebridge.storage import apps

    with acme.standing.database.transaction() as tx:  # as a row of former days may have it: the verbs do not let it come to this
        settings = apps.settings_of(tx, acme.org.id, app.portal.app.id)
        assert settings is not None
        assert apps.update_settings(tx, acme.org.id, replace(settings, callbacks=()))
    app.refused(app.browser().open(app.url(redirect_uri=uri)), "callback_not_registered" if uri else "callback_missing")


EVERYTHING_ELSE_WRONG = {
    **{"scope": "no such scope", "response_type": "token", "prompt": "none login", "response_mode": "fragment", "max_age": "soon"},
    **{"code_challenge_method": "plain", "request": "ey.ey.ey", "state": "x" * 2_049},
}


@pytest.mark.parametrize("mode", [None, "query", "form_post", "fragment", "query.jwt", "form_post.jwt", "web_message", "none"])
def test_X_RU_11_X_RU_12_whatever_else_is_wrong_and_in_whatever_mode_an_unproven_uri_gets_no_answer(acme: Tenant, mode: str | None) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    wrong = EVERYTHING_ELSE_WRONG | {"response_mode": mode, "redirect_uri": "https://evil.example/callback"}
    app.refused(browser.open(app.url(**wrong)), "callback_not_registered")
    app.refused(browser.open(app.url(response_mode=mode, redirect_uri="https://evil.example/callback")), "callback_not_registered")
    app.refused(browser.open(app.url(**(wrong | {"client_id": "gbk_nobody"}))), "client_unknown")
    app.refused(browser.open(app.url(**(wrong | {"client_id": None}))), "client_missing")


@pytest.mark.parametrize("parameter", ["next", "startURL", "RetURL", "returnTo", "redirect", "interaction"])
def test_X_RU_14_no_parameter_holds_a_return_address(acme: Tenant, parameter: str) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    for where in ("https://evil.example/", "//evil.example", "/\\evil.example", "/me"):
        browser = app.browser()
        page = browser.open(f"{app.url()}&{urlencode({parameter: where})}")
        assert "evil" not in page.text
        browser = app.signed_in(ben)
        page = browser.open(f"{CONSENT}?{urlencode({parameter: where})}")
        app.refused(page, "interaction_unknown")
        page = browser.open(f"{SIGN_IN}?{urlencode({parameter: where})}")
        assert page.went_to is None
        assert "evil" not in page.text


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "https://xn--prtal-jua.example/",
            "https://portal.example",
            "https://portal.example/a/b;c=1,2/~x/(y)!*'$&+",
            "https://192.0.2.7:8443/x",
        ),
        *("https://portal.example/%C3%A4%20b?q=a+b&r=%26%3D", "https://portal.example/?x", "https://[2001:db8::1]:8443/cb"),
    ],
)
def test_X_RU_15_what_is_registered_is_compared_and_sent_as_it_is_spelled(acme: Tenant, uri: str) -> None:
    if "*" in uri:
        uri = uri.replace("*", "")
    app = chooser(acme, callbacks=(uri,))
    browser = app.signed_in(enrol(acme, "ben"))
    page = approve(browser, browser.open(app.url()))
    assert (page.went_to or "").startswith(uri + ("&" if "?" in uri else "?") + "code=")


def test_X_RU_16_std_AZ_11_every_post_is_answered_with_303(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    for decision in ("approve", "deny"):
        form = browser.open(app.url(prompt="consent")).forms["consent"]
        body = urlencode(form.fields | {"decision": decision}).encode()
        answer = browser.step("POST", CONSENT, {"Content-Type": "application/x-www-form-urlencoded", "Origin": app.issuer}, body)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(CALLBACK)
        assert answer.text == ""
    posted = browser.step("POST", AUTHORIZE, {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(app.parameters()).encode())
    assert posted.status_code == 303


def test_X_RU_17_no_header_changes_the_issuer_or_where_anybody_goes(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    forged = {
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "/evil",
        "X-HTTP-Method-Override": "POST",
    }
    page = browser.open(app.url(), headers=forged)
    assert "evil" not in page.text
    assert app.arrived(approve(browser, page))["iss"] == app.issuer
    elsewhere = acme.door.get(f"https://unknown.example{app.url()}", headers={"Accept": "text/html"})
    assert (elsewhere.status_code, "location" in elsewhere.headers) == (421, False)


def test_X_RU_19_what_was_asked_stays_on_the_server_whatever_is_added_on_the_way(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    page = browser.open(app.url())
    forged = {"response_type": "token", "redirect_uri": "https://evil.example/", "client_id": "other", "scope": "full", "state": "forged"}
    page = browser.open(f"{page.url}&{urlencode(forged)}")
    fields = page.forms["consent"].fields | forged | {"decision": "approve"}
    answer = app.arrived(browser.post(CONSENT, fields))
    assert answer["state"] == STATE
    assert "access_token" not in answer
    for response_type in ("id_token", "code token", "code id_token", "none", "CODE"):
        answer = app.arrived(browser.open(app.url(response_type=response_type)))
        assert answer["error"] == "unsupported_response_type"
    for response_type in ("token", "token id_token"):
        answer = app.arrived(browser.open(app.url(response_type=response_type, nonce="n")))
        assert answer["error"] == "unauthorized_client"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "scope", "response_type", "prompt", "nonce", "code_challenge"])
@pytest.mark.parametrize("order", [0, 1])
def test_X_RU_20_a_repeated_parameter_is_a_page(acme: Tenant, name: str, order: int) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    said = app.parameters(scope="api", prompt="consent", nonce="n")
    twice = [(name, "another"), (name, said.pop(name))]
    query = urlencode([*said.items(), *(twice if order else reversed(twice))])
    page = app.refused(browser.open(f"{AUTHORIZE}?{query}"), "parameter_repeated")
    assert name in page.text
    posted = browser.step("POST", AUTHORIZE, {"Content-Type": "application/x-www-form-urlencoded"}, query.encode())
    assert posted.status_code == 400


def test_X_RU_20_address_and_body_are_never_merged(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.browser()
    page = browser.post(f"{AUTHORIZE}?redirect_uri={quote(CALLBACK)}", app.parameters(redirect_uri=None), cross_site=True)
    app.refused(page, "callback_missing")


def test_X_RU_20_a_resource_may_be_named_more_than_once_and_unknown_parameters_are_ignored(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    page = browser.open(
        f"{app.url(extra='foobar', display='popup', ui_locales='xx', acr_values='urn:nonsense', claims='{}')}&resource=a&resource=b"
    )
    assert "consent" in page.forms


def test_std_AZ_04_the_uri_may_be_left_out_only_where_there_is_one_and_never_with_openid(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    page = browser.open(app.url(redirect_uri=None, scope="api"))
    answer = app.arrived(approve(browser, page))
    assert app.portal.redeem(answer["code"], redirect_uri="").status_code == 200
    app.refused(browser.open(app.url(redirect_uri=None, scope="api openid")), "callback_missing")
    app.refused(browser.open(app.url(redirect_uri=None)), "callback_missing")  # all of the app's scopes, openid among them
    app.refused(browser.open(app.url(redirect_uri="", scope="openid")), "callback_missing")
    several = chooser(acme, "Several", callbacks=(CALLBACK, CALLBACK + "2"))
    several.refused(browser.open(several.url(redirect_uri=None, scope="api")), "callback_missing")


def test_X_MX_01_std_AZ_09_SC_02_every_answer_names_the_issuer_as_discovery_does(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    issuer = acme.door.get(f"{app.issuer}/.well-known/openid-configuration").json()["issuer"]
    given = approve(browser, browser.open(app.url()))
    refused = deny(browser, browser.open(app.url(prompt="consent")))
    wrong = browser.open(app.url(scope="nonsense"))
    assert [page.answer["iss"] for page in (given, refused, wrong)] == [issuer] * 3
    for mode in (app.url(response_mode="form_post"), app.url(response_mode="form_post", scope="nonsense")):
        assert browser.open(mode).forms["reply"].fields["iss"] == issuer


@pytest.mark.parametrize("state", ["a+b c%20d&e=f;g", "ä漢🙂\u202e", "x" * 2_048, '"><script>alert(1)</script>', "%2B%00", "=&?#/", " "])
def test_X_MX_02_std_AZ_08_state_comes_back_as_it_was_sent(acme: Tenant, state: str) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    page = browser.open(app.url(state=state))
    assert state.strip() == "" or state not in page.text
    assert app.arrived(approve(browser, page))["state"] == state
    assert app.arrived(browser.open(app.url(state=state, scope="nonsense")))["state"] == state
    assert browser.open(app.url(state=state, response_mode="form_post")).forms["reply"].fields["state"] == state
    plus = browser.open(f"{app.url(state=None)}&state=one+two%20three%2Bfour")
    assert app.arrived(plus)["state"] == "one two three+four"


def test_std_AZ_08_state_is_absent_where_it_was_not_sent_or_empty(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    assert "state" not in app.arrived(approve(browser, browser.open(app.url(state=None))))
    assert "state" not in app.arrived(browser.open(app.url(state="")))
    assert "state" not in app.arrived(browser.open(app.url(state=None, scope="nonsense")))


@pytest.mark.parametrize("state", ["x" * 2_049, "ä" * 1_025, "a\r\nSet-Cookie: b=c", "\x7f", "\u0085"])
def test_X_MX_02_a_state_that_is_too_long_or_could_break_a_line_is_refused_and_not_echoed(acme: Tenant, state: str) -> None:
    app = chooser(acme)
    answer = app.arrived(app.browser().open(app.url(state=state)))
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


def test_X_MX_02_no_record_holds_the_state(acme: Tenant) -> None:
    app = chooser(acme)
    browser = app.signed_in(enrol(acme, "ben"))
    secret = "state-that-nobody-may-keep"
    approve(browser, browser.open(app.url(state=secret, nonce="nonce-that-nobody-may-keep")))
    browser.open(app.url(state=secret, scope="nonsense"))
    browser.open(app.url(state=secret, redirect_uri="https://evil.example/"))
    assert len([line for line in acme.history() if line.event == "authorize"]) == 3
    assert "nobody-may-keep" not in str(acme.history())
