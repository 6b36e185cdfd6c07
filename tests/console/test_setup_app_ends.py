"""What an app does and what becomes of it, at a browser: its activity, its changes, and every way to stop it or a part of it."""

import re

from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Client, Tenant, make_tenant

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Grant
from gatebridge.rules.ids import Prefix, long
from gatebridge.rules.permissions import Permission
from gatebridge.setup.edit_app import EditApp, edit_app
from gatebridge.storage import grants

__all__ = ["acme", "house", "loop"]

MARKUP = '<b id="injected">x</b>'
WHY = "It was found on a public server"


def path_of(app: Client, onward: str = "") -> str:
    return f"/setup/apps/{long(app.id)}{onward}"


def problem_at(page: Page, name: str) -> str:
    found = re.search(rf'<p class="error" id="{name}-problem">([^<]+)</p>', page.text)
    return found[1] if found is not None else ""


def revoke_in(browser: Browser, app: Client) -> str:
    """Where the grant of the app ends."""
    found = re.search(r'href="(/setup/usage/grants/\w+/revoke)"', browser.open(f"/setup/usage/{long(app.id)}").text)
    assert found is not None
    return found[1]


class TestActivity:
    def test_it_counts_draws_and_says_why(self, acme: Tenant) -> None:
        app, quiet = acme.app("Ledger"), acme.app("Quiet")
        app.token()
        acme.standing.clock.advance(hours=24 * 2)
        refused = app.token(scope="full").headers["X-Gatebridge-Receipt"]
        browser = admin(acme)
        assert "Nobody asked for anything" in browser.open(path_of(quiet, "/activity")).text
        page = browser.open(path_of(app, "/activity"))
        assert (page.status, len(page.text) < 60_000) == (200, True)
        assert 'aria-label="1 let through and 1 refused in 30 days, most on' in page.text
        assert (page.text.count('<rect class="bar"'), page.text.count('<rect class="bar-bad"')) == (1, 1)
        assert re.search(rf'data-reason="scope_not_assigned".*Scopes.*/setup/login-history/{refused}', page.text)
        assert f"/setup/login-history?q={app.consumer_key}&amp;outcome=refused&amp;gate=scopes&amp;since=30d" in page.text
        assert re.findall(r'data-receipt="(\w+)"', page.text)[0] == refused
        assert re.search(r'id="users".*Runner Example.*1 time<', page.text)

    def test_with_usage_alone_there_is_no_receipt_and_with_neither_no_page(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        app.token(scope="full")
        page = at_setup(acme, with_rights(acme, "one", Permission.VIEW_SETUP, Permission.VIEW_OAUTH_USAGE)).open(path_of(app, "/activity"))
        assert (page.status, "scope_not_assigned" in page.text, "/setup/login-history" in page.text) == (200, True, False)
        only = at_setup(acme, with_rights(acme, "three", Permission.VIEW_OAUTH_USAGE)).open(f"/setup/usage/{long(app.id)}")
        assert (only.status, "/setup/apps/" in only.text) == (200, False)
        viewer = at_setup(acme, with_rights(acme, "two", Permission.VIEW_SETUP))
        assert {viewer.open(path_of(app, onward)).status for onward in ("/activity", "/changes")} == {403}
        assert not re.search(r">(Activity|Changes)</a>", viewer.open(path_of(app)).text)


class TestChanges:
    def test_it_has_the_lines_of_the_app_and_of_its_secrets_and_no_others(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        acme.app("Another")
        browser = admin(acme)
        page = browser.open(path_of(app, "/changes"))
        events = re.findall(r'href="/setup/audit/\w+">([^<]+)', page.text)
        assert events == ["app, policies edited", "app, access assigned", "secret, created", "app, created"]
        assert len(re.findall("data-line", browser.open(path_of(app, "/changes?event=setup:secret:created&since=24h")).text)) == 1
        assert "Nothing fits" in browser.open(path_of(app, "/changes?event=setup:app:blocked")).text


def test_a_page_of_a_hundred_lines_is_small(acme: Tenant) -> None:
    app = acme.app("Ledger", flows=frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN}), callbacks=("https://app.example/cb",))
    with acme.standing.database.transaction() as tx:
        for number in range(100):
            here = (acme.org.id, app.id, app.installation_id, acme.runner.id)
            grant = Grant(tx.new_id(Prefix.GRANT), *here, Flow.WEB_SERVER, 0, tx.now, scopes=("api", "id"), last_used_at=tx.now)
            assert grants.insert_if_first(tx, grant)
            edit_app(tx, acme.admin, EditApp(app.id, purpose=f"It carries posted invoices to the general ledger, for the {number}th time"))
    browser = admin(acme)
    for path, line in ((path_of(app, "/changes"), "data-line="), (f"/setup/usage/{long(app.id)}", "data-grant=")):
        page = browser.open(f"{path}?size=100")
        assert (page.text.count(line), len(page.text) < 60_000) == (100, True), (path, len(page.text))


