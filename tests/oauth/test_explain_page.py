"""The explanation as a page: the person whom it is about may look, the admin sees all of it, and a stranger is told to sign in."""

from dataclasses import replace

import pytest
from tests.oauth.closures import close
from tests.oauth.everything import Everything, everything
from tests.oauth.flows.visits import enrol, sign_in
from tests.oauth.tenants import Tenant

from gatebridge.rules.access import GATES_AT
from gatebridge.rules.apps import Dialect
from gatebridge.rules.gates import Door
from gatebridge.rules.ids import long
from gatebridge.storage import people
from gatebridge.web import explain


@pytest.fixture
def held(acme: Tenant) -> Everything:
    return everything(acme, Dialect.STANDARD)


def refused(held: Everything) -> str:
    """The receipt of a request that brought its user to a page that refuses."""
    close("app uninstalled", held)
    assert held.use("request").reason == "app_not_installed"
    return long(held.acme.history()[-1].id)


def test_the_page_that_refuses_leads_whoever_is_signed_in_to_the_explanation(held: Everything) -> None:
    receipt_id = refused(held)
    assert explain.link_to(receipt_id[:15], within=True) == f"/setup/explain?receipt={receipt_id}"
    assert explain.link_to(receipt_id[:15], within=False) is None
    assert explain.link_to(None, within=True) is None
    page = held.browser.open(held.asking.url())
    assert f'id="explain" href="/setup/explain?receipt={page.headers["x-gatebridge-receipt"]}"' in page.text
    assert 'id="explain"' not in held.asking.browser().open(held.asking.url()).text


def test_the_user_sees_gate_by_gate_what_was_found_and_nothing_of_what_is_set(held: Everything) -> None:
    receipt_id = refused(held)
    page = held.browser.open(f"/setup/explain?receipt={receipt_id}")
    assert (page.status, "Refused at Installed" in page.text) == (200, True)
    assert 'data-reason="app_not_installed"' in page.text
    assert page.text.count('<li class="gate"') == len(GATES_AT[Door.AUTHORIZE])
    assert "Changed by: Manage Connected Apps." in page.text
    assert "gatebridge apps install" not in page.text
    assert "You see what is yours." in page.text


def test_the_admin_sees_the_setting_and_the_command(held: Everything) -> None:
    acme, receipt_id = held.acme, refused(held)
    boss = enrol(acme, "boss")
    assert acme.admin.user_id is not None
    with acme.standing.database.transaction() as tx:
        ada = people.by_id(tx, acme.org.id, acme.admin.user_id)
        assert ada is not None
        found = people.by_id(tx, acme.org.id, boss.id)
        assert found is not None
        assert people.update(tx, replace(found, profile_id=ada.profile_id))
    browser = held.asking.browser()
    sign_in(browser, browser.open("/signin"), boss)
    page = browser.open(f"/setup/explain?receipt={receipt_id}")
    assert f"gatebridge apps install {held.portal.app.consumer_key}" in page.text
    assert "it would be refused" in page.text
    assert "You see what is yours." not in page.text


def test_a_stranger_is_told_to_sign_in_whatever_the_receipt_is(held: Everything) -> None:
    receipt_id = refused(held)
    pages = [held.asking.browser().open(f"/setup/explain?receipt={which}") for which in (receipt_id, "0Ya000000000000", "x")]
    assert {page.text.partition("form_token")[0] for page in pages} == {pages[0].text.partition("form_token")[0]}
    assert 'id="sign-in-first"' in pages[0].text


@pytest.mark.parametrize("which", ["0Ya000000000000AAA", "x", ""])
def test_what_is_no_receipt_is_refused(held: Everything, which: str) -> None:
    page = held.browser.open(f"/setup/explain?receipt={which}")
    assert page.status in (403, 404)
    assert 'id="explanation"' not in page.text


def test_somebody_elses_receipt_is_refused(held: Everything) -> None:
    receipt_id = refused(held)
    other = held.asking.signed_in(enrol(held.acme, "eve"))
    assert other.open(f"/setup/explain?receipt={receipt_id}").status == 403
