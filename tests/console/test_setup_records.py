"""The records at a browser: what was changed, how apps are used, who is signed in; and the end of a session."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant

from gatebridge.monitoring import audit_history
from gatebridge.monitoring.audit_heads import OutsideHead
from gatebridge.records import history_seals
from gatebridge.rules.ids import IdMint, Prefix, long
from gatebridge.rules.people import User
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Compared
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.storage import audit_trail as trail
from gatebridge.storage.login_history import HistoryLine, forget, insert_many
from gatebridge.web.console import audit_trail, receipt
from gatebridge.web.console.moments import Moments

__all__ = ["acme", "house", "loop"]

AUDIT, USAGE, SESSIONS, HISTORY = "/setup/audit", "/setup/usage", "/setup/sessions", "/setup/login-history"
HARBOUR = (TypedRange("192.0.2.0/24", "Harbour"),)


class TestAuditTrail:
    def test_it_lists_changes_and_opens_one_with_before_and_after(self, acme: Tenant) -> None:
        acme.app("Ledger")
        browser = admin(acme)
        listed = browser.open(f"{AUDIT}?q=Ledger")
        assert "app, created" in listed.text
        line = re.search(rf'href="({AUDIT}/0Ym\w+)">app, policies edited', listed.text)
        assert line is not None
        opened = browser.open(line[1])
        assert (opened.status, "run_as_user_id" in opened.text) == (200, True)

    def test_it_is_narrowed_by_who_and_what(self, acme: Tenant) -> None:
        acme.app("Ledger")
        browser = admin(acme)
        only = browser.open(f"{AUDIT}?event=setup:app:created")
        assert set(re.findall(r'href="/setup/audit/0Ym\w+">([^<]+)', only.text)) == {"app, created"}
        assert "data-line" not in browser.open(f"{AUDIT}?q={acme.runner.username}").text
        assert audit_trail.NOBODY in browser.open(f"{AUDIT}?q=nobody").text

    def test_pages_follow_each_other_without_a_gap(self, acme: Tenant) -> None:
        for number in range(9):
            acme.app(f"App {number}")
        browser = admin(acme)
        seen: list[int] = []
        path: str | None = AUDIT
        while path is not None:
            page = browser.open(path)
            seen += [int(number) for number in re.findall(r'data-line="(\d+)"', page.text)]
            onward = re.search(r'id="next" href="([^"]+)"', page.text)
            path = onward[1].replace("&amp;", "&") if onward else None
        assert seen == list(range(max(seen), 0, -1))

    def test_the_chain_is_checked_and_the_answer_told(self, acme: Tenant) -> None:
        acme.app("Ledger")
        page = admin(acme).open(f"{AUDIT}/chain")
        assert (page.status, 'data-state="intact"' in page.text) == (200, True)

    def test_the_login_history_is_held_against_its_seals_from_new_to_old(self, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit_history, "verify", partial(audit_history.verify, lines_at_once=1))
        database, app_id = acme.standing.database, acme.app("Ledger").id
        with database.transaction() as tx:
            mint = IdMint(9)
            ages = [tx.now - timedelta(hours=hours) for hours in (4, 3)]
            made = [(mint.mint(Prefix.RECEIPT, at), at) for at in ages]
            insert_many(tx, [HistoryLine(acme.org.id, id15, at, "token", "success", 200, "", "", {}, app_id=app_id) for id15, at in made])
        for _ in made:
            with database.transaction() as tx:
                seal = history_seals.next_seal(tx, acme.org.id)
                assert seal is not None
                assert history_seals.write(tx, acme.org.id, seal)
        browser = admin(acme)
        page = browser.open(f"{AUDIT}/chain").text
        assert 'id="history" data-state="intact"' in page
        older = re.search(r'id="older" href="([^"#]+)#history"', page)
        assert older is not None
        last = browser.open(older[1]).text
        assert ('id="history" data-state="intact"' in last, 'id="older"' in last) == (True, False)
        with database.transaction() as tx:
            forget(tx, acme.org.id, made[0][0], 1)
        assert "1 line is gone." in browser.open(older[1]).text

    def test_X_AU_05_a_line_that_is_written_while_the_heads_are_read_is_not_missed(self, acme: Tenant) -> None:
        browser, kept = admin(acme), acme.standing.house.outside_heads

        def heads() -> list[OutsideHead]:
            acme.app("Ledger")
            with acme.standing.database.snapshot() as tx:
                (newest,) = trail.page(tx, acme.org.id, limit=1)
            return [OutsideHead(acme.org.id, newest.sequence, newest.mac)]

        object.__setattr__(acme.standing.house, "outside_heads", heads)
        try:
            assert 'data-state="intact"' in browser.open(f"{AUDIT}/chain").text
        finally:
            object.__setattr__(acme.standing.house, "outside_heads", kept)

    def test_without_the_right_none_of_it_is_shown(self, acme: Tenant) -> None:
        browser = at_setup(acme, with_rights(acme, "dev", Permission.VIEW_SETUP))
        assert {browser.open(path).status for path in (AUDIT, f"{AUDIT}/chain", USAGE, SESSIONS)} == {403}


class TestLoginHistory:
    def test_who_may_not_see_apps_is_not_led_to_them(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        refused = app.token(scope="full").headers["X-Gatebridge-Receipt"]
        for rights, led in (((), False), ((Permission.VIEW_SETUP,), True)):
            browser = at_setup(acme, with_rights(acme, f"iris{len(rights)}", Permission.MONITOR_LOGIN_HISTORY, *rights))
            for path in ("/setup", HISTORY, f"{HISTORY}/{refused}"):
                text = browser.open(path).text
                assert ("<bdi>Ledger</bdi>" in text, f'href="/setup/apps/{long(app.id)}"' in text) == (True, led), path

    def test_moments_in_what_a_receipt_recorded_are_told_to_its_reader(self, acme: Tenant) -> None:
        recorded = Compared("auth_time", "2026-11-23T09:42:11+00:00", None)
        told = receipt.told_to(Moments.of(_in(acme, "Europe/Berlin"), acme.standing.clock.now), recorded)
        assert (told.sent, told.registered) == ("23 Nov 2026, 10:42:11 CET", None)


class TestUsage:
    def test_every_app_is_listed_used_or_not(self, acme: Tenant) -> None:
        used, unused = acme.app("Used"), acme.app("Unused")
        used.token()
        page = admin(acme).open(USAGE)
        assert re.findall(r'data-app="(\w+)"', page.text) == [long(unused.id), long(used.id)]
        assert "not yet" in page.text

    def test_an_app_shows_its_grants_and_the_scopes_that_nobody_would_miss(self, acme: Tenant) -> None:
        app = acme.app("Used")
        app.token()
        page = admin(acme).open(f"{USAGE}/{long(app.id)}")
        assert len(re.findall(r"data-grant=", page.text)) == 1
        assert "nobody would miss it" in page.text

    def test_an_app_of_nobody_here_is_not_found(self, acme: Tenant) -> None:
        assert admin(acme).open(f"{USAGE}/{long(acme.org.id)}").status == 404


class TestSessions:
    def test_an_admin_ends_a_session_and_that_browser_is_signed_out(self, acme: Tenant) -> None:
        sam = with_rights(acme, "sam")
        theirs = at_setup(acme, sam)
        mine = admin(acme)
        listed = mine.open(f"{SESSIONS}?q={sam.username}")
        (end,) = re.findall(rf'href="({SESSIONS}/\w+/end)"', listed.text)
        asked = mine.open(end)
        assert sam.username in asked.text
        done = mine.submit(asked, "end", reason="A laptop was lost")
        assert (done.status, "That browser is signed out." in done.text) == (200, True)
        assert theirs.open("/me").url.endswith("/signin")
        assert "A laptop was lost" in mine.open(re.findall(rf'href="({AUDIT}/0Ym\w+)"', mine.open(AUDIT).text)[0]).text

    def test_who_signed_in_long_ago_proves_it_anew_and_comes_back(self, acme: Tenant) -> None:
        sam = with_rights(acme, "sam")
        at_setup(acme, sam)
        mine = admin(acme)
        (end,) = re.findall(rf'href="({SESSIONS}/\w+/end)"', mine.open(f"{SESSIONS}?q={sam.username}").text)
        acme.standing.clock.advance(minutes=61)
        asked = mine.open(end)
        assert "/me/security/prove" in asked.url
        assert end in asked.text

    def test_a_form_from_elsewhere_ends_nothing(self, acme: Tenant) -> None:
        sam = with_rights(acme, "sam")
        theirs = at_setup(acme, sam)
        mine = admin(acme)
        (end,) = re.findall(rf'href="({SESSIONS}/\w+/end)"', mine.open(f"{SESSIONS}?q={sam.username}").text)
        assert mine.post(f"{acme.org.issuer}{end}", {"reason": "x", "form_token": "forged"}).status == 403
        assert theirs.open("/me").status == 200

    def test_nobody_of_that_name(self, acme: Tenant) -> None:
        assert "Nobody is called so" in admin(acme).open(f"{SESSIONS}?q=nobody").text


def test_times_are_told_in_the_zone_of_the_reader(acme: Tenant) -> None:
    now = acme.standing.clock.now
    berlin = Moments.of(_in(acme, "Europe/Berlin"), now)
    assert berlin.exactly(now).endswith("CET") or berlin.exactly(now).endswith("CEST")
    assert Moments.of(_in(acme, "Nowhere/Land"), now).exactly(now).endswith("UTC")
    assert [berlin.ago(now - _span(3)), berlin.ago(now + _span(0.01)), berlin.ago(now + _span(5)), berlin.ago(now + _span(72))] == [
        *("3 h ago", "in 1 min", "in 5 h", "in 3 days")
    ]
    assert berlin.read("signed in at 2026-11-23T09:42:11.123456+00:00 by pwd") == "signed in at 23 Nov 2026, 10:42:11 CET by pwd"
    assert berlin.read("alive until 9999-12-31T23:59:59Z") == "alive until 31 Dec 9999, 23:59:59 UTC"


@pytest.mark.parametrize("change", [EditOrg(trusted_ranges=HARBOUR, confirmed=True), EditOrg(monitored_ranges=HARBOUR)])
def test_a_line_of_the_history_names_the_network_that_the_org_trusts_or_only_watches(acme: Tenant, change: EditOrg) -> None:
    browser = admin(acme)
    assert "none known" in browser.open(HISTORY).text
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, change)
    assert "<bdi>Harbour</bdi>" in browser.open(HISTORY).text


def _in(acme: Tenant, zone: str) -> User:
    return replace(acme.runner, timezone=zone)


def _span(hours: float) -> timedelta:
    return timedelta(hours=hours)
