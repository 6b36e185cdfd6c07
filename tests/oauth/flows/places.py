"""Where requests come from, and one app for each flow that can be asked from there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from tests.oauth.door import OFFICE
from tests.oauth.flows.job import Job
from tests.oauth.flows.portal import Portal, make_portal
from tests.oauth.tenants import Client, Tenant

from gatebridge.oauth.flows.jwt_bearer import GRANT_TYPE
from gatebridge.rules.apps import Dialect
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile

OFFICE_6, ELSEWHERE, ELSEWHERE_6 = "2001:db8:1::10", "198.51.100.7", "2001:db8:2::7"
INSIDE, OUTSIDE = (OFFICE, OFFICE_6), (ELSEWHERE, ELSEWHERE_6)
THE_OFFICE = (TypedRange("192.0.2.0/24", "Office"), TypedRange("2001:db8:1::/48", "Office"))
THE_CLOUD = (TypedRange("198.51.100.0/28", "Cloud"), TypedRange("2001:db8:2::/48", "Cloud"))

Ask = Callable[[str], httpx.Response]


@dataclass(frozen=True)
class InUse:
    """One app of one flow, ready to be asked from an address, and the resource server that watches its tokens."""

    acme: Tenant
    app: Client
    guard: Client
    ask: Ask

    def policies(self, **changed: Any) -> None:
        with self.acme.standing.database.transaction() as tx:
            edit_policies(tx, self.acme.admin, EditPolicies(self.app.id, confirmed=True, **changed))

    def profile(self, **changed: Any) -> None:
        """Change the profile of the user for whom the app acts."""
        with self.acme.standing.database.transaction() as tx:
            edit_profile(tx, self.acme.admin, EditProfile(self.acme.profile.id, confirmed=True, **changed))

    def org(self, **changed: Any) -> None:
        with self.acme.standing.database.transaction() as tx:
            edit_org(tx, self.acme.admin, EditOrg(confirmed=True, **changed))

    def token(self, address: str = OFFICE) -> str:
        answer = self.ask(address)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def causes(self, *addresses: str) -> list[str | None]:
        """What the receipts say of a request from each of these places; None is a yes."""
        return [self.acme.true_cause(self.ask(address)) for address in addresses]


def client_credentials(acme: Tenant, **said: Any) -> InUse:
    app = acme.app(**said)
    return InUse(acme, app, _guard(acme), lambda address: app.token(address=address))


def jwt_bearer(acme: Tenant, **said: Any) -> InUse:
    job = Job(acme, **said)

    def ask(address: str) -> httpx.Response:
        return job.app.ask({"grant_type": GRANT_TYPE, "assertion": job.key.sign(job.claims())}, address=address)

    return InUse(acme, job.app, _guard(acme), ask)


def web_server(acme: Tenant, *, activated: bool = False, **said: Any) -> InUse:
    portal = make_portal(acme, **said)
    return InUse(acme, portal.app, portal.guard, lambda address: portal.redeem(portal.code(activated=activated), address=address))


def refresh(acme: Tenant, *, activated: bool = False, **said: Any) -> InUse:
    """An app that refreshes; its user approved it at the office, before anything of the test is set."""
    portal: Portal = make_portal(acme, **said)
    value = str(portal.signed_in(activated=activated)["refresh_token"])
    return InUse(acme, portal.app, portal.guard, lambda address: portal.refresh(value, address=address))


FLOWS: dict[str, Callable[..., InUse]] = {
    "client credentials": client_credentials,
    "jwt bearer": jwt_bearer,
    "web server": web_server,
    "refresh": refresh,
}
SALESFORCE: dict[str, Any] = {"dialect": Dialect.SALESFORCE}


def _guard(acme: Tenant) -> Client:
    return acme.app("Guard", introspect_all_tokens=True)
