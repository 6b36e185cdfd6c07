"""Authlib, as applications in Python use it: every flow, with every way in which a client proves itself."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from authlib.common.security import generate_token  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session, OAuthError  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from tests.clients.applications import AFTER_LOGOUT, ASKED, CALLBACK, METHODS, algorithm_of, registered
from tests.clients.people import Approver
from tests.conformance.relying_party import Person, metadata_of
from tests.conformance.running import RunningHouse
from tests.oauth.client_keys import client_key

from gatebridge.rules.app_settings import ClientAuthMethod

KEY = client_key("ES256", 32)
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class ShortLived(PrivateKeyJWT):  # type: ignore[misc]
    """The library names the token endpoint, for an hour, unless told otherwise; RFC 10070 wants the issuer, and we at most five minutes."""

    def __init__(self, house: RunningHouse, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.house = house

    def sign(self, auth: Any, token_endpoint: str) -> Any:
        self.claims = {"aud": self.house.issuer, "exp": int(self.house.clock().timestamp()) + 60}
        return super().sign(auth, token_endpoint)


@dataclass(frozen=True)
class Application:
    """An application that uses Authlib, and the person whom it sends to the server."""

    house: RunningHouse
    method: ClientAuthMethod
    session: Any  # the library says nothing of its types
    approver: Approver
    metadata: Mapping[str, Any]

    @property
    def public(self) -> bool:
        return self.method is ClientAuthMethod.NONE

    def signs_in(self) -> tuple[Mapping[str, Any], str]:
        """Code and PKCE, as the library's documentation does it. Returns the token and the nonce."""
        verifier, nonce = generate_token(48), secrets.token_urlsafe(12)
        address, state = self.session.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, prompt="consent"
        )
        arrived = self.approver.visit(address)
        token = self.session.fetch_token(
            self.metadata["token_endpoint"], authorization_response=arrived, state=state, code_verifier=verifier
        )
        return token, nonce

    def claims(self, token: Mapping[str, Any], nonce: str | None) -> CodeIDToken:
        """The ID token, checked by the library's own rules."""
        published = KeySet.import_key_set(self.house.http.get(self.metadata["jwks_uri"]).json())
        read = jwt.decode(token["id_token"], published, algorithms=[algorithm_of(self.method)])
        options: Any = {"iss": {"value": self.house.issuer}, "aud": {"value": self.session.client_id}}
        said = {"nonce": nonce, "client_id": self.session.client_id, "access_token": token["access_token"]}
        claims = CodeIDToken(read.claims, read.header, options, said)
        claims.validate(leeway=30)
        return claims


@pytest.fixture(scope="module")
def person(house: RunningHouse) -> Person:
    return Person(house.browser(), house.person())


@pytest.fixture(scope="module", params=METHODS, ids=str)
def application(request: pytest.FixtureRequest, house: RunningHouse, person: Person) -> Iterator[Application]:
    method: ClientAuthMethod = request.param
    app = registered(house, method, KEY)
    by_key = method is ClientAuthMethod.PRIVATE_KEY_JWT
    session = OAuth2Session(
        app.client_id,
        ECKey.import_key(KEY.key.as_dict(private=True)) if by_key else app.secret or None,
        token_endpoint_auth_method=method.value,
        revocation_endpoint_auth_method=method.value,
        scope=ASKED,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        default_timeout=20,
    )
    session.trust_env = False
    metadata = metadata_of(house)
    if by_key:
        session.register_client_auth_method(ShortLived(house, metadata["token_endpoint"], alg="ES256"))
    yield Application(house, method, session, Approver(house, person), metadata)
    session.close()


def test_it_signs_in_by_code_and_pkce(application: Application, person: Person) -> None:
    token, nonce = application.signs_in()
    claims = application.claims(token, nonce)
    told = application.session.get(application.metadata["userinfo_endpoint"]).json()
    assert (told["sub"], told["name"]) == (claims["sub"], person.user.name)


