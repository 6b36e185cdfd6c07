"""Whom a text means that was typed at a page of setup: by the name under which people know an app or a user, and of several, which."""

import re

import pytest
from tests.console.app_pages import problem_at
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.flows.visits import enrol
from tests.oauth.tenants import Tenant

from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.setup.rotate_secret import AddSecret, add_secret
from gatebridge.setup.stop_users import FreezeUser, freeze_user

__all__ = ["acme", "house", "loop"]

HISTORY, AUDIT = "/setup/login-history", "/setup/audit"


def receipts(page: Page) -> list[str]:
    return re.findall(r'<tr data-receipt="(\w+)"', page.text)


def offered(page: Page) -> list[str]:
    """The ways to one of several that are called alike."""
    return re.findall(r'<a class="button" href="([^"]+)"', page.text.partition('id="which"')[2].partition("</p></div>")[0])


@pytest.mark.parametrize("text", ["Night Sync", "night sync", "night", "Night_Sync"])
def test_an_app_is_found_in_the_history_by_its_name_or_a_part_of_it(acme: Tenant, text: str) -> None:
    app = acme.app("Night Sync")
    acme.app("Ledger").token()
    wanted = app.token().headers["X-Gatebridge-Receipt"]
    assert receipts(admin(acme).open(f"{HISTORY}?q={text.replace(' ', '+')}")) == [wanted]


def test_of_several_that_are_called_alike_each_is_offered_and_a_whole_name_means_one(acme: Tenant) -> None:
    wanted = acme.app("Night").token().headers["X-Gatebridge-Receipt"]
    acme.app("Night Sync").token()
    browser = admin(acme)
    page = browser.open(f"{HISTORY}?q=nigh&outcome=success")
    assert (receipts(page), len(offered(page))) == ([], 2)
    assert f"{HISTORY}?outcome=success&amp;q=Night" in offered(page)
    assert receipts(browser.open(f"{HISTORY}?q=night")) == [wanted]
    for path in ("requests", "audit"):
        assert len(offered(browser.open(f"/setup/{path}?q=nigh"))) == 2, path
    enrol(acme, "nina"), enrol(acme, "nino")
    assert len(offered(browser.open("/setup/sessions?q=nin"))) == 2


def test_who_may_see_no_lists_of_apps_and_users_finds_by_their_whole_keys_alone(acme: Tenant) -> None:
    acme.app("Night Sync").token()
    browser = at_setup(acme, with_rights(acme, "iris", Permission.MONITOR_LOGIN_HISTORY))
    assert [len(receipts(browser.open(f"{HISTORY}?q={text}"))) for text in ("Night_Sync", "Night+Sync", "iri")] == [1, 0, 0]


def test_the_history_is_found_by_address_and_narrowed_by_flow_over_a_day_unless_a_longer_time_is_chosen(acme: Tenant) -> None:
    app = acme.app("Night Sync")
    old = app.token(address="203.0.113.9").headers["X-Gatebridge-Receipt"]
    acme.standing.clock.advance(hours=25)
    new = app.token(address="203.0.113.9").headers["X-Gatebridge-Receipt"]
    app.token(address="203.0.113.8")
    browser = admin(acme)
    of_a_day = browser.open(f"{HISTORY}?q=203.0.113.9")
    assert (receipts(of_a_day), 'id="bounded"' in of_a_day.text) == ([new], True)
    of_a_week = browser.open(f"{HISTORY}?q=203.0.113.9&since=7d")
    assert (receipts(of_a_week), 'id="bounded"' in of_a_week.text) == ([new, old], False)
    assert len(receipts(browser.open(f"{HISTORY}?flow=client_credentials"))) == 2
    assert receipts(browser.open(f"{HISTORY}?flow=device&since=7d")) == []


def test_the_trail_has_of_a_user_what_it_did_and_what_was_done_to_it_and_of_an_app_its_secrets_too(acme: Tenant) -> None:
    app, sam = acme.app("Night Sync"), enrol(acme, "sam")
    with acme.standing.database.transaction() as tx:
        add_secret(tx, acme.admin, AddSecret(app.id, "Spare"))
        freeze_user(tx, acme.admin, FreezeUser(sam.id, "A laptop was lost"))
    browser = admin(acme)
    of_user = browser.open(f"{AUDIT}?q=sam")
    assert "user, frozen" in of_user.text
    assert "secret, created" in browser.open(f"{AUDIT}?q=night+sync").text
    (line,) = re.findall(rf'href="({AUDIT}/0Ym\w+)">user, frozen', of_user.text)
    assert f'id="of" href="/setup/users/{long(sam.id)}"' in browser.open(line).text


def test_explain_access_and_policy_replay_take_names_and_say_who_could_be_meant(acme: Tenant) -> None:
    acme.app("Night Sync"), acme.app("Night")
    browser = admin(acme)
    asked = browser.open("/setup/explain-access?app=night+sync&flow=client_credentials")
    assert (asked.status, "It would pass all" in asked.text) == (200, True)
    several = browser.open("/setup/explain-access?app=nigh&flow=client_credentials")
    assert problem_at(several, "app").startswith("Several are called so: ")
    assert browser.open("/setup/replay?app=night+sync").status == 200
    assert "Several are called so: " in browser.open("/setup/replay?app=nigh").text
