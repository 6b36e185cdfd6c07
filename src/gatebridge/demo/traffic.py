"""The demo's traffic: real requests through the real door, so that history, receipts and usage have something to show."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import ASGIApp

from gatebridge.crypto import signing
from gatebridge.crypto.certificates import read
from gatebridge.demo.cast import Cast, DemoApp
from gatebridge.oauth import introspect, revoke, token
from gatebridge.oauth.client_auth.private_key_jwt import ASSERTION_TYPE
from gatebridge.storage.database import Clock

ROUNDS = 12


def make(app: ASGIApp, cast: Cast, issuer: str, clock: Clock) -> None:
    """A working day in short: jobs that run, tokens that are asked about and put away, and every common mistake."""
    asyncio.run(_make(app, {each.name: each for each in cast.apps}, issuer, clock))


async def _make(app: ASGIApp, apps: dict[str, DemoApp], issuer: str, clock: Clock) -> None:
    office = _client(app, issuer, "127.0.0.1", "ledger-sync/2.4")
    warehouse = _client(app, issuer, "10.20.7.31", "warehouse-feed/1.9")
    orders = _client(app, issuer, "10.20.7.40", "orders-api/5.1")
    elsewhere = _client(app, issuer, "203.0.113.9", "python-requests/2.32")
    async with office, warehouse, orders, elsewhere:
        for number in range(ROUNDS):
            answer = await _by_secret(office, apps["Ledger Sync"])
            if number % 3 == 0:
                await _by_secret(office, apps["Data Loader"], scope="api")
            feed = await _by_key(warehouse, apps["Warehouse Feed"], issuer, clock)
            for value in (answer, feed):
                await _ask(orders, apps["Orders API"], introspect.PATH, token=value)
            if number % 4 == 1:
                await _ask(office, apps["Ledger Sync"], revoke.PATH, token=answer)
                await _ask(orders, apps["Orders API"], introspect.PATH, token=answer)
        # What goes wrong in every installation sooner or later.
        await _by_secret(office, apps["Partner Portal"])
        await _by_secret(office, apps["Old Importer"])
        await _by_secret(office, apps["Ledger Sync"], scope="api refresh_token full")
        await _by_secret(office, apps["Ledger Sync"], scope="cdp_api")
        await _by_secret(elsewhere, apps["Ledger Sync"], secret="gbs_not-the-secret")
        await _by_key(elsewhere, apps["Warehouse Feed"], issuer, clock)


def _client(app: ASGIApp, issuer: str, address: str, agent: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=issuer, headers={"User-Agent": agent})


async def _by_secret(client: httpx.AsyncClient, app: DemoApp, *, secret: str | None = None, scope: str | None = None) -> str:
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    answer = await client.post(token.PATH, data=form, auth=(app.key, secret or app.secret or ""))
    return str(answer.json().get("access_token", ""))


async def _by_key(client: httpx.AsyncClient, app: DemoApp, issuer: str, clock: Clock) -> str:
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(app, issuer, clock)}
    answer = await client.post(token.PATH, data=form)
    return str(answer.json().get("access_token", ""))


def assertion(app: DemoApp, issuer: str, clock: Clock) -> str:
    """A client assertion (RFC 7523 section 2.2) signed with the app's key file, good for two minutes."""
    if app.key_file is None:
        raise ValueError(f"{app.name} has no key")
    private = serialization.load_pem_private_key(Path(app.key_file).read_bytes(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{app.key_file} holds no elliptic curve key")
    der = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    certificate = Path(app.cert_file or "").read_text()
    now = clock()
    claims = {
        "iss": app.key,
        "sub": app.key,
        "aud": issuer,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=2)).timestamp()),
        "jti": uuid.uuid4().hex,
    }
    return signing.sign(signing.SigningKey.load(read(certificate, now=now).fingerprint, "ES256", der), "client-authentication+jwt", claims)


async def _ask(client: httpx.AsyncClient, caller: DemoApp, path: str, **form: str) -> None:
    await client.post(path, data=form, auth=(caller.key, caller.secret or ""))
