"""A relying party that believes nothing it has not checked, and a person with a browser who does as the pages say."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self
from urllib.parse import quote, urlencode

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.conformance.running import PASSWORD, Registered, RunningHouse
from tests.oauth.browser import Browser, Page
from tests.oauth.door import basic

from gatebridge.rules.people import User

MOST_PAGES = 6
SKEW_SECONDS = 300


@dataclass
class Visit:
    """Where a browser came to on its way through our pages, and which of our questions it met."""

    page: Page
    asked: list[str] = field(default_factory=list)
    posted: dict[str, str] | None = None  # the fields of the form that leads to the app, where that is how it is answered

    @property
    def answer(self) -> dict[str, str]:
        """What the app was told; it must have been told something."""
        told = self.posted if self.posted is not None else self.page.answer
        assert told, f"the app was not answered: {self.page.status} {self.page.url}\n{self.page.text[:400]}"
        return told

    @property
    def went_to(self) -> str | None:
        return self.page.forms["reply"].action if self.posted is not None else self.page.went_to

    def refused_here(self) -> Page:
        """A page of ours that says no, and nobody was sent anywhere."""
        assert (self.page.status, self.went_to) == (400, None), self.page.text[:400]
        assert 'id="refused"' in self.page.text
        return self.page


@dataclass
class Person:
    """Somebody at a browser, who signs in when asked and approves when asked."""

    browser: Browser
    user: User

    def visit(self, url: str) -> Visit:
        return self.on_from(self.browser.open(url))

    def post(self, url: str, fields: Mapping[str, str]) -> Visit:
        """Come from a page of the app that posts a form."""
        return self.on_from(self.browser.post(url, fields, cross_site=True))

    def on_from(self, page: Page) -> Visit:
        asked: list[str] = []
        for _ in range(MOST_PAGES):
            if page.went_to is not None:
                return Visit(page, asked)
            forms = page.forms
            if "reply" in forms:
                return Visit(page, asked, posted=forms["reply"].fields)
            if "signin" in forms:
                asked.append("signin")
                page = self.browser.submit(page, "signin", username=self.user.username, password=PASSWORD)
            elif "consent" in forms:
                asked.append("consent")
                page = self.browser.submit(page, "consent", decision="approve")
            elif "logout" in forms and 'id="refused"' not in page.text:
                asked.append("logout")
                page = self.browser.submit(page, "logout")
            else:
                return Visit(page, asked)
        raise AssertionError(f"there is no end to the questions: {asked}")


@dataclass(frozen=True)
class Tokens:
    """A token response that was checked, and what its ID token says."""

    body: Mapping[str, Any]
    claims: Mapping[str, Any]
    header: Mapping[str, Any]

    @property
    def access(self) -> str:
        return str(self.body["access_token"])

    @property
    def refresh(self) -> str:
        return str(self.body["refresh_token"])

    @property
    def id_token(self) -> str:
        return str(self.body["id_token"])


@dataclass(frozen=True)
class RelyingParty:
    """One client of the running server. `usual` is what its authorization requests say beside what each must."""

    house: RunningHouse
    app: Registered
    callback: str
    by_post: bool = False  # proves itself in the body and not in a header
    usual: dict[str, str] = field(default_factory=dict)

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """What discovery says, read once."""
        return metadata_of(self.house)

    def with_(self, **usual: str) -> Self:
        return type(self)(self.house, self.app, self.callback, self.by_post, self.usual | usual)

    # --- Asking ------------------------------------------------------------------------------------------------------------

    def parameters(self, **changed: str | None) -> dict[str, str]:
        """The parameters of an authorization request with a fresh state and nonce; what is said as None is left out."""
        said: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.app.client_id,
            "redirect_uri": self.callback,
            "scope": "openid",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
        }
        return {name: value for name, value in (said | self.usual | changed).items() if value is not None}

    def url(self, parameters: Mapping[str, str]) -> str:
        return f"{self.metadata['authorization_endpoint']}?{urlencode(parameters, quote_via=quote)}"

    def asks(self, person: Person, **changed: str | None) -> tuple[Visit, dict[str, str]]:
        """Send the person to the server. Returns where the browser came to, and what was asked."""
        said = self.parameters(**changed)
        return person.visit(self.url(said)), said

    def code(self, person: Person, **changed: str | None) -> str:
        """A code, which must come back with state and issuer as RFC 6749 and RFC 9207 have it."""
        visit, said = self.asks(person, **changed)
        return self.checked_code(visit, said)

    def checked_code(self, visit: Visit, said: Mapping[str, str]) -> str:
        answer = visit.answer
        assert (visit.went_to or "").startswith(self.callback)
        assert "error" not in answer, answer
        assert answer.get("state") == said.get("state")
        assert answer["iss"] == self.house.issuer == self.metadata["issuer"]
        assert len(answer["code"]) >= 22  # 128 bits even in base64
        return answer["code"]

    def error(self, visit: Visit, said: Mapping[str, str]) -> str:
        """The error that the app was told, with state and issuer."""
        answer = visit.answer
        assert "code" not in answer
        assert answer.get("state") == said.get("state")
        assert answer["iss"] == self.house.issuer
        return answer["error"]

    # --- Tokens ------------------------------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, str]) -> httpx.Response:
        """A token request that proves this client in its own way."""
        own = {"client_id": self.app.client_id, "client_secret": self.app.secret} if self.by_post else {}
        headers = {} if self.by_post else basic(self.app.client_id, self.app.secret)
        return self.house.http.post(str(self.metadata["token_endpoint"]), data=dict(form) | own, headers=headers)

    def redeem(self, code: str, **more: str) -> httpx.Response:
        return self.token({"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback} | more)

    def refreshed(self, refresh_token: str) -> httpx.Response:
        return self.token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def signs_in(self, person: Person, **changed: str | None) -> Tokens:
        """The whole flow, every answer checked."""
        visit, said = self.asks(person, **changed)
        return self.checked(self.redeem(self.checked_code(visit, said)), nonce=said.get("nonce"))

    def checked(self, answer: httpx.Response, nonce: str | None, *, refresh: bool = False) -> Tokens:
        """The token response and its ID token, as OpenID Connect Core sections 3.1.3.3 and 3.1.3.7 have them."""
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].split(";")[0] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert body["token_type"].lower() == "bearer"
        assert isinstance(body["expires_in"], int)
        assert len(body["access_token"]) >= 22
        header, claims = self.verified(body["id_token"])
        assert claims.get("nonce") == nonce or (refresh and "nonce" not in claims)
        if "at_hash" in claims:
            assert hmac.compare_digest(str(claims["at_hash"]), _left_half(body["access_token"]))
        return Tokens(body, claims, header)

    def verified(self, token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Header and claims of an ID token that this client may believe."""
        published = KeySet.import_key_set(self.house.http.get(str(self.metadata["jwks_uri"])).json())
        decoded = jwt.decode(token, published, algorithms=["RS256", "ES256"])
        claims, now = decoded.claims, self.house.clock().timestamp()
        assert claims["iss"] == self.house.issuer
        assert claims["aud"] in (self.app.client_id, [self.app.client_id])
        assert claims.get("azp", self.app.client_id) == self.app.client_id
        assert now < claims["exp"]
        assert abs(claims["iat"] - now) < SKEW_SECONDS
        assert 0 < len(claims["sub"]) <= 255
        assert claims["sub"].isascii()
        assert all(type(claims[name]) is int for name in ("exp", "iat", "auth_time") if name in claims)
        assert isinstance(claims.get("acr", ""), str)
        assert len(published.keys) == 1 or decoded.header["kid"]
        return decoded.header, claims

    # --- Userinfo ------------------------------------------------------------------------------------------------------------

    def userinfo(self, tokens: Tokens, how: str = "get") -> dict[str, Any]:
        """The claims of userinfo, which must be about whom the ID token is about."""
        answer = self.ask_userinfo(tokens.access, how)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].split(";")[0] == "application/json"
        told: dict[str, Any] = answer.json()
        assert told["sub"] == tokens.claims["sub"]
        assert not [name for name, value in told.items() if value in (None, "", [], {})], "what is empty is not told"
        return told

    def ask_userinfo(self, access_token: str, how: str = "get") -> httpx.Response:
        endpoint, bearer = str(self.metadata["userinfo_endpoint"]), {"Authorization": f"Bearer {access_token}"}
        if how == "post body":
            return self.house.http.post(endpoint, data={"access_token": access_token})
        return self.house.http.request("GET" if how == "get" else "POST", endpoint, headers=bearer)


def metadata_of(house: RunningHouse) -> Mapping[str, Any]:
    answer = house.http.get(f"{house.issuer}/.well-known/openid-configuration")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


def _left_half(value: str) -> str:
    digest = hashlib.sha256(value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
