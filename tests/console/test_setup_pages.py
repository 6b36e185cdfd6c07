"""Setup at a browser: who gets in, what the lists show and how they are narrowed, how an app and a receipt are told."""

import re
from urllib.parse import quote

import pytest
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.monitoring.receipts import ReceiptFinding
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import Compared
from gatebridge.web.console import places, strip
from gatebridge.web.console.receipt import Part, compare

__all__ = ["acme", "house", "loop"]

HISTORY, APPS = "/setup/login-history", "/setup/apps"
MARKUP = '<b id="injected">x</b>'


def receipts_in(page: Page) -> list[str]:
    return re.findall(r'data-receipt="(\w+)"', page.text)


def states_of(page: Page) -> dict[str, str]:
    """The state of each gate of the strip that the page shows."""
    return {gate: state for state, gate in re.findall(r'<li class="gate" data-state="(\w+)" data-gate="(\w+)"', page.text)}


class TestGettingIn:
    def test_who_is_not_signed_in_signs_in_and_comes_back_to_the_page(self, acme: Tenant) -> None:
        user = with_rights(acme, "dana", Permission.MONITOR_LOGIN_HISTORY)
        browser = Browser(acme.door, acme.org.issuer)
        page = browser.open(f"{HISTORY}?outcome=refused&since=24h")
        assert page.url.endswith(f"/signin?then={quote(HISTORY + '?outcome=refused&since=24h', safe='')}")
        arrived = browser.submit(page, "signin", username=user.username, password="a river of slow glass")
        assert arrived.url == f"{acme.org.issuer}{HISTORY}?outcome=refused&since=24h"
        assert arrived.status == 200

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://evil.example/",
            "//evil.example",
            "/setup//evil.example",
            "/setup/..//evil.example",
            "/setup\\evil",
            "/setup?x=%0d\n",
            "/x",
        ],
    )
    def test_X_RU_14_nobody_is_led_anywhere_else_after_signing_in(self, acme: Tenant, elsewhere: str) -> None:
        user = with_rights(acme, "dana")
        browser = Browser(acme.door, acme.org.issuer)
        page = browser.open(f"/signin?then={quote(elsewhere, safe='')}")
        arrived = browser.submit(page, "signin", username=user.username, password="a river of slow glass")
        assert arrived.url == f"{acme.org.issuer}/me"

    def test_a_user_without_any_right_is_told_where_its_own_pages_are(self, acme: Tenant) -> None:
        page = at_setup(acme, with_rights(acme, "sam")).open("/setup")
        assert (page.status, 'data-reason="permission_missing"' in page.text, 'href="/me"' in page.text) == (403, True, True)

    def test_one_sees_the_places_that_ones_rights_open_and_no_others(self, acme: Tenant) -> None:
        page = at_setup(acme, with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS)).open("/setup")
        assert page.status == 200
        assert 'href="/setup/apps"' in page.text
        assert f'href="{HISTORY}"' not in page.text

    # The orgs of the installation open in its first org alone (`test_setup_keys_and_orgs`).
    @pytest.mark.parametrize("path", sorted({place.path for place in places.PLACES if place.word != "orgs"}))
    def test_every_place_opens_for_an_admin(self, acme: Tenant, path: str) -> None:
        page = admin(acme).open(path)
        assert (page.status, len(page.text) < 60_000) == (200, True)
        assert f'<a href="{path}" aria-current="page">' in page.text

    @pytest.mark.parametrize("house", ["sqlite"], indirect=True)
    def test_what_the_navigation_names_opens_with_each_single_right(self, acme: Tenant) -> None:
        for right in sorted(EVERY_POWER - {Permission.API_ENABLED}):
            browser = at_setup(acme, with_rights(acme, right.replace("_", "")[:20], right))
            for path in (place.path for _, listed in places.visible([right]) for place in listed if place.word != "orgs"):
                assert browser.open(path).status == 200, (right, path)

    def test_a_page_may_run_and_load_nothing_that_is_not_ours(self, acme: Tenant) -> None:
        page = admin(acme).open("/setup")
        assert page.directives["script-src"] == page.directives["style-src"] == ["'self'"]
        assert not re.search(r"<(script|style)[^>]*>[^<]", page.text)
        assert " style=" not in page.text

    def test_what_does_not_exist_is_not_found_in_the_frame_of_its_place(self, acme: Tenant) -> None:
        browser = admin(acme)
        for path in (f"{APPS}/nonsense", f"{APPS}/{long(acme.org.id)}", f"{HISTORY}/nonsense"):
            page = browser.open(path)
            assert (page.status, "record_not_found" in page.text) == (404, True), path

    def test_a_form_about_what_somebody_removed_meanwhile_is_told_in_the_frame(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        mine = browser.open(f"{APPS}/{long(app.id)}/access/{long(acme.approved.id)}")
        browser.submit(browser.open(f"{mine.url}/remove"), "remove")
        page = browser.submit(mine, "end-form", expires_at="2099-01-01T12:00")
        assert (page.status, "record_not_found" in page.text, 'id="quick-find"' in page.text) == (404, True, True)


class TestLoginHistory:
    @pytest.fixture
    def outcomes(self, acme: Tenant) -> dict[str, str]:
        """Receipts by what they tell of: a token, one refused for its scope, one refused for its secret."""
        app = acme.app("Nightly Sync")
        answers = {
            "granted": app.token(),
            "scopes": app.token(scope="full"),
            "client": app.ask(client_id=app.consumer_key, client_secret="gbs_wrong"),
        }
        return {name: answer.headers["X-Gatebridge-Receipt"] for name, answer in answers.items()}

    @pytest.mark.parametrize(
        ("narrowed", "found"),
        [
            ("", ["client", "scopes", "granted"]),
            ("?outcome=refused", ["client", "scopes"]),
            ("?outcome=success", ["granted"]),
            ("?gate=scopes", ["scopes"]),
            ("?gate=network", []),
            ("?gate=scopes&outcome=success", []),
            ("?q=Nightly_Sync&outcome=success", ["granted"]),
            ("?q=scope_not_assigned", ["scopes"]),
            ("?q=nobody", []),
            ("?since=1h", ["client", "scopes", "granted"]),
            ("?outcome=nonsense&gate=nonsense&since=nonsense&size=7", ["client", "scopes", "granted"]),
        ],
    )
    def test_the_address_says_what_is_shown(self, acme: Tenant, outcomes: dict[str, str], narrowed: str, found: list[str]) -> None:
        page = admin(acme).open(f"{HISTORY}{narrowed}")
        shown = [receipt for receipt in receipts_in(page) if receipt in outcomes.values()]
        assert shown == [outcomes[name] for name in found]

    def test_a_username_finds_the_outcomes_of_that_user(self, acme: Tenant, outcomes: dict[str, str]) -> None:
        assert set(receipts_in(admin(acme).open(f"{HISTORY}?q={acme.runner.username}"))) == {outcomes["granted"], outcomes["scopes"]}

    def test_the_id_of_a_receipt_leads_to_it(self, acme: Tenant, outcomes: dict[str, str]) -> None:
        assert admin(acme).open(f"{HISTORY}?q={outcomes['scopes']}").url == f"{acme.org.issuer}{HISTORY}/{outcomes['scopes']}"

    def test_an_active_filter_is_a_way_to_be_without_it(self, acme: Tenant) -> None:
        page = admin(acme).open(f"{HISTORY}?outcome=refused&gate=pkce")
        assert f'<a class="chip" href="{HISTORY}?gate=pkce" aria-label="Remove filter Outcome: Refused">' in page.text
        assert "Gate: PKCE" in page.text

    def test_pages_follow_each_other_without_a_gap(self, acme: Tenant) -> None:
        app = acme.app("Busy")
        receipts = [app.token().headers["X-Gatebridge-Receipt"] for _ in range(30)]
        browser = admin(acme)
        first = browser.open(f"{HISTORY}?q=Busy")
        onward = re.search(r'id="next" href="([^"]+)"', first.text)
        assert onward is not None
        second = browser.open(onward[1].replace("&amp;", "&"))
        assert receipts_in(first) + receipts_in(second) == receipts[::-1]
        assert 'id="next"' not in second.text

    def test_without_the_right_it_is_refused(self, acme: Tenant) -> None:
        page = at_setup(acme, with_rights(acme, "dev", Permission.VIEW_SETUP)).open(HISTORY)
        assert (page.status, "permission_missing" in page.text) == (403, True)


class TestReceipt:
    def test_it_shows_how_far_the_request_came_and_marks_what_differs(self, acme: Tenant) -> None:
        receipt = acme.app().token(scope="apis").headers["X-Gatebridge-Receipt"]
        page = admin(acme).open(f"{HISTORY}/{receipt}")
        states = states_of(page)
        assert states["client"] == states["flow"] == "passed"
        assert "refused" in states.values()
        assert list(states.values()) == sorted(states.values(), key=["passed", "refused", "unreached"].index)
        assert "Refused at Scopes" in page.text

    def test_it_leads_to_explain_access_with_the_same_request_filled_in(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.open(f"{HISTORY}/{acme.app().token(scope='full').headers['X-Gatebridge-Receipt']}")
        link = re.search(r'id="question" href="([^"]+)"', page.text)
        assert link is not None
        assert states_of(browser.open(link[1].replace("&amp;", "&"))) == states_of(page)

    def test_a_success_passed_every_gate(self, acme: Tenant) -> None:
        page = admin(acme).open(f"{HISTORY}/{acme.app().token().headers['X-Gatebridge-Receipt']}")
        assert set(states_of(page).values()) == {"passed"}

    def test_the_developer_of_an_app_sees_its_receipts_and_nothing_about_the_user(self, acme: Tenant) -> None:
        developer = with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS)
        app = acme.app("Mine", owner_id=developer.id)
        page = at_setup(acme, developer).open(f"{HISTORY}/{app.token(scope='full').headers['X-Gatebridge-Receipt']}")
        assert page.status == 200
        assert acme.runner.name not in page.text
        assert "for holders of Monitor Login History" in page.text

    def test_a_difference_is_marked_character_by_character(self) -> None:
        found = compare(Compared("redirect_uri", "https://a.example/cb/", "https://a.example/cb", "A slash more"))
        assert found.sent == (Part("https://a.example/cb", "same"), Part("/", "extra"))
        assert found.registered == (Part("https://a.example/cb", "same"), Part("", "missing"))
        assert compare(Compared("x", None, "y")).sent is None
        assert compare(Compared("address", "203.0.113.9", "127.0.0.0/8, 10.20.0.0/16")).sent == (Part("203.0.113.9", "same"),)


class TestApps:
    def test_the_manager_lists_every_app_with_its_exposure(self, acme: Tenant) -> None:
        acme.app("Wide", scopes=("full", "api"), full_scope_reason="It moves everything")
        page = admin(acme).open(f"{APPS}?q=Wide")
        assert re.findall(r'data-app="(\w+)"', page.text)
        assert 'data-tone="caution">C' in page.text

    def test_a_developer_sees_the_own_apps_alone(self, acme: Tenant) -> None:
        developer = with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS)
        mine, other = acme.app("Mine", owner_id=developer.id), acme.app("Another")
        browser = at_setup(acme, developer)
        assert re.findall(r'data-app="(\w+)"', browser.open(APPS).text) == [long(mine.id)]
        assert browser.open(f"{APPS}/{long(other.id)}").status == 404

    def test_the_strip_shows_how_the_gates_are_set(self, acme: Tenant) -> None:
        app = acme.app("Wide", scopes=("full", "api"), full_scope_reason="It moves everything")
        page = admin(acme).open(f"{APPS}/{long(app.id)}")
        states = states_of(page)
        assert list(states) == [str(gate) for gate in Gate]
        assert (states["scopes"], states["client"], states["permitted"]) == ("loosened", "guarded", "guarded")
        assert 'data-exposure="full_scope"' in page.text

    def test_an_app_of_another_org_shows_its_publisher(self, acme: Tenant) -> None:
        other = make_tenant(acme.standing)
        installed = acme.install(other.app("Partner"))
        page = admin(acme).open(f"{APPS}/{long(installed.id)}")
        assert (page.status, other.org.name in page.text, "another org" in page.text) == (200, True, True)

    def test_X_XS_01_markup_in_what_people_type_stays_text(self, acme: Tenant) -> None:
        app = acme.app(f"App {MARKUP}", api_name="Marked", purpose=MARKUP, description=MARKUP, flows=frozenset({Flow.CLIENT_CREDENTIALS}))
        app.ask(app.credentials, headers={"User-Agent": MARKUP})
        browser = admin(acme)
        for path in ("/setup", APPS, f"{APPS}/{long(app.id)}", HISTORY, f"/setup/find?q={quote(MARKUP)}", f"{HISTORY}?q={quote(MARKUP)}"):
            page = browser.open(path)
            assert page.status == 200
            assert MARKUP not in page.text, path