def test_it_does_not_get_in_with_another_verifier(application: Application) -> None:
    verifier = generate_token(48)
    address, state = application.session.create_authorization_url(application.metadata["authorization_endpoint"], code_verifier=verifier)
    arrived = application.approver.visit(address)
    with pytest.raises(OAuthError, match="invalid_grant"):
        application.session.fetch_token(
            application.metadata["token_endpoint"], authorization_response=arrived, state=state, code_verifier=generate_token(48)
        )


def test_it_hears_why_it_was_refused(application: Application) -> None:
    with pytest.raises(OAuthError, match="invalid_grant"):
        application.session.fetch_token(application.metadata["token_endpoint"], grant_type="authorization_code", code="gbc_unknown")


def test_it_refreshes(application: Application) -> None:
    token, nonce = application.signs_in()
    before = application.claims(token, nonce)
    newer = application.session.refresh_token(application.metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert newer["access_token"] != token["access_token"]
    assert application.claims(newer, None)["sub"] == before["sub"]


def test_it_introspects_and_revokes(application: Application) -> None:
    token, _ = application.signs_in()
    session, endpoint = application.session, application.metadata["introspection_endpoint"]
    if application.public:
        told = session.introspect_token(endpoint, token["access_token"])
        assert (told.status_code, "active" in told.json()) == (400, False)  # it proves nothing, so it is told nothing
    else:
        assert session.introspect_token(endpoint, token["access_token"]).json()["active"] is True
        assert session.introspect_token(endpoint, token["refresh_token"], "refresh_token").json()["active"] is True
    ended = session.revoke_token(application.metadata["revocation_endpoint"], token["refresh_token"], "refresh_token")
    assert ended.status_code == 200
    assert session.get(application.metadata["userinfo_endpoint"]).status_code == 401
    if not application.public:
        assert session.introspect_token(endpoint, token["access_token"]).json() == {"active": False}


def test_it_acts_for_itself_where_it_can_prove_itself(application: Application) -> None:
    if application.public:
        with pytest.raises(OAuthError, match="unauthorized_client"):
            application.session.fetch_token(application.metadata["token_endpoint"], grant_type="client_credentials", scope="api")
    else:
        got = application.session.fetch_token(application.metadata["token_endpoint"], grant_type="client_credentials", scope="api")
        assert (got["token_type"], got["scope"], "refresh_token" in got) == ("Bearer", "api", False)


def test_it_signs_in_on_a_device(application: Application, person: Person) -> None:
    """Authlib has no client of the device flow but the two requests that it is made of (RFC 8628 sections 3.1 and 3.4)."""
    session, endpoint = application.session, application.metadata["token_endpoint"]
    auth = session.client_auth(session.token_endpoint_auth_method)
    begun = session.post(
        application.metadata["device_authorization_endpoint"], data={"scope": ASKED}, auth=auth, withhold_token=True
    ).json()
    assert {"device_code", "user_code", "verification_uri", "expires_in"} <= set(begun), begun
    with pytest.raises(OAuthError, match="authorization_pending"):
        session.fetch_token(endpoint, grant_type=DEVICE_CODE, device_code=begun["device_code"])
    assert application.approver.approve(begun)
    application.house.clock.wait(seconds=begun.get("interval", 5))
    token = session.fetch_token(endpoint, grant_type=DEVICE_CODE, device_code=begun["device_code"])
    assert application.claims(token, None)["sub"]
    assert session.get(application.metadata["userinfo_endpoint"]).json()["name"] == person.user.name
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.fetch_token(endpoint, grant_type=DEVICE_CODE, device_code=begun["device_code"])


def test_it_signs_out(application: Application) -> None:
    token, _ = application.signs_in()
    said = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT, "state": "bye"}
    arrived = application.approver.visit(f"{application.metadata['end_session_endpoint']}?{urlencode(said)}")
    assert arrived == f"{AFTER_LOGOUT}?state=bye"
