"""Policy replay at a browser: a draft in a form, and who would newly be refused or let in."""

import re
from urllib.parse import quote, urlencode

import pytest
from tests.console.visitors import at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Client, Tenant, make_tenant

from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.web.api.replay import ONE_AT_A_TIME

__all__ = ["acme", "house", "loop"]

REPLAY = "/setup/replay"
SEES = (Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY)
AWAY = "203.0.113.9"


@pytest.fixture
def nightly(acme: Tenant) -> Client:
    """A job that came from the office twice, and once from elsewhere."""
    app = acme.app("Nightly Sync")
    assert [app.token().status_code, app.token().status_code, app.token(address=AWAY).status_code] == [200] * 3
    return app


@pytest.fixture
def browser(acme: Tenant) -> Browser:
    return at_setup(acme, with_rights(acme, "dana", *SEES))


def drafted(browser: Browser, subject: str, without: str | None = None, **typed: str) -> Page:
    """The form of a subject with this typed into it, sent; `without`: a box that was cleared."""
    fields = browser.open(f"{REPLAY}?{subject}").forms["draft"].fields | typed
    return browser.open(f"{REPLAY}?{urlencode({name: value for name, value in fields.items() if name != without})}")


def sums(page: Page) -> list[int]:
    """Requests that would be refused, asked, narrowed and let in."""
    return [int(each) for each in re.findall(r'<tr data-lines="(\d+)"', page.text)]


class TestAnApp:
    def test_ranges_that_one_machine_is_outside_of_would_refuse_it(self, nightly: Client, browser: Browser) -> None:
        page = drafted(browser, "app=Nightly_Sync", ip_ranges="192.0.2.0/24 Office")
        assert (page.status, sums(page)) == (200, [1, 0, 0, 0])
        assert (AWAY in page.text, "address_outside_app_ranges" in page.text, "a job" in page.text) == (True, True, True)
        assert re.findall(r'data-state="refused" data-gate="(\w+)"', page.text) == ["network"]
        assert "Drafted: <bdi>IP ranges</bdi>" in page.text
        assert page.forms["draft"].fields["ip_ranges"].strip() == "192.0.2.0/24 Office"
        wider = drafted(browser, f"app={long(nightly.id)}", ip_ranges=f"192.0.2.0/24 Office\r\n{AWAY}")
        assert (sums(wider), "Nobody would notice" in wider.text) == ([0, 0, 0, 0], True)

    def test_taking_the_set_away_would_refuse_all(self, acme: Tenant, nightly: Client, browser: Browser) -> None:
        page = drafted(browser, f"app={nightly.consumer_key}", without=f"keep_{long(acme.approved.id)}")
        assert (sums(page), "user_not_approved" in page.text) == ([3, 0, 0, 0], True)

    def test_a_scope_less_would_narrow_what_it_gets(self, nightly: Client, browser: Browser) -> None:
        assert sums(drafted(browser, "app=Nightly_Sync", scopes="api")) == [0, 0, 3, 0]

    def test_without_its_flow_it_would_be_refused(self, nightly: Client, browser: Browser) -> None:
        page = drafted(browser, "app=Nightly_Sync", without="flow_client_credentials")
        assert (sums(page), "flow_not_enabled" in page.text) == ([3, 0, 0, 0], True)

    def test_nothing_drafted_changes_nothing(self, nightly: Client, browser: Browser) -> None:
        page = drafted(browser, "app=Nightly_Sync")
        assert (sums(page), "Nothing differs from what is recorded" in page.text) == ([0, 0, 0, 0], True)

    def test_what_cannot_be_read_is_told_at_its_field_with_what_was_typed(self, nightly: Client, browser: Browser) -> None:
        page = drafted(browser, "app=Nightly_Sync", ip_ranges="192.0.2.0/24\r\nhere")
        assert (page.status, 'id="ip_ranges-problem"' in page.text, "here: " in page.text) == (422, True, True)
        assert page.forms["draft"].fields["ip_ranges"].split() == ["192.0.2.0/24", "here"]
        chosen = drafted(browser, "app=Nightly_Sync", permitted_users="everybody")
        assert (chosen.status, 'id="permitted_users-problem"' in chosen.text) == (422, True)

    def test_two_replays_at_once_are_one_too_many(self, nightly: Client, browser: Browser) -> None:
        with ONE_AT_A_TIME:
            page = drafted(browser, "app=Nightly_Sync")
        assert (page.status, "Another replay is running" in page.text) == (503, True)
        assert drafted(browser, "app=Nightly_Sync").status == 200


class TestOtherSubjects:
    def test_a_profile(self, acme: Tenant, nightly: Client, browser: Browser) -> None:
        page = drafted(browser, f"profile={long(acme.profile.id)}", login_ranges="192.0.2.0/24")
        assert (sums(page)[0], "address_outside_ranges" in page.text) == (1, True)
        never = drafted(browser, f"profile={long(acme.profile.id)}", login_hours="mon-sun 00:00-00:01")
        assert (sums(never)[0], re.findall(r'data-state="refused" data-gate="(\w+)"', never.text)) == (4, ["hours"]), (
            "the job, and who signed in to look"
        )
        for field in ("login_ranges", "login_hours"):
            wrong = drafted(browser, f"profile={long(acme.profile.id)}", None, **{field: "here"})
            assert (wrong.status, f'id="{field}-problem"' in wrong.text) == (422, True)

    def test_the_whole_org(self, nightly: Client, browser: Browser) -> None:
        page = drafted(browser, "org=yes", trusted_ranges="192.0.2.0/24")
        assert page.status == 200
        wrong = drafted(browser, "org=yes", trusted_ranges="here")
        assert (wrong.status, 'id="trusted_ranges-problem"' in wrong.text) == (422, True)

    def test_to_begin_with_one_says_what_it_is_about(self, acme: Tenant, browser: Browser) -> None:
        page = browser.open(REPLAY)
        assert (page.status, set(page.forms) >= {"app", "profile", "org"}) == (200, True)
        missing = browser.open(f"{REPLAY}?app={quote('<b>x</b>')}")
        assert (missing.status, 'id="app-problem"' in missing.text, "<b>x</b>" in missing.text) == (422, True, False)


class TestWhoMay:
    def test_it_needs_both_rights(self, acme: Tenant, nightly: Client) -> None:
        for right in SEES:
            browser = at_setup(acme, with_rights(acme, f"with.{right}", right))
            assert {browser.open(path).status for path in (REPLAY, f"{REPLAY}?app=Nightly_Sync")} == {403}

    def test_what_is_of_another_org_does_not_exist(self, acme: Tenant, browser: Browser) -> None:
        other = make_tenant(acme.standing)
        theirs = other.app("Theirs")
        for subject in (f"app={long(theirs.id)}", f"app={theirs.consumer_key}", f"profile={long(other.profile.id)}"):
            assert 'id="draft"' not in browser.open(f"{REPLAY}?{subject}").text
