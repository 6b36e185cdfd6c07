"""A web application whose user sits at a browser: codes as the authorization endpoint leaves them, and what the app does with them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

import httpx
from tests.oauth.door import OFFICE
from tests.oauth.houses import Standing
from tests.oauth.tenants import Client, Tenant

from gatebridge.crypto import secrets
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import AuthorizationCode, Epochs
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level
from gatebridge.rules.people import User
from gatebridge.rules.sessions import Session
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.storage import codes, sessions
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

CALLBACK = "https://portal.example/callback"
VERIFIER = "the-verifier-of-the-portal-has-forty-three-or-more"
FLOWS = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
SCOPES = ("api", "id", "openid", "refresh_token")
PUBLIC = frozenset({ClientAuthMethod.NONE})


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Portal:
    """An app of the web server flow, its org, and the user who approves it."""

    acme: Tenant
    app: Client
    user: User
    guard: Client  # a resource server of the org, which may ask about every token
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    def code(self, **changed: Any) -> str:
        """A code as the authorization endpoint leaves it; anything about it can be said otherwise. Returns its value."""
        value = secrets.new(secrets.Kind.AUTHORIZATION_CODE, self.acme.standing.database._random)
        with self.acme.standing.database.transaction() as tx:
            facts = FactsReader(tx).client(self.acme.org, self.app.consumer_key).facts
            made = replace(_approved(tx, facts, self.user), **changed)
            codes.insert(tx, made, secrets.digest(value))
        return value

    def redeem(self, code: str, form: Mapping[str, str] | None = None, /, *, address: str = OFFICE, **parameters: str) -> httpx.Response:
        """Redeem a code as the app does; a parameter said as empty is not sent."""
        said = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.app.ask(said | dict(self.credentials) | dict(form or {}) | parameters, address=address)

    def refresh(self, token: str, form: Mapping[str, str] | None = None, /, *, address: str = OFFICE, **parameters: str) -> httpx.Response:
        said = {"grant_type": "refresh_token", "refresh_token": token}
        return self.app.ask(said | dict(self.credentials) | dict(form or {}) | parameters, address=address)

    def signed_in(self, **changed: Any) -> dict[str, Any]:
        """What the app gets for a new code."""
        answer = self.redeem(self.code(**changed))
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def live(self, access_token: str) -> bool:
        return bool(self.guard.introspect(access_token).json()["active"])

    def settings(self, **changed: Any) -> None:
        with self.acme.standing.database.transaction() as tx:
            edit_settings(tx, self.acme.admin, EditSettings(self.app.id, **changed))

    def policies(self, **changed: Any) -> None:
        with self.acme.standing.database.transaction() as tx:
            edit_policies(tx, self.acme.admin, EditPolicies(self.app.id, **changed))

    def at(self, standing: Standing) -> Self:
        """The same app, talking to another node."""
        return replace(self, app=self.app.at(standing))


def _approved(tx: Tx, facts: Facts, user: User) -> AuthorizationCode:
    app, installation, standing = facts.app, facts.installation, facts.standing
    assert app is not None
    assert installation is not None
    assert standing is not None
    session = Session(
        id=tx.new_id(Prefix.SESSION),
        org_id=facts.org.id,
        user_id=user.id,
        level=Level.STANDARD,
        methods=("pwd",),
        authenticated_at=tx.now,
        created_at=tx.now,
        last_seen_at=tx.now,
        org_epoch=facts.org.epoch,
        user_epoch=standing.user.epoch,
    )
    sessions.insert(tx, session, secrets.digest(session.id))
    return AuthorizationCode(
        id=tx.new_id(Prefix.AUTHORIZATION_CODE),
        org_id=facts.org.id,
        app_id=app.id,
        installation_id=installation.id,
        user_id=user.id,
        session_id=session.id,
        callback=CALLBACK,
        callback_sent=True,
        challenge=challenge_of(VERIFIER),
        nonce="n-0S6_WzA2Mj",
        scopes=SCOPES,
        level=session.level,
        methods=session.methods,
        authenticated_at=session.authenticated_at,
        tells_auth_time=False,
        epochs=Epochs(facts.org.epoch, app.epoch, installation.epoch, standing.user.epoch, 0),
        issued_at=tx.now,
        expires_at=tx.now + timedelta(seconds=60),
    )


def make_portal(acme: Tenant, label: str = "Portal", **said: Any) -> Portal:
    """A new app of the web server flow with refresh tokens, approved for the org's run-as user, who here is the one at the browser."""
    app = acme.app(label, **{"flows": FLOWS, "scopes": SCOPES, "callbacks": (CALLBACK,)} | said)
    guard = acme.app(f"Guard of {label}", flows=frozenset(), introspect_all_tokens=True, open_for_use=False)
    return Portal(acme, app, acme.runner, guard, app.credentials)
