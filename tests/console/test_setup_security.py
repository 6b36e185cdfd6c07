"""What is set for the whole org: networks, sessions, sign-in, scopes, names; read by those who see setup, edited by its security admins."""

import re
from typing import Any

import pytest
from tests.console.app_pages import problem_at, saved
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.door import OFFICE
from tests.oauth.tenants import Tenant

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Profile
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import CreateProfile, create_profile
from gatebridge.storage import factors, orgs

__all__ = ["acme", "house", "loop"]

NETWORK, SESSION, SIGN_IN = "/setup/network-access", "/setup/session-settings", "/setup/sign-in-methods"
PASSWORD, OAUTH, ORG = "/setup/password-policy", "/setup/oauth-settings", "/setup/org"
EDITS = (f"{NETWORK}/edit", f"{SESSION}/edit", f"{SIGN_IN}/edit", f"{OAUTH}/flows", f"{OAUTH}/scopes", f"{ORG}/edit")
MARKUP = '<b id="injected">x</b>'


def org_of(acme: Tenant) -> Org:
    with acme.standing.database.snapshot() as tx:
        found = orgs.by_id(tx, acme.org.id)
    assert found is not None
    return found


def edited(acme: Tenant, **said: Any) -> Org:
    with acme.standing.database.transaction() as tx:
        return edit_org(tx, acme.admin, EditOrg(confirmed=True, **said))


def profile_that(acme: Tenant, **said: Any) -> Profile:
    with acme.standing.database.transaction() as tx:
        return create_profile(tx, acme.admin, CreateProfile("Machines", "", frozenset(), **said))


def change(browser: Browser, path: str, **typed: str | None) -> Page:
    return saved(browser, browser.open(path), "edit", **typed)


class TestWho:
    @pytest.mark.parametrize("path", [NETWORK, SESSION, SIGN_IN, PASSWORD, OAUTH, ORG])
    def test_who_sees_setup_reads_and_does_not_edit(self, acme: Tenant, path: str) -> None:
        page = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP)).open(path)
        assert (page.status, "/edit" in page.text, "Edit</a>" in page.text) == (200, False, False)

    def test_an_edit_takes_manage_security(self, acme: Tenant) -> None:
        browser, ours = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP)), admin(acme)
        for path in EDITS:
            assert browser.open(path).status == 403, path
            form = ours.open(path).forms["edit"]
            token = browser.open("/setup/org").forms["signout"].fields["form_token"]
            refused = browser.post(path, form.fields | {"form_token": token, "session_minutes": "soon"})
            assert (refused.status, 'id="edit"' in refused.text) == (403, False), path
        assert org_of(acme) == acme.org

    def test_who_only_keeps_security_is_led_nowhere_that_would_refuse(self, acme: Tenant) -> None:
        profile_that(
            acme, login_ranges=(TypedRange(OFFICE),), session_minutes=20, required_level=Level.HIGH, login_hours=(OpenHours(0, 0, 9),)
        )
        edited(acme, monitored_ranges=(TypedRange(OFFICE),), custom_scopes=(("ledger_read", "Read your ledger"),))
        acme.app("Ledger", scopes=("ledger_read",), open_for_use=False)
        browser = at_setup(acme, with_rights(acme, "sven", Permission.MANAGE_SECURITY))
        for path in (NETWORK, SESSION, SIGN_IN, PASSWORD, OAUTH, ORG):
            page = browser.open(path)
            led = set(re.findall(r'<a [^>]*href="(/setup[^"#]*)"', page.text))
            assert {to for to in led if browser.open(to).status != 200} == set(), path

    def test_who_sees_neither_is_refused(self, acme: Tenant) -> None:
        browser = at_setup(acme, with_rights(acme, "hugo", Permission.MONITOR_LOGIN_HISTORY))
        for path in (NETWORK, SESSION, SIGN_IN, PASSWORD, OAUTH, ORG):
            assert browser.open(path).status == 403, path

    def test_X_CO_02_a_forged_form_changes_nothing(self, acme: Tenant) -> None:
        browser = admin(acme)
        for path in EDITS:
            fields = browser.open(path).forms["edit"].fields | {"form_token": "forged"}
            assert browser.post(path, fields).status == 403, path
        assert org_of(acme) == acme.org


