"""JWT access tokens (RFC 9068), checked as a resource server would: with a JOSE library of its own and the published keys."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.oauth.houses import Standing
from tests.oauth.tenants import Client, Tenant

from gatebridge.crypto.signing import sign
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import long
from gatebridge.storage import signing_keys

ALGORITHMS = pytest.mark.parametrize("algorithm", ["ES256", "RS256"])


def registered(acme: Tenant, algorithm: str = "ES256", **said: Any) -> Client:
    if algorithm == "RS256":
        acme.add_rs256()
    return acme.app("Signed", access_token_format=TokenFormat.JWT, signing_algorithm=algorithm, **said)


def checked(app: Client, token: str) -> jwt.Token:
    """The token, as far as a resource server believes it that knows nothing but the issuer."""
    configuration = app.door.get(f"{app.issuer}/.well-known/oauth-authorization-server").json()
    published = KeySet.import_key_set(app.door.get(configuration["jwks_uri"]).json())
    return jwt.decode(token, published, algorithms=["ES256", "RS256"])


@ALGORITHMS
def test_std_AT_01_AT_04_a_third_party_library_verifies_the_token_against_the_published_keys(acme: Tenant, algorithm: str) -> None:
    app = registered(acme, algorithm)
    answer = app.token()
    body = answer.json()
    token = checked(app, body["access_token"])
    assert (token.header["typ"], token.header["alg"]) == ("at+jwt", algorithm)
    now = int(acme.standing.clock.now.timestamp())
    assert token.claims == {
        "iss": acme.org.issuer,
        "aud": acme.org.issuer,
        "sub": long(acme.runner.id),
        "client_id": app.consumer_key,
        "scope": "api id",
        "iat": now,
        "exp": now + 900,
        "jti": answer.headers["x-gatebridge-receipt"],
    }
    assert (body["token_format"], body["expires_in"]) == ("jwt", 900)


def test_a_salesforce_app_gets_the_claims_that_its_resource_servers_read(acme: Tenant) -> None:
    app = registered(acme, dialect=Dialect.SALESFORCE)
    claims = checked(app, app.access_token()).claims
    assert (claims["sub"], claims["scp"], claims["nbf"]) == (f"uid:{long(acme.runner.id)}", "api id", claims["iat"])


def test_std_AT_02_the_audience_is_the_apps_where_it_names_one(acme: Tenant) -> None:
    app = registered(acme, audience="https://orders.example")
    assert checked(app, app.access_token()).claims["aud"] == "https://orders.example"


def test_two_tokens_are_never_the_same(acme: Tenant) -> None:
    app = registered(acme)
    assert app.access_token() != app.access_token()


@ALGORITHMS
def test_a_jwt_is_introspected_revoked_and_dead_like_any_token(acme: Tenant, algorithm: str) -> None:
    app = registered(acme, algorithm)
    token = app.access_token()
    assert app.introspect(token).json()["active"] is True
    assert app.revoke(token).status_code == 200
    assert app.introspect(token).json() == {"active": False}
    assert acme.last_cause() == "token_revoked"


def _bent(token: str) -> dict[str, str]:
    head, body, signature = token.split(".")
    last = signature[-1]
    twin = next(other for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if other != last)
    endings = {"padding": f"{signature}==", "flipped": signature[:-1] + twin, "no signature": ""}
    return {name: f"{head}.{body}.{ending}" for name, ending in endings.items()}


def test_X_TK_10_another_spelling_of_a_token_is_no_token(acme: Tenant) -> None:
    app = registered(acme)
    for spelling in _bent(app.access_token()).values():
        assert app.introspect(spelling).json() == {"active": False}
        assert acme.last_cause() == "token_unknown"


def test_X_TK_11_a_token_of_another_orgs_key_is_unknown_here(acme: Tenant, rival: Tenant) -> None:
    app, theirs = registered(acme), registered(rival)
    assert app.introspect(theirs.access_token()).json() == {"active": False}
    assert acme.last_cause() == "token_unknown"


def test_X_TK_11_an_assertion_of_the_client_is_no_access_token(acme: Tenant, house: Standing) -> None:
    from tests.oauth.client_keys import client_key

    app = acme.app("Keyed", key=client_key(clock=house.clock))
    assertion = app.credentials["client_assertion"]
    assert app.introspect(assertion).json() == {"active": False}


@pytest.mark.parametrize("typ", ["logout+jwt", "JWT", "dpop+jwt", "secevent+jwt", "oauth-authz-req+jwt", ""])
def test_X_SE_11_X_TK_11_what_the_org_signs_for_another_purpose_is_no_access_token(acme: Tenant, typ: str) -> None:
    app = registered(acme)
    claims = checked(app, app.access_token()).claims
    with acme.standing.database.snapshot() as tx:
        key = acme.standing.house.keyring.key_for(signing_keys.published(tx, acme.org.id), "ES256", tx.now)
    assert app.introspect(sign(key, "at+jwt", claims)).json()["active"] is True
    assert app.introspect(sign(key, typ, claims)).json() == {"active": False}


def test_X_RV_08_std_AT_03_the_life_of_a_jwt_is_short_unless_the_policy_says_otherwise(acme: Tenant) -> None:
    app = registered(acme)
    claims = checked(app, app.access_token()).claims
    assert claims["exp"] - claims["iat"] == 15 * 60
