"""The resource surface as a client of Salesforce calls it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx
from tests.oauth.door import OFFICE
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Tenant

from gatebridge.rules.apps import Dialect
from gatebridge.rules.permissions import Permission
from gatebridge.storage import profiles

ROOT = "/services/data/v51.0"


@dataclass(frozen=True)
class Surface:
    """What one token opens. It is that of the org's run-as user, who here has signed in."""

    acme: Tenant
    portal: Portal
    token: str = field(repr=False)

    def get(self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET", address: str = OFFICE) -> httpx.Response:
        """A request below the version that the Salesforce CLI asks for, or anywhere below the issuer."""
        path = path if path.startswith("/services/") else ROOT + path
        said = {"Authorization": f"Bearer {self.token}"} | dict(headers or {})
        return self.acme.door.send(method, self.acme.org.issuer + path, headers=said, address=address)

    def told(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        answer = self.get(path, headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def query(self, text: str, headers: Mapping[str, str] | None = None) -> Any:
        return self.told(f"/query?q={quote(text)}", headers)


def rights(acme: Tenant, *held: Permission) -> None:
    """Let the run-as user's profile give these rights, and no others."""
    with acme.standing.database.transaction() as tx:
        profile = profiles.by_id(tx, acme.org.id, acme.profile.id)
        assert profile is not None
        assert profiles.update(tx, replace(profile, permissions=frozenset(held)))


def surface(
    acme: Tenant,
    label: str = "Sales Tool",
    *,
    scopes: tuple[str, ...] = ("api", "id", "refresh_token"),
    dialect: Dialect = Dialect.SALESFORCE,
) -> Surface:
    """A user who has just signed in through an app of this dialect."""
    portal = make_portal(acme, label, scopes=scopes, full_scope_reason="A tool for everything.", dialect=dialect)
    return Surface(acme, portal, portal.signed_in(scopes=scopes)["access_token"])


def refused(answer: httpx.Response, status: int, error_code: str, message: str | None = None) -> None:
    """A refusal in Salesforce's shape: a list of one error, with the page of its reason."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    (error,) = answer.json()
    assert error.keys() == {"message", "errorCode"}
    assert error["errorCode"] == error_code
    if message is not None:
        assert error["message"] == message
    assert "/help/reasons/" in answer.headers["link"]
    assert answer.headers["cache-control"] == "no-store"
