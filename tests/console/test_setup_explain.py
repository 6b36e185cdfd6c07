"""Explain access at a browser: the question in the address, every gate of every door, the setting that decides and the way to it."""

import re
from urllib.parse import quote

import pytest
from tests.console.visitors import at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Client, Tenant, make_tenant

from gatebridge.rules import ids
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.rules.settable import Setting
from gatebridge.web.console import setting_places

__all__ = ["acme", "house", "loop"]

EXPLAIN = "/setup/explain-access"
SEES = (Permission.VIEW_SETUP, Permission.MONITOR_LOGIN_HISTORY)
CALLBACK = "https://portal.example/callback"


def portal(acme: Tenant) -> Client:
    flows = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
    return acme.app("Portal", flows=flows, callbacks=(CALLBACK,), scopes=("api", "refresh_token"))


def states(page: Page) -> dict[str, str]:
    """The state of each gate of the strip."""
    return {gate: state for state, gate in re.findall(r'<li class="gate" data-state="(\w+)" data-gate="(\w+)"', page.text)}


@pytest.fixture
def browser(acme: Tenant) -> Browser:
    return at_setup(acme, with_rights(acme, "dana", *SEES))


class TestAsking:
    def test_a_job_is_let_through_at_every_door(self, acme: Tenant, browser: Browser) -> None:
        app = acme.app("Nightly Sync")
        for named in ("Nightly_Sync", app.consumer_key, long(app.id)):
            page = browser.open(f"{EXPLAIN}?app={named}&flow=client_credentials&address=192.0.2.10")
            assert (page.status, set(states(page).values())) == (200, {"passed"})
            assert "It would pass all" in page.text
        assert len(re.findall(r"door=\w+", page.text)) == 2

    def test_whoever_is_refused_is_told_the_gate_the_rule_the_setting_and_the_command(self, acme: Tenant, browser: Browser) -> None:
        portal(acme)
        noa = with_rights(acme, "noa")
        page = browser.open(f"{EXPLAIN}?app=Portal&flow=web_server&user={noa.username}&address=192.0.2.10")
        assert states(page)["permitted"] == "refused"
        assert states(page)["network"] == "unreached"
        assert "Permitted, would refuse" in page.text
        assert 'href="/help/reasons/user_not_approved"' in page.text
        assert f'id="fix" href="/setup/users/{long(noa.id)}"' in page.text
        assert f"gatebridge users assign {long(noa.id)}" in page.text

    def test_each_door_of_the_flow_can_be_looked_at(self, acme: Tenant, browser: Browser) -> None:
        portal(acme)
        asked = f"{EXPLAIN}?app=Portal&flow=web_server&user={acme.runner.username}&address=192.0.2.10"
        page = browser.open(asked)
        doors = [each.replace("&amp;", "&") for each in re.findall(rf'<li><a href="({EXPLAIN}[^"]*door=\w+)"', page.text)]
        assert [each.rpartition("=")[2] for each in doors] == ["authorize", "code", "introspect"]
        assert "pkce" in states(browser.open(doors[1]))
        assert "pkce" not in states(browser.open(doors[2]))
        assert re.search(r"signed in at \d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d:\d\d UTC by", page.text)

    def test_nobody_signed_in_is_asked_to_and_that_refuses_nothing(self, acme: Tenant, browser: Browser) -> None:
        portal(acme)
        page = browser.open(f"{EXPLAIN}?app=Portal&flow=web_server&address=192.0.2.10")
        assert "loosened" in states(page).values()
        assert "The user is asked" in page.text

    def test_a_callback_is_compared_character_by_character(self, acme: Tenant, browser: Browser) -> None:
        portal(acme)
        page = browser.open(f"{EXPLAIN}?app=Portal&flow=web_server&user={acme.runner.username}&callback={quote(CALLBACK + '/')}")
        assert states(page)["callback"] == "refused"
        assert "<mark>/</mark>" in page.text

    def test_the_question_stands_in_the_form_of_the_answer(self, acme: Tenant, browser: Browser) -> None:
        portal(acme)
        page = browser.open(f"{EXPLAIN}?app=Portal&flow=web_server&user={acme.runner.username}&scopes=api&level=high&activated=yes")
        fields = page.forms["ask"].fields
        assert (fields["app"], fields["scopes"], fields["level"], fields["activated"]) == ("Portal", "api", "high", "yes")


