"""The whole way of a web app through setup, by the pages alone, with scripts and without: it is connected, shown to work, opened to the
right people, used, seen at a refusal and mended there, watched, and ended."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.conformance.running import PASSWORD, RunningHouse
from tests.journeys.chromium import person
from tests.journeys.console_desk import Desk, NewApp
from tests.journeys.people_org import answer_of, new_verifier
from tests.oauth.flows.portal import challenge_of

from gatebridge.rules.people import User

PURPOSE = "Lets customers read and answer their cases."

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True)
class Program:
    """The app itself, as its developer has written it: it sends browsers, and redeems what they bring."""

    house: RunningHouse
    app: NewApp
    callback: str
    verifier: str = field(default_factory=new_verifier, repr=False)

    @property
    def address(self) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.app.key,
            "redirect_uri": self.callback,
            "scope": "openid api",
            "state": "s",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return f"{self.house.issuer}/services/oauth2/authorize?{urlencode(asked)}"

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.house.http.post(f"{self.house.issuer}/services/oauth2/{path}", data=form, auth=(self.app.key, self.app.secret))

    def redeems(self, page: Page) -> str:
        """The access token for the code that a browser has brought."""
        form = {"grant_type": "authorization_code", "redirect_uri": self.callback, "code_verifier": self.verifier}
        answer = self.post("token", code=answer_of(page.url)["code"], **form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def is_live(self, token: str) -> bool:
        return bool(self.post("introspect", token=token).json()["active"])


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts on", "scripts off"])
def test_a_web_app_is_connected_shown_to_work_used_mended_watched_and_ended(
    setup_house: RunningHouse, chrome: Browser, javascript: bool
) -> None:
    house = setup_house
    label, ben = f"Customer Portal {'on' if javascript else 'off'}", house.person("ben")
    registered = f"{house.issuer}/services/oauth2/success"
    with person(chrome, javascript=javascript) as at_setup, person(chrome, javascript=javascript) as elsewhere:
        desk = Desk(at_setup.new_page(), house)
        desk.sign_in()
        gives_a_permission_set(desk, f"{label} users", ben)
        app = connects(desk, label, registered)
        tries_it_from_there(desk)
        opens_it_to(desk, label, f"{label} users")
        desk.validates_every_flow(label, flows=2)

        program = Program(house, app, f"{registered}?from=portal")
        page = elsewhere.new_page()
        is_refused(page, program)
        registers_what_was_refused(desk, label)
        token = lets_it_in(page, program, ben)
        assert program.is_live(token)

        sees_and_ends_the_grant(desk, label, ben)
        assert not program.is_live(token)
        reads_what_was_done(desk, label)


def gives_a_permission_set(desk: Desk, label: str, to: User) -> None:
    desk.goes_to("Permission Sets")
    desk.page.click("#new")
    desk.page.fill("#label", label)
    desk.page.fill("#api_name", label.replace(" ", "_"))
    desk.saves()
    desk.page.click("#assign")
    desk.page.fill("#username", to.username)
    desk.saves()
    expect(desk.page.locator("main")).to_contain_text(to.username)


def connects(desk: Desk, label: str, callback: str) -> NewApp:
    """Through the wizard; a callback that cannot be registered is told at the field, and what was typed stays."""
    page = desk.page
    desk.begins_app("web")
    desk.says_what_it_is(label, PURPOSE)
    page.fill("#callbacks", "http://portal.example/callback")
    page.click("#go-on")
    expect(page.locator("#callbacks-problem")).to_be_visible()
    expect(page.locator("#callbacks")).to_have_value("http://portal.example/callback")
    page.fill("#callbacks", callback)
    page.click("#check")
    expect(page.locator("#callbacks-read li")).to_have_count(1)
    page.check("input[name=scopes_profile]")
    page.click("#go-on")
    for told in (label, PURPOSE, callback, "profile"):
        expect(page.locator("#summary")).to_contain_text(told)
    app = desk.registers(label)
    assert app.secret.startswith("gbs_")
    return app


def tries_it_from_there(desk: Desk) -> None:
    """The test request that the last page of the wizard offers: it opens beside, and is refused while nobody may use the app."""
    with desk.page.context.expect_page() as opened:
        desk.page.click("#send-test")
    beside = opened.value
    expect(beside.locator("#now")).to_be_visible()
    beside.locator("#end button").click()
    beside.close()
    desk.page.click("#kept")


def opens_it_to(desk: Desk, label: str, permission_set: str) -> None:
    """Who may use it, and how strictly their addresses count."""
    page = desk.page
    desk.opens_app(label)
    desk.opens_tab("Policies")
    page.get_by_role("link", name="Edit who may use it").click()
    page.check("input[name=permitted_users][value=self_authorize]")
    desk.saves()
    page.get_by_role("link", name="Edit from where").click()
    page.get_by_label("Enforce, but relax for refresh tokens").check()
    desk.saves()
    expect(page.locator("#network")).to_contain_text("relax for refresh tokens")
    desk.opens_tab("Access")
    page.locator("#assign").click()
    page.select_option("#holder_id", label=permission_set)
    desk.saves()
    expect(page.locator("main")).to_contain_text(permission_set)


def is_refused(page: Page, program: Program) -> None:
    page.goto(program.address)
    expect(page.locator("[data-reason=callback_not_registered]")).to_be_visible()


def registers_what_was_refused(desk: Desk, label: str) -> None:
    """From the line of the history to its receipt, where the difference is marked, and on to the form that has it filled in."""
    page = desk.page
    desk.goes_to("Login History")
    page.locator("#outcomes tbody tr", has_text=label).locator("a.came", has_text="Callback").first.click()
    expect(page.locator("h1")).to_have_text("Refused at Callback")
    expect(page.locator("dl.compare mark").first).to_have_text("?from=portal")
    page.click("#register")
    expect(page.locator("#filled")).to_contain_text("?from=portal")
    desk.saves()
    expect(page.locator("main")).to_contain_text("success?from=portal")


def lets_it_in(page: Page, program: Program, user: User) -> str:
    """The user goes to the app once more, signs in and approves; the app has its token."""
    page.goto(program.address)
    page.fill("#username", user.username)
    page.fill("#password", PASSWORD)
    page.click("#signin-submit")
    expect(page.locator("form#consent h1")).to_contain_text(program.app.label)
    assert page.locator("#approve").bounding_box()["width"] == page.locator("#deny").bounding_box()["width"]  # type: ignore[index]
    page.click("#approve")
    page.wait_for_url(lambda url: url.startswith(program.callback))
    return program.redeems(page)


def sees_and_ends_the_grant(desk: Desk, label: str, user: User) -> None:
    page = desk.page
    desk.goes_to("OAuth Usage")
    page.locator("#usage").get_by_role("link", name=label).click()
    line = page.locator("#grants tbody tr", has_text=user.last_name)
    expect(line).to_have_count(1)
    line.get_by_role("link", name="Revoke").click()
    page.fill("#reason", "The story is over.")
    desk.saves()
    expect(page.locator("#grants tbody tr")).to_have_count(0)


def reads_what_was_done(desk: Desk, label: str) -> None:
    desk.goes_to("Setup Audit Trail")
    lines = desk.page.locator("#trail tbody tr")
    expect(lines.first).to_contain_text("ada@acme.example")
    expect(lines.filter(has_text=label).first).to_be_visible()
