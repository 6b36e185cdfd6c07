"""Second factors in a real browser: set up in the middle of a login because an app wants it, failed, shown, and used alone."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.databases import migrate
from tests.journeys.chromium import chromium, person
from tests.journeys.installation import Installation, Server, json_of
from tests.journeys.people_org import PASSWORD, PeopleOrg, WebApp, answer_of, new_verifier, people
from tests.journeys.second_factors import code_of, installation_at_localhost, mailed_code, secret_on, security_key, wrong_code

from gatebridge.rules.levels import Level, Requirement
from gatebridge.storage import installations


@dataclass(frozen=True)
class Place:
    """A running server whose portal takes only sure sign-ins, and a browser to visit it with."""

    installation: Installation
    server: Server
    org: PeopleOrg
    browser: Browser
    read: set[Path] = field(default_factory=set)

    def address(self, path: str) -> str:
        return self.installation.base_url + path

    def mailed(self, to: str) -> str:
        return mailed_code(self.installation, to, self.read)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("factors")
    installation = installation_at_localhost(directory)
    installation.var.mkdir()
    migrate(f"sqlite:///{installation.var / 'gatebridge.db'}")
    org = people(installation, directory)
    wants_high(installation, org.chooser)
    with installation.serving() as server, chromium() as browser:
        yield Place(installation, server, org, browser)


def wants_high(installation: Installation, app: WebApp) -> None:
    """From now on the app takes only sign-ins with a second factor, and has whoever comes without one raised."""
    with installation.database() as database, database.transaction() as tx:
        table = installations.policies
        which = installations.installations.c.app_id == app.app_id
        (found,) = tx.connection.execute(installations.installations.select().where(which)).all()
        required = {"required_level": Requirement(Level.HIGH).level.value}
        tx.connection.execute(table.update().where(table.c.installation_id == found.id).values(required))


def sign_in(page: Page, username: str) -> None:
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("#signin-submit")


def approve(page: Page, app: WebApp) -> dict[str, str]:
    page.click("#approve")
    page.wait_for_url(re.compile(re.escape(app.callback) + r"\?"))
    return answer_of(page.url)


def prove_with_password(place: Place, page: Page, user: str) -> None:
    """Nothing of factors is changed at a browser that was not activated: the password once more, and a mailed code."""
    page.fill("#prove #password", PASSWORD)
    page.click("#password-submit")
    page.fill("#verify-mail #code", place.mailed(user))
    page.click("#code-submit")


def next_code(secret: str) -> str:
    """The code of the step that comes next: it is taken a step early, and it was not taken yet."""
    return pyotp.TOTP(secret).at(int(time.time()) + 30)


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts on", "scripts off"])
def test_a_login_is_stopped_for_a_second_factor_which_is_set_up_failed_and_shown(place: Place, javascript: bool) -> None:
    user, app, verifier = place.org.ben if javascript else place.org.ada, place.org.chooser, new_verifier()
    with person(place.browser, javascript=javascript) as context:
        page = context.new_page()
        page.goto(place.address(app.authorization(verifier)))
        sign_in(page, user)
        expect(page.locator("#verify-none")).to_contain_text("Photo Printer")
        page.click("#set-up-app")
        prove_with_password(place, page, user)
        page.click("#app-begin-submit")
        expect(page.locator("svg.qr")).to_be_visible()
        secret = secret_on(page)
        page.fill("#code", wrong_code(secret))
        page.click("#app-confirm-submit")
        expect(page.locator("#code-problem")).to_be_visible()
        page.fill("#code", code_of(secret))
        page.click("#app-confirm-submit")
        expect(page.locator("#recovery-codes li")).to_have_count(10)
        page.click("#go-on")
        answer = approve(page, app)  # the login went on where it had been stopped
        tokens = json_of(app.redeem(place.server.client, answer["code"], verifier))
        assert tokens["access_token"]
    with person(place.browser, javascript=javascript) as context:
        page = context.new_page()
        page.goto(place.address(app.authorization(new_verifier(), prompt="consent")))
        sign_in(page, user)
        waits = page.url
        page.fill("#code", wrong_code(secret))
        page.click("#code-submit")
        expect(page.locator("#code-problem")).to_be_visible()
        page.goto(place.address("/me"))
        expect(page.locator("form#signin")).to_be_visible()  # a second step that failed is no session
        page.goto(waits)
        page.fill("#code", next_code(secret))
        page.click("#code-submit")
        assert approve(page, app)["code"]


def test_a_passkey_is_made_shown_as_second_factor_and_signs_in_alone(place: Place) -> None:
    user = "ada@acme.example"
    with person(place.browser) as context:
        page = context.new_page()
        security_key(page)
        set_password(place, user)
        page.goto(place.address("/signin"))
        sign_in(page, user)
        page.goto(place.address("/me/security"))
        page.click("#add-passkey")
        prove_with_password(place, page, user)
        page.fill("#name", "Laptop")
        page.click("#passkey-submit")
        expect(page.locator("#recovery-codes li")).to_have_count(10)
        kept = page.locator("#recovery-codes li").first.inner_text()
        page.click("#go-on")
        expect(page.locator("#factors")).to_contain_text("Laptop")

        page.click("#add-passkey")
        page.click("#passkey-submit")
        expect(page.locator("#passkey-problem")).to_have_text("This device has a passkey of yours for this place already.")
        page.goto(place.address("/me/security"))

        page.click("#signout-submit")
        page.goto(place.address("/signin"))
        sign_in(page, user)
        page.click("#passkey-submit")  # as second factor
        expect(page.locator("h1")).to_have_text("Connected apps")

        page.click("#signout-submit")
        page.goto(place.address("/signin"))
        page.click("#passkey-submit")  # alone
        expect(page.locator("h1")).to_have_text("Connected apps")
        page.goto(place.address("/me/sessions"))
        expect(page.locator("#sessions")).to_contain_text("with a passkey")

        page.click("#signout-submit")
        page.goto(place.address("/signin"))
        sign_in(page, user)
        page.fill("#code", kept)
        page.click("#code-submit")
        page.goto(place.address("/me/security"))
        expect(page.locator("#recovery-panel")).to_contain_text("9 of 10")
        page.locator("#factors").get_by_role("button", name="Remove").click()
        expect(page.locator("#empty")).to_be_visible()


def set_password(place: Place, username: str) -> None:
    """The first admin of the org, who has come without one, gets a password."""
    from gatebridge.storage import people as stored

    with place.installation.database() as database, database.transaction() as tx:
        users = stored.users
        row = tx.connection.execute(users.select().where(users.c.username == username)).one()
        other = tx.connection.execute(users.select().where(users.c.username == place.org.ada)).one()
        stored.set_password_hash(tx, row.org_id, row.id, stored.password_hash(tx, other.org_id, other.id) or "")
