"""Pages of other origins (standards G-11, TK-07): an app's own https origins may read its answers, and nobody else anything."""

import httpx
import pytest
from tests.oauth.door import Form
from tests.oauth.flows.portal import CALLBACK, PUBLIC, Portal, make_portal
from tests.oauth.tenants import FEED, INTROSPECT, REVOKE, TOKEN, Tenant

from gatebridge.rules.apps import Dialect

OWN = "https://portal.example"
FOREIGN = [
    "null",
    "*",
    "https://evil.example",
    "http://portal.example",
    "https://portal.example:8443",
    "https://portal.example.evil.example",
    "https://portal.example/",
    "https://PORTAL.example",
    "https://sub.portal.example",
    "com.example.app:",
    "",
]
READABLE = pytest.mark.parametrize("path", [TOKEN, REVOKE])


@pytest.fixture
def spa(acme: Tenant) -> Portal:
    return make_portal(
        acme, "Spa", auth_methods=PUBLIC, native=True, callbacks=(CALLBACK, "com.example.app:/callback", "http://127.0.0.1/")
    )


def post(spa: Portal, path: str, form: Form, origin: str) -> httpx.Response:
    return spa.app.door.post(spa.acme.org.issuer + path, form, headers={"Origin": origin})


def ask_before(spa: Portal, path: str, origin: str, method: str = "POST") -> httpx.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
    return spa.app.door.send("OPTIONS", spa.acme.org.issuer + path, headers=headers)


def told(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def test_std_G_11_std_TK_07_the_apps_own_page_reads_its_tokens_and_its_refusals(acme: Tenant, spa: Portal) -> None:
    form = {"grant_type": "authorization_code", "client_id": spa.app.consumer_key, "redirect_uri": CALLBACK}
    refused = post(spa, TOKEN, form | {"code": "nonsense"}, OWN)
    verifier = {"code_verifier": "the-verifier-of-the-portal-has-forty-three-or-more"}
    got = post(spa, TOKEN, form | verifier | {"code": spa.code()}, OWN)
    ended = post(spa, REVOKE, {"client_id": spa.app.consumer_key, "token": got.json()["access_token"]}, OWN)
    assert [answer.status_code for answer in (refused, got, ended)] == [400, 200, 200]
    for answer in (refused, got, ended):
        assert answer.headers["access-control-allow-origin"] == OWN
        assert "x-gatebridge-receipt" in answer.headers["access-control-expose-headers"].lower()
        assert "origin" in answer.headers["vary"].lower()
        assert "access-control-allow-credentials" not in answer.headers


@READABLE
@pytest.mark.parametrize("origin", FOREIGN)
def test_X_HT_06_std_G_11_no_other_origin_reads_anything(acme: Tenant, spa: Portal, path: str, origin: str) -> None:
    answer = post(spa, path, {"grant_type": "refresh_token", "client_id": spa.app.consumer_key, "token": "x"}, origin)
    assert told(answer) == {}
    assert "origin" in answer.headers["vary"].lower()
    assert told(ask_before(spa, path, origin)) == {}


@READABLE
def test_X_HT_06_the_origin_of_one_app_does_not_read_the_answers_of_another(acme: Tenant, spa: Portal, path: str) -> None:
    other = make_portal(acme, "Other", auth_methods=PUBLIC, callbacks=("https://other.example/callback",))
    form = {"grant_type": "refresh_token", "client_id": other.app.consumer_key, "token": "x"}
    assert told(post(spa, path, form, OWN)) == {}
    assert told(post(spa, path, form, "https://other.example"))["access-control-allow-origin"] == "https://other.example"


@READABLE
def test_std_G_11_a_preflight_is_answered_for_the_origins_of_the_orgs_apps(acme: Tenant, rival: Tenant, spa: Portal, path: str) -> None:
    answer = ask_before(spa, path, OWN)
    assert (answer.status_code, answer.content, "content-length" in answer.headers) == (204, b"", False)
    assert told(answer) == {
        "access-control-allow-origin": OWN,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "Authorization, Content-Type",
        "access-control-max-age": "600",
    }
    assert "origin" in answer.headers["vary"].lower()
    elsewhere = make_portal(rival, callbacks=("https://rival.example/callback",))
    assert told(ask_before(elsewhere, path, OWN)) == {}
    assert told(ask_before(spa, path, "https://rival.example")) == {}


@pytest.mark.parametrize("path", [INTROSPECT, FEED])
def test_X_HT_06_what_is_for_servers_is_for_no_page(acme: Tenant, spa: Portal, path: str) -> None:
    portal = make_portal(acme)
    token = portal.signed_in()["access_token"]
    answer = post(spa, path, portal.app.credentials | {"token": token}, OWN)
    assert (answer.status_code, told(answer)) == (200, {})
    before = ask_before(spa, path, OWN)
    assert (before.status_code, told(before)) == (405, {})
    assert told(post(spa, path, {"client_id": spa.app.consumer_key}, OWN)) == {}


def test_an_app_of_the_salesforce_dialect_is_read_by_its_page_as_well(acme: Tenant) -> None:
    portal = make_portal(acme, dialect=Dialect.SALESFORCE, auth_methods=PUBLIC)
    token = portal.signed_in()["access_token"]
    by_possession = post(portal, REVOKE, {"token": token}, OWN)
    assert (by_possession.status_code, by_possession.headers["access-control-allow-origin"]) == (200, OWN)


def test_options_without_the_marks_of_a_preflight_stay_405(acme: Tenant, spa: Portal) -> None:
    answer = spa.app.door.send("OPTIONS", acme.org.issuer + TOKEN)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
