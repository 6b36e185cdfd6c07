"""What people leave behind, in bulk: codes, refresh families and assertions, recorded by the functions that record every one of them.

The flows themselves are measured over HTTP; only what comes before the measured request is put there without a browser.
"""

import base64
import hashlib
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatebridge.crypto import secrets, signing
from gatebridge.crypto.certificates import read
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.grants import AccessToken, AuthorizationCode, Epochs, Grant, RefreshToken
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.people import User
from gatebridge.rules.sessions import Session
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_users import CreateUser, create_user
from gatebridge.storage import codes, grants, installations, refresh_tokens, sessions
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx
from gatebridge.web.browser import BROWSER, SESSION

USERS = 3_000  # among whom codes and families are spread, so that nobody meets the limit of grants, however fast the machine is
CHUNK = 2_000
CALLBACK = "https://portal.bench.example/callback"
VERIFIER = base64.urlsafe_b64encode(hashlib.sha256(b"bench").digest()).rstrip(b"=").decode()
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = ("openid", "profile", "api", "refresh_token")
LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class UserApp:
    """An app that acts for users: what it proves itself with, and for whom there is something to redeem."""

    id: str
    installation_id: str
    consumer_key: str
    secret: str = field(repr=False)
    key: signing.SigningKey | None = None


@dataclass(frozen=True, slots=True)
class People:
    """The users of the org under measurement, one session each, and the apps that act for them by name."""

    org_id: str
    issuer: str
    users: tuple[User, ...]
    sessions: Mapping[str, str]
    apps: Mapping[str, UserApp]
    cookies: Mapping[str, str] = field(repr=False)  # what the browser of each user sends


def add(tx: Tx, actor: Actor, org_id: str, issuer: str, profile_id: str, password_hash: str) -> People:
    """Make the users and their apps, in the caller's transaction. The first user has the password; the others need none."""
    users = []
    for number in range(USERS):
        name = f"user{number}@bench.example"
        hashed = password_hash if number == 0 else None
        users.append(create_user(tx, actor, CreateUser(name, name, profile_id, last_name="User", password_hash=hashed)))
    edit_org(tx, actor, EditOrg(device_flow=True, user_agent_flow=True))
    values = {user.id: secrets.new(secrets.Kind.SESSION, os.urandom) for user in users}
    begun = {user.id: _session(tx, org_id, user, values[user.id]) for user in users}
    cookies = {
        user_id: f"{BROWSER}={secrets.new(secrets.Kind.BROWSER, os.urandom)}; {SESSION}={value}" for user_id, value in values.items()
    }
    apps = {
        "web": _app(tx, actor, profile_id, "web"),
        "rotating": _app(tx, actor, profile_id, "rotating", rotate_refresh_tokens=True),
        "bearer": _bearer(tx, actor, profile_id),
        "device": _app(tx, actor, profile_id, "device", flows=frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN}), callbacks=()),
        "user_agent": _app(tx, actor, profile_id, "user_agent", flows=frozenset({Flow.USER_AGENT})),
    }
    return People(org_id, issuer, tuple(users), begun, apps, cookies)


def _session(tx: Tx, org_id: str, user: User, value: str) -> str:
    session = Session(
        id=tx.new_id(Prefix.SESSION),
        org_id=org_id,
        user_id=user.id,
        level=Level.STANDARD,
        methods=("pwd",),
        authenticated_at=tx.now,
        created_at=tx.now,
        last_seen_at=tx.now,
        org_epoch=0,
        user_epoch=user.epoch,
    )
    sessions.insert(tx, session, secrets.digest(value))
    return session.id


def _app(tx: Tx, actor: Actor, profile_id: str, name: str, **settings: Any) -> UserApp:
    flows = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
    said = {"flows": flows, "scopes": SCOPES, "callbacks": (CALLBACK,)} | settings
    made = create_app(tx, actor, CreateApp(f"Bench {name}", f"Bench_{name}", "admin@bench.example", **said))
    assign_access(tx, actor, AssignAccess(made.app.id, profile_id))
    return UserApp(made.app.id, made.installation.id, made.app.consumer_key, made.secret.reveal() if made.secret else "")


def _bearer(tx: Tx, actor: Actor, profile_id: str) -> UserApp:
    by_key = {"auth_methods": frozenset({ClientAuthMethod.PRIVATE_KEY_JWT}), "callbacks": ()}
    app = _app(tx, actor, profile_id, "bearer", flows=frozenset({Flow.JWT_BEARER}), **by_key | {"scopes": ("api", "id")})
    private = ec.generate_private_key(ec.SECP256R1())
    pem = _certificate(private, tx.now)
    add_certificate(tx, actor, AddCertificate(app.id, "bench", pem))
    der = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return replace(app, key=signing.SigningKey.load(read(pem, now=tx.now).fingerprint, "ES256", der))


