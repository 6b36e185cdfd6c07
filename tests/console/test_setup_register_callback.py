"""From a refused callback to the form that registers it: who is led there, with what, and that a link alone fills nothing in."""

import re
from html import unescape

import pytest
from tests.console.app_pages import at, saved, settings_of
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.flows.portal import CALLBACK
from tests.oauth.flows.visits import Asking, chooser
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission

__all__ = ["acme", "house", "loop"]

SENT = "https://portal.example/callback/"


@pytest.fixture
def app(acme: Tenant) -> Asking:
    return chooser(acme)


def receipt_of(app: Asking, callback: str = SENT) -> str:
    """The receipt of a request that was refused for its callback."""
    app.refused(app.browser().open(app.url(redirect_uri=callback)), "callback_not_registered")
    return long(app.acme.history()[-1].id)


def way_from(page: Page) -> str:
    """Where the receipt leads to register the callback; empty where it does not."""
    found = re.search(r'id="register" href="([^"]+)"', page.text)
    return unescape(found[1]) if found is not None else ""


def at_receipt(browser: Browser, receipt: str) -> Page:
    return browser.open(f"/setup/login-history/{receipt}")


def callbacks_in(page: Page) -> list[str]:
    return page.forms["edit"].fields["callbacks"].split()


def test_the_receipt_leads_to_the_form_with_the_callback_filled_in_and_saving_it_lets_the_app_in(acme: Tenant, app: Asking) -> None:
    browser = admin(acme)
    page = browser.open(way_from(at_receipt(browser, receipt_of(app))))
    assert callbacks_in(page) == [CALLBACK, SENT]
    assert "The refused callback is filled in" in page.text
    assert settings_of(acme, app.portal.app).callbacks == (CALLBACK,), "looking changes nothing"
    saved(browser, page, "edit")
    assert settings_of(acme, app.portal.app).callbacks == (CALLBACK, SENT)
    assert app.browser().open(app.url(redirect_uri=SENT)).status == 200


def test_what_is_registered_by_now_or_cannot_be_is_not_offered(acme: Tenant, app: Asking) -> None:
    browser, receipt = admin(acme), receipt_of(app)
    app.portal.settings(callbacks=(CALLBACK, SENT))
    assert way_from(at_receipt(browser, receipt)) == ""
    assert way_from(at_receipt(browser, receipt_of(app, "http://portal.example/callback"))) == ""


def test_who_may_not_edit_the_app_is_not_led_there(acme: Tenant, app: Asking) -> None:
    reader = at_setup(acme, with_rights(acme, "reader", Permission.MONITOR_LOGIN_HISTORY, Permission.VIEW_SETUP))
    page = at_receipt(reader, receipt_of(app))
    assert (page.status, way_from(page)) == (200, "")


@pytest.mark.parametrize("query", ["refused=x", "refused=0Ya000000000000AAA", "callbacks=https://evil.example/", f"refused={SENT}"])
def test_no_link_puts_an_address_of_its_own_choice_into_the_form(acme: Tenant, app: Asking, query: str) -> None:
    receipt_of(app)
    page = admin(acme).open(f"{at(app.portal.app, '/settings/flows')}?{query}")
    assert page.status == 404 or callbacks_in(page) == [CALLBACK]


def test_a_receipt_of_another_app_or_org_fills_nothing_in(acme: Tenant, app: Asking) -> None:
    another = chooser(acme, "Another")
    rival = chooser(make_tenant(acme.standing), "Rival")
    browser, form = admin(acme), at(app.portal.app, "/settings/flows")
    assert callbacks_in(browser.open(f"{form}?refused={receipt_of(another)}")) == [CALLBACK]
    assert browser.open(f"{form}?refused={receipt_of(rival)}").status == 404
