"""Every kind of app through the wizard, and every flow of each shown to work and to refuse in Try it, by the pages alone."""

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.conformance.running import RunningHouse
from tests.journeys.chromium import person
from tests.journeys.console_desk import Desk
from tests.oauth.client_keys import client_key

PURPOSE = "Is connected to see every flow work."

pytestmark = pytest.mark.timeout(300)


def wants_the_flows_that_are_off(desk: Desk) -> None:
    desk.goes_to("OAuth Settings")
    desk.page.click("#edit-flows")
    desk.page.check("#device_flow")
    desk.page.check("#user_agent_flow")
    desk.saves()


def connects(desk: Desk, kind: str, label: str, *, reach: dict[str, str], rule: dict[str, str]) -> None:
    """An app of this kind, with these answers on the last two steps."""
    page = desk.page
    desk.begins_app(kind)
    desk.says_what_it_is(label, PURPOSE)
    for name, text in reach.items():
        page.fill(f"#{name}", text)
    if "upload" in reach:
        page.click("#check")
        expect(page.locator("#certificate-read")).to_be_visible()
    page.click("#go-on")
    for name, text in rule.items():
        page.fill(f"#{name}", text)
    page.select_option("#holder_id", label="System Administrator")
    app = desk.registers(label)
    assert (app.secret != "") == (kind in ("web", "service"))


def adds_the_user_agent_flow(desk: Desk, label: str) -> None:
    """The legacy flow is no kind of app: somebody asks for it in the settings."""
    page: Page = desk.page
    desk.opens_app(label)
    desk.opens_tab("Settings")
    page.locator("a[href$='/settings/flows']").click()
    page.check("input[name=flows_user_agent]")
    desk.saves()


def test_every_flow_of_every_kind_of_app_is_shown_to_work_and_to_refuse(setup_house: RunningHouse, chrome: Browser) -> None:
    callback = f"{setup_house.issuer}/services/oauth2/success"
    with person(chrome) as context:
        desk = Desk(context.new_page(), setup_house)
        desk.sign_in()
        wants_the_flows_that_are_off(desk)

        connects(desk, "job", "Nightly Job", reach={"upload": client_key("RS256").upload.decode()}, rule={"ip_ranges": "127.0.0.1 Here"})
        desk.validates_every_flow("Nightly Job", flows=1)

        connects(desk, "service", "Billing", reach={}, rule={"run_as_user_id": "ada@acme.example"})
        desk.validates_every_flow("Billing", flows=1)

        connects(desk, "device", "Wall Panel", reach={}, rule={})
        desk.validates_every_flow("Wall Panel", flows=2)

        connects(desk, "spa", "Shop", reach={"callbacks": callback}, rule={})
        adds_the_user_agent_flow(desk, "Shop")
        desk.validates_every_flow("Shop", flows=3)