class TestNetworkAccess:
    def test_ranges_are_saved_and_shown_with_what_they_come_to(self, acme: Tenant) -> None:
        browser = admin(acme)
        assert 'id="empty"' in browser.open(NETWORK).text
        typed = f"{OFFICE} Desk\r\n198.51.100.0 \u2013 198.51.100.9 Head office"
        done = change(browser, f"{NETWORK}/edit", trusted_ranges=typed, monitored_ranges=OFFICE, ranges_on_every_request="yes")
        assert f"{NETWORK}?said=saved" in done.url
        settings = org_of(acme).settings
        assert [(str(each), each.label) for each in settings.trusted_ranges] == [
            (OFFICE, "Desk"),
            ("198.51.100.0-198.51.100.9", "Head office"),
        ]
        assert ([str(each) for each in settings.monitored_ranges], settings.ranges_on_every_request) == ([OFFICE], True)
        for words in ("Head office", "In force", "Tried out", "trusted ranges", "The place of each use", 'id="here"'):
            assert words in done.text, words

    def test_a_list_that_refuses_nobody_says_so(self, acme: Tenant) -> None:
        edited(acme, trusted_ranges=(TypedRange("198.51.100.0/24", "Elsewhere"),), trusted_ranges_only_waive=True)
        page = admin(acme).open(NETWORK)
        assert ("Waives only" in page.text, "and waives the mailed code" in page.text) == (True, True)

    def test_what_is_no_range_is_told_at_its_line(self, acme: Tenant) -> None:
        browser = admin(acme)
        again = change(browser, f"{NETWORK}/edit", trusted_ranges=f"{OFFICE}\nthe cellar", monitored_ranges="10.0.0.0/7")
        assert (again.status, "the cellar: " in problem_at(again, "trusted_ranges")) == (422, True)
        assert "/8" in problem_at(again, "monitored_ranges")
        assert again.forms["edit"].fields["trusted_ranges"].strip() == f"{OFFICE}\nthe cellar"

    def test_X_AD_12_nobody_saves_what_shuts_them_out(self, acme: Tenant) -> None:
        browser = admin(acme)
        again = change(browser, f"{NETWORK}/edit", trusted_ranges="198.51.100.0/24")
        assert (again.status, OFFICE in problem_at(again, "trusted_ranges")) == (422, True)
        assert org_of(acme).settings.trusted_ranges == ()

    def test_X_AD_12_whom_it_would_shut_out_is_shown_first(self, acme: Tenant) -> None:
        acme.app().token(address="198.51.100.7")
        browser = admin(acme)
        asked = change(browser, f"{NETWORK}/edit", trusted_ranges=OFFICE)
        assert (asked.status, 'id="hits"' in asked.text, acme.runner.name in asked.text) == (409, True, True)
        assert org_of(acme).settings.trusted_ranges == ()
        saved(browser, asked, "edit", confirmed="yes")
        assert [str(each) for each in org_of(acme).settings.trusted_ranges] == [OFFICE]

    def test_profiles_with_addresses_of_their_own_are_named(self, acme: Tenant) -> None:
        made = profile_that(acme, login_ranges=(TypedRange(OFFICE, MARKUP), TypedRange("198.51.100.0/24")))
        page = admin(acme).open(NETWORK)
        assert (f'href="/setup/profiles/{long(made.id)}"' in page.text, MARKUP in page.text) == (True, False)


