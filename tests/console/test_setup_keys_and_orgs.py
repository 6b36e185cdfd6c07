"""Signing keys from their publication to their end, certificates by when they end, and the orgs of the installation."""

import re
from datetime import timedelta
from typing import Any

import pytest
from tests.console.app_pages import problem_at, saved
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser
from tests.oauth.client_keys import client_key
from tests.oauth.conftest import HouseMaker, acme, house, loop, own_house, rival
from tests.oauth.tenants import Tenant, make_tenant
from tests.ready_keys import ready_keys

from gatebridge.rules.ids import long
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.storage import orgs, people, signing_keys
from gatebridge.storage.signing_keys import StoredKey

__all__ = ["acme", "house", "loop", "own_house", "rival"]

KEYS, ORGS = "/setup/keys", "/setup/orgs"
MARKUP = '<b id="injected">x</b>'
SAID = {
    "name": MARKUP,
    "kind": "sandbox",
    "host": "branch.example",
    "issuer": "https://branch.example",
    "admin_first_name": "Bea",
    "admin_last_name": "Boss",
    "admin_username": "bea@branch.example",
    "admin_email": "bea@branch.example",
}


@pytest.fixture(autouse=True)
def ready() -> Any:
    """Keys take long to make; these are ready."""
    with ready_keys():
        yield


def keys_of(acme: Tenant) -> list[StoredKey]:
    with acme.standing.database.snapshot() as tx:
        return signing_keys.published(tx, acme.org.id)


def moved(acme: Tenant, key: StoredKey, **ago: timedelta | None) -> None:
    """The key as if these had happened so long ago."""
    with acme.standing.database.transaction() as tx:
        values = {name: tx.now - span if span is not None else None for name, span in ago.items()}
        table = signing_keys.signing_keys
        tx.connection.execute(table.update().where(table.c.org_id == acme.org.id, table.c.id == key.id).values(**values))


def state_of(browser: Browser, key: StoredKey) -> str:
    found = re.search(rf'data-key="{long(key.id)}".*?class="pill"[^>]*>([^<]+)<', browser.open(KEYS).text, re.DOTALL)
    assert found is not None
    return found[1]


class TestKeys:
    def test_X_TK_13_a_key_goes_from_its_publication_to_its_end(self, acme: Tenant) -> None:
        browser = admin(acme)
        (old,) = keys_of(acme)
        assert state_of(browser, old) == "Signs"
        assert f"{KEYS}/{long(old.id)}" not in browser.open(KEYS).text  # nothing could sign in its place
        done = saved(browser, browser.open(f"{KEYS}/new"), "add", algorithm="ES256")
        assert "said=added" in done.url
        new, _ = keys_of(acme)
        assert (state_of(browser, new), state_of(browser, old)) == ("Published", "Signs")
        moved(acme, new, signs_from=timedelta())
        assert (state_of(browser, new), state_of(browser, old)) == ("Signs", "In reserve")
        page = browser.open(f"{KEYS}/{long(old.id)}/retire")
        assert new.id in page.text
        assert "said=retired" in saved(browser, page, "retire").url
        assert state_of(browser, old) == "Retired"
        moved(acme, old, retired_at=timedelta(hours=13))
        assert state_of(browser, old) == "Can go"
        page = browser.open(f"{KEYS}/{long(old.id)}/remove")
        assert "typed_name" not in page.text
        assert "said=removed" in saved(browser, page, "remove").url
        assert [each.id for each in keys_of(acme)] == [new.id]

    def test_while_its_tokens_live_it_is_removed_with_its_id_and_a_reason_only(self, acme: Tenant) -> None:
        browser = admin(acme)
        (old,) = keys_of(acme)
        saved(browser, browser.open(f"{KEYS}/new"), "add")
        moved(acme, keys_of(acme)[0], signs_from=timedelta(minutes=5))
        moved(acme, old, retired_at=timedelta(minutes=1))
        page = browser.open(f"{KEYS}/{long(old.id)}/remove")
        again = saved(browser, page, "remove", reason="The key leaked")
        assert (again.status, problem_at(again, "typed_name") != "") == (422, True)
        again = saved(browser, page, "remove", typed_name=old.id)
        assert (again.status, problem_at(again, "reason") != "") == (422, True)
        assert len(keys_of(acme)) == 2
        assert "said=removed" in saved(browser, page, "remove", typed_name=old.id, reason="The key leaked").url
        assert len(keys_of(acme)) == 1

    def test_the_tokens_that_a_removal_hits_are_counted(self, acme: Tenant) -> None:
        app = acme.app(access_token_format="jwt")
        assert app.token().status_code == 200
        browser = admin(acme)
        (old,) = keys_of(acme)
        saved(browser, browser.open(f"{KEYS}/new"), "add")
        moved(acme, keys_of(acme)[0], signs_from=timedelta())
        acme.standing.clock.advance(seconds=1)
        assert "1 JWT access token<" in browser.open(f"{KEYS}/{long(old.id)}/retire").text

    def test_the_only_key_that_signs_cannot_be_retired(self, acme: Tenant) -> None:
        browser = admin(acme)
        (only,) = keys_of(acme)
        page = browser.open(f"{KEYS}/{long(only.id)}/retire")
        assert "None yet" in page.text
        token = page.forms["signout"].fields
        for act in ("retire", "remove"):
            assert 'id="submit"' not in browser.open(f"{KEYS}/{long(only.id)}/{act}").text
            assert browser.post(f"{KEYS}/{long(only.id)}/{act}", token).status == 409
        assert [each.retired_at for each in keys_of(acme)] == [None]

    def test_certificates_are_listed_by_their_end(self, acme: Tenant) -> None:
        app = acme.app("Feed", key=client_key(clock=acme.standing.clock))
        page = admin(acme).open(KEYS)
        assert (f'href="/setup/apps/{long(app.id)}/credentials"' in page.text, 'id="no-certificates"' in page.text) == (True, False)

    def test_who_sees_setup_sees_keys_and_does_nothing_with_them(self, acme: Tenant) -> None:
        browser = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP))
        (only,) = keys_of(acme)
        page = browser.open(KEYS)
        assert (page.status, only.id in page.text, f"{KEYS}/new" in page.text) == (200, True, False)
        for path in (f"{KEYS}/new", f"{KEYS}/{long(only.id)}/retire", f"{KEYS}/{long(only.id)}/remove"):
            assert browser.open(path).status == 403, path
        assert at_setup(acme, with_rights(acme, "hugo", Permission.MONITOR_LOGIN_HISTORY)).open(KEYS).status == 403

    def test_X_AD_01_a_key_of_another_org_is_not_found_and_a_forged_form_is_refused(self, acme: Tenant, rival: Tenant) -> None:
        browser = admin(acme)
        (theirs,), (ours,) = keys_of(rival), keys_of(acme)
        for act in ("retire", "remove"):
            assert browser.open(f"{KEYS}/{long(theirs.id)}/{act}").status == 404
            fields = browser.open(KEYS).forms["signout"].fields
            assert browser.post(f"{KEYS}/{long(theirs.id)}/{act}", fields).status == 404
            assert browser.post(f"{KEYS}/{long(ours.id)}/{act}", fields | {"form_token": "forged"}).status == 403
        assert browser.open(f"{KEYS}/nonsense/retire").status == 404

    def test_what_is_no_algorithm_is_told_at_the_field(self, acme: Tenant) -> None:
        browser = admin(acme)
        again = saved(browser, browser.open(f"{KEYS}/new"), "add", algorithm="none")
        assert (again.status, "Choose one of" in problem_at(again, "algorithm")) == (422, True)

    def test_an_old_sign_in_is_proven_once_more_first(self, acme: Tenant) -> None:
        browser = admin(acme)
        (only,) = keys_of(acme)
        acme.standing.clock.advance(minutes=61)
        for path in (f"{KEYS}/new", f"{KEYS}/{long(only.id)}/retire", f"{KEYS}/{long(only.id)}/remove"):
            assert browser.step("GET", path).status_code == 303, path