def _certificate(private: ec.EllipticCurvePrivateKey, now: datetime) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    dated = made.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
    signed = dated.not_valid_after(now + timedelta(days=30)).sign(private, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def add_codes(database: Database, people: People, app: UserApp, count: int) -> list[str]:
    """So many codes that can be redeemed once each, spread over the users; their values."""
    values: list[str] = []
    while len(values) < count:
        with database.transaction() as tx:
            epochs = epochs_of(tx, people, app)
            for number in range(min(CHUNK, count - len(values))):
                user = people.users[number % USERS]
                value = secrets.new(secrets.Kind.AUTHORIZATION_CODE, os.urandom)
                code = AuthorizationCode(
                    id=tx.new_id(Prefix.AUTHORIZATION_CODE),
                    org_id=people.org_id,
                    app_id=app.id,
                    installation_id=app.installation_id,
                    user_id=user.id,
                    session_id=people.sessions[user.id],
                    callback=CALLBACK,
                    callback_sent=True,
                    challenge=CHALLENGE,
                    nonce=None,
                    scopes=SCOPES,
                    level=Level.STANDARD,
                    methods=("pwd",),
                    authenticated_at=tx.now,
                    tells_auth_time=False,
                    epochs=epochs,
                    issued_at=tx.now,
                    expires_at=tx.now + LIFE,
                )
                codes.insert(tx, code, secrets.digest(value))
                values.append(value)
    return values


def add_families(database: Database, people: People, app: UserApp, count: int) -> list[str]:
    """So many refresh families, spread over the users; the newest token of each."""
    values: list[str] = []
    while len(values) < count:
        with database.transaction() as tx:
            epochs = epochs_of(tx, people, app)
            new = []
            for number in range(min(CHUNK, count - len(values))):
                user = people.users[number % USERS]
                grant = Grant(
                    id=tx.new_id(Prefix.GRANT),
                    org_id=people.org_id,
                    app_id=app.id,
                    installation_id=app.installation_id,
                    user_id=user.id,
                    flow=Flow.WEB_SERVER,
                    epoch=0,
                    created_at=tx.now,
                    scopes=SCOPES,
                    session_id=people.sessions[user.id],
                    methods=("pwd",),
                    authenticated_at=tx.now,
                )
                grants.insert_if_first(tx, grant)
                value = secrets.new(secrets.Kind.REFRESH_TOKEN, os.urandom)
                token = RefreshToken(people.org_id, grant.id, app.id, app.installation_id, user.id, 0, tx.now, epochs)
                new.append((token, secrets.digest(value)))
                values.append(value)
            refresh_tokens.insert_many(tx, new)
    return values


def live_token(database: Database, people: People, app: UserApp) -> AccessToken:
    """An access token of a user's grant, to make others like it; only those are recorded."""
    add_families(database, people, app, 1)
    with database.transaction() as tx:
        user = people.users[0]
        grant = grants.live_of_user(tx, people.org_id, user.id, app.installation_id)[-1]
        return AccessToken(
            id=tx.new_id(Prefix.RECEIPT),
            org_id=people.org_id,
            grant_id=grant.id,
            app_id=app.id,
            installation_id=app.installation_id,
            user_id=user.id,
            flow=Flow.WEB_SERVER,
            format=TokenFormat.OPAQUE,
            scopes=SCOPES,
            audience=people.issuer,
            issued_at=tx.now,
            expires_at=tx.now + LIFE,
            epochs=epochs_of(tx, people, app),
            address="127.0.0.1",
        )


def epochs_of(tx: Tx, people: People, app: UserApp) -> Epochs:
    installation = installations.by_app(tx, people.org_id, app.id)
    return Epochs(org=0, app=0, installation=installation.epoch if installation else 0, user=0, grant=0)


def assertions(people: People, count: int) -> list[str]:
    """So many assertions about the users in turn, each good once and for less than five minutes from now."""
    app = people.apps["bearer"]
    if app.key is None:
        raise RuntimeError("The app of the assertions has no key")
    now = int(time.time())
    common = {"iss": app.consumer_key, "aud": people.issuer, "iat": now, "exp": now + 290}
    users = people.users
    return [signing.sign(app.key, "JWT", {**common, "sub": users[n % USERS].username, "jti": uuid.uuid4().hex}) for n in range(count)]
