"""ID tokens as apps get them with a code (OpenID Connect Core section 2): who signed in, and nothing that was not asked for."""

import base64
import hashlib
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Tenant

from gatebridge.crypto import signing
from gatebridge.oauth.formats import id_token
from gatebridge.oauth.formats.id_token import half_hash
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.rules.facts import Facts
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level
from gatebridge.storage.facts import FactsReader

USERINFO = "/services/oauth2/userinfo"
EVERYTHING = ("openid", "id", "profile", "email", "address", "phone", "api", "refresh_token")


@pytest.fixture
def portal(acme: Tenant) -> Portal:
    return make_portal(acme)


def decoded(portal: Portal, token: str) -> Any:
    """Header and claims, checked with the published keys as a client does it."""
    published = KeySet.import_key_set(portal.acme.door.get(f"{portal.acme.org.issuer}/id/keys").json())
    return jwt.decode(token, published, algorithms=["ES256", "RS256"])


def test_std_ID_01_it_says_who_for_whom_since_when_and_until_when(acme: Tenant, portal: Portal) -> None:
    body = portal.signed_in()
    now = int(acme.standing.clock.now.timestamp())
    claims = decoded(portal, body["id_token"]).claims
    sid = claims.pop("sid")
    assert claims == {
        "iss": acme.org.issuer,
        "sub": long(acme.runner.id),
        "aud": portal.app.consumer_key,
        "exp": now + 120,
        "iat": now,
        "auth_time": now,
        "nonce": "n-0S6_WzA2Mj",
        "acr": "urn:gatebridge:level:standard",
        "amr": ["pwd"],
        "at_hash": half_hash(body["access_token"], "ES256"),
    }
    assert len(sid) == 32  # a name of its own, which tells nobody the id of the session


def test_std_ID_01_the_subject_is_the_identity_url_where_the_app_speaks_salesforces_dialect(acme: Tenant) -> None:
    portal = make_portal(acme, dialect=Dialect.SALESFORCE)
    body = portal.signed_in()
    assert decoded(portal, body["id_token"]).claims["sub"] == body["id"]
    assert len(body["id"]) <= 255
    assert body["id"].isascii()


def test_it_lives_as_long_as_the_settings_of_its_app_say(acme: Tenant, portal: Portal) -> None:
    portal.settings(id_token_minutes=720)
    claims = decoded(portal, portal.signed_in()["id_token"]).claims
    assert claims["exp"] - claims["iat"] == 720 * 60


@pytest.mark.parametrize("nonce", ["x", "n" * 512, 'quo"te \\ ä'])
def test_std_AZ_17_a_nonce_comes_back_exactly_as_it_was_sent(portal: Portal, nonce: str) -> None:
    assert decoded(portal, portal.signed_in(nonce=nonce)["id_token"]).claims["nonce"] == nonce


def test_std_AZ_17_RT_08_without_a_nonce_and_after_a_refresh_there_is_none(portal: Portal) -> None:
    assert "nonce" not in decoded(portal, portal.signed_in(nonce=None)["id_token"]).claims
    first = portal.signed_in()
    portal.acme.standing.clock.advance(minutes=5)
    again = portal.refresh(first["refresh_token"]).json()
    old, new = decoded(portal, first["id_token"]).claims, decoded(portal, again["id_token"]).claims
    assert "nonce" not in new
    same = ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert new["iat"] == old["iat"] + 300
    assert new["at_hash"] == half_hash(again["access_token"], "ES256")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_std_ID_02_the_header_names_key_algorithm_and_type(acme: Tenant, algorithm: str) -> None:
    acme.add_rs256()
    acme.standing.clock.advance(minutes=16)
    portal = make_portal(acme, signing_algorithm=algorithm)
    header = decoded(portal, portal.signed_in()["id_token"]).header
    keys = acme.door.get(f"{acme.org.issuer}/id/keys").json()["keys"]
    (kid,) = [key["kid"] for key in keys if key["alg"] == algorithm]
    assert header == {"alg": algorithm, "kid": kid, "typ": "JWT"}