class TestOrgs:
    def test_an_org_is_made_listed_and_found(self, own_house: HouseMaker) -> None:
        first = make_tenant(own_house())
        browser = admin(first)
        again = saved(browser, browser.open(f"{ORGS}/new"), "org", **SAID | {"host": first.org.host, "issuer": first.org.issuer})
        assert (again.status, problem_at(again, "host")) == (409, "Another org answers at this host.")
        again = saved(browser, again, "org", host="branch.example", issuer="http://elsewhere.example", admin_username="")
        assert (again.status, problem_at(again, "issuer") != "", problem_at(again, "admin_username") != "") == (422, True, True)
        again = saved(browser, again, "org", issuer="https://branch.example", admin_username=SAID["admin_username"], kind="castle")
        assert (again.status, problem_at(again, "kind")) == (422, "Choose one of these.")
        done = saved(browser, again, "org", kind="sandbox")
        assert ("said=created" in done.url, "https://branch.example" in done.text, MARKUP in done.text) == (True, True, False)
        with first.standing.database.snapshot() as tx:
            made = orgs.by_host(tx, "branch.example")
            assert made is not None
            assert people.by_username(tx, made.id, "bea@branch.example") is not None
        assert f'<a href="{ORGS}" aria-current="page">' in browser.open(ORGS).text
        listed = browser.open(f"{ORGS}?q=branch")
        assert (f'data-org="{long(made.id)}"' in listed.text, f'data-org="{long(first.org.id)}"' in listed.text) == (True, False)
        assert 'id="empty"' in browser.open(f"{ORGS}?q=nowhere").text
        assert browser.open(f"{ORGS}/nonsense").status == 404
        assert browser.post(f"{ORGS}/new", SAID | {"form_token": "forged"}).status == 403
        narrow = at_setup(first, with_rights(first, "vera", Permission.VIEW_SETUP, Permission.MANAGE_SECURITY))
        for path in (ORGS, f"{ORGS}/new", f"{ORGS}/{long(made.id)}"):
            assert narrow.open(path).status == 403, path
        # Who administers the installation does so from its first org.
        elsewhere = make_tenant(first.standing)
        stranger = at_setup(elsewhere, with_rights(elsewhere, "dana", *EVERY_POWER))
        for path in (ORGS, f"{ORGS}/new", f"{ORGS}/{long(made.id)}"):
            assert stranger.open(path).status == 403, path
