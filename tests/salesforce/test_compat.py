"""The list of what Salesforce's clients must find here (its protocol, section 9), a test or more for each of its rows.

Row 5, a sign-in by the command line from end to end, and what else only a whole client can show, is in `tests/clients`. Every text of
row 8 is in `test_dialect_texts`, the forms of row 10 in `test_dialect_forms`.
"""

import base64
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from tests.oauth.door import basic
from tests.oauth.flows.devices import make_panel, member
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import PUBLIC, Portal, challenge_of, make_portal
from tests.oauth.flows.visits import chooser, deny, enrol
from tests.oauth.tenants import TOKEN, Tenant

from gatebridge.crypto.signature import salesforce_signature
from gatebridge.rules import ids
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long

SALESFORCE: dict[str, Any] = {"dialect": Dialect.SALESFORCE}


# --- 1: what each flow answers ---------------------------------------------------------------------------------------------

ALWAYS = {
    "access_token": str,
    "token_type": str,
    "scope": str,
    "instance_url": str,
    "id": str,
    "issued_at": str,
    # Salesforce leaves it out, and no client of its minds; RFC 6749 section 5.1 recommends it, and here it is true (wire.md).
    "expires_in": int,
    "token_format": str,
}
SIGNED, OFFLINE, OPENID = {"signature": str}, {"refresh_token": str}, {"id_token": str}


def by_code(acme: Tenant) -> dict[str, Any]:
    return make_portal(acme, **SALESFORCE).signed_in()


def by_refresh(acme: Tenant) -> dict[str, Any]:
    app = make_portal(acme, **SALESFORCE)
    answer: dict[str, Any] = app.refresh(app.signed_in()["refresh_token"]).json()
    return answer


def by_rotation(acme: Tenant) -> dict[str, Any]:
    app = make_portal(acme, rotate_refresh_tokens=True, **SALESFORCE)
    answer: dict[str, Any] = app.refresh(app.signed_in()["refresh_token"]).json()
    return answer


def by_assertion(acme: Tenant) -> dict[str, Any]:
    answer: dict[str, Any] = Job(acme, **SALESFORCE).ask().json()
    return answer


def by_device(acme: Tenant) -> dict[str, Any]:
    device = make_panel(acme, **SALESFORCE)
    answer: dict[str, Any] = device.poll(device.approved(member(acme))).json()
    return answer


def as_itself(acme: Tenant) -> dict[str, Any]:
    answer: dict[str, Any] = (
        acme.app(scopes=("api", "web", "refresh_token"), callbacks=("https://a.example/",), **SALESFORCE).token().json()
    )
    return answer


@pytest.mark.parametrize(
    ("ask", "members"),
    [
        pytest.param(by_code, SIGNED | OFFLINE | OPENID, id="web server"),
        pytest.param(by_refresh, SIGNED | OPENID, id="refresh"),
        pytest.param(by_rotation, SIGNED | OFFLINE | OPENID, id="refresh with rotation"),
        # Salesforce sends no `issued_at` here; whoever reads it finds it.
        pytest.param(by_assertion, {}, id="JWT bearer"),
        pytest.param(by_device, OFFLINE | OPENID, id="device"),
        pytest.param(as_itself, SIGNED, id="client credentials"),
    ],
)
def test_compat_01_every_flow_answers_with_these_members_and_types(
    acme: Tenant, ask: Callable[[Tenant], dict[str, Any]], members: dict[str, type]
) -> None:
    body = ask(acme)
    assert {name: type(value) for name, value in body.items()} == ALWAYS | members
    org, user = body["id"].split("/")[-2:]  # as jsforce, sfdx-core and CumulusCI find both
    assert (org, user[:3], len(user)) == (long(acme.org.id), "005", 18)
    assert body["id"] == f"{body['instance_url']}/id/{org}/{user}"
    assert (body["instance_url"], body["token_type"]) == (acme.org.issuer, "Bearer")
    assert (body["issued_at"].isdecimal(), len(body["issued_at"])) == (True, 13)


def test_compat_01_a_client_that_acts_as_itself_gets_nothing_that_needs_a_person(acme: Tenant) -> None:
    assert as_itself(acme)["scope"] == "api"


# --- 2: vectors ------------------------------------------------------------------------------------------------------------


def test_compat_02_the_signature_is_salesforces() -> None:
    identity = "https://login.salesforce.com/id/00DSG000009FYVd2AO/005SG000008eiAbYAI"
    assert salesforce_signature("example-secret", identity, "1700000000000") == "aEiKMkBVYth3AmBi4Sc/6Uezl5Z5rf25Pk1VqDLfKIU="


