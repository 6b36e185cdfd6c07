"""Somebody at setup in a real browser, who does what the pages offer and nothing else: no address is typed but the first one."""

import re
from dataclasses import dataclass, field
from typing import Literal

from playwright.sync_api import Page, expect
from tests.conformance.running import PASSWORD, RunningHouse

MOST_STEPS = 8
Outcome = Literal["success", "refusal"]


@dataclass(frozen=True)
class NewApp:
    """What somebody takes away from the last page of the wizard."""

    label: str
    key: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Desk:
    """One person, signed in at setup."""

    page: Page
    house: RunningHouse

    def sign_in(self, username: str = "ada@acme.example") -> None:
        """Ask for setup, sign in, and be led there."""
        self.page.goto(f"{self.house.issuer}/setup")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        self.page.click("#signin-submit")
        expect(self.page.locator("nav [aria-current=page]")).to_have_text("Home")

    def goes_to(self, place: str) -> None:
        """A page of the navigation."""
        self.page.locator("nav").get_by_role("link", name=place, exact=False).first.click()
        expect(self.page.locator("h1")).to_have_text(place)

    def opens_app(self, label: str) -> None:
        self.goes_to("App Manager")
        self.page.locator("#apps").get_by_role("link", name=label).click()
        expect(self.page.locator("h1")).to_contain_text(label)

    def opens_tab(self, tab: str) -> None:
        self.page.locator(".tabs").get_by_role("link", name=tab).click()

    def saves(self, button: str = "#submit") -> None:
        """Send the form, which must be taken: where it is refused it would stand there again with what is wrong."""
        self.page.click(button)
        expect(self.page.locator("#refused")).to_have_count(0)

    # --- The wizard --------------------------------------------------------------------------------------------------------------

    def begins_app(self, kind: str) -> None:
        self.goes_to("App Manager")
        self.page.click("#new")
        self.page.check(f"#kind-{kind}")
        self.page.click("#go-on")

    def says_what_it_is(self, label: str, purpose: str) -> None:
        self.page.fill("#label", label)
        self.page.fill("#purpose", purpose)
        self.page.click("#go-on")

    def registers(self, label: str) -> NewApp:
        """The last step of the wizard: what it has made is read once, and kept."""
        self.page.click("#go-on")
        expect(self.page.locator("h1")).to_have_text(f"{label} is registered")
        shown = self.page.locator("#secret")
        secret = shown.inner_text() if shown.count() else ""
        return NewApp(label, str(self.page.locator("#made dl [data-copy]").first.get_attribute("data-copy")), secret)

    # --- Try it ------------------------------------------------------------------------------------------------------------------

    def validates_every_flow(self, label: str, flows: int) -> None:
        """Both proofs of every flow of the app, as the page asks for them one after the other."""
        for _ in range(2 * flows):
            self.opens_app(label)
            self.opens_tab("Try it")
            missing = self.page.locator("#shown").get_by_role("link", name=re.compile("^Try the"))
            if missing.count() == 0:
                break  # one run can show two flows, as a refresh shows how it came to its token
            missing.first.click()
            self.page.click("#submit")
            self.runs_to_its_end()
        self.opens_app(label)
        self.opens_tab("Try it")
        expect(self.page.locator("#shown").get_by_text("Validated")).to_have_count(flows)

    def runs_to_its_end(self) -> None:
        """Do one step after the other, and at a browser whatever the run waits for."""
        for _ in range(MOST_STEPS):
            expect(self.page.locator("#now")).to_be_visible()
            if self.page.locator("#now").get_attribute("data-state") == "done":
                break
            if self.page.locator("#open").count():
                self._answers_at_a_browser()
            self.page.click("#step")
            self.page.wait_for_load_state()
        expect(self.page.locator("#outcome")).to_have_attribute("data-expected", "yes")
        self.page.locator("#end button").click()

    def _answers_at_a_browser(self) -> None:
        code, number = (self.page.locator(each) for each in ("#user-code", "#match"))
        shown = [each.inner_text() if each.count() else "" for each in (code, number)]
        with self.page.context.expect_page() as opened:
            self.page.click("#open")
        other = opened.value
        other.wait_for_load_state()
        if shown[0]:
            _connects_the_device(other, *shown)
        elif other.locator("#approve").count():
            other.click("#approve")
        if not shown[0]:
            expect(other.locator("#try-callback")).to_be_visible()
        if self.page.locator("textarea#answer").count():
            self.page.fill("textarea#answer", other.url)
        other.close()


def _connects_the_device(page: Page, code: str, number: str) -> None:
    if page.locator("form#connect").count():
        page.fill("#user_code", code)
        page.click("#connect-submit")
    expect(page.locator("form#connect-device")).to_be_visible()
    for name, value in (("told", "no"), ("number", number)):
        choice = page.locator(f"input[name={name}][value='{value}']")
        if choice.count():
            choice.check()
    if page.locator("#connect-device #user_code").count():
        page.fill("#user_code", code)
    page.click("#approve")
    expect(page.locator("#connected")).to_have_attribute("data-said", "approved")
