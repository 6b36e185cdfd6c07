"""The credentials of an app at a browser: what each is used for, secrets that are shown once, certificates read back, and their ends."""

import json
import re

import pytest
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Page
from tests.oauth.client_keys import client_key
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Client, Tenant, make_tenant

from gatebridge.monitoring import app_activity
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.storage import app_activity as counted

__all__ = ["acme", "house", "loop"]

MARKUP = '<b id="injected">x</b>'
REASONED = re.compile(r'data-reason="(\w+)"')


def path_of(app: Client, onward: str = "") -> str:
    return f"/setup/apps/{long(app.id)}/credentials{onward}"


def secret_in(page: Page) -> str:
    found = re.search(r'<code id="secret">(\w+)</code>', page.text)
    assert found is not None, page.text
    return found[1]


def to(page: Page, name: str, onward: str) -> str:
    """Where the button of the credential of this name leads."""
    found = re.search(rf'href="(/setup/apps/\w+/credentials/\w+/\w+/{onward})" aria-label="[^"]+ {name}"', page.text)
    assert found is not None, page.text
    return found[1]


def problem_at(page: Page, name: str) -> str:
    found = re.search(rf'<p class="error" id="{name}-problem">([^<]+)</p>', page.text)
    return found[1] if found is not None else ""


