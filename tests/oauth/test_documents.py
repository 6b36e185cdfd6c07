"""What the server says of itself: metadata that names what exists and nothing else, and keys that are there before they are needed."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.oauth.tenants import Client, Tenant

from gatebridge.oauth.flows import FLOWS
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.setup.signing_keys import (
    AddSigningKey,
    RemoveSigningKey,
    RetireSigningKey,
    add_signing_key,
    remove_signing_key,
    retire_signing_key,
)
from gatebridge.storage import signing_keys

WELL_KNOWN = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


def document(acme: Tenant, path: str = WELL_KNOWN[0]) -> dict[str, object]:
    answer = acme.door.get(acme.org.issuer + path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, object] = answer.json()
    return found


def test_std_MD_01_both_well_known_addresses_say_the_same(acme: Tenant) -> None:
    assert document(acme, WELL_KNOWN[0]) == document(acme, WELL_KNOWN[1])


def test_std_MD_02_the_issuer_is_the_orgs_and_not_the_host_header(acme: Tenant) -> None:
    found = document(acme)
    assert found["issuer"] == acme.org.issuer
    addresses = [value for name, value in found.items() if name.endswith(("_endpoint", "_uri", "_documentation"))]
    assert addresses
    assert all(str(address).startswith(acme.org.issuer + "/") for address in addresses)


def test_std_MD_03_what_every_client_needs_is_there(acme: Tenant) -> None:
    found = document(acme)
    assert {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} <= found.keys()
    assert found["response_types_supported"]
    assert found["subject_types_supported"] == ["public"]
    algorithms = found["id_token_signing_alg_values_supported"]
    assert isinstance(algorithms, list)
    assert "RS256" in algorithms
    assert "none" not in algorithms
    assert {str(address).partition(":")[0] for name, address in found.items() if name.endswith("_endpoint")} == {"https"}


def test_std_MD_05_every_address_that_is_named_answers(acme: Tenant) -> None:
    found = document(acme)
    for name, address in found.items():
        if name.endswith("_endpoint"):
            # A browser that signs out is led to a page; whoever else asks for nothing is told so.
            assert acme.door.post(str(address)).status_code in ((303,) if name == "end_session_endpoint" else (400, 401)), name
    assert acme.door.get(str(found["jwks_uri"])).status_code == 200
    assert acme.door.get(str(found["service_documentation"])).status_code == 200


def test_std_MD_05_nothing_is_named_that_does_not_exist_yet(acme: Tenant) -> None:
    found = document(acme)
    assert found["grant_types_supported"] == sorted(name for name, flow in FLOWS.items() if not acme.org.switched_off(flow.FLOW))
    absent = {"device_authorization_endpoint", "registration_endpoint", "pushed_authorization_request_endpoint"}
    assert not absent & found.keys()
    assert not [name for name in found if name.startswith(("frontchannel_logout", "dpop_", "tls_client"))]


def test_std_MD_04_what_is_said_of_sign_ins_is_what_the_authorization_endpoint_does(acme: Tenant) -> None:
    found = document(acme)
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert found["response_modes_supported"] == ["query", "fragment", "form_post"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert set(found["prompt_values_supported"]) == {"none", "login", "consent", "select_account"}  # type: ignore[call-overload]
    assert found["subject_types_supported"] == ["public"]
    assert found["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]


@pytest.mark.parametrize("parameter", ["request", "request_uri"])
def test_X_MX_03_X_MX_04_no_request_travels_in_an_object_or_by_reference(acme: Tenant, parameter: str) -> None:
    assert document(acme)[f"{parameter}_parameter_supported"] is False


def test_std_MD_04_CA_15_the_methods_and_algorithms_are_those_that_work(acme: Tenant) -> None:
    found = document(acme)
    assert found["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
    algorithms = found["token_endpoint_auth_signing_alg_values_supported"]
    assert isinstance(algorithms, list)
    assert {"ES256", "RS256", "PS256", "EdDSA"} <= set(algorithms)
    assert not [name for name in algorithms if name == "none" or name.startswith("HS")]  # X-TK-03
    assert found["request_uri_parameter_supported"] is False


@pytest.mark.parametrize("path", [*WELL_KNOWN, "/id/keys"])
def test_std_JW_03_documents_may_be_cached_and_read_from_any_origin(acme: Tenant, path: str) -> None:
    headers = acme.door.get(acme.org.issuer + path, headers={"Origin": "https://app.example"}).headers
    assert headers["cache-control"].startswith("public, max-age=")
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("path", [*WELL_KNOWN, "/id/keys"])
def test_a_host_where_no_org_lives_has_no_documents(acme: Tenant, path: str) -> None:
    assert acme.door.get(f"https://nobody.example{path}").status_code == 421


@pytest.mark.parametrize("path", [*WELL_KNOWN, "/id/keys"])
def test_documents_are_only_read(acme: Tenant, path: str) -> None:
    answer = acme.door.post(acme.org.issuer + path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


# --- Keys ----------------------------------------------------------------------------------------------------------------


def keys(acme: Tenant) -> list[dict[str, str]]:
    found: list[dict[str, str]] = acme.door.get(f"{acme.org.issuer}/id/keys").json()["keys"]
    return found


def kid_of(app: Client) -> str:
    """With which key the app's newest token was signed, as a resource server finds out."""
    published = KeySet.import_key_set(app.door.get(f"{app.issuer}/id/keys").json())
    return str(jwt.decode(app.access_token(), published, algorithms=["ES256"]).header["kid"])