class TestSessionSettings:
    def test_numbers_are_saved_and_emptied(self, acme: Tenant) -> None:
        browser = admin(acme)
        numbers = {"session_minutes": "30", "session_absolute_hours": "8", "max_sessions_per_user": "3", "reauthenticate_minutes": "10"}
        done = change(browser, f"{SESSION}/edit", lock_sessions_to_address="yes", **numbers)
        settings = org_of(acme).settings
        assert {name: str(getattr(settings, name)) for name in numbers} == numbers
        assert settings.lock_sessions_to_address
        for words in ("30 minutes", "8 hours", "3 of each user", "10 minutes", "It ends", "set here"):
            assert words in done.text, words
        change(browser, f"{SESSION}/edit", lock_sessions_to_address=None, **dict.fromkeys(numbers, ""))
        assert org_of(acme).settings == acme.org.settings

    def test_every_wrong_number_is_told_at_its_field(self, acme: Tenant) -> None:
        browser = admin(acme)
        typed = {"session_minutes": "soon", "session_absolute_hours": "-1"}
        again = change(browser, f"{SESSION}/edit", **typed)
        assert (again.status, problem_at(again, "session_minutes")) == (422, "This must be a whole number, or empty.")
        assert problem_at(again, "session_absolute_hours") == "This must be a whole number, or empty."
        assert again.text.count('aria-invalid="true"') == 2
        again = saved(browser, again, "edit", session_minutes="5", session_absolute_hours="721", max_sessions_per_user="0")
        assert problem_at(again, "session_minutes").startswith("An opaque access token lives 15 minutes")
        assert (problem_at(again, "session_absolute_hours") != "", problem_at(again, "max_sessions_per_user") != "") == (True, True)

    def test_X_AD_09_both_versions_are_shown(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.open(f"{SESSION}/edit")
        edited(acme, session_minutes=45, lock_sessions_to_address=True)
        again = saved(browser, page, "edit", session_minutes="60")
        assert (again.status, 'id="both"' in again.text) == (412, True)
        rows = re.findall(r"<tr><th scope=\"row\">([^<]+)</th><td><bdi>([^<]+)</bdi></td><td><bdi>([^<]+)</bdi>", again.text)
        assert ("A session may rest for", "45", "60") in rows
        assert ("A session stays at the address at which it began", "yes", "no") in rows
        saved(browser, again, "edit")
        settings = org_of(acme).settings
        assert (settings.session_minutes, settings.lock_sessions_to_address) == (60, False)

    def test_profiles_with_a_time_of_their_own_are_named(self, acme: Tenant) -> None:
        made = profile_that(acme, session_minutes=20)
        page = admin(acme).open(SESSION)
        assert (f'href="/setup/profiles/{long(made.id)}"' in page.text, "20 minutes" in page.text) == (True, True)


class TestSignInMethods:
    def test_a_level_is_required_with_whom_it_hits(self, acme: Tenant) -> None:
        acme.app().token()
        dana = with_rights(acme, "dana", *EVERY_POWER)
        browser = at_setup(acme, dana)
        typed = {"required_level": "high", "level_action": "block", "verify_new_browsers": "yes"}
        again = change(browser, f"{SIGN_IN}/edit", **typed)
        assert (again.status, "no second factor yourself" in problem_at(again, "level_action")) == (422, True)
        with acme.standing.database.transaction() as tx:
            factors.insert(tx, Factor("0FA000000000001", acme.org.id, dana.id, FactorKind.TOTP, "Phone", tx.now, tx.now))
        asked = saved(browser, again, "edit")
        assert (asked.status, acme.runner.name in asked.text) == (409, True)
        saved(browser, asked, "edit", confirmed="yes")
        settings = org_of(acme).settings
        assert (settings.requirement.level, settings.requirement.action) == (Level.HIGH, LevelAction.BLOCK)
        assert settings.verify_new_browsers

    def test_who_has_no_factor_is_counted_and_who_requires_one_is_named(self, acme: Tenant) -> None:
        profile_that(acme, required_level=Level.HIGH)
        page = admin(acme).open(SIGN_IN)
        # The admin and the run-as user of the org, and who looks.
        assert ("3 active users have none." in page.text, "Machines" in page.text) == (True, True)

    def test_what_is_no_level_is_told_at_the_field(self, acme: Tenant) -> None:
        browser = admin(acme)
        again = change(browser, f"{SIGN_IN}/edit", required_level="highest")
        assert (again.status, problem_at(again, "required_level")) == (422, "Choose one of these.")


class TestOAuthSettings:
    def test_a_flow_is_switched_on_and_its_apps_are_named(self, acme: Tenant) -> None:
        app = acme.app("Kiosk", flows=frozenset({Flow.DEVICE}), open_for_use=False)
        browser = admin(acme)
        done = change(browser, f"{OAUTH}/flows", device_flow="yes")
        settings = org_of(acme).settings
        assert (settings.device_flow, settings.user_agent_flow) == (True, False)
        assert f'href="/setup/apps/{long(app.id)}"' in done.text

    def test_scopes_and_claims_are_saved_as_they_are_typed(self, acme: Tenant) -> None:
        browser = admin(acme)
        typed = {
            "custom_scopes": f"ledger_read Read your ledger\r\n\r\nmarked {MARKUP}",
            "scope_claims": "ledger_read cost_centre = user.external_id",
        }
        done = change(browser, f"{OAUTH}/scopes", **typed)
        settings = org_of(acme).settings
        assert settings.custom_scopes == (("ledger_read", "Read your ledger"), ("marked", MARKUP))
        assert settings.scope_claims == (("ledger_read", "cost_centre", "user.external_id"),)
        assert ("Read your ledger" in done.text, "cost_centre" in done.text, MARKUP in done.text) == (True, True, False)
        assert MARKUP not in browser.open(f"{OAUTH}/scopes").text
        app = acme.app("Ledger", scopes=("ledger_read",), open_for_use=False)
        assert f'href="/setup/apps/{long(app.id)}"' in browser.open(OAUTH).text

    def test_each_wrong_line_is_told(self, acme: Tenant) -> None:
        browser = admin(acme)
        typed = {"custom_scopes": "api Anything\nnameless", "scope_claims": "ledger_read cost_centre"}
        again = change(browser, f"{OAUTH}/scopes", **typed)
        assert (again.status, "an equals sign" in problem_at(again, "scope_claims")) == (422, True)
        again = saved(browser, again, "edit", scope_claims="ledger_read cost_centre = user.external_id")
        assert "api Anything: The scope api is built in" in problem_at(again, "custom_scopes")
        assert "no scope ledger_read" in problem_at(again, "scope_claims")


class TestOrg:
    def test_name_and_time_zone_are_saved_and_markup_stays_text(self, acme: Tenant) -> None:
        browser = admin(acme)
        done = change(browser, f"{ORG}/edit", name=MARKUP, timezone="Europe/Berlin")
        found = org_of(acme)
        assert (found.name, found.settings.timezone) == (MARKUP, "Europe/Berlin")
        assert ("Europe/Berlin" in done.text, MARKUP in done.text, acme.org.issuer in done.text) == (True, False, True)

    def test_what_is_no_zone_and_no_name_is_told(self, acme: Tenant) -> None:
        browser = admin(acme)
        again = change(browser, f"{ORG}/edit", name="", timezone="Mars/Olympus")
        assert (again.status, problem_at(again, "name") != "", "no time zone" in problem_at(again, "timezone")) == (422, True, True)

    def test_profiles_with_hours_are_named(self, acme: Tenant) -> None:
        profile_that(acme, login_hours=(OpenHours(0, 0, 1440),))
        page = admin(acme).open(ORG)
        assert ("Monday 00:00 to 24:00" in page.text, "Machines" in page.text) == (True, True)


def test_the_password_policy_tells_the_rules_that_are_checked(acme: Tenant) -> None:
    page = admin(acme).open(PASSWORD)
    for words in ("At least 8 characters", "up to 1,024 bytes", "10 within 15 minutes", "100 within 15 minutes", "Argon2id"):
        assert words in page.text, words
