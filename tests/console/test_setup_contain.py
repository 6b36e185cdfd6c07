"""An incident at a browser: how far an app reaches, one form that stops all of it, and the evidence as one file."""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from tests.console.test_setup_app_ends import MARKUP, WHY, path_of, problem_at
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.door import OFFICE
from tests.oauth.tenants import Client, Tenant, make_tenant

from gatebridge.rules.events import Event
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.storage import audit_trail
from gatebridge.web.console import desk, exports

__all__ = ["acme", "house", "loop"]

CONTAIN = "/contain"


@pytest.fixture(autouse=True)
def all_places_are_free_again() -> Iterator[None]:
    yield
    assert exports.AT_ONCE._value == 4


def box(page: Page, name: str) -> str:
    """What a box of the form has beside it."""
    found = re.search(rf'name="{name}" value="yes"( checked)?><span>[^<]+<small>([^<]*)', page.text)
    return f"{'x' if found[1] else ' '} {found[2]}" if found is not None else ""


def taken(browser: Browser, app: Client) -> zipfile.ZipFile:
    sent = browser.submit(browser.open(path_of(app, CONTAIN)), "evidence")
    assert (sent.status, sent.headers["content-type"], sent.headers["cache-control"]) == (200, "application/zip", "no-store")
    assert re.search(r'filename="[a-z0-9-]+-evidence-ledger-[\d-]+\.zip"', sent.headers["content-disposition"])
    return zipfile.ZipFile(io.BytesIO(sent.body))


def lines_of(bundle: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(bundle.read(name).decode("utf-8-sig"), newline="")))