def test_X_TK_12_std_JW_01_only_public_members_are_published(acme: Tenant) -> None:
    acme.add_rs256()
    allowed = {"kty", "kid", "use", "alg", "crv", "x", "y", "n", "e"}
    for key in keys(acme):
        assert set(key) <= allowed
        assert (key["use"], key["alg"] in ("ES256", "RS256")) == ("sig", True)
    assert len({key["kid"] for key in keys(acme)}) == 2


def test_X_TK_11_no_org_publishes_anothers_key(acme: Tenant, rival: Tenant) -> None:
    assert not {key["kid"] for key in keys(acme)} & {key["kid"] for key in keys(rival)}


def test_X_TK_13_std_JW_02_a_key_is_published_one_cache_life_before_it_signs_and_kept_after(acme: Tenant) -> None:
    app = acme.app(access_token_format=TokenFormat.JWT)
    clock, database = acme.standing.clock, acme.standing.database
    first = kid_of(app)
    with database.transaction() as tx:
        second = add_signing_key(tx, acme.admin, AddSigningKey("ES256")).id
    assert [key["kid"] for key in keys(acme)] == [second, first]
    assert kid_of(app) == first

    clock.now += timedelta(minutes=15, microseconds=-1)
    assert kid_of(app) == first
    signed_by_first = app.access_token()
    clock.now += timedelta(microseconds=1)
    assert kid_of(app) == second

    with database.transaction() as tx:
        retire_signing_key(tx, acme.admin, RetireSigningKey(first))
    assert [key["kid"] for key in keys(acme)] == [second, first]
    assert app.introspect(signed_by_first).json()["active"] is True


def test_X_TK_13_std_JW_05_an_emergency_removal_kills_the_tokens_of_the_key_at_once(acme: Tenant) -> None:
    app = acme.app(access_token_format=TokenFormat.JWT)
    token, first = app.access_token(), kid_of(app)
    with acme.standing.database.transaction() as tx:
        add_signing_key(tx, acme.admin, AddSigningKey("ES256"))
    acme.standing.clock.advance(minutes=10)
    assert app.introspect(token).json()["active"] is True
    acme.standing.clock.advance(minutes=4, seconds=59)
    with acme.standing.database.transaction() as tx:
        assert signing_keys.retire(tx, acme.org.id, first)
        remove_signing_key(tx, acme.admin, RemoveSigningKey(first, emergency=True, reason="The key leaked."))
    assert app.introspect(token).json() == {"active": False}


def test_an_org_without_a_key_that_signs_gives_no_jwt_and_makes_none_up(acme: Tenant) -> None:
    app = acme.app(access_token_format=TokenFormat.JWT)
    kid = kid_of(app)
    with acme.standing.database.transaction() as tx:
        assert signing_keys.retire(tx, acme.org.id, kid)
    answer = app.token()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert (answer.json()["error"], acme.true_cause(answer)) == ("temporarily_unavailable", "signing_key_missing")
    assert answer.json()["error_uri"].partition("?")[0].endswith("/help/reasons/signing_key_missing")
