"""The demo's apps at work: what each client does at the endpoints, as its developer would have written it."""

import base64
import hashlib
import os
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.types import ASGIApp

from gatebridge.crypto import signing
from gatebridge.demo import factors, keys
from gatebridge.demo.browser import Browser, Page
from gatebridge.demo.demo_app import DemoApp
from gatebridge.demo.people import Person
from gatebridge.oauth import device_authorization, introspect, revoke, token
from gatebridge.oauth.client_auth.private_key_jwt import ASSERTION_TYPE
from gatebridge.oauth.flows import device, jwt_bearer
from gatebridge.storage.database import Clock

AUTHORIZE = "/services/oauth2/authorize"
USERINFO = "/services/oauth2/userinfo"
DEVICE = device_authorization.PATH
JWT_BEARER, DEVICE_CODE = jwt_bearer.GRANT_TYPE, device.GRANT_TYPE


def client_at(app: ASGIApp, issuer: str, address: str, agent: str) -> httpx.AsyncClient:
    """A machine at this address that calls our endpoints."""
    transport = httpx.ASGITransport(app=app, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=issuer, headers={"User-Agent": agent})


@dataclass(frozen=True, slots=True)
class AppAt:
    """One app running at one place."""

    app: DemoApp
    http: httpx.AsyncClient
    issuer: str
    clock: Clock

    async def token(self, form: dict[str, str]) -> dict[str, Any]:
        """A token request in which the app proves itself as it is registered; the answer, whatever it says."""
        auth = httpx.BasicAuth(self.app.key, self.app.secret) if self.app.secret is not None else None
        named = {} if auth is not None or "client_assertion" in form or "assertion" in form else {"client_id": self.app.key}
        answer = await self.http.post(token.PATH, data=named | form, auth=auth or httpx.USE_CLIENT_DEFAULT)
        body: dict[str, Any] = answer.json()
        return body

    async def by_itself(self, *, scope: str | None = None) -> str:
        """Client credentials, by secret or key; the access token, or nothing."""
        form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        if self.app.key_file is not None:
            form |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(self.app.key)}
        return str((await self.token(form)).get("access_token", ""))

    async def for_user(self, username: str) -> dict[str, Any]:
        """JWT bearer: a token for a user who is away."""
        return await self.token({"grant_type": JWT_BEARER, "assertion": self.assertion(username, typ="JWT")})

    async def refreshed(self, refresh_token: str) -> dict[str, Any]:
        """What the refresh token buys."""
        return await self.token({"grant_type": "refresh_token", "refresh_token": refresh_token})

    async def signed_in(self, browser: Browser, person: Person, **extra: str) -> dict[str, Any]:
        """The web server flow with PKCE: the browser is sent off, the person signs in and approves where asked, the code is redeemed."""
        verifier = self.verifier()
        page = await self.authorized(browser, person, verifier, **extra)
        code = page.answer.get("code")
        if code is None:
            return page.answer
        callback = self.app.callback or ""
        return await self.token({"grant_type": "authorization_code", "code": code, "redirect_uri": callback, "code_verifier": verifier})

    def verifier(self) -> str:
        """A fresh one for PKCE."""
        return base64.urlsafe_b64encode(os.urandom(40)).rstrip(b"=").decode()

    async def authorized(self, browser: Browser, person: Person, verifier: str, *, decision: str = "approve", **extra: str) -> Page:
        """As far as the app's callback, or the page on which it ends; with no decision, as far as the question."""
        asked = {
            "response_type": "code",
            "client_id": self.app.key,
            "redirect_uri": self.app.callback or "",
            "state": uuid.uuid4().hex,
        }
        asked |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"} if verifier else {}
        page = await browser.open(f"{AUTHORIZE}?{urlencode(asked | extra)}", self.app.callback)
        if "signin" in page.forms:
            page = await browser.send(page, "signin", self.app.callback, username=person.username, password=person.password)
        page = await factors.show(browser, page, person.seed, self.clock(), self.app.callback)
        if decision and "consent" in page.forms:
            page = await browser.send(page, "consent", self.app.callback, decision=decision)
        return page

    async def token_in_address(self, browser: Browser, person: Person) -> dict[str, Any]:
        """The legacy user-agent flow: what the page finds behind the `#` of its address."""
        return (await self.authorized(browser, person, "", response_type="token")).answer

    async def connected(self, browser: Browser, person: Person, **said: str) -> dict[str, Any]:
        """The device flow: the device shows its code, the person types it at a browser and decides, the device asks for its token.

        `said` is what the person answers on the page where that is not what the one in front of the device would.
        """
        asked = await self.http.post(DEVICE, data={"client_id": self.app.key, "match_number": "true"})
        codes: dict[str, Any] = asked.json()
        page = await browser.open("/connect")
        if "signin" in page.forms:
            page = await browser.send(page, "signin", username=person.username, password=person.password)
        page = await browser.send(page, "connect", user_code=codes["user_code"])
        answers = {"told": "no", "number": codes["match_number"], "decision": "approve"}
        await browser.send(page, "connect-device", **(answers | said))
        return await self.token({"grant_type": DEVICE_CODE, "device_code": codes["device_code"]})

    async def ask_about(self, value: str) -> None:
        """Introspection, as a resource server does it."""
        await self.http.post(introspect.PATH, data={"token": value}, auth=(self.app.key, self.app.secret or ""))

    async def put_away(self, value: str) -> None:
        """Revocation of a token of one's own."""
        await self.http.post(revoke.PATH, data={"token": value}, auth=(self.app.key, self.app.secret or ""))

    async def who(self, access_token: str) -> None:
        """Userinfo."""
        await self.http.get(USERINFO, headers={"Authorization": f"Bearer {access_token}"})

    def assertion(self, subject: str, *, typ: str = "client-authentication+jwt") -> str:
        """An assertion (RFC 7523) signed with the app's key file, good for two minutes."""
        return assertion(self.app, subject, self.issuer, self.clock(), typ)


def challenge_of(verifier: str) -> str:
    """What is sent of a verifier beforehand (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def assertion(app: DemoApp, subject: str, issuer: str, now: datetime, typ: str) -> str:
    """An assertion of this app about this subject."""
    claims = {
        "iss": app.key,
        "sub": subject,
        "aud": issuer,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=2)).timestamp()),
        "jti": uuid.uuid4().hex,
    }
    return signing.sign(keys.load_key(app.key_file, app.cert_file, now), typ, claims)