def test_compat_02_a_client_finds_the_signature_that_it_expects(acme: Tenant) -> None:
    app = acme.app(**SALESFORCE)
    body = app.token().json()
    expected = hmac.digest(app.secret.encode(), f"{body['id']}{body['issued_at']}".encode(), "sha256")
    assert body["signature"] == base64.b64encode(expected).decode()


@pytest.mark.parametrize("whole", ["00DSG000009FYVd2AO", "005SG000008eiAbYAI", "00D36000001HDi3EAG", "00D37000000PvYsEAK"])
def test_compat_02_the_checksum_of_an_id_is_salesforces(whole: str) -> None:
    assert ids.long(whole[:15]) == whole


# --- 3: PKCE as jsforce does it --------------------------------------------------------------------------------------------

LONG = "v" * 171


def test_compat_03_a_verifier_of_171_characters_and_no_method(acme: Tenant) -> None:
    app, ben = chooser(acme, auth_methods=PUBLIC, **SALESFORCE), enrol(acme, "ben")
    browser = app.signed_in(ben)
    page = browser.open(app.url(code_challenge=challenge_of(LONG), code_challenge_method=None))
    code = app.arrived(browser.submit(page, "consent", decision="approve"))["code"]
    answer = app.portal.redeem(code, code_verifier=LONG)
    assert answer.status_code == 200, answer.text
    # It keeps the verifier, and sends it along with whatever it asks from now on.
    assert app.portal.refresh(answer.json()["refresh_token"], code_verifier=LONG).status_code == 200


def test_compat_03_a_stray_verifier_says_nothing_to_an_assertion(acme: Tenant) -> None:
    asks = Job(acme, **SALESFORCE)
    assert asks.ask(None, {"code_verifier": LONG, "redirect_uri": "https://x.example/"}).status_code == 200


def test_compat_03_a_tilde_is_a_character_of_a_verifier(acme: Tenant) -> None:
    app = make_portal(acme, **SALESFORCE)
    assert app.redeem(app.code(challenge=challenge_of("~" * 43)), code_verifier="~" * 43).status_code == 200


# --- 4: assertions as clients sign them ------------------------------------------------------------------------------------


@pytest.fixture
def signs(acme: Tenant) -> Job:
    """A service with a key and a certificate of RSA, which is all that these clients know."""
    return Job(acme, alg="RS256", assertion_audiences=("login.example.com",), **SALESFORCE)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param(lambda now, host: {"exp": now * 1000 + 300, "aud": host, "iat": now}, id="sfdx-core: milliseconds"),
        pytest.param(lambda now, host: {"exp": now * 1000 + 300, "aud": host + "/", "iat": now}, id="sfdx-core: a slash, as it was typed"),
        pytest.param(lambda now, host: {"exp": str(now + 180), "aud": host}, id="simple-salesforce: a text"),
        pytest.param(lambda now, host: {"exp": now, "aud": host, "alg": "RS256"}, id="CumulusCI: this very moment"),
        pytest.param(lambda now, host: {"exp": now + 180, "aud": "login.example.com"}, id="restforce: a bare host, where the app lists it"),
        pytest.param(lambda now, host: {"exp": now - 179, "aud": host}, id="a clock that is three minutes behind"),
    ],
)
def test_compat_04_the_assertions_of_four_clients_are_taken(signs: Job, claims: Callable[[int, str], dict[str, Any]]) -> None:
    said = claims(signs.key.now, signs.acme.org.issuer)
    answer = signs.ask(signs.claims(jti=None, **said))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("claims", "cause"),
    [
        (lambda now, host: {"aud": host.removeprefix("https://")}, "grant_audience_wrong"),
        (lambda now, host: {"aud": "https://login.example.com"}, "grant_audience_wrong"),
        (lambda now, host: {"aud": [host]}, "grant_audience_wrong"),
        (lambda now, host: {"aud": host + "//"}, "grant_audience_wrong"),
        (lambda now, host: {"exp": now - 180}, "grant_assertion_expired"),
        (lambda now, host: {"exp": (now + 301) * 1000}, "grant_assertion_too_long"),
    ],
)
def test_compat_04_and_nothing_wider(signs: Job, claims: Callable[[int, str], dict[str, Any]], cause: str) -> None:
    answer = signs.ask(signs.claims(jti=None, **claims(signs.key.now, signs.acme.org.issuer)))
    assert (answer.status_code, signs.acme.true_cause(answer)) == (400, cause)


# --- 6: devices ------------------------------------------------------------------------------------------------------------


def test_compat_06_who_keeps_the_interval_is_never_told_to_slow_down(acme: Tenant) -> None:
    """sf gives up at any word but this one."""
    device, ada = make_panel(acme, **SALESFORCE), member(acme)
    begun = device.begin()
    poll = {"grant_type": "device", "client_id": device.app.consumer_key, "code": begun["device_code"]}
    heard = set()
    for _ in range(20):
        acme.standing.clock.advance(seconds=begun["interval"])
        answer = device.app.post(TOKEN, poll)
        assert "html" not in answer.headers["content-type"]
        heard.add((answer.status_code, answer.json()["error"]))
    assert heard == {(400, "authorization_pending")}
    assert device.app.post(TOKEN, poll).json()["error"] == "slow_down"
    assert device.app.post(TOKEN, poll | {"code": device.approved(ada)}).status_code == 200


