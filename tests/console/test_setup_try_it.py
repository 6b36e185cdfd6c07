"""Try it at a browser: a run that goes through and one that is refused on purpose, step by step, and its end."""

import re

from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.flows.visits import go_back
from tests.oauth.tenants import Client, Tenant, make_tenant

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.setup.manage_orgs import EditOrg, edit_org

__all__ = ["acme", "house", "loop"]

CALLBACK = "https://portal.example/callback"
MARKUP = '<b id="injected">x</b>'


def place(app: Client) -> str:
    return f"/setup/apps/{long(app.id)}/try"


def begun(browser: Browser, app: Client, **chosen: str) -> Page:
    """The page of a run that was just begun."""
    page = browser.submit(browser.open(place(app)), "try", None, **chosen)
    assert re.search(r"/try/\w{18}$", page.url), page.text
    return page


def portal(acme: Tenant) -> Client:
    flows = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN})
    return acme.app("Portal", flows=flows, callbacks=(CALLBACK,), scopes=("api", "id", "refresh_token"))


class TestAJob:
    def test_a_run_goes_through_and_shows_request_answer_receipt_and_code(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        page = begun(browser, app)
        assert "Next: <b>Token</b>" in page.text
        token = browser.submit(page, "next")
        for said in ("/services/oauth2/token", "grant_type", "client_credentials", "access_token", "CLIENT_SECRET", "import httpx"):
            assert said in token.text, said
        assert set(re.findall(r'<li class="gate" data-state="(\w+)"', token.text)) == {"passed"}
        assert not re.search(r"gb[sa]_[A-Za-z0-9]{20}", token.text), "whoever could read a secret here would hold more than the run is for"
        done = browser.submit(token, "next")
        assert ('data-expected="yes"' in done.text, 'id="next"' in done.text) == (True, False)
        assert "Success<a href=" in browser.open(place(app)).text

    def test_a_refusal_on_purpose_names_its_gate_and_counts(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        done = browser.submit(begun(browser, app, expected="refusal", wrong="scope"), "next")
        assert ('data-expected="yes"' in done.text, 'data-state="refused" data-gate="scopes"' in done.text) == (True, True)
        assert 'id="why"' in done.text
        assert "Intended refusal<a href=" in browser.open(place(app)).text

    def test_a_refusal_that_was_not_meant_offers_the_setting(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        done = browser.submit(begun(browser, app, scopes="api full"), "next")
        assert 'data-expected="no"' in done.text
        assert f'href="/setup/apps/{long(app.id)}/settings">Settings: Scopes</a>' in done.text

    def test_what_is_to_be_shown_next_is_chosen_already(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        assert browser.open(place(app)).forms["try"].fields["expected"] == "success"
        assert app.token().status_code == 200
        fields = browser.open(place(app)).forms["try"].fields
        assert (fields["flow"], fields["expected"]) == ("client_credentials", "refusal")

    def test_its_end_ends_all_that_it_had_got(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        page = browser.submit(begun(browser, app), "next")
        run = page.url
        ended = browser.submit(page, "end")
        assert (ended.status, 'id="said"' in ended.text) == (200, True)
        over = browser.open(run)
        assert ('data-state="ended"' in over.text, 'id="next"' in over.text) == (True, False)
        assert browser.submit(page, "next").status == 409

    def test_after_ten_minutes_nothing_more_is_done(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        page = begun(browser, app)
        acme.standing.clock.advance(minutes=11)
        assert 'data-state="ended"' in browser.open(page.url).text
        assert browser.submit(page, "next").status == 409


class TestAtABrowser:
    def test_who_is_not_let_in_is_led_to_what_decided_it_and_nowhere_else(self, acme: Tenant) -> None:
        app, browser = portal(acme), admin(acme)
        page = browser.submit(begun(browser, app, flow="web_server"), "next")
        (opened,) = re.findall(r'id="open" href="([^"]+)"', page.text)
        go_back(browser, browser.open(opened.replace("&amp;", "&")))
        told = browser.submit(page, "next")
        assert ("Settings: Callback URLs</a>" in told.text, f'href="{place(app).removesuffix("/try")}/access">' in told.text) == (
            False,
            True,
        )

    def test_a_person_goes_there_and_comes_back_and_the_run_goes_on(self, acme: Tenant) -> None:
        app = portal(acme)
        dana = with_rights(acme, "dana", *EVERY_POWER)
        browser = at_setup(acme, dana)
        with acme.standing.database.transaction() as tx:
            acme.open_for_use(tx, app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE)
        page = browser.submit(begun(browser, app, flow="web_server"), "next")
        (opened,) = re.findall(r'id="open" href="([^"]+)"', page.text)
        assert 'rel="noopener"' in page.text
        still = browser.submit(page, "next")
        assert 'data-state="waiting"' in still.text
        consent = browser.open(opened.replace("&amp;", "&"))
        form = next(name for name, each in consent.forms.items() if "decision" in each.buttons)
        arrived = browser.submit(consent, form, decision="approve")
        assert 'data-outcome="kept"' in arrived.text
        through = browser.submit(still, "next")
        assert "Authorization: the request" in through.text
        token = browser.submit(through, "next")
        assert 'data-token="access_token"' in token.text

    def test_another_address_than_that_of_the_run_is_told_at_its_field(self, acme: Tenant) -> None:
        with acme.standing.database.transaction() as tx:
            edit_org(tx, acme.admin, EditOrg(user_agent_flow=True))
        app = acme.app("Legacy", flows=frozenset({Flow.USER_AGENT}), callbacks=(CALLBACK,))
        browser = admin(acme)
        page = browser.submit(begun(browser, app), "next")
        refused = browser.submit(page, "next", answer="https://elsewhere.example/#access_token=x")
        assert (refused.status, 'id="answer-problem"' in refused.text) == (422, True)


class TestTheForm:
    def test_what_is_wrong_is_told_at_its_field(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        page = browser.open(place(app))
        for typed, field in (
            ({"flow": "device"}, "flow"),
            ({"flow": "nonsense"}, "flow"),
            ({"user": "nobody"}, "user"),
            ({"wrong": "scope"}, "wrong"),
            ({"wrong": "nonsense"}, "wrong"),
            ({"scopes": 'a"b'}, "scopes"),
        ):
            refused = browser.submit(page, "try", None, **typed)
            assert (refused.status, f'id="{field}-problem"' in refused.text) == (422, True), typed

    def test_so_many_runs_at_once_and_no_more(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        for _ in range(5):
            begun(browser, app)
        page = browser.submit(browser.open(place(app)), "try")
        assert (page.status, 'data-reason="limit_reached"' in page.text) == (409, True)


class TestWhoMay:
    def test_it_needs_the_right_to_make_credentials(self, acme: Tenant) -> None:
        app = acme.app("Nightly Sync")
        browser = at_setup(acme, with_rights(acme, "dev", Permission.VIEW_SETUP))
        assert browser.open(place(app)).status == 403
        assert "/try" not in browser.open(f"/setup/apps/{long(app.id)}").text

    def test_a_run_of_somebody_else_and_an_app_of_another_org_do_not_exist(self, acme: Tenant) -> None:
        app, other, browser = acme.app("Nightly Sync"), acme.app("Other"), admin(acme)
        run = begun(browser, app).url
        ben = at_setup(acme, with_rights(acme, "ben", *EVERY_POWER))
        assert ben.open(run).status == 404
        assert browser.open(run.replace(long(app.id), long(other.id))).status == 404
        assert browser.open(place(make_tenant(acme.standing).app("Theirs"))).status == 404

    def test_who_signed_in_long_ago_proves_it_anew_first(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        acme.standing.clock.advance(minutes=61)
        assert "/me/security/prove" in browser.open(place(app)).url

    def test_a_form_from_elsewhere_does_nothing(self, acme: Tenant) -> None:
        app, browser = acme.app("Nightly Sync"), admin(acme)
        page = begun(browser, app)
        for path in (f"{acme.org.issuer}{place(app)}", page.url, f"{page.url}/end"):
            assert browser.post(path, {"form_token": "forged", "flow": "client_credentials"}).status == 403
        assert "Next: <b>Token</b>" in browser.open(page.url).text


def test_X_XS_01_what_an_app_is_called_stays_text(acme: Tenant) -> None:
    app, browser = acme.app(MARKUP, api_name="Marked"), admin(acme)
    for page in (browser.open(place(app)), begun(browser, app)):
        assert (MARKUP in page.text, "&lt;b id=" in page.text) == (False, True)