class TestTheList:
    def test_it_says_what_each_is_used_for_and_which_could_go(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        app.token()
        browser = admin(acme)
        browser.submit(browser.open(path_of(app, "/secrets/new")), "add", name="Spare")
        page = browser.open(path_of(app))
        assert [len(re.findall(words, page.text)) for words in ("In use", "New</span>", "100%", "It proved 1 request in 30 days")] == [
            1
        ] * 4
        acme.standing.clock.advance(hours=24 * 8)
        later = at_setup(acme, with_rights(acme, "eve", Permission.VIEW_SETUP, Permission.VIEW_OAUTH_USAGE))
        assert "Never used" in later.open(path_of(app)).text

    def test_one_that_a_busy_app_used_before_its_newest_requests_is_in_use(self, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (counted, app_activity):
            monkeypatch.setattr(module, "MOST", 1)
        app = acme.app("Ledger")
        app.token()
        acme.standing.clock.advance(hours=24 * 3)
        browser = admin(acme)
        secret = secret_in(browser.submit(browser.open(path_of(app, "/secrets/new")), "add", name="Second"))
        for _ in range(2):
            app.ask(client_id=app.consumer_key, client_secret=secret)
        page = browser.open(path_of(app))
        assert ("Safe to retire" in page.text, "less than 30 days ago" in page.text) == (False, True)
        assert "in use, the last time 3 days ago" in browser.open(to(page, "First secret", "rotate")).text
        asked = browser.open(to(page, "First secret", "retire"))
        assert (browser.submit(asked, "retire").status, app.token().status_code) == (422, 200)

    def test_without_the_right_to_see_usage_none_is_told(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        app.token()
        page = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP)).open(path_of(app))
        assert (page.status, "not shown to you" in page.text, "In use" in page.text) == (200, True, False)
        assert "/secrets/new" not in page.text

    def test_another_orgs_app_has_none_here(self, acme: Tenant) -> None:
        theirs = make_tenant(acme.standing).app("Partner")
        installed = acme.install(theirs)
        browser = admin(acme)
        assert "Credentials</a>" not in browser.open(f"/setup/apps/{long(installed.id)}").text
        for onward in ("", "/secrets/new", "/secrets/rotate", "/certificates/new"):
            assert browser.open(path_of(installed, onward)).status == 404

    def test_X_XS_01_markup_in_names_stays_text(self, acme: Tenant) -> None:
        app = acme.app("Ledger", key=client_key())
        browser = admin(acme)
        upload = client_key("ES256", 2).upload.decode()
        browser.submit(browser.open(path_of(app, "/certificates/new")), "register", name=MARKUP, upload=upload)
        page = browser.open(path_of(app))
        assert "&lt;b id=" in page.text
        assert MARKUP not in page.text


class TestSecrets:
    def test_a_new_one_is_shown_once_and_works(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        made = browser.submit(browser.open(path_of(app, "/secrets/new")), "add", name="Of November")
        secret = secret_in(made)
        assert app.ask(client_id=app.consumer_key, client_secret=secret).status_code == 200
        assert secret not in browser.open(path_of(app)).text
        assert secret not in browser.open(f"/setup/apps/{long(app.id)}/changes").text
        assert made.headers["cache-control"] == "no-store"

    def test_what_is_wrong_stands_at_its_field_and_a_third_is_only_made_when_it_is_asked_for(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        again = browser.submit(browser.open(path_of(app, "/secrets/new")), "add", name="Second", expires_at="2020-01-01T00:00")
        assert (again.status, problem_at(again, "expires_at")) == (422, "The end must be in the future.")
        assert again.forms["add"].fields["name"] == "Second"
        assert secret_in(browser.submit(again, "add", expires_at=""))
        refused = browser.submit(browser.open(path_of(app, "/secrets/new")), "add", name="Third")
        assert (refused.status, "limit_reached" in REASONED.findall(refused.text)) == (409, True)
        assert secret_in(browser.post(refused.url, refused.forms["add"].fields | {"allow_more": "yes"}))

    def test_one_rotates_while_the_old_one_lives_on(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        app.token()
        browser = admin(acme)
        asked = browser.open(to(browser.open(path_of(app)), "First secret", "rotate"))
        assert "1 request in 30 days" in asked.text
        made = browser.submit(asked, "rotate", overlap_hours="1")
        assert re.search(r"data-ending=.*First secret.*it ends in 1 h", made.text)
        assert app.token().status_code == app.ask(client_id=app.consumer_key, client_secret=secret_in(made)).status_code == 200
        acme.standing.clock.advance(minutes=61)
        assert app.token().status_code == 401

    def test_all_rotate_at_once_and_end_now(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        made = browser.submit(browser.open(path_of(app, "/secrets/rotate")), "rotate", overlap_hours="0", name="After the leak")
        assert (app.token().status_code, "it has ended" in made.text) == (401, True)
        asked = browser.open(path_of(app, "/secrets/rotate"))
        refused = browser.post(asked.url, asked.forms["rotate"].fields | {"overlap_hours": "9999"})
        assert (refused.status, "720 hours" in problem_at(refused, "overlap_hours")) == (422, True)

    def test_one_that_nobody_uses_goes_without_its_name_and_the_last_one_with_it(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        browser.submit(browser.open(path_of(app, "/secrets/new")), "add", name="Spare")
        asked = browser.open(to(browser.open(path_of(app)), "Spare", "retire"))
        assert "typed_name" not in asked.text
        left = browser.submit(asked, "retire")
        assert ("1 that is over" in left.text, app.token().status_code) == (True, 200)
        asked = browser.open(to(left, "First secret", "retire"))
        assert "no other secret" in asked.text
        refused = browser.submit(asked, "retire", typed_name="first secret")
        assert (refused.status, problem_at(refused, "typed_name")[:20]) == (422, "This is not the name")
        assert app.token().status_code == 200
        done = browser.submit(refused, "retire", typed_name="First secret")
        assert ("The secret is retired" in done.text, app.token().status_code) == (True, 401)


class TestCertificates:
    @pytest.fixture
    def app(self, acme: Tenant) -> Client:
        return acme.app("Ledger", key=client_key())

    def test_one_is_read_back_without_being_kept_and_then_registered(self, acme: Tenant, app: Client) -> None:
        browser = admin(acme)
        upload = client_key("ES256", 2).upload.decode()
        read = browser.submit(browser.open(path_of(app, "/certificates/new")), "register", name="Next", upload=upload, check="yes")
        assert (read.status, "EC P-256" in read.text, "New to this app" in read.text) == (200, True, True)
        assert "Next" not in browser.open(path_of(app)).text
        assert "The certificate is registered" in browser.submit(read, "register").text
        known = browser.submit(read, "register", check="yes")
        assert "Known already" in known.text
        again = browser.submit(known, "register", upload="nonsense")
        assert (again.status, problem_at(again, "upload")[:15]) == (422, "This is neither")
        assert again.forms["register"].fields["upload"].strip() == "nonsense"

    def test_a_private_key_is_repeated_nowhere_and_told_to_the_audit_trail(self, acme: Tenant, app: Client) -> None:
        private = json.dumps(client_key("ES256", 3).key.as_dict(private=True))
        browser = admin(acme)
        asked = browser.open(path_of(app, "/certificates/new"))
        fields = asked.forms["register"].fields | {"name": "Oops", "upload": private}
        for button in ({}, {"check": "yes"}):
            again = browser.post(asked.url, fields | button)
            assert (again.status, REASONED.findall(again.text)) == (422, ["certificate_has_private_key"])
            assert json.loads(private)["d"] not in again.text
        assert browser.open(f"/setup/apps/{long(app.id)}/changes").text.count(">certificate, key exposed<") == 2

    def test_one_in_use_is_retired_by_whoever_types_its_name(self, acme: Tenant) -> None:
        app = acme.app("Ledger", key=client_key(clock=acme.standing.clock))
        assert app.token().status_code == 200
        browser = admin(acme)
        asked = browser.open(to(browser.open(path_of(app)), "Key", "retire"))
        assert browser.submit(asked, "retire").status == 422
        assert "The certificate is retired" in browser.submit(asked, "retire", typed_name="Key").text
        assert app.token().status_code == 401


class TestWhoMay:
    ENDINGS = ("/secrets/new", "/secrets/rotate", "/certificates/new")

    def test_without_the_right_it_is_refused(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        viewer = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP, Permission.MANAGE_CONNECTED_APPS))
        assert {viewer.open(path_of(app, onward)).status for onward in self.ENDINGS} == {403}
        other = at_setup(acme, with_rights(acme, "dev", Permission.VIEW_SETUP, Permission.ROTATE_CONSUMER_CREDENTIALS))
        assert {other.open(path_of(app, onward)).status for onward in self.ENDINGS} == {403}

    def test_the_owner_may(self, acme: Tenant) -> None:
        rights = (Permission.REGISTER_CONNECTED_APPS, Permission.ROTATE_CONSUMER_CREDENTIALS)
        developer = with_rights(acme, "dev", *rights)
        app = acme.app("Mine", owner_id=developer.id)
        browser = at_setup(acme, developer)
        assert secret_in(browser.submit(browser.open(path_of(app, "/secrets/new")), "add", name="Second"))
        # Who is not shown whether it is in use types its name.
        asked = browser.open(to(browser.open(path_of(app)), "Second", "retire"))
        assert (browser.submit(asked, "retire").status, browser.submit(asked, "retire", typed_name="Second").status) == (422, 200)

    def test_X_CO_a_form_from_elsewhere_changes_nothing_and_who_signed_in_long_ago_proves_it_anew(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        url = f"{acme.org.issuer}{path_of(app, '/secrets/rotate')}"
        assert browser.post(url, {"overlap_hours": "0", "form_token": "forged"}).status == 403
        assert app.token().status_code == 200
        acme.standing.clock.advance(minutes=61)
        assert "/me/security/prove" in browser.open(path_of(app, "/secrets/new")).url