@pytest.mark.parametrize(
    ("algorithm", "hashed"),
    [("ES256", hashlib.sha256), ("RS256", hashlib.sha256), ("PS256", hashlib.sha256), ("EdDSA", hashlib.sha512)],
)
def test_std_ID_03_the_hash_of_the_access_token_is_the_left_half_by_the_hash_of_the_signature(algorithm: str, hashed: Any) -> None:
    digest = hashed(b"gba_token").digest()
    left = digest[: len(digest) // 2]
    assert half_hash("gba_token", algorithm) == base64.urlsafe_b64encode(left).rstrip(b"=").decode()


def test_std_ID_03_the_hash_is_that_of_the_example_in_the_standard() -> None:
    """OpenID Connect Core appendix A.3: this access token, RS256."""
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_std_ID_04_what_the_scopes_tell_about_the_person_is_at_userinfo_and_not_in_here(acme: Tenant, dialect: Dialect) -> None:
    portal = make_portal(acme, scopes=EVERYTHING, dialect=dialect)
    body = portal.signed_in(scopes=EVERYTHING)
    claims = decoded(portal, body["id_token"]).claims
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid"}
    told = acme.door.get(acme.org.issuer + USERINFO, headers={"Authorization": f"Bearer {body['access_token']}"}).json()
    assert told["sub"] == claims["sub"]  # UI-02
    assert told["email_verified"] is False
    assert isinstance(told["updated_at"], int)


def test_std_AZ_16_without_openid_there_is_no_id_token(portal: Portal) -> None:
    assert "id_token" not in portal.signed_in(scopes=("api", "id", "refresh_token"))


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_std_ID_05_an_id_token_is_no_access_token(acme: Tenant, dialect: Dialect) -> None:
    portal = make_portal(acme, dialect=dialect, access_token_format=TokenFormat.JWT)
    id_token = portal.signed_in()["id_token"]
    assert portal.guard.introspect(id_token).json() == {"active": False}
    assert portal.app.me(id_token).status_code == 401
    assert acme.door.get(acme.org.issuer + USERINFO, headers={"Authorization": f"Bearer {id_token}"}).status_code == 401


def test_std_ID_05_an_access_token_is_no_id_token(acme: Tenant) -> None:
    portal = make_portal(acme, access_token_format=TokenFormat.JWT)
    access_token = portal.signed_in()["access_token"]
    assert decoded(portal, access_token).header["typ"] == "at+jwt"


def test_std_TK_06_X_MX_07_no_client_id_can_be_taken_for_a_user(acme: Tenant) -> None:
    """Consumer keys are ours to choose: none begins like the id of a user, and the subject of no token is a client's key."""
    portal = make_portal(acme)
    claims = decoded(portal, portal.signed_in()["id_token"]).claims
    assert portal.app.consumer_key[:3] != claims["sub"][:3] == "005"
    as_itself = acme.app("Robot", access_token_format=TokenFormat.JWT)
    token = decoded(portal, as_itself.access_token()).claims
    assert (token["sub"], token["client_id"]) == (long(acme.runner.id), as_itself.consumer_key)


def test_nothing_is_made_up_where_nobody_signed_in_or_nothing_was_asked(acme: Tenant, portal: Portal) -> None:
    said: dict[str, Any] = {
        "access_token": "a",
        "nonce": None,
        "authenticated_at": None,
        "level": Level.STANDARD,
        "methods": (),
        "sid": None,
        "now": acme.standing.clock.now,
        "key": signing.SigningKey.load("k", "ES256", signing.new_key("ES256", "k")[1]),
        "custom": ("Sign_Off",),
    }
    with acme.standing.database.snapshot() as tx:
        facts = FactsReader(tx).client(acme.org, portal.app.consumer_key).facts
    with pytest.raises(ValueError, match="without app or user"):
        id_token.make(Facts(facts.now, acme.org), scopes=("openid",), tells_auth_time=False, **said)
    with pytest.raises(ValueError, match="without the scope openid"):
        id_token.make(facts, scopes=("id",), tells_auth_time=False, **said)
    with pytest.raises(ValueError, match="nobody knows"):
        id_token.make(facts, scopes=("openid",), tells_auth_time=True, **said)
    claims = signing.peek(id_token.make(facts, scopes=("openid",), tells_auth_time=False, **said)).claims
    assert not {"auth_time", "nonce", "sid"} & claims.keys()
    assert claims["custom_permissions"] == {"Sign_Off": True}
