"""What may be saved of an app, as one-line truths."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gatebridge.rules import app_checks
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.apps import App, Dialect

NOW = datetime(2026, 5, 4, tzinfo=UTC)
APP = App("0H4000000000001", "00D000000000001", "Job", "Job", "gbk_x", Dialect.STANDARD, "dan@acme.example", "005000000000001", 0, NOW)
SETTINGS = AppSettings(APP.id)
PUBLIC = frozenset({ClientAuthMethod.NONE})
KEY = frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})
BASIC = frozenset({ClientAuthMethod.SECRET_BASIC})
SALESFORCE = Dialect.SALESFORCE
AUDIENCE = ("https://login.example.com",)


def wrong_identity(**changes: Any) -> set[str]:
    return {problem.field for problem in app_checks.identity_problems(replace(APP, **changes))}


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        pytest.param(None, "2026-05-04", False, id="a new app is looked at today"),
        pytest.param(None, "2026-05-01", True, id="a new app is not looked at last week"),
        pytest.param(None, "soon", True, id="soon is no day"),
        pytest.param("2026-04-01", "2026-05-01", True, id="another day that has passed"),
        pytest.param("2026-04-01", "2026-04-01", False, id="a day that passed since it was set"),
        pytest.param("2026-04-01", "", False, id="no day any more"),
    ],
)
def test_review(before: str | None, after: str, wrong: bool) -> None:
    stood = replace(APP, review_on=before) if before is not None else None
    problems = app_checks.review_problems(replace(APP, review_on=after), stood, NOW)
    assert [problem.field for problem in problems] == ["review_on"] * wrong


def wrong_settings(**changes: Any) -> set[str]:
    dialect = changes.pop("dialect", Dialect.STANDARD)
    return {problem.field for problem in app_checks.settings_problems(replace(SETTINGS, **changes), frozenset({"invoices"}), dialect)}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({}, set(), id="label, API name and e-mail are enough"),
        pytest.param({"label": ""}, {"label"}, id="an app has a label"),
        pytest.param({"label": "x" * 80}, set(), id="a label of 80 characters is allowed"),
        pytest.param({"label": "x" * 81}, {"label"}, id="a label of 81 characters is not"),
        pytest.param({"label": "a\u202eb"}, {"label"}, id="a label does not turn the direction of text"),
        pytest.param({"label": "Nightly \u0421ync"}, {"label"}, id="a label does not mix alphabets"),
        pytest.param({"api_name": "1st"}, {"api_name"}, id="an API name begins with a letter"),
        pytest.param({"api_name": "a b"}, {"api_name"}, id="an API name has no blank"),
        pytest.param({"contact_email": ""}, {"contact_email"}, id="there is somebody to write to"),
        pytest.param({"contact_phone": "+49 (30) 123-45"}, set(), id="a phone number as people write it"),
        pytest.param({"contact_phone": "030/123.45 x6"}, set(), id="and as others do"),
        pytest.param({"contact_phone": "call me"}, {"contact_phone"}, id="words are no phone number"),
        pytest.param({"contact_phone": "1" * 40}, set(), id="a phone number of 40 characters is allowed"),
        pytest.param({"contact_phone": "1" * 41}, {"contact_phone"}, id="a phone number has at most 40 characters"),
        pytest.param({"info_url": "https://acme.example/job?x=1"}, set(), id="a web page about the app"),
        pytest.param({"info_url": "http://[2001:db8::1]/"}, set(), id="also by address, and without TLS"),
        pytest.param({"info_url": f"https://{'a' * 1_992}"}, set(), id="an address of 2,000 characters is allowed"),
        pytest.param({"info_url": f"https://{'a' * 1_993}"}, {"info_url"}, id="one of 2,001 is not"),
        pytest.param({"info_url": "https:///job"}, {"info_url"}, id="a web page has a host"),
        pytest.param({"info_url": "javascript:alert(1)"}, {"info_url"}, id="a script is no web page"),
        pytest.param({"info_url": "https://a b"}, {"info_url"}, id="an address has no blank"),
        pytest.param({"description": "a\nb"}, set(), id="a description has lines"),
        pytest.param({"description": "x" * 1001}, {"description"}, id="a description ends somewhere"),
        pytest.param({"purpose": "a\0b"}, {"purpose"}, id="a purpose is text"),
        pytest.param({"backup_owner_id": APP.owner_id}, {"backup_owner_id"}, id="the backup owner is somebody else"),
    ],
)
def test_identity(changes: dict[str, Any], fields: set[str]) -> None:
    assert wrong_identity(**changes) == fields


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({}, set(), id="an app without flows and scopes is only a registration"),
        pytest.param({"scopes": ("api", "invoices")}, set(), id="scopes of the catalogue and of the org"),
        pytest.param({"scopes": ("apii",)}, {"scopes"}, id="an unknown scope is refused"),
        pytest.param({"scopes": ("setup_api",)}, set(), id="administering may be asked for"),
        pytest.param({"scopes": ("full",)}, {"full_scope_reason"}, id="the scope full needs a reason"),
        pytest.param({"scopes": ("full",), "full_scope_reason": "."}, {"full_scope_reason"}, id="a dot is no reason"),
        pytest.param({"full_scope_reason": "a\0b"}, {"full_scope_reason"}, id="a reason is text, also where none is needed"),
        pytest.param({"scopes": ("full",), "full_scope_reason": "moves all data"}, set(), id="with a reason full is allowed"),
        pytest.param({"auth_methods": frozenset()}, {"auth_methods"}, id="how an app proves itself is chosen"),
        pytest.param({"auth_methods": PUBLIC}, set(), id="a public app proves nothing"),
        pytest.param({"auth_methods": PUBLIC | app_checks.BY_SECRET}, {"auth_methods"}, id="a public app has no secret beside"),
        pytest.param({"auth_methods": PUBLIC | BASIC}, {"auth_methods"}, id="in no way"),
        pytest.param({"auth_methods": KEY | BASIC}, {"auth_methods"}, id="nor has an app with a key"),
        pytest.param({"auth_methods": KEY}, set(), id="a key needs no secret"),
        pytest.param({"auth_methods": KEY | app_checks.BY_SECRET}, {"auth_methods"}, id="a secret beside a key would weaken it"),
        pytest.param(
            {"auth_methods": PUBLIC, "flows": frozenset({Flow.CLIENT_CREDENTIALS})}, {"flows"}, id="a public app cannot act as itself"
        ),
        pytest.param({"flows": frozenset({Flow.CLIENT_CREDENTIALS})}, set(), id="acting as itself needs no callback"),
        pytest.param({"flows": frozenset({Flow.WEB_SERVER})}, {"flows"}, id="a flow through the browser needs a callback"),
        pytest.param({"flows": frozenset({Flow.USER_AGENT})}, {"flows"}, id="whichever of them it is"),
        pytest.param({"auth_methods": PUBLIC, "flows": frozenset({Flow.JWT_BEARER})}, {"flows"}, id="a public app has no key to sign with"),
        pytest.param({"auth_methods": KEY, "flows": frozenset({Flow.JWT_BEARER})}, set(), id="an app with a key signs assertions"),
        pytest.param({"flows": frozenset({Flow.REFRESH_TOKEN})}, {"flows"}, id="refresh tokens come from a flow of a user"),
        pytest.param({"flows": frozenset({Flow.REFRESH_TOKEN, Flow.DEVICE})}, set(), id="such as the device flow"),
        pytest.param(
            {"flows": frozenset({Flow.REFRESH_TOKEN, Flow.WEB_SERVER}), "callbacks": ("https://a.example/cb",)},
            set(),
            id="or the web server flow",
        ),
        pytest.param(
            {"flows": frozenset({Flow.REFRESH_TOKEN, Flow.USER_AGENT}), "callbacks": ("https://a.example/cb",)},
            {"flows"},
            id="but not the user-agent flow",
        ),
        pytest.param({"require_secret_for_web_server": False}, set(), id="PKCE stands in for the secret at the code"),
        pytest.param({"require_secret_for_refresh": False}, set(), id="and at the refresh token"),
        pytest.param(
            {"require_secret_for_web_server": False, "require_secret_for_refresh": False, "pkce_required": False},
            {"require_secret_for_web_server", "require_secret_for_refresh"},
            id="without a secret and without PKCE there is nothing",
        ),
        pytest.param(
            {"auth_methods": PUBLIC, "require_secret_for_web_server": False, "require_secret_for_refresh": False},
            {"require_secret_for_web_server", "require_secret_for_refresh"},
            id="a public app has no secret that could be waived",
        ),
        pytest.param({"rotate_refresh_tokens": True}, set(), id="a confidential app may rotate too"),
        pytest.param({"id_token_minutes": 1}, set(), id="an ID token lives at least a minute"),
        pytest.param({"id_token_minutes": 0}, {"id_token_minutes"}, id="no minute at all is too short for it"),
        pytest.param({"id_token_minutes": 720}, set(), id="an ID token lives at most 12 hours"),
        pytest.param({"id_token_minutes": 721}, {"id_token_minutes"}, id="a minute more is too long for it"),
        pytest.param({"assertion_audiences": AUDIENCE}, {"assertion_audiences"}, id="the standard dialect knows the issuer alone"),
        pytest.param({"assertion_audiences": AUDIENCE, "dialect": SALESFORCE}, set(), id="Salesforce's clients name other audiences"),
        pytest.param({"assertion_audiences": AUDIENCE * 2, "dialect": SALESFORCE}, {"assertion_audiences"}, id="each of them once"),
        pytest.param({"assertion_audiences": ("a b",), "dialect": SALESFORCE}, {"assertion_audiences"}, id="without blanks"),
        pytest.param({"assertion_audiences": ("a", "b c"), "dialect": SALESFORCE}, {"assertion_audiences"}, id="also behind a good one"),
        pytest.param({"assertion_audiences": ("",), "dialect": SALESFORCE}, {"assertion_audiences"}, id="and none that is empty"),
        pytest.param({"assertion_audiences": tuple("abcdefghij"), "dialect": SALESFORCE}, set(), id="ten audiences are allowed"),
        pytest.param(
            {"assertion_audiences": tuple("abcdefghijk"), "dialect": SALESFORCE}, {"assertion_audiences"}, id="eleven audiences are not"
        ),
        pytest.param({"pkce_required": False}, set(), id="PKCE can be waived for a confidential app"),
        pytest.param({"auth_methods": PUBLIC, "pkce_required": False}, {"pkce_required"}, id="PKCE is never waived for a public app"),
        pytest.param({"signing_algorithm": "RS256"}, set(), id="RS256 for older resource servers"),
        pytest.param({"signing_algorithm": "none"}, {"signing_algorithm"}, id="no unsigned token"),
        pytest.param({"audience": "https://api.example.com"}, set(), id="an audience of one's own"),
        pytest.param({"audience": "a b"}, {"audience"}, id="an audience has no blank"),
        pytest.param({"audience": "x" * 512}, set(), id="an audience of 512 characters is allowed"),
        pytest.param({"audience": "x" * 513}, {"audience"}, id="an audience has at most 512 characters"),
        pytest.param(
            {"auth_methods": PUBLIC, "introspect_all_tokens": True}, {"introspect_all_tokens"}, id="who asks about all tokens proves itself"
        ),
        pytest.param({"introspect_all_tokens": True}, set(), id="an app that does may ask"),
        pytest.param({"callbacks": ("https://a.example/cb",)}, set(), id="a callback by https"),
        pytest.param({"callbacks": ("https://a.example/cb", "http://b.example/cb")}, {"callbacks.1"}, id="the wrong one is named"),
        pytest.param({"callbacks": ("com.example.app:/cb",)}, {"callbacks.0"}, id="a private scheme is for native apps"),
        pytest.param({"callbacks": ("com.example.app:/cb",), "native": True}, set(), id="a native app has a private scheme"),
        pytest.param({"callbacks": ("https://a.example/cb",) * 2}, {"callbacks.1"}, id="a callback stands once"),
        pytest.param({"callbacks": tuple(f"https://a.example/{n:040}" for n in range(40))}, {"callbacks"}, id="2,000 characters in all"),
        pytest.param({"callbacks": tuple(f"https://a.example/{n}" for n in range(100))}, set(), id="100 callbacks are allowed"),
        pytest.param({"callbacks": ("",) * 101}, {"callbacks"}, id="at most 100 callbacks, however short"),
    ],
)
def test_settings(changes: dict[str, Any], fields: set[str]) -> None:
    assert wrong_settings(**changes) == fields


def test_an_app_has_few_live_credentials_at_once() -> None:
    assert (app_checks.MOST_LIVE_SECRETS, app_checks.MOST_LIVE_SECRETS_ON_REQUEST, app_checks.MOST_LIVE_CERTIFICATES) == (2, 5, 4)


@pytest.mark.parametrize("first", "059amzAMZ[")
def test_a_web_page_lies_at_a_name_or_an_address(first: str) -> None:
    assert wrong_identity(info_url=f"https://{first}!~") == set()


@pytest.mark.parametrize("first", ["", "-", ".", "/", ":", "@", "{", "`", "\\", "]", "é"])
def test_and_nothing_else_stands_where_its_host_begins(first: str) -> None:
    assert wrong_identity(info_url=f"https://{first}") == {"info_url"}


@pytest.mark.parametrize(("letter", "stands"), [("!", True), ("~", True), (" ", False), ("\x7f", False), ("\n", False), ("é", False)])
def test_an_address_and_an_audience_are_of_printable_ascii(letter: str, stands: bool) -> None:
    assert (wrong_identity(info_url=f"https://a{letter}") == set()) is stands
    assert (wrong_settings(audience=f"a{letter}") == set()) is stands


@pytest.mark.parametrize(
    ("methods", "takes"),
    [
        pytest.param(app_checks.BY_SECRET, True, id="by secret in header or body"),
        pytest.param(frozenset({ClientAuthMethod.SECRET_POST}), True, id="by secret in the body alone"),
        pytest.param(BASIC, True, id="by secret in the header alone"),
        pytest.param(KEY, False, id="by key"),
        pytest.param(PUBLIC, False, id="not at all"),
    ],
)
def test_which_apps_have_secrets(methods: frozenset[ClientAuthMethod], takes: bool) -> None:
    assert app_checks.takes_secrets(replace(SETTINGS, auth_methods=methods)) is takes


@pytest.mark.parametrize(
    ("days", "restorable"), [pytest.param(29.99, True, id="within 30 days"), pytest.param(30, False, id="after 30 days")]
)
def test_a_deleted_app_can_be_restored_for_30_days(days: float, restorable: bool) -> None:
    assert app_checks.restorable(NOW, NOW + timedelta(days=days)) is restorable


BYE = "https://app.example/bye"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({"post_logout_redirect_uris": (BYE, "http://localhost:8080/bye")}, set(), id="https, and http on loopback"),
        pytest.param({"post_logout_redirect_uris": ("http://app.example/bye",)}, {"post_logout_redirect_uris.0"}, id="no other http"),
        pytest.param({"post_logout_redirect_uris": (BYE, f"{BYE}#x")}, {"post_logout_redirect_uris.1"}, id="no fragment"),
        pytest.param({"post_logout_redirect_uris": ("javascript:alert(1)",)}, {"post_logout_redirect_uris.0"}, id="no script"),
        pytest.param({"post_logout_redirect_uris": (f"{BYE}?state=1",)}, {"post_logout_redirect_uris.0"}, id="no state of its own"),
        pytest.param({"post_logout_redirect_uris": (BYE, BYE)}, {"post_logout_redirect_uris.1"}, id="none twice"),
        pytest.param({"post_logout_redirect_uris": ("com.example.app:/bye",)}, {"post_logout_redirect_uris.0"}, id="no private scheme"),
        pytest.param({"post_logout_redirect_uris": ("com.example.app:/bye",), "native": True}, set(), id="but for a native app"),
        pytest.param(
            {"post_logout_redirect_uris": tuple(f"{BYE}/{number}" for number in range(101))},
            {"post_logout_redirect_uris"},
            id="at most 100",
        ),
        pytest.param(
            {"post_logout_redirect_uris": tuple(f"{BYE}/{number}{'x' * 500}" for number in range(4))},
            {"post_logout_redirect_uris"},
            id="at most 2,000 characters in all",
        ),
        pytest.param({"post_logout_redirect_uris": tuple(f"https://a.example/{n}" for n in range(100))}, set(), id="100 are allowed"),
        pytest.param({"post_logout_redirect_uris": ("",) * 101}, {"post_logout_redirect_uris"}, id="not one more, however short"),
        pytest.param({"post_logout_redirect_uris": (BYE, f"{BYE}/{'x' * 1_953}")}, set(), id="and 2,000 characters"),
        pytest.param({"post_logout_redirect_uris": (BYE, f"{BYE}/{'x' * 1_954}")}, {"post_logout_redirect_uris"}, id="not one more"),
        pytest.param({"backchannel_logout_uri": "https://app.example/out?from=here"}, set(), id="logout tokens go to https"),
        pytest.param({"backchannel_logout_uri": "http://127.0.0.1:9000/out"}, set(), id="or to loopback, while one develops"),
        pytest.param({"backchannel_logout_uri": "http://app.example/out"}, {"backchannel_logout_uri"}, id="never to another plain address"),
        pytest.param({"backchannel_logout_uri": "com.example.app:/out", "native": True}, {"backchannel_logout_uri"}, id="nor to a device"),
        pytest.param({"backchannel_logout_uri": "https://2130706433/out"}, {"backchannel_logout_uri"}, id="nor to a number"),
    ],
)
def test_std_LO_03_X_SS_05_where_browsers_and_logout_tokens_may_be_sent(changes: dict[str, Any], fields: set[str]) -> None:
    assert wrong_settings(**changes) == fields


def test_what_is_wrong_with_a_custom_attribute_is_told_at_its_place() -> None:
    assert wrong_settings(custom_attributes=(("cost_centre", "user.external_id"),)) == set()
    assert wrong_settings(custom_attributes=(("ok", "user.email"), ("cost_centre", "user."))) == {"custom_attributes.1"}


@pytest.mark.parametrize(
    ("scopes", "named"), [(("b", "api", "a"), "b, a"), (("x" * 300,), "x" * 200)], ids=["each of them", "no more than can be read"]
)
def test_scopes_that_do_not_exist_are_named(scopes: tuple[str, ...], named: str) -> None:
    (problem,) = app_checks.settings_problems(replace(SETTINGS, scopes=scopes), frozenset(), Dialect.STANDARD)
    assert problem.problem == f"There is no scope called {named} in this org."


def test_the_sentences_about_logout_addresses_call_them_by_their_names() -> None:
    changed = replace(SETTINGS, post_logout_redirect_uris=(f"{BYE}#x",), backchannel_logout_uri=f"{BYE}#x")
    said = {each.field: each.problem for each in app_checks.settings_problems(changed, frozenset(), Dialect.STANDARD)}
    assert said["post_logout_redirect_uris.0"].startswith("A post-logout redirect URI has no fragment")
    assert said["backchannel_logout_uri"].startswith("A back-channel logout URI has no fragment")
