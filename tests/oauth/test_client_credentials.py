"""Client credentials end to end: an app proves itself and gets a token for its run-as user, in the dialect that it speaks."""

import base64
import hmac

import httpx
import pytest
from tests.oauth.houses import Standing
from tests.oauth.tenants import Client, Tenant

from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings

DIALECTS = pytest.mark.parametrize("dialect", list(Dialect), ids=str)


@DIALECTS
def test_std_TK_01_the_answer_has_the_members_of_the_rfc_and_those_that_salesforce_clients_read(acme: Tenant, dialect: Dialect) -> None:
    app = acme.app(dialect=dialect)
    answer = app.token()
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    issuer, user = acme.org.issuer, long(acme.runner.id)
    assert {name: body[name] for name in body if name not in ("access_token", "signature")} == {
        "token_type": "Bearer",
        "expires_in": 7200,
        "scope": "api id",
        "instance_url": issuer,
        "id": f"{issuer}/id/{long(acme.org.id)}/{user}",
        "issued_at": str(int(acme.standing.clock.now.timestamp()) * 1000),
        "token_format": "opaque",
    }


def test_std_AT_05_an_opaque_token_is_a_b64token_in_the_standard_dialect_and_salesforces_shape_in_the_other(acme: Tenant) -> None:
    standard = acme.app("Standard").access_token()
    salesforce = acme.app("Sales", dialect=Dialect.SALESFORCE).access_token()
    assert standard.startswith(f"gba_{acme.org.id}_")
    assert standard.replace("_", "").isalnum()
    assert salesforce.startswith(f"{acme.org.id}!AQ")


def test_the_signature_is_made_with_the_secret_over_identity_and_time_of_issue(acme: Tenant) -> None:
    app = acme.app()
    body = app.token().json()
    expected = hmac.digest(app.secret.encode(), (body["id"] + body["issued_at"]).encode(), "sha256")
    assert base64.b64decode(body["signature"]) == expected


def test_the_signature_algorithm_gives_a_known_vector() -> None:
    from gatebridge.crypto.signature import salesforce_signature

    # Computed with `printf ... | openssl dgst -sha256 -hmac 3MVG9secret -binary | base64`.
    identity = "https://login.salesforce.com/id/00D50000000IZ3ZEAW/00550000001fg5OAAQ"
    assert salesforce_signature("3MVG9secret", identity, "1296458209517") == VECTOR


VECTOR = "kROqBgjJ3mbBAwt4POpsd3NA5YAmDOCPAs3CFax3TE0="


@DIALECTS
def test_std_RT_10_there_is_never_a_refresh_token(acme: Tenant, dialect: Dialect) -> None:
    app = acme.app(dialect=dialect, scopes=("api", "refresh_token"), callbacks=("https://app.example/cb",))
    body = app.token().json()
    assert "refresh_token" not in body
    assert body["scope"] == "api"


SCOPES = [
    pytest.param(("api", "id"), None, "api id", id="omitted: all that the app has"),
    pytest.param(("api", "id"), "", "api id", id="empty counts as omitted"),
    pytest.param(("api", "id"), "api", "api", id="narrowed to one of them"),
    pytest.param(("api", "id"), "id api", "api id", id="the order asked does not matter"),
    pytest.param(("api", "id"), "api api", "api", id="named twice is named once"),
    pytest.param(("api",), "chatter_api", "chatter_api", id="what a scope implies can be asked for by name"),
    pytest.param(("api", "web", "refresh_token"), None, "api", id="what needs a person is dropped"),
    pytest.param(("api", "openid"), None, "api", id="an identity is dropped where nobody signs in"),
]


@pytest.mark.parametrize(("held", "asked", "given"), SCOPES)
def test_scopes_are_what_the_app_has_and_the_request_wants(acme: Tenant, held: tuple[str, ...], asked: str | None, given: str) -> None:
    app = acme.app(scopes=held, callbacks=("https://app.example/cb",))
    answer = app.token() if asked is None else app.token(scope=asked)
    assert answer.json()["scope"] == given


