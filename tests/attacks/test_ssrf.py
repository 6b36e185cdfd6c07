"""Nothing that a stranger or a developer says makes the server ask anybody anything (X-SS-01, X-SS-02): a listener hears of nobody."""

import itertools
from collections.abc import Iterator

import pytest
from tests.attacks.listener import Listener, listening
from tests.oauth.door import basic
from tests.oauth.flows.visits import AUTHORIZE, Asking, chooser
from tests.oauth.houses import Standing
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN, Tenant, make_tenant

# Every parameter of every specification by which a server can be told to fetch something.
FETCHED = (
    *(
        "request_uri",
        "request",
        "jwks_uri",
        "sector_identifier_uri",
        "logo_uri",
        "policy_uri",
        "tos_uri",
        "client_uri",
        "initiate_login_uri",
    ),
    *("registration", "client_metadata", "client_id", "redirect_uri", "resource", "audience", "claims", "id_token_hint", "login_hint"),
    *("post_logout_redirect_uri", "backchannel_logout_uri", "client_assertion", "assertion", "subject_token", "software_statement"),
)


@pytest.fixture(scope="module")
def app(house: Standing) -> Asking:
    return chooser(make_tenant(house))


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found
        assert found.calls == []


@pytest.mark.parametrize("name", FETCHED)
def test_X_SS_01_X_SS_02_no_parameter_of_a_request_is_fetched(app: Asking, listener: Listener, name: str) -> None:
    for url in (listener.url, listener.urls[-1]):
        page = app.browser().open(app.url(**{name: url}))
        assert page.status in (200, 303, 400)
        pushed = app.browser().post(AUTHORIZE, app.parameters(**{name: url}), cross_site=True)
        assert pushed.status in (200, 303, 400)
        for path in (TOKEN, INTROSPECT, REVOKE):
            form = {"grant_type": "client_credentials", "token": "x", name: url}
            assert app.acme.door.post(app.issuer + path, form).status_code in (200, 400, 401)
            proven = app.acme.door.post(app.issuer + path, form, headers=basic(app.portal.app.consumer_key, app.portal.app.secret))
            assert proven.status_code in (200, 400, 401)


def test_X_SS_01_a_request_by_reference_is_refused_with_its_own_error(app: Asking, listener: Listener) -> None:
    for url in (*listener.urls, "urn:ietf:params:oauth:request_uri:unknown", "file:///etc/passwd", "gopher://127.0.0.1/"):
        assert app.arrived(app.browser().open(app.url(request_uri=url)))["error"] == "request_uri_not_supported"


@pytest.mark.parametrize(
    "path", ["/services/oauth2/userinfo", "/.well-known/openid-configuration", "/id/keys", "/signin", "/forgot-password"]
)
def test_X_SS_02_no_header_of_a_request_is_followed(app: Asking, listener: Listener, path: str) -> None:
    names = (
        "Referer",
        "Origin",
        "X-Forwarded-Host",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Forwarded",
        "From",
        "X-Callback-Url",
        "DPoP",
        "True-Client-IP",
    )
    for name, url in itertools.product(names, listener.urls[:3]):
        assert app.acme.door.get(app.issuer + path, headers={name: url}).status_code < 500


def test_X_SS_02_no_address_of_an_app_is_fetched_when_it_is_registered_or_shown(house: Standing, listener: Listener) -> None:
    acme: Tenant = make_tenant(house)
    url = listener.url
    shown = chooser(acme, "Linked", info_url=url.replace("http://", "https://"), callbacks=("https://portal.example/callback",))
    assert shown.browser().open(shown.url()).status == 200
