"""Report something odd: the page behind the link at the foot of every page at the door."""

import re

import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.flows.devices import make_panel, member, type_code
from tests.oauth.flows.visits import Asking, chooser, enrol
from tests.oauth.tenants import Tenant

from gatebridge.rules.events import Event
from gatebridge.storage import audit_trail
from gatebridge.storage.audit_trail import AuditLine

__all__ = ["acme", "house", "loop"]

WORDS = "I was called and told to <b>approve</b> this."


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return chooser(acme)


def reported(tenant: Tenant) -> list[AuditLine]:
    with tenant.standing.database.snapshot() as tx:
        return [line for line in audit_trail.page(tx, tenant.org.id, limit=100) if line.event == Event.ODD_THING_REPORTED]


def followed(browser: Browser, page: Page) -> Page:
    """Where the link at the foot leads."""
    found = re.search(r'id="report-odd" href="([^"]+)"', page.text)
    assert found is not None
    return browser.open(found[1])


def test_what_a_user_writes_stands_in_the_trail_with_the_app_that_asked(app: Asking) -> None:
    browser = app.signed_in(enrol(app.acme, "ben"))
    asked = browser.open(app.url())
    page = followed(browser, asked)
    assert "About <bdi>Photo Printer</bdi>" in page.text
    sent = browser.submit(page, "report", words=WORDS)
    assert 'id="reported"' in sent.text
    (line,) = reported(app.acme)
    assert (line.target_name, line.target_id, line.reason) == ("Photo Printer", app.portal.app.id, WORDS)
    assert "consent" in browser.open(asked.url).forms  # reporting it decides nothing


def test_words_that_say_nothing_stay_and_the_field_says_what_to_change(app: Asking) -> None:
    browser = app.signed_in(enrol(app.acme, "ben"))
    page = followed(browser, browser.open(app.url()))
    again = browser.submit(page, "report", words="?? <>")
    assert (again.status, again.forms["report"].fields["words"]) == (422, "?? <>")
    assert ("Say in a sentence what you have seen." in again.text, reported(app.acme)) == (True, [])
    browser.submit(again, "report", words=WORDS)
    assert reported(app.acme)[0].target_name == "Photo Printer"


def test_a_device_is_named_with_its_address(acme: Tenant) -> None:
    panel = make_panel(acme)
    browser = panel.browser(member(acme))
    page = followed(browser, type_code(browser, panel.begin()["user_code"]))
    assert panel.address in page.text
    browser.submit(page, "report", words=WORDS)
    assert panel.address in str(reported(acme)[0].changes)


def test_what_waits_in_another_browser_is_not_named(app: Asking) -> None:
    ben = enrol(app.acme, "ben")
    theirs = app.signed_in(ben).open(app.url()).url.partition("?")[2]
    page = app.signed_in(enrol(app.acme, "eve")).open(f"/me/report?{theirs}")
    assert ("Photo Printer" in page.text, "interaction" in page.forms["report"].fields) == (False, False)


def test_a_stranger_is_told_whom_to_call_and_to_type_no_password(app: Asking) -> None:
    browser = app.browser()
    page = followed(browser, browser.open(app.url()))
    assert ('id="report-signed-out"' in page.text, page.status, "report" in page.forms) == (True, 200, False)
    token = browser.open("/signin").forms["signin"].fields["form_token"]
    assert "session_over" in browser.post("/me/report", {"words": WORDS, "form_token": token}).text
    assert reported(app.acme) == []


def test_X_CO_02_a_report_comes_from_our_own_page(app: Asking) -> None:
    browser = app.signed_in(enrol(app.acme, "ben"))
    assert browser.post("/me/report", {"words": WORDS, "form_token": "0" * 64}).status == 403
    assert browser.step("GET", "/me/report?said=sent&words=x").status_code == 200
    assert reported(app.acme) == []