# --- 7: families -----------------------------------------------------------------------------------------------------------


def test_compat_07_the_sixth_approval_ends_the_first(acme: Tenant) -> None:
    app = make_portal(acme, **SALESFORCE)
    held = []
    for _ in range(6):
        held.append(app.signed_in()["refresh_token"])
        acme.standing.clock.advance(seconds=1)
    assert [app.refresh(token).status_code for token in held] == [400, *[200] * 5]


def rotating(acme: Tenant) -> tuple[Portal, str]:
    app = make_portal(acme, auth_methods=PUBLIC, **SALESFORCE)
    app.policies(refresh_grace_seconds=0)
    return app, str(app.signed_in()["refresh_token"])


def test_compat_07_a_token_that_was_rotated_out_ends_the_family(acme: Tenant) -> None:
    app, first = rotating(acme)
    newer = app.refresh(first).json()
    acme.standing.clock.advance(seconds=1)
    assert acme.true_cause(app.refresh(first)) == "refresh_reused"
    assert acme.true_cause(app.refresh(newer["refresh_token"])) == "refresh_ended"
    assert not app.live(newer["access_token"])


def test_compat_07_of_ten_refreshes_at_once_one_succeeds_and_nine_may_come_back(acme: Tenant) -> None:
    app, token = rotating(acme)
    form = {"grant_type": "refresh_token", "refresh_token": token} | dict(app.credentials)
    body = "&".join(f"{name}={value}" for name, value in form.items()).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    asked = [app.app.door.begin("POST", acme.org.issuer + TOKEN, body=body, headers=headers) for _ in range(10)]
    answers = [each.result(30) for each in asked]
    won = [answer.json() for answer in answers if answer.status_code == 200]
    lost = [(answer.status_code, answer.json()["error_description"]) for answer in answers if answer.status_code != 200]
    assert (len(won), set(lost), len(lost)) == (1, {(400, "token request is already being processed")}, 9)
    assert app.refresh(won[0]["refresh_token"]).status_code == 200


# --- 9 to 12 ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/services/oauth2/userinfo", "/id/{org}/{user}"])
def test_compat_09_a_dead_token_is_the_word_at_the_identity_endpoints_and_a_list_at_the_others(acme: Tenant, path: str) -> None:
    app = make_portal(acme, **SALESFORCE)
    token = app.signed_in()["access_token"]
    assert app.app.revoke(token).status_code == 200
    header = {"Authorization": f"Bearer {token}"}
    answer = app.app.door.get(acme.org.issuer + path.format(org=long(acme.org.id), user=long(acme.runner.id)), headers=header)
    assert (answer.status_code, answer.text) == (403, "Bad_OAuth_Token")
    assert acme.true_cause(answer) == "token_revoked"
    resource = app.app.door.get(f"{acme.org.issuer}/services/data/v60.0/sobjects/User/{long(acme.runner.id)}", headers=header)
    assert (resource.status_code, resource.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")


@pytest.mark.parametrize("changed", [{"client_id": "3MVG9"}, {"redirect_uri": "https://x.example/"}, {"client_id": None}])
def test_compat_11_an_unknown_client_or_callback_is_never_redirected_to(acme: Tenant, changed: dict[str, str | None]) -> None:
    app = chooser(acme, **SALESFORCE)
    page = app.browser().open(app.url(**changed))
    assert (page.status, page.went_to) == (400, None)
    assert "location" not in page.headers


def test_compat_11_a_user_who_refuses_is_with_the_state(acme: Tenant) -> None:
    app, ben = chooser(acme, **SALESFORCE), enrol(acme, "ben")
    browser = app.signed_in(ben)
    answer = app.arrived(deny(browser, browser.open(app.url(state="2f1e4a3b5c6d"))))
    assert (answer["error"], answer["error_description"]) == ("access_denied", "end-user denied authorization")
    assert answer["state"] == "2f1e4a3b5c6d"


def test_compat_12_basic_and_nothing_but_the_grant_type(acme: Tenant) -> None:
    app = acme.app(flows=frozenset({Flow.CLIENT_CREDENTIALS}), **SALESFORCE)
    raw = base64.b64encode(f"{app.consumer_key}:{app.secret}".encode()).decode()
    for header in (basic(app.consumer_key, app.secret), {"Authorization": f"Basic {raw}"}):
        assert app.ask(headers=header).status_code == 200
