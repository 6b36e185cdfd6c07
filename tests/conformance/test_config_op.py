"""What the plan Config OP of the OpenID certification asks of a server, and what other plans ask of its keys."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import KeySet
from tests.conformance.conftest import relying_party
from tests.conformance.relying_party import Person, metadata_of
from tests.conformance.running import RunningHouse

from gatebridge.setup.signing_keys import AddSigningKey, RetireSigningKey, add_signing_key, retire_signing_key
from gatebridge.storage import signing_keys

# OpenID Connect Discovery section 3 and RFC 8414 section 2: a claim of one of these names is one address, list or switch.
ADDRESSES = ("_endpoint", "_uri", "_documentation")
LISTS = ("_supported",)
SWITCHES = (
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "authorization_response_iss_parameter_supported",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
)
REQUIRED = (
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)


@pytest.fixture(scope="module")
def metadata(house: RunningHouse) -> Mapping[str, Any]:
    return metadata_of(house)


def test_oidcc_discovery_endpoint_verification(house: RunningHouse, metadata: Mapping[str, Any]) -> None:
    assert not [name for name in REQUIRED if name not in metadata]
    assert metadata["issuer"] == house.issuer
    for name, said in metadata.items():
        if name in SWITCHES:
            assert type(said) is bool, name
        elif name.endswith(LISTS):
            assert said, name
            assert isinstance(said, list), name
            assert all(isinstance(each, str) for each in said), name
            assert len(set(said)) == len(said), name
        elif name.endswith(ADDRESSES):
            parts = urlsplit(said)
            assert (f"{parts.scheme}://{parts.netloc}", parts.fragment) == (house.issuer, ""), name
    assert "code" in metadata["response_types_supported"]
    assert {"RS256", "ES256"} <= set(metadata["id_token_signing_alg_values_supported"])
    assert {"openid"} <= set(metadata["scopes_supported"])
    assert {"sub"} <= set(metadata["claims_supported"])
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert {"query", "form_post"} <= set(metadata["response_modes_supported"])
    algorithms = [each for name, said in metadata.items() if name.endswith("_alg_values_supported") for each in said]
    assert not [each for each in algorithms if each == "none" or each.startswith("HS")]
    keys = house.http.get(metadata["jwks_uri"]).json()["keys"]
    assert KeySet.import_key_set({"keys": keys})
    assert not [key for key in keys if {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)]
    assert len({key["kid"] for key in keys}) == len(keys)
    assert {key["use"] for key in keys} == {"sig"}


def test_oidcc_server_rotate_keys(house: RunningHouse, person: Person) -> None:
    """Not of these plans, and of every plan with dynamic registration: the new key is there, and the old one still."""
    rp = relying_party(house)
    before = {key["kid"] for key in house.http.get(rp.metadata["jwks_uri"]).json()["keys"]}
    old = rp.signs_in(person)
    with house.database.transaction() as tx:
        new = add_signing_key(tx, house.admin, AddSigningKey("RS256")).id
    after = {key["kid"] for key in house.http.get(rp.metadata["jwks_uri"]).json()["keys"]}
    assert after == before | {new}
    assert rp.signs_in(person).header["kid"] == old.header["kid"], "nobody who has cached the keys knows the new one yet"
    house.clock.wait(minutes=16)
    assert rp.signs_in(person).header["kid"] == new
    with house.database.transaction() as tx:
        (first,) = [key.id for key in signing_keys.published(tx, house.admin.org_id) if key.id == old.header["kid"]]
        retire_signing_key(tx, house.admin, RetireSigningKey(first))
    keys = {key["kid"] for key in house.http.get(rp.metadata["jwks_uri"]).json()["keys"]}
    assert old.header["kid"] in keys, "what it signed is still checked"
    visit, said = rp.asks(person, prompt="none", id_token_hint=old.id_token)
    assert rp.checked_code(visit, said)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_oidcc_id_tokens_are_signed_as_registered(house: RunningHouse, person: Person, algorithm: str) -> None:
    """The modules oidcc-idtoken-rs256 and its kin: the registered algorithm, by a key that the header names."""
    rp = relying_party(house, signing_algorithm=algorithm)
    assert rp.signs_in(person).header["alg"] == algorithm
    kinds = {"RS256": "RSA", "ES256": "EC"}
    (key,) = [key for key in house.http.get(rp.metadata["jwks_uri"]).json()["keys"] if key["kid"] == rp.signs_in(person).header["kid"]]
    assert (key["kty"], key["alg"]) == (kinds[algorithm], algorithm)
