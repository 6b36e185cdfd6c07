"""A device without a browser is connected by a user with a real one; and a user who is talked into a stranger's device is stopped.

What warns of a device elsewhere stands in the way of the user's own telephone on mobile data too, which takes a new sign-in and a name.

The browser is as small as a telephone and runs no scripts. The device stands behind a proxy that says from where it calls.
"""

from pathlib import Path

import httpx
from playwright.sync_api import Page, expect
from tests.databases import migrate
from tests.journeys.chromium import chromium, person
from tests.journeys.installation import json_of, new_installation
from tests.journeys.people_org import PASSWORD, TOKEN
from tests.journeys.people_org import people as move_in

from gatebridge.oauth.flows.device import GRANT_TYPE
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.storage import orgs, people
from gatebridge.storage.database import Database

OWNER = "ada@acme.example"
STRANGER = {"X-Forwarded-For": "198.51.100.83"}


def wall_panel(database: Database) -> str:
    """A public app of the device flow that any user may approve; its consumer key."""
    with database.transaction() as tx:
        org = orgs.first(tx)
        assert org is not None
        operator = Actor(ActorKind.OPERATOR, org.id, "operator", EVERY_POWER)
        edit_org(tx, operator, EditOrg(device_flow=True))
        public, flows = frozenset({ClientAuthMethod.NONE}), frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN})
        owner = people.by_username(tx, org.id, OWNER)
        assert owner is not None
        said = {"flows": flows, "scopes": ("api", "refresh_token"), "auth_methods": public, "owner_id": owner.id}
        command = CreateApp("Wall Panel", "Wall_Panel", "dev@example.com", **said)  # type: ignore[arg-type]
        made = create_app(tx, operator, command)
        edit_policies(tx, operator, EditPolicies(made.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE))
    return made.app.consumer_key


def begin(http: httpx.Client, key: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    answer = http.post("/services/oauth2/device", data={"client_id": key, "match_number": "true"}, headers=headers)
    said: dict[str, str] = json_of(answer)
    return said


def poll(http: httpx.Client, key: str, device_code: str) -> dict[str, str]:
    said: dict[str, str] = http.post(TOKEN, data={"grant_type": GRANT_TYPE, "client_id": key, "device_code": device_code}).json()
    return said


def type_code(page: Page, address: str, code: str) -> None:
    page.goto(address)
    page.fill("#user_code", code)
    page.click("#connect-submit")
    expect(page.locator("form#connect-device")).to_be_visible()


def test_a_device_is_connected_from_a_telephone_and_a_strangers_device_is_found_out(tmp_path: Path) -> None:
    installation = new_installation(tmp_path, GATEBRIDGE_TRUSTED_PROXIES="127.0.0.1/32")
    installation.var.mkdir()
    migrate(f"sqlite:///{installation.var / 'gatebridge.db'}")
    org = move_in(installation, tmp_path)
    with installation.database() as database:
        key = wall_panel(database)
    telephone = {"viewport": {"width": 390, "height": 844}}
    with installation.serving() as server, chromium() as browser, person(browser, javascript=False, **telephone) as context:
        page, http, connect = context.new_page(), server.client, f"{server.base_url}/connect"
        page.goto(connect)
        page.fill("#username", org.ada)
        page.fill("#password", PASSWORD)
        page.click("#signin-submit")
        page.wait_for_load_state()

        strange = begin(http, key, STRANGER)
        type_code(page, connect, strange["user_code"])
        expect(page.locator("#elsewhere")).to_contain_text("in another network than you")
        expect(page.locator("#device-address")).to_have_text("198.51.100.83")
        expect(page.locator("#own-address")).to_have_text("127.0.0.1")
        page.check("input[name=told][value=yes]")
        page.click("#approve")
        expect(page.locator("#connected")).to_have_attribute("data-said", "asked-for")
        expect(page.locator("#connected")).to_contain_text("how strangers get into accounts")
        assert poll(http, key, strange["device_code"])["error"] == "access_denied"

        reported = begin(http, key, STRANGER)
        type_code(page, connect, reported["user_code"])
        page.click("#deny")
        expect(page.locator("#connected")).to_have_attribute("data-said", "reported")
        assert poll(http, key, reported["device_code"])["error"] == "access_denied"

        mobile = begin(http, key, STRANGER)
        type_code(page, connect, mobile["user_code"])
        expect(page.locator("#hurdle")).to_have_attribute("data-lack", "sign_in")
        page.check("input[name=told][value=no]")
        page.click("#approve")
        page.fill("#password", PASSWORD)
        page.click("#password-submit")
        type_code(page, connect, mobile["user_code"])
        page.check("input[name=told][value=no]")
        page.check(f"input[name=number][value='{mobile['match_number']}']")
        page.fill("#publisher", "acme")
        page.click("#approve")
        expect(page.locator("#connected")).to_have_attribute("data-said", "approved")

        own = begin(http, key)
        assert poll(http, key, own["device_code"])["error"] == "authorization_pending"
        type_code(page, connect, own["user_code"].replace("-", " ").lower())
        expect(page.locator("#own-network")).to_contain_text("same network as the device")
        page.check("input[name=told][value=no]")
        page.check(f"input[name=number][value='{own['match_number']}']")
        page.click("#approve")
        expect(page.locator("#connected")).to_have_attribute("data-said", "approved")
        tokens = poll(http, key, own["device_code"])
        assert tokens["token_type"] == "Bearer"
        page.goto(f"{server.base_url}/me")
        expect(page.locator("main")).to_contain_text("Connected on a device")
