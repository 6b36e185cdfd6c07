"""A device without a browser, and the user who connects it at a browser elsewhere."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin

import httpx
from tests.oauth.browser import Browser, Page
from tests.oauth.door import OFFICE
from tests.oauth.flows.portal import PUBLIC, Portal
from tests.oauth.flows.visits import SIGN_IN, enrol, publisher_on, sign_in
from tests.oauth.tenants import Client, Tenant

from gatebridge.crypto import secrets
from gatebridge.oauth.flows.device import GRANT_TYPE
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Approved
from gatebridge.rules.levels import Level
from gatebridge.rules.people import User
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.signin import sessions
from gatebridge.storage import device_codes, permission_sets
from gatebridge.storage import facts as stored_facts
from gatebridge.storage.facts import FactsReader

DEVICE, CONNECT = "/services/oauth2/device", "/connect"
FLOWS = frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN})
SCOPES = ("api", "id", "openid", "refresh_token")
HERE, FAR = OFFICE, "198.51.100.83"
AGENT = "Panel/4.1 (wall display)"


@dataclass(frozen=True)
class Panel:
    """An app of the device flow, at one device, and the users of its org."""

    portal: Portal
    address: str = FAR
    asked: dict[str, Any] = field(default_factory=dict)

    @property
    def acme(self) -> Tenant:
        return self.portal.acme

    @property
    def app(self) -> Client:
        return self.portal.app

    def ask(self, **parameters: str) -> httpx.Response:
        """Ask for a pair of codes."""
        headers = {"User-Agent": AGENT}
        return self.app.post(DEVICE, dict(self.portal.credentials) | parameters, headers=headers, address=self.address)

    def begin(self, **parameters: str) -> dict[str, Any]:
        answer = self.ask(**parameters)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def poll(self, device_code: str, **parameters: str) -> httpx.Response:
        """Ask what the user has decided, after the time that one has to wait."""
        said = {"grant_type": GRANT_TYPE, "device_code": device_code} | dict(self.portal.credentials)
        return self.app.post("/services/oauth2/token", said | parameters, address=self.address)

    def said(self, device_code: str, **parameters: str) -> str:
        """In a word what the device hears: `yes`, or the error."""
        answer = self.poll(device_code, **parameters)
        return "yes" if answer.status_code == 200 else str(answer.json()["error"])

    def browser(self, user: User, address: str = HERE) -> Browser:
        """A browser in which this user is signed in."""
        browser = Browser(self.acme.door, self.acme.org.issuer, address)
        sign_in(browser, browser.open(SIGN_IN), user)
        return browser

    def approved(self, user: User, **changed: Any) -> str:
        """A device code as the page leaves it that its user has approved. Returns the value which the device holds."""
        device_code = str(self.begin()["device_code"])
        with self.acme.standing.database.transaction() as tx:
            facts, device = FactsReader(tx).device(self.acme.org, secrets.digest(device_code))
            standing = stored_facts.standing(tx, self.acme.org.id, user.id)
            assert device is not None
            assert standing is not None
            session, _ = sessions.begin(tx, self.acme.org, standing, methods=("pwd",), address=HERE, user_agent="")
            assert device_codes.typed(tx, device, session.id, by_link=False)
            epochs = replace(facts, standing=standing).epochs()
            said = Approved(device.scopes, session.id, Level.STANDARD, ("pwd",), tx.now)
            assert epochs is not None
            assert device_codes.approve(tx, device, user.id, replace(said, **changed), epochs, HERE)
        return device_code


def type_code(browser: Browser, code: str) -> Page:
    """Type a code into the page."""
    return browser.submit(browser.open(CONNECT), "connect", user_code=code)


def decide(browser: Browser, page: Page, decision: str = "approve", **said: str) -> Page:
    """Fill in the question and press a button; the user has begun it and reads who publishes the app, unless said otherwise."""
    form = page.forms["connect-device"]
    picked = {"told": "no"} | publisher_on(page, "connect-device") | {name: value for name, value in said.items() if value}
    return browser.post(urljoin(page.url, form.action), form.fields | picked | {"decision": decision})


def allow(acme: Tenant, *, on: bool = True) -> None:
    """Switch the flow on for the org."""
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(device_flow=on, confirmed=True))


def make_panel(acme: Tenant, label: str = "Wall Panel", **said: Any) -> Panel:
    """A public app of the device flow in an org that allows it, approved for who holds the org's permission set."""
    allow(acme)
    client = acme.app(label, **{"flows": FLOWS, "scopes": SCOPES, "auth_methods": PUBLIC} | said)
    guard = acme.app(f"Guard of {label}", api_name=f"Guard_{client.id}", flows=frozenset(), introspect_all_tokens=True, open_for_use=False)
    return Panel(Portal(acme, client, acme.runner, guard, client.credentials))


def member(acme: Tenant, name: str = "ada.of.sales") -> User:
    """A user whom an admin has approved for the apps of the org."""
    user = enrol(acme, name)
    with acme.standing.database.transaction() as tx:
        permission_sets.assign(tx, acme.org.id, user.id, acme.approved.id, None)
    return user