REFUSED_SCOPES = [
    pytest.param("api web", "invalid_scope", "scope_not_assigned", id="one that the app does not have"),
    pytest.param("api bogus", "invalid_scope", "scope_unknown", id="one that nobody has"),
    pytest.param("api  id", "invalid_scope", "scope_malformed", id="two blanks"),
    pytest.param('api "id"', "invalid_scope", "scope_malformed", id="quotes"),
    pytest.param("openid", "invalid_scope", "scope_needs_user", id="std CC-01: an identity where nobody signs in"),
    pytest.param("refresh_token", "invalid_scope", "scope_none_left", id="nothing is left but what needs a person"),
]


@pytest.mark.parametrize(("asked", "error", "cause"), REFUSED_SCOPES)
def test_std_TK_02_a_scope_that_cannot_be_given_is_invalid_scope(acme: Tenant, asked: str, error: str, cause: str) -> None:
    app = acme.app(scopes=("api", "id", "openid", "refresh_token"), callbacks=("https://app.example/cb",))
    answer = app.token(scope=asked)
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, error, cause)


GRANT_TYPES = [
    pytest.param("", "invalid_request", "grant_type_missing", id="none"),
    pytest.param("magic", "unsupported_grant_type", "grant_type_unknown", id="one that nobody knows"),
    pytest.param("password", "unsupported_grant_type", "grant_type_unknown", id="one that is not built"),
]


@pytest.mark.parametrize(("grant_type", "error", "cause"), GRANT_TYPES)
def test_std_TK_03_each_wrong_grant_type_has_its_code(acme: Tenant, grant_type: str, error: str, cause: str) -> None:
    answer = acme.app().token(grant_type=grant_type)
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, error, cause)


def test_std_TK_03_a_flow_that_the_app_does_not_have_is_unauthorized_client(acme: Tenant) -> None:
    app = acme.app()
    with acme.standing.database.transaction() as tx:
        edit_settings(tx, acme.admin, EditSettings(app.id, flows=frozenset()))
    answer = app.token()
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_std_CC_02_an_app_without_a_run_as_user_gets_nothing(acme: Tenant) -> None:
    app = acme.app(open_for_use=False)
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(app.id, access_token_minutes=30))
    answer = app.token()
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_grant", "run_as_missing")


def test_the_life_of_a_token_is_the_apps_policy(acme: Tenant) -> None:
    app = acme.app()
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(app.id, access_token_minutes=15))
    assert app.token().json()["expires_in"] == 900


def test_a_token_dies_at_the_second_that_its_answer_promised(acme: Tenant) -> None:
    app, clock = acme.app(), acme.standing.clock
    token = app.access_token()
    clock.advance(seconds=7199)
    assert app.introspect(token).json()["active"] is True
    clock.advance(seconds=1)
    assert app.introspect(token).json() == {"active": False}
    assert acme.last_cause() == "token_expired"


def test_an_app_of_another_org_works_where_it_is_installed_and_nowhere_else(acme: Tenant, rival: Tenant, house: Standing) -> None:
    app = acme.app()
    foreign = Client(app.door, rival.org.issuer, app.id, app.installation_id, app.consumer_key, app.secret)
    before = foreign.token()
    assert (before.status_code, before.json()["error"], rival.true_cause(before)) == (400, "unauthorized_client", "app_not_installed")
    installed = rival.install(app)
    after = installed.token()
    assert after.json()["id"].startswith(rival.org.issuer)
    assert rival.receipt(after).user_id == rival.runner.id


def _errors(answer: httpx.Response) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["error"], body["error_description"]


SALESFORCE_ERRORS = [
    pytest.param({"client_secret": "wrong"}, (400, "invalid_client", "invalid client credentials"), id="a wrong secret"),
    pytest.param({"scope": "web"}, (400, "invalid_scope", "the requested scope is not allowed"), id="a scope that it has not"),
    pytest.param({"grant_type": "magic"}, (400, "unsupported_grant_type", "grant type not supported"), id="a grant type unknown"),
    pytest.param({"grant_type": ""}, (400, "unsupported_grant_type", "grant type not supported"), id="no grant type"),
]


@pytest.mark.parametrize(("said", "expected"), SALESFORCE_ERRORS)
def test_a_salesforce_client_reads_the_codes_and_texts_that_it_knows(
    acme: Tenant, said: dict[str, str], expected: tuple[int, str, str]
) -> None:
    answer = acme.app(dialect=Dialect.SALESFORCE).token(said)
    assert _errors(answer) == expected
    assert answer.json()["error_uri"].startswith(f"{acme.org.issuer}/help/reasons/")