class TestStopping:
    def test_who_is_hit_is_told_and_the_name_and_a_reason_are_asked_for(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        token = app.access_token()
        browser = admin(acme)
        asked = browser.open(path_of(app, "/block"))
        assert "1 live token</b> of 1 user" in asked.text
        assert "Runner Example" in asked.text
        unnamed = browser.submit(asked, "act", reason=WHY, confirm="ledger")
        assert (unnamed.status, problem_at(unnamed, "confirm")[:24], unnamed.forms["act"].fields["reason"].strip()) == (
            *(422, "This is not the API name"),
            WHY,
        )
        unsaid = browser.submit(asked, "act", confirm="Ledger")
        assert (unsaid.status, bool(problem_at(unsaid, "reason"))) == (422, True)
        assert app.introspect(token).json()["active"] is True
        done = browser.submit(asked, "act", reason=WHY, confirm="Ledger")
        assert ("The app is blocked" in done.text, app.introspect(token).status_code, app.token().status_code) == (True, 401, 401)
        twice = browser.submit(asked, "act", reason=WHY, confirm="Ledger")
        assert (twice.status, "This app is blocked already." in twice.text, 'aria-label="Setup"' in twice.text) == (409, True, True)
        asked = browser.open(path_of(app, "/unblock"))
        assert WHY in asked.text
        assert "may ask for tokens again" in browser.submit(asked, "act", reason="It was taken down").text
        assert app.token().status_code == 200
        assert "because: <bdi>It was taken down" in browser.open(path_of(app, "/changes")).text

    def test_everything_is_revoked_and_the_app_may_ask_anew(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        token = app.access_token()
        browser = admin(acme)
        done = browser.submit(browser.open(path_of(app, "/revoke")), "act", reason=WHY, confirm="Ledger")
        assert "Everything that the app had here is ended" in done.text
        assert (app.introspect(token).json()["active"], app.token().status_code) == (False, 200)

    def test_an_app_of_another_org_goes_and_comes_back_closed(self, acme: Tenant) -> None:
        app = acme.install(make_tenant(acme.standing).app("Partner"))
        browser = admin(acme)
        assert browser.open(path_of(app, "/delete")).status == 404
        done = browser.submit(browser.open(path_of(app, "/uninstall")), "act", reason=WHY, confirm="Partner")
        assert ("The app is uninstalled" in done.text, app.token().status_code) == (True, 400)
        assert 'href="' + path_of(app, "/install") in done.text
        back = browser.submit(browser.open(path_of(app, "/install")), "act")
        assert "closed. Say next who may use it" in back.text
        assert app.token().status_code != 200

    def test_an_app_is_deleted_by_its_name_and_restored(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        done = browser.submit(browser.open(path_of(app, "/delete")), "act", reason=WHY, confirm="Ledger")
        assert ("It can be restored for 30 days" in done.text, app.token().status_code) == (True, 401)
        assert browser.open(path_of(app, "/block")).status == 409
        assert "The app is back" in browser.submit(browser.open(path_of(app, "/restore")), "act", reason="Too early").text
        assert app.token().status_code == 200

    def test_the_owner_is_offered_to_restore_what_the_owner_deleted_and_not_what_an_admin_did(self, acme: Tenant) -> None:
        dev = with_rights(acme, "dev", Permission.REGISTER_CONNECTED_APPS)
        app = acme.app("Ledger", owner_id=dev.id)
        owner, boss, restore = at_setup(acme, dev), admin(acme), path_of(app, "/restore")
        said = {"reason": WHY, "confirm": "Ledger"}
        for browser, offered, status in ((owner, True, 200), (boss, False, 403)):
            browser.submit(browser.open(path_of(app, "/delete")), "act", None, **said)
            assert (f'href="{restore}"' in owner.open(path_of(app)).text, owner.open(restore).status) == (offered, status)
            assert "The app is back" in boss.submit(boss.open(restore), "act", reason="Too early").text

    def test_X_CO_without_the_right_or_with_a_forged_form_nothing_stops(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        viewer, browser = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP)), admin(acme)
        assert "Block…" not in viewer.open(path_of(app)).text
        form_token = viewer.open("/setup").forms["signout"].fields["form_token"]
        for word in ("block", "revoke", "uninstall", "delete"):
            assert viewer.open(path_of(app, f"/{word}")).status == 403
            said, url = {"reason": WHY, "confirm": "Ledger"}, f"{acme.org.issuer}{path_of(app, f'/{word}')}"
            assert viewer.post(url, said | {"form_token": form_token}).status == 403
            assert browser.post(url, said | {"form_token": "forged"}).status == 403
        assert app.token().status_code == 200


class TestRevoking:
    def test_a_token_a_grant_and_a_user_of_an_app_end(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        for onward in ("token", "grant", "user"):
            answer = app.token()
            token = str(answer.json()["access_token"])
            path = {
                "token": f"/setup/login-history/{answer.headers['X-Gatebridge-Receipt']}/revoke",
                "grant": revoke_in(browser, app),
                "user": f"/setup/usage/{long(app.id)}/users/{long(acme.runner.id)}/revoke",
            }[onward]
            asked = browser.open(path)
            assert ("Runner Example" in asked.text, app.introspect(token).json()["active"]) == (True, True), onward
            done = browser.submit(asked, "act", reason=WHY)
            assert (done.status, app.introspect(token).json()["active"]) == (200, False), onward
        assert "Everything that the app had of this user is ended" in done.text
        assert "Nobody has let it in" in done.text

    def test_a_receipt_leads_to_the_end_of_its_token_as_long_as_that_lives(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        receipt = f"/setup/login-history/{app.token().headers['X-Gatebridge-Receipt']}"
        browser = admin(acme)
        assert f'href="{receipt}/revoke"' in browser.open(receipt).text
        ended = browser.submit(browser.open(f"{receipt}/revoke"), "act").text
        assert ("/revoke" in ended, "nobody accepts it any more" in ended) == (False, True)

    def test_without_the_right_of_another_org_and_long_after_signing_in(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        app.token()
        mine = admin(acme)
        grant = revoke_in(mine, app)
        viewer = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP, Permission.VIEW_OAUTH_USAGE))
        assert (viewer.open(grant).status, "Revoke…" in viewer.open(f"/setup/usage/{long(app.id)}").text) == (403, False)
        other = admin(make_tenant(acme.standing))
        assert {other.open(path).status for path in (grant, path_of(app, "/revoke"), path_of(app, "/activity"))} == {404}
        assert mine.post(f"{acme.org.issuer}{grant}", {"form_token": "forged"}).status == 403
        acme.standing.clock.advance(minutes=61)
        assert "/me/security/prove" in mine.open(grant).url

    def test_X_XS_01_markup_stays_text(self, acme: Tenant) -> None:
        app = acme.app(f"App {MARKUP}", api_name="Marked")
        app.ask(app.credentials, headers={"User-Agent": MARKUP})
        browser = admin(acme)
        browser.submit(browser.open(path_of(app, "/block")), "act", reason=MARKUP, confirm="Marked")
        for path in (*(path_of(app, onward) for onward in ("/activity", "/changes", "/unblock", "/delete")), revoke_in(browser, app)):
            page = browser.open(path)
            assert (page.status, MARKUP in page.text, "&lt;b id=" in page.text) == (200, False, True), path
