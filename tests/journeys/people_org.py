"""An org with people in it, behind a real server: a user who is pre-authorized, one who is not, and apps that ask and that do not."""

import base64
import hashlib
import os
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from tests.journeys.installation import Installation, json_of
from tests.journeys.small_org import seed

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.permissions import Permission
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.manage_permission_sets import CreatePermissionSet, create_permission_set
from gatebridge.setup.manage_profiles import CreateProfile, create_profile
from gatebridge.setup.manage_users import CreateUser, create_user
from gatebridge.storage.tx import Tx

AUTHORIZE, TOKEN, USERINFO = "/services/oauth2/authorize", "/services/oauth2/token", "/services/oauth2/userinfo"
INTROSPECT, REVOKE = "/services/oauth2/introspect", "/services/oauth2/revoke"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = ("openid", "profile", "api", "refresh_token")
PASSWORD = "a river of slow glass"
BY_BROWSER = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})


@dataclass(frozen=True)
class WebApp:
    """An app that signs users in, as its developer holds it."""

    app_id: str
    key: str
    secret: str | None = field(repr=False)
    callback: str

    def authorization(self, verifier: str, **changed: str) -> str:
        """The address to which the app sends a browser."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.key,
            "redirect_uri": self.callback,
            "state": uuid.uuid4().hex,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{AUTHORIZE}?{urlencode(asked | changed)}"

    def ask(self, http: httpx.Client, **form: str) -> httpx.Response:
        """A token request in which the app proves itself as it is registered."""
        if self.secret is None:
            return http.post(TOKEN, data={"client_id": self.key} | form)
        return http.post(TOKEN, data=form, auth=(self.key, self.secret))

    def redeem(self, http: httpx.Client, code: str, verifier: str) -> httpx.Response:
        """The code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback, "code_verifier": verifier}
        return self.ask(http, **form)

    def refresh(self, http: httpx.Client, refresh_token: str) -> httpx.Response:
        """The refresh token for a new access token."""
        return self.ask(http, grant_type="refresh_token", refresh_token=refresh_token)


@dataclass(frozen=True)
class PeopleOrg:
    """What the stories need: usernames (all with PASSWORD), apps, and who may change things."""

    issuer: str
    ada: str  # holds the permission set through which the portal is approved
    ben: str  # holds nothing
    portal: WebApp  # pre-authorized users only
    chooser: WebApp  # each user decides
    bot_key: str  # the consumer key of the app that presents assertions
    bot_private_key: Path

    def assertion(self, username: str, **claims: Any) -> str:
        """An assertion about this user, signed by the openssl program with the bot's key."""
        import json
        import time

        now = int(time.time())
        said = {"iss": self.bot_key, "sub": username, "aud": self.issuer, "exp": now + 120, "jti": uuid.uuid4().hex} | claims
        covered = b".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, said))
        signed = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(self.bot_private_key)], input=covered, capture_output=True, check=True, timeout=20
        )
        return (covered + b"." + _encoded(signed.stdout)).decode()


def answer_of(url: str) -> dict[str, str]:
    """The parameters with which the browser came back to the app."""
    return dict(parse_qsl(urlsplit(url).query))


def new_verifier() -> str:
    """A PKCE verifier, new for each sign-in."""
    return base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def openssl_certificate(directory: Path) -> tuple[Path, str]:
    """A key and a self-signed certificate, made as the guide says: with one openssl command."""
    key, certificate = directory / "bot.key", directory / "bot.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=expense bot"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], capture_output=True, check=True, timeout=60)
    return key, certificate.read_text()


def people(installation: Installation, directory: Path) -> PeopleOrg:
    """Bring the people and their apps into the first org of a server that runs."""
    small = seed(installation)
    key, certificate = openssl_certificate(directory)
    with installation.database() as database, database.transaction() as tx:
        operator = small.admin
        hashed = PasswordHasher(1, random=os.urandom, memory_kib=8, passes=1).hash(PASSWORD)
        profile = create_profile(tx, operator, CreateProfile("Staff", "", frozenset({Permission.API_ENABLED})))
        approved = create_permission_set(tx, operator, CreatePermissionSet("Portal Users", "Portal_Users", "", frozenset()))
        ids = {
            name: create_user(tx, operator, CreateUser(name, name, profile.id, name[:3].title(), "Example", password_hash=hashed)).id
            for name in ("ada@example.com", "ben@example.com")
        }
        assign_permission_set(tx, operator, AssignPermissionSet(ids["ada@example.com"], approved.id))
        callback = f"{installation.base_url}/services/oauth2/success"
        portal = _web_app(tx, operator, "Customer Portal", callback)
        assign_access(tx, operator, AssignAccess(portal.app_id, approved.id))
        chooser = _web_app(tx, operator, "Photo Printer", callback)
        edit_policies(tx, operator, EditPolicies(chooser.app_id, permitted_users=PermittedUsers.SELF_AUTHORIZE))
        bot = create_app(
            tx,
            operator,
            CreateApp(
                "Expense Bot",
                "Expense_Bot",
                "dev@example.com",
                flows=frozenset({Flow.JWT_BEARER}),
                scopes=("api", "id"),
                auth_methods=frozenset({ClientAuthMethod.PRIVATE_KEY_JWT}),
            ),
        )
        add_certificate(tx, operator, AddCertificate(bot.app.id, "openssl", certificate))
        assign_access(tx, operator, AssignAccess(bot.app.id, approved.id))
    return PeopleOrg(installation.base_url, "ada@example.com", "ben@example.com", portal, chooser, bot.app.consumer_key, key)


def _web_app(tx: Tx, operator: Actor, label: str, callback: str) -> WebApp:
    said = {"flows": BY_BROWSER, "scopes": SCOPES, "callbacks": (callback,)}
    command = CreateApp(label, label.replace(" ", "_"), "dev@example.com", **said)  # type: ignore[arg-type]
    made = create_app(tx, operator, command)
    return WebApp(made.app.id, made.app.consumer_key, made.secret.reveal() if made.secret else None, callback)


def is_active(http: httpx.Client, app: WebApp, token: str) -> bool:
    """Whether the app's own token is good at this moment."""
    return bool(json_of(http.post(INTROSPECT, data={"token": token}, auth=(app.key, app.secret or "")))["active"])
