"""A user is not let into an app, asks for it in a real browser, is approved by an admin for a day, and is let in."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.databases import migrate
from tests.journeys.chromium import chromium, person
from tests.journeys.installation import json_of, new_installation
from tests.journeys.people_org import PASSWORD, WebApp, answer_of, is_active, new_verifier, people

from gatebridge.rules.access_requests import RequestState
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.setup.access_requests import ApproveOnce, approve_once
from gatebridge.storage import access_requests, orgs
from gatebridge.storage.database import Database

WORDS = "I stand in for Ada until Friday."


def came_to_the_form(page: Page, app: WebApp) -> None:
    """From the refusal to the form: it is on our own page, or behind the address that the app was given with its error."""
    page.wait_for_load_state()
    if page.url.startswith(app.callback):
        answer = answer_of(page.url)
        assert answer["error"] == "access_denied"
        page.goto(answer["error_uri"])
        page.click("#ask-access")
    expect(page.locator("form#ask-access")).to_be_visible()


def approve_what_waits(database: Database) -> None:
    """The admin lets in whoever asked, for a day."""
    with database.transaction() as tx:
        org = orgs.first(tx)
        assert org is not None
        (waits,) = access_requests.page(tx, org.id, limit=10, state=RequestState.OPEN)
        assert waits.request.words == WORDS
        approve_once(tx, Actor(ActorKind.OPERATOR, org.id, "operator", EVERY_POWER), ApproveOnce(waits.request.id))


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts on", "scripts off"])
def test_a_user_asks_for_access_is_approved_and_let_in(tmp_path: Path, javascript: bool) -> None:
    installation = new_installation(tmp_path)
    installation.var.mkdir()
    migrate(f"sqlite:///{installation.var / 'gatebridge.db'}")
    org = people(installation, tmp_path)
    app, verifier = org.portal, new_verifier()
    with installation.serving() as server, chromium() as browser, person(browser, javascript=javascript) as context:
        page = context.new_page()
        page.goto(server.base_url + app.authorization(verifier))
        page.fill("#username", org.ben)
        page.fill("#password", PASSWORD)
        page.click("#signin-submit")
        came_to_the_form(page, app)
        page.fill("#words", "...")
        page.click("#ask-submit")
        expect(page.locator("#words-problem")).to_be_visible()
        expect(page.locator("#words")).to_have_value("...")
        page.fill("#words", WORDS)
        page.click("#ask-submit")
        expect(page.locator("#said")).to_contain_text("Your request waits")
        asked = page.url

        with installation.database() as database:
            approve_what_waits(database)
        page.goto(asked)
        expect(page.locator("#asked")).to_contain_text("You may use")

        page.goto(server.base_url + app.authorization(verifier))
        page.wait_for_url(re.compile(re.escape(app.callback) + r"\?"))
        tokens = json_of(app.redeem(server.client, answer_of(page.url)["code"], verifier))
        assert is_active(server.client, app, tokens["access_token"])
