"""The web server flow as people live through it: sign in, be asked, decide, and be back at the app."""

import pytest
from tests.oauth.flows.portal import CALLBACK, make_portal
from tests.oauth.flows.visits import STATE, Asking, approve, chooser, deny, enrol, sign_in
from tests.oauth.tenants import Tenant


def test_a_user_signs_in_approves_and_the_app_gets_a_code_that_buys_tokens(acme: Tenant) -> None:
    app, ben = chooser(acme), enrol(acme, "ben")
    browser = app.browser()
    page = browser.open(app.url())
    assert "Photo Printer" in page.text
    page = sign_in(browser, page, ben)
    assert page.status == 200, page.text
    assert 'data-scope="api"' in page.text
    answer = app.arrived(approve(browser, page))
    assert answer["state"] == STATE
    tokens = app.portal.redeem(answer["code"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["refresh_token"]
