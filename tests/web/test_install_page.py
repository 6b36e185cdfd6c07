"""The install link: what is shown before anybody takes an app into use, to whom, and what pressing its buttons does."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop, rival
from tests.oauth.flows.portal import FLOWS
from tests.oauth.flows.visits import enrol, sign_in
from tests.oauth.tenants import Client, Tenant
from tests.web.test_consent_pages import FORM

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import User
from gatebridge.rules.permissions import Permission
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.storage import access_requests, installations, people, profiles
from gatebridge.storage.access_requests import ListedRequest

__all__ = ["acme", "house", "loop", "rival"]

INSTALL = "/setup/install"
WORDS = "We want to try it with two people."
CALLBACKS = ("https://ledger.example/callback", "https://ledger.example/other", "http://127.0.0.1/done", "com.example.ledger:/done")


@pytest.fixture
def foreign(rival: Tenant) -> Client:
    """An app of another org that asks for much."""
    said: dict[str, Any] = {
        "scopes": ("api", "id", "refresh_token", "web"),
        "callbacks": CALLBACKS,
        "native": True,
        "flows": FLOWS | {Flow.CLIENT_CREDENTIALS},
    }
    return rival.app("Ledger Sync", open_for_use=False, description="Keeps ledgers in step.", **said)


def person(acme: Tenant, name: str, *rights: Permission) -> Browser:
    """A browser in which a user with these rights is signed in."""
    user: User = enrol(acme, name)
    if rights:
        with acme.standing.database.transaction() as tx:
            held = frozenset({Permission.API_ENABLED, *rights})
            profile = replace(acme.profile, id=tx.new_id(Prefix.PROFILE), name=f"Profile of {name}", permissions=held)
            assert profiles.insert(tx, profile)
            assert people.update(tx, replace(user, profile_id=profile.id))
    browser = Browser(acme.door, acme.org.issuer)
    sign_in(browser, browser.open("/signin"), user)
    return browser


def link(client: Client) -> str:
    return f"{INSTALL}?{urlencode({'key': client.consumer_key})}"


def state(page: Page) -> str:
    (found,) = re.findall(r'id="review" data-state="(\w+)"', page.text)
    return str(found)


def queue(acme: Tenant) -> list[ListedRequest]:
    with acme.standing.database.snapshot() as tx:
        return access_requests.page(tx, acme.org.id, limit=10)


def policies(acme: Tenant, client: Client) -> AppPolicies | None:
    with acme.standing.database.snapshot() as tx:
        here = installations.by_app(tx, acme.org.id, client.id)
        return installations.policies_of(tx, acme.org.id, here.id) if here is not None else None


def test_a_manager_sees_who_publishes_it_what_it_may_do_and_where_answers_go(acme: Tenant, rival: Tenant, foreign: Client) -> None:
    page = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS).open(link(foreign))
    assert state(page) == "open"
    assert f"<bdi>{rival.org.name}</bdi>" in page.text
    assert "No: nobody at" in page.text
    scopes = re.findall(r'data-weight="(\w+)" data-scope="(\w+)"', page.text)
    assert scopes[0][0] == "heavy"
    assert {scope for _, scope in scopes} == {"api", "id", "refresh_token", "web"}
    assert set(re.findall(r'data-flow="(\w+)"', page.text)) == {"web_server", "refresh_token", "client_credentials"}
    places = re.search(r'id="callbacks">(.*?)</ul>', page.text, re.S)
    assert places is not None
    assert (places[1].count("<li>"), places[1].count("ledger.<wbr>example")) == (3, 1)  # each place once, and no path
    assert "Keeps ledgers in step." in page.text
    assert policies(acme, foreign) is None  # looking changes nothing


def test_X_CA_08_installing_it_there_takes_it_in_closed(acme: Tenant, foreign: Client) -> None:
    browser = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS)
    page = browser.submit(browser.open(link(foreign)), "install", decision="install")
    assert state(page) == "installed"
    assert page.url.endswith(link(foreign))
    found = policies(acme, foreign)
    assert found is not None
    assert found == AppPolicies(found.installation_id)
    assert "install" not in page.forms


def test_X_CO_03_what_was_changed_while_one_looked_is_looked_at_again(acme: Tenant, rival: Tenant, foreign: Client) -> None:
    browser = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS)
    page = browser.open(link(foreign))
    with rival.standing.database.transaction() as tx:
        edit_settings(tx, rival.admin, EditSettings(foreign.id, callbacks=(*CALLBACKS, "https://evil.example/callback")))
    again = browser.submit(page, "install", decision="install")
    assert (again.status, policies(acme, foreign)) == (422, None)
    assert "evil.<wbr>example" in again.text
    assert 'id="notice"' in again.text
    assert state(browser.submit(again, "install", decision="install")) == "installed"


@pytest.mark.parametrize("decision", ["install", "use"])
def test_X_AD_05_a_button_that_is_not_shown_is_not_there_to_be_pressed(acme: Tenant, foreign: Client, decision: str) -> None:
    browser = person(acme, "ben")
    page = browser.open(link(foreign))
    assert "install" not in page.forms
    manager = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS).open(link(foreign))
    fields = page.forms["ask"].fields | {"decision": decision, "question": manager.forms["install"].fields["question"]}
    refused = browser.post(INSTALL, fields)
    assert (refused.status, 'data-reason="permission_missing"' in refused.text) == (403, True)
    assert policies(acme, foreign) is None


def test_who_may_not_install_it_asks_for_it_and_sees_that_it_waits(acme: Tenant, foreign: Client) -> None:
    browser = person(acme, "ben")
    page = browser.open(link(foreign))
    empty = browser.submit(page, "ask", words=" ... ", decision="ask")
    assert (empty.status, 'aria-invalid="true"' in empty.text, queue(acme)) == (422, True, [])
    page = browser.submit(page, "ask", words=WORDS, decision="ask")
    assert 'id="asked"' in page.text
    (found,) = queue(acme)
    assert (found.request.words, found.app, found.user) == (WORDS, "Ledger Sync", "Ben Example")


def test_a_holder_may_use_it_alone_or_ask(acme: Tenant, foreign: Client) -> None:
    browser = person(acme, "holly", Permission.APPROVE_UNINSTALLED_CONNECTED_APPS)
    page = browser.open(link(foreign))
    assert {"install", "ask"} <= page.forms.keys()
    page = browser.submit(page, "install", decision="use")
    assert state(page) == "holders"
    assert not {"install", "ask"} & page.forms.keys()
    assert state(person(acme, "ben").open(link(foreign))) == "holders"
    manager = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS)
    assert state(manager.submit(manager.open(link(foreign)), "install", decision="install")) == "installed"


def test_X_CO_05_a_name_that_looks_like_one_in_use_is_told(acme: Tenant, rival: Tenant) -> None:
    acme.app("Data Loader", api_name="Data_Loader")
    twin = rival.app("Data L0ader", api_name="Data_L0ader", open_for_use=False)
    page = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS).open(link(twin))
    assert 'id="twin" role="alert"' in page.text
    assert "<bdi>Data Loader</bdi>" in page.text


def test_X_CO_06_what_a_publisher_says_is_told_as_its_own_words(acme: Tenant, rival: Tenant) -> None:
    said = "<b>Verified</b> by Acme"
    app = rival.app("Helper", description=said, open_for_use=False)
    page = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS).open(link(app))
    assert "<bdi>&lt;b&gt;Verified&lt;/b&gt; by Acme</bdi>" in page.text
    assert said not in page.text


def test_a_blocked_app_is_told_to_be_and_nobody_installs_or_asks_for_it(acme: Tenant, foreign: Client) -> None:
    with acme.standing.database.transaction() as tx:
        install_app(tx, acme.admin, InstallApp(foreign.consumer_key))
        block_app(tx, acme.admin, BlockApp(foreign.id, "It phones home."))
        uninstall_app(tx, acme.admin, UninstallApp(foreign.id, "It phones home."))
    manager, ben = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS), person(acme, "ben")
    assert "It phones home." in manager.open(link(foreign)).text
    page = ben.open(link(foreign))
    assert (state(page), page.forms, "It phones home." in page.text) == ("blocked", {}, False)


def test_a_stranger_signs_in_first_and_cannot_tell_one_key_from_another(acme: Tenant, foreign: Client) -> None:
    browser = Browser(acme.door, acme.org.issuer)
    pages = [browser.open(link(foreign)), browser.open(f"{INSTALL}?key=gbk_nobody"), browser.open(INSTALL)]
    assert len({page.text for page in pages}) == 1
    assert 'id="sign-in-first"' in pages[0].text


@pytest.mark.parametrize("query", ["", "?key=", "?key=gbk_nobody", "?receipt=0Yazzzzzzz00000"])
def test_who_is_signed_in_is_told_that_there_is_no_such_app(acme: Tenant, query: str) -> None:
    page = person(acme, "ben").open(INSTALL + query)
    assert (page.status, 'data-reason="record_not_found"' in page.text) == (404, True)


def test_X_CO_01_nobody_frames_the_page_and_its_forms_lead_nowhere_else(acme: Tenant, foreign: Client) -> None:
    page = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS).open(link(foreign))
    assert page.directives["frame-ancestors"] == ["'none'"]
    assert page.directives["form-action"] == ["'self'"]
    assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("how", ["no token", "another site", "a get", "a head"])
def test_X_CO_02_only_our_own_page_installs(acme: Tenant, foreign: Client, how: str) -> None:
    browser = person(acme, "mia", Permission.MANAGE_CONNECTED_APPS)
    fields = browser.open(link(foreign)).forms["install"].fields | {"decision": "install"}
    body = urlencode(fields if how != "no token" else fields | {"form_token": "0" * 64})
    if how in ("a get", "a head"):
        answer = browser.step("GET" if how == "a get" else "HEAD", f"{INSTALL}?{body}", {"X-HTTP-Method-Override": "POST"})
        assert answer.status_code == 200
    else:
        site = {"Sec-Fetch-Site": "cross-site"} if how == "another site" else {"Origin": acme.org.issuer}
        answer = browser.step("POST", INSTALL, FORM | site, body.encode())
        assert (answer.status_code, 'data-reason="form_forged"' in answer.text) == (403, True)
    assert policies(acme, foreign) is None