class TestWhatIsWrong:
    def test_it_is_told_at_its_field(self, acme: Tenant, browser: Browser) -> None:
        portal(acme)
        for asked, field in (
            ("user=ada&flow=web_server", "app"),
            ("app=Nobody", "app"),
            ("app=Portal&user=nobody", "user"),
            ("app=Portal&address=here", "address"),
            ("app=Portal&flow=nonsense", "flow"),
            ("app=Portal&at=tomorrow", "at"),
            ("app=Portal&flow=jwt_bearer", "user"),
            ("app=Portal&flow=client_credentials&user=noa", "user"),
        ):
            page = browser.open(f"{EXPLAIN}?{asked}")
            assert (page.status, re.findall(r'id="(\w+)-problem"', page.text)) == (422, [field]), asked

    def test_an_app_of_another_org_is_not_known(self, acme: Tenant, browser: Browser) -> None:
        other = make_tenant(acme.standing).app("Theirs")
        assert browser.open(f"{EXPLAIN}?app={other.consumer_key}&flow=client_credentials").status == 422

    def test_X_XS_01_what_was_typed_stays_text(self, acme: Tenant, browser: Browser) -> None:
        page = browser.open(f"{EXPLAIN}?app={quote('<b>x</b>')}&user={quote('<b>y</b>')}")
        assert ("<b>x</b>" in page.text, "&lt;b&gt;x" in page.text) == (False, True)


class TestWhoMay:
    def test_about_others_it_needs_both_rights(self, acme: Tenant) -> None:
        portal(acme)
        page = at_setup(acme, with_rights(acme, "dev", Permission.VIEW_SETUP)).open(f"{EXPLAIN}?app=Portal&user={acme.runner.username}")
        assert page.status == 403

    def test_everybody_here_may_ask_about_oneself_and_is_told_no_settings(self, acme: Tenant) -> None:
        portal(acme)
        dev = with_rights(acme, "dev", Permission.VIEW_SETUP)
        page = at_setup(acme, dev).open(f"{EXPLAIN}?app=Portal&user={dev.username}")
        assert (page.status, 'id="narrowed"' in page.text, 'id="fix"' in page.text) == (200, True, False)
        other = with_rights(acme, "other", Permission.REGISTER_CONNECTED_APPS)
        page = at_setup(acme, other).open(f"{EXPLAIN}?app=Portal&user={other.username}")
        assert (page.status, "/setup/apps/0H4" in page.text) == (200, False)


APP = ids.long("0H4000000000001")


@pytest.mark.parametrize(
    ("name", "api", "leads_to"),
    [
        ("Settings: Flows", f"PATCH /api/v1/apps/{APP}/settings", f"/setup/apps/{APP}/settings"),
        ("Policies: Run as", f"PATCH /api/v1/apps/{APP}/policies", f"/setup/apps/{APP}/policies"),
        ("Access: Sets", f"PUT /api/v1/apps/{APP}/access/HOLDER", f"/setup/apps/{APP}/access"),
        ("App: State", f"POST /api/v1/apps/{APP}/unblock", f"/setup/apps/{APP}"),
        ("App: Installation", "POST /api/v1/apps/install", ""),
        ("User: State", f"POST /api/v1/users/{APP}/activate", f"/setup/users/{APP}"),
        ("Profile P: Login hours", f"PATCH /api/v1/profiles/{APP}", f"/setup/profiles/{APP}"),
        ("Setup Audit Trail", "GET /api/v1/audit", "/setup/audit"),
        ("Org: Trusted IP ranges", "", ""),
    ],
)
def test_a_setting_leads_to_the_page_on_which_it_is_changed(name: str, api: str, leads_to: str) -> None:
    assert setting_places.address_of(Setting(name, "as set", api)) == leads_to