class TestQuickFind:
    def test_it_finds_pages_and_apps(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        assert f'href="{APPS}/{long(app.id)}"' in browser.open("/setup/find?q=ledg").text
        assert f'<li><a href="{HISTORY}">Login History</a> <span' in browser.open("/setup/find?q=receipts").text

    def test_it_finds_what_holds_rights_and_what_an_address_a_reason_or_an_id_leads_to(self, acme: Tenant) -> None:
        browser, runner = admin(acme), long(acme.runner.id)
        for text, path in (
            (acme.profile.name, f"/setup/profiles/{long(acme.profile.id)}"),
            (acme.approved.label, f"/setup/permission-sets/{long(acme.approved.id)}"),
            ("192.0.2.1", f"{HISTORY}?q=192.0.2.1"),
            ("scope_unknown", "/help/reasons/scope_unknown"),
            (runner, f"/setup/users/{runner}"),
        ):
            assert f'href="{path}"' in browser.open(f"/setup/find?q={quote(text)}").text, text

    def test_it_says_so_where_nothing_is_called_so(self, acme: Tenant) -> None:
        assert "Nothing is called so" in admin(acme).open("/setup/find?q=zzz").text

    def test_it_opens_a_receipt_by_its_id_and_shows_every_page_where_nothing_is_asked(self, acme: Tenant) -> None:
        browser, receipt_id = admin(acme), acme.app("Ledger").token().headers["X-Gatebridge-Receipt"]
        assert f'href="{HISTORY}/{receipt_id}"' in browser.open(f"/setup/find?q={receipt_id}").text
        assert 'id="places"' in browser.open("/setup/find").text


def test_a_strip_begins_each_zone_once() -> None:
    stations = strip.as_met([ReceiptFinding(gate, "passed", "") for gate in ("client", "app", "flow", "session", "a_newer_gate")])
    assert [each.zone for each in stations] == ["Who calls", "", "How it asks", "On what terms", ""]
    assert strip.sentence(stations) == "It passed all 5 gates at this door."


def test_the_own_pages_lead_to_setup_whoever_may_be_there(acme: Tenant) -> None:
    assert 'id="setup"' in admin(acme).open("/me").text
    assert 'id="setup"' not in at_setup(acme, with_rights(acme, "sam")).open("/me").text