class TestThePage:
    def test_it_says_how_far_the_app_reaches_and_what_would_be_done(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        app.token()
        app.token(scope="full")
        browser = admin(acme)
        page = browser.open(path_of(app, CONTAIN))
        assert re.search(r"<b>1 live token</b> of 1 user", page.text)
        assert re.search(rf'id="from">.*<code>{re.escape(OFFICE)}</code>.*2 times, last just now, 1 of them refused', page.text)
        assert re.search(r'id="given"><code>api</code><small>in 1 token<', page.text)
        assert "Runner Example" in page.text
        assert box(page, "end_credentials") == "x For good: First secret."
        assert box(page, "tell").startswith("x By mail: ")
        assert f'href="{path_of(app, CONTAIN)}"' in browser.open(path_of(app)).text

    def test_an_app_that_did_nothing_says_so(self, acme: Tenant) -> None:
        page = admin(acme).open(path_of(acme.app("Ledger"), CONTAIN)).text
        assert [each in page for each in ("no live token", "by nobody in 30 days", "nowhere in 30 days", "nothing in 30 days")] == [
            True
        ] * 4

    def test_of_another_orgs_app_nothing_is_ended_that_is_the_others(self, acme: Tenant) -> None:
        app = acme.install(make_tenant(acme.standing).app("Partner"))
        browser = admin(acme)
        page = browser.open(path_of(app, CONTAIN))
        assert (page.status, box(page, "end_credentials")) == (200, "")
        done = browser.submit(page, "act", reason=WHY, confirm="Partner")
        assert ("It is contained" in done.text, "Give it a new secret" in done.text) == (True, False)

    def test_who_may_not_end_credentials_is_told_and_holds_it_all_the_same(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        rights = EVERY_POWER - {Permission.ROTATE_CONSUMER_CREDENTIALS}
        browser = at_setup(acme, with_rights(acme, "dana", *rights))
        page = browser.open(path_of(app, CONTAIN))
        assert (box(page, "end_credentials"), 'id="stay"' in page.text) == ("", True)
        assert "It is contained" in browser.submit(page, "act", reason=WHY, confirm="Ledger").text
        assert app.token().status_code == 401


class TestContaining:
    def test_it_is_named_and_explained_and_then_everything_is_over(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        token = app.access_token()
        browser = admin(acme)
        asked = browser.open(path_of(app, CONTAIN))
        unnamed = browser.submit(asked, "act", reason=WHY, confirm="ledger")
        assert (unnamed.status, bool(problem_at(unnamed, "confirm"))) == (422, True)
        assert box(unnamed, "end_credentials")[0] == box(unnamed, "tell")[0] == "x"
        unsaid = browser.submit(asked, "act", tell="", confirm="Ledger")
        assert (unsaid.status, bool(problem_at(unsaid, "reason")), box(unsaid, "tell")[0]) == (422, True, " ")
        assert app.introspect(token).json()["active"] is True
        done = browser.submit(asked, "act", reason=WHY, confirm="Ledger")
        assert ("It is contained" in done.text, app.introspect(token).status_code, app.token().status_code) == (True, 401, 401)
        assert re.search(rf'id="held">.*{WHY}', done.text)
        assert re.findall(r'<li><p><a href="([^"]+)"', done.text)[-1] == path_of(app, "/unblock")
        assert re.search(r'id="left"><span class="muted">nothing.*<details class="panel disclosure"><summary>Tell', done.text, re.DOTALL)
        events = re.findall(r'href="/setup/audit/\w+">([^<]+)', browser.open(path_of(app, "/changes")).text)
        assert events[:3] == ["app, contained", "secret, retired", "app, blocked"]

    def test_a_block_leads_there_and_one_that_is_blocked_is_contained_too(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        block = browser.open(path_of(app, "/block"))
        assert f'href="{path_of(app, CONTAIN)}"' in block.text
        browser.submit(block, "act", reason="At first", confirm="Ledger")
        page = browser.open(path_of(app, CONTAIN))
        assert ("At first" in page.text, box(page, "end_credentials")[0]) == (True, "x")
        done = browser.submit(page, "act", reason=WHY, confirm="Ledger")
        assert ("It is contained" in done.text, box(done, "end_credentials")) == (True, "")

    def test_long_after_signing_in_credentials_ask_for_it_anew_and_the_entries_are_kept(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        asked = browser.open(path_of(app, CONTAIN))
        acme.standing.clock.advance(minutes=61)
        kept = browser.submit(asked, "act", None, reason=WHY, confirm="Ledger")
        assert (kept.status, WHY in kept.text, app.token().status_code) == (401, True, 200)
        held = browser.submit(asked, "act", end_credentials="", reason=WHY, confirm="Ledger")
        assert ("It is contained" in held.text, app.token().status_code) == (True, 401)

    def test_X_CO_without_the_right_or_with_a_forged_form_nothing_happens(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        viewer, browser = at_setup(acme, with_rights(acme, "viewer", Permission.VIEW_SETUP)), admin(acme)
        form_token = viewer.open("/setup").forms["signout"].fields["form_token"]
        assert (viewer.open(path_of(app, CONTAIN)).status, "Contain…" in viewer.open(path_of(app)).text) == (403, False)
        for ending, said in ((CONTAIN, {"reason": WHY, "confirm": "Ledger"}), ("/evidence", {})):
            url = f"{acme.org.issuer}{path_of(app, ending)}"
            assert viewer.post(url, said | {"form_token": form_token}).status == 403
            assert browser.post(url, said | {"form_token": "forged"}).status == 403
        other = admin(make_tenant(acme.standing))
        assert other.open(path_of(app, CONTAIN)).status == 404
        browser.submit(browser.open(path_of(app, "/uninstall")), "act", reason=WHY, confirm="Ledger")
        assert browser.open(path_of(app, CONTAIN)).status == 409

    def test_X_XS_01_markup_stays_text(self, acme: Tenant) -> None:
        app = acme.app(f"App {MARKUP}", api_name="Marked")
        browser = admin(acme)
        browser.submit(browser.open(path_of(app, CONTAIN)), "act", reason=MARKUP, confirm="Marked")
        page = browser.open(path_of(app, CONTAIN))
        assert (page.status, MARKUP in page.text, "&lt;b id=" in page.text) == (200, False, True)


class TestEvidence:
    def test_it_holds_what_the_lists_hold_and_the_digest_of_each_file(self, acme: Tenant) -> None:
        app, another = acme.app("Ledger"), acme.app("Another")
        app.token()
        app.token(scope="full")
        another.token()
        bundle = taken(admin(acme), app)
        assert bundle.namelist() == ["README.txt", "app.json", "login-history.csv", "changes.csv", "live-grants.csv", "SHA256SUMS"]
        assert [each["outcome"] for each in lines_of(bundle, "login-history.csv")] == ["refused", "success"]
        assert {each["app"] for each in lines_of(bundle, "login-history.csv")} == {"Ledger"}
        (first, *others) = lines_of(bundle, "changes.csv")
        assert (first["event"], others[-1]["event"]) == (Event.RECORD_EXPORTED, Event.APP_CREATED)
        assert [each["user"] for each in lines_of(bundle, "live-grants.csv")] == ["Runner Example"]
        for line in bundle.read("SHA256SUMS").decode().splitlines():
            digest, name = line.split("  ")
            assert hashlib.sha256(bundle.read(name)).hexdigest() == digest, name
        assert len(bundle.read("SHA256SUMS").decode().splitlines()) == 5

    def test_what_the_app_is_stands_in_it_and_no_secret(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        app.token()
        bundle = taken(admin(acme), app)
        told = json.loads(bundle.read("app.json"))
        assert set(told) == {"app", "settings", "secrets", "certificates", "policies", "access", "reach"}
        assert (told["app"]["consumer_key"], told["reach"]["live"]["tokens"]) == (app.consumer_key, 1)
        assert [each["address"] for each in told["reach"]["addresses"]] == [OFFICE]
        assert all(app.secret.encode() not in bundle.read(name) for name in bundle.namelist())

    def test_a_list_that_one_may_not_see_is_left_out_and_named(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = at_setup(acme, with_rights(acme, "ops", Permission.MANAGE_CONNECTED_APPS, Permission.VIEW_AUDIT_TRAIL))
        bundle = taken(browser, app)
        assert bundle.namelist() == ["README.txt", "app.json", "changes.csv", "SHA256SUMS"]
        said = bundle.read("README.txt").decode()
        assert "login-history.csv  left out: This needs the permission Monitor Login History." in said

    def test_X_XS_07_a_name_that_would_be_computed_is_shown(self, acme: Tenant) -> None:
        app = acme.app("=HYPERLINK(1)", api_name="Ledger")
        app.token()
        assert {each["app"] for each in lines_of(taken(admin(acme), app), "login-history.csv")} == {"'=HYPERLINK(1)"}

    def test_who_took_it_out_is_written_down_before_the_first_byte(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        taken(browser, app)
        with acme.standing.database.snapshot() as tx:
            (line,) = audit_trail.page(tx, acme.org.id, limit=1)
        assert (line.event, line.target_id) == (Event.RECORD_EXPORTED, app.id)
        assert {"field": "list", "before": None, "after": "Evidence about an app"} in line.changes

    def test_it_asks_for_a_recent_sign_in_and_for_a_free_place(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        page = browser.open(path_of(app, CONTAIN))
        for _ in range(4):
            assert exports.AT_ONCE.acquire(blocking=False)
        try:
            assert browser.submit(page, "evidence").status == 503
        finally:
            exports.AT_ONCE.release(4)
        acme.standing.clock.advance(minutes=61)
        led = browser.submit(page, "evidence").url
        assert led.endswith(f"/me/security/prove?{urlencode({'then': path_of(app, CONTAIN)})}")

    def test_it_ends_where_the_session_does(self, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        app = acme.app("Ledger")
        browser = admin(acme)
        page = browser.open(path_of(app, CONTAIN))
        signed_in, visit_of = iter((True,)), desk.visit_of
        monkeypatch.setattr(desk, "visit_of", lambda *said: visit_of(*said) if next(signed_in, False) else None)
        bundle = zipfile.ZipFile(io.BytesIO(browser.submit(page, "evidence").body))
        assert [each["line"] for each in lines_of(bundle, "changes.csv")] == [f"({exports.OVER})"]
