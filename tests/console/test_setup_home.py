"""Home at a browser: each part for who has the right to it, what waits in the navigation; and that who works in setup stays signed in."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Client, Tenant

from gatebridge.rules.access_requests import RequestKind
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.transfer_ownership import TransferOwnership, transfer_ownership
from gatebridge.storage import access_requests, credentials
from gatebridge.storage.access_requests import Wanted
from gatebridge.web.console import home, waiting

__all__ = ["acme", "house", "loop"]

HOME = "/setup"


def figures(page: Page) -> dict[str, int]:
    """The numbers at the top, by what they are of."""
    return {name: int(number) for name, number in re.findall(r'<li id="f-(\w+)"[^>]*><a [^>]*><b>(\d+)', page.text)}


def ends_in(acme: Tenant, app: Client, **span: float) -> None:
    with acme.standing.database.transaction() as tx:
        (secret, *_) = credentials.secrets_of(tx, acme.org.id, app.id)
        credentials.set_secret_expiry(tx, acme.org.id, app.id, secret.id, tx.now + timedelta(**span))


def ask(acme: Tenant, app: Client) -> None:
    with acme.standing.database.transaction() as tx:
        access_requests.count_up(tx, Wanted(acme.org.id, RequestKind.USER, app.id, acme.runner.id, "api", "web_server"))


def test_it_counts_what_waits_what_ends_and_what_was_refused(acme: Tenant) -> None:
    app = acme.app("Nightly Sync")
    app.token()
    refused = app.token(scope="full").headers["X-Gatebridge-Receipt"]
    ends_in(acme, app, days=10)
    ask(acme, app)
    page = admin(acme).open(HOME)
    counted = figures(page)
    assert (counted["waiting"], counted["ending"], counted["refused"]) == (1, 1, 1)
    assert f'href="/setup/apps/{long(app.id)}/credentials"' in page.text
    assert re.search(r'href="/setup/requests">Requests <span class="count" data-tone="caution">1<', page.text)
    assert (f'Most often at Scopes: The app does not have this scope, once. <a href="/setup/login-history/{refused}"' in page.text) is True
    assert len(re.findall(r"<tr><th scope=\"row\"><time", page.text)) == 24


def test_a_developer_sees_the_own_apps_and_nothing_of_the_org(acme: Tenant) -> None:
    own, other = acme.app("Own"), acme.app("Other")
    dev = with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS)
    with acme.standing.database.transaction() as tx:
        transfer_ownership(tx, acme.admin, TransferOwnership(own.id, dev.id))
    for app in (own, other):
        ends_in(acme, app, days=-1)
        ask(acme, app)
    page = at_setup(acme, dev).open(HOME)
    assert (set(figures(page)), figures(page)["ending"]) == ({"exposed", "ending"}, 1)
    assert (long(own.id) in page.text, long(other.id) in page.text, 'class="count"' in page.text) == (True, False, False)


def test_who_may_see_none_of_it_is_led_on(acme: Tenant) -> None:
    page = at_setup(acme, with_rights(acme, "pat", Permission.MANAGE_USERS)).open(HOME)
    shown = [each in page.text for each in ('id="places"', '<li><a href="/setup/users">Users</a></li>', 'class="figures"')]
    assert shown == [True, True, False]


@pytest.mark.parametrize(("days", "tone"), [(-1, "bad"), (0, "bad"), (1, "caution"), (7, "caution"), (8, "")])
def test_the_nearer_an_end_is_the_more_it_presses(days: int, tone: str) -> None:
    now = datetime(2026, 11, 28, tzinfo=UTC)
    assert home.tone_of(now + timedelta(days=days), now) == tone


@pytest.mark.parametrize(("number", "words"), [(1, "1"), (99, "99"), (100, "99+")])
def test_more_than_can_be_answered_in_a_day_is_not_counted(number: int, words: str) -> None:
    assert waiting.told(number) == words


class TestSession:
    def test_who_works_stays_signed_in_and_who_rests_does_not(self, acme: Tenant) -> None:
        browser = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP))
        for _ in range(3):
            acme.standing.clock.advance(minutes=100)
            assert browser.open(HOME).url.endswith(HOME)
        acme.standing.clock.advance(minutes=121)
        assert "/signin" in browser.open(HOME).url

    def test_where_sessions_are_locked_to_their_address_one_that_turns_up_elsewhere_is_ended(self, acme: Tenant) -> None:
        with acme.standing.database.transaction() as tx:
            edit_org(tx, acme.admin, EditOrg(lock_sessions_to_address=True))
        browser = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP))
        here, browser.address = browser.address, "198.51.100.9"
        assert "/signin" in browser.open(HOME).url
        browser.address = here
        assert "/signin" in browser.open(HOME).url
