"""A service that acts for users who are not there, and the assertions that it signs."""

import itertools
from collections.abc import Mapping
from typing import Any

import httpx
from tests.oauth.client_keys import ClientKey, client_key
from tests.oauth.tenants import Client, Tenant

from gatebridge.oauth.flows.jwt_bearer import GRANT_TYPE
from gatebridge.rules.app_settings import Flow
from gatebridge.setup.add_certificate import AddCertificate, add_certificate

_numbers = itertools.count(1)

JB = frozenset({Flow.JWT_BEARER})


class Job:
    """A service that acts for users: an app with a certificate, and the key that belongs to it."""

    def __init__(self, acme: Tenant, label: str = "Job", number: int = 1, alg: str = "ES256", **said: Any) -> None:
        self.acme = acme
        self.key = client_key(alg, number, clock=acme.standing.clock)
        self.app: Client = acme.app(label, **{"flows": JB, "scopes": ("api", "id", "refresh_token")} | said)
        self.add_key(self.key)

    def add_key(self, key: ClientKey) -> None:
        with self.acme.standing.database.transaction() as tx:
            add_certificate(tx, self.acme.admin, AddCertificate(self.app.id, f"Key {key.alg}", key.upload))

    def claims(self, **changed: Any) -> dict[str, Any]:
        """A good assertion for the run-as user; a change to None leaves the claim out."""
        now = self.key.now
        good = {"iss": self.app.consumer_key, "sub": self.acme.runner.username, "aud": self.acme.org.issuer, "exp": now + 120}
        claims = good | {"jti": f"jti-{next(_numbers)}"} | changed
        return {name: value for name, value in claims.items() if value is not None}

    def ask(
        self, claims: Mapping[str, Any] | None = None, form: Mapping[str, str] | None = None, /, *, key: ClientKey | None = None
    ) -> httpx.Response:
        """A token request with an assertion over these claims, and nothing else unless said."""
        return self.present((key or self.key).sign(claims if claims is not None else self.claims()), form)

    def present(self, assertion: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.app.ask({"grant_type": GRANT_TYPE, "assertion": assertion} | dict(form or {}), headers=headers)
