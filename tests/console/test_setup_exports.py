"""Lists at a browser: sorted, and taken out as files; who may do so, what is written down of it, and where it ends."""

import asyncio
import csv
import io
import json
import re
from collections.abc import Iterator
from threading import BoundedSemaphore

import pytest
from starlette.types import Message
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant

from gatebridge.rules.events import Event
from gatebridge.rules.ids import long
from gatebridge.rules.permissions import Permission
from gatebridge.storage import audit_trail
from gatebridge.web.console import desk, exports

__all__ = ["acme", "house", "loop"]

AUDIT, USAGE, SESSIONS, REQUESTS = "/setup/audit", "/setup/usage", "/setup/sessions", "/setup/requests"
# Rows are what the file is about; where it is refused and where it ends is the same on both.
on_one_database = pytest.mark.parametrize("house", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def all_places_are_free_again() -> Iterator[None]:
    yield
    assert exports.AT_ONCE._value == 4


def exported(browser: Browser, path: str, style: str = "csv") -> Page:
    return browser.submit(browser.open(path), "export", format=style)


def rows_of(sent: Page) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sent.text.removeprefix("\ufeff"), newline="")))


@on_one_database
class TestSorting:
    def test_a_list_is_sorted_both_ways_and_says_so(self, acme: Tenant) -> None:
        browser = admin(acme)
        newest, oldest, unknown = (browser.open(f"{AUDIT}{query}").text for query in ("", "?sort=time", "?sort=mac&sort=-id"))
        seen = [[int(each) for each in re.findall(r'data-line="(\d+)"', text)] for text in (newest, oldest, unknown)]
        assert seen[0] == seen[2] == seen[1][::-1] == sorted(seen[0], reverse=True)
        assert ['aria-sort="descending"' in text for text in (newest, oldest)] == [True, False]


class TestFile:
    def test_it_holds_every_line_of_the_view_and_first_the_one_about_itself(self, acme: Tenant) -> None:
        browser = admin(acme)
        lines = len(re.findall("data-line=", browser.open(AUDIT).text))
        sent = exported(browser, AUDIT)
        read = rows_of(sent)
        assert (sent.status, len(read), read[0]["event"]) == (200, lines + 1, Event.RECORD_EXPORTED)
        assert sent.headers["content-disposition"].startswith('attachment; filename="')
        assert sent.headers["cache-control"] == "no-store"

    def test_it_is_narrowed_and_sorted_as_the_page_is(self, acme: Tenant) -> None:
        acme.app("Ledger")
        acme.app("Book")
        read = json.loads(exported(admin(acme), f"{AUDIT}?event=setup:app:created&sort=time&size=50", "json").text)
        assert [each["of"] for each in read["rows"]] == ["Ledger", "Book"]
        assert (read["complete"], read["filters"]) == (True, ["What: App, created"])

    @pytest.mark.parametrize("path", [USAGE, SESSIONS, f"{REQUESTS}?state=any", "/setup/login-history"])
    def test_every_list_has_one(self, acme: Tenant, path: str) -> None:
        acme.app("Ledger").token()
        browser = admin(acme)
        assert exported(browser, path, "json").status == 200
        assert len(rows_of(exported(browser, path))) == len(re.findall(r"<tr data-", browser.open(path).text))

    def test_of_an_app_the_line_is_about_the_app(self, acme: Tenant) -> None:
        app = acme.app("Ledger")
        app.token()
        browser = admin(acme)
        (grant,) = rows_of(exported(browser, f"{USAGE}/{long(app.id)}"))
        changes = rows_of(exported(browser, f"/setup/apps/{long(app.id)}/changes"))
        assert grant["flow"] == "client_credentials"
        assert [each["event"] for each in changes[:2]] == [Event.RECORD_EXPORTED] * 2

    def test_X_XS_07_a_name_that_would_be_computed_is_shown(self, acme: Tenant) -> None:
        acme.app("=HYPERLINK(1)", api_name="Link")
        assert [each["app"] for each in rows_of(exported(admin(acme), USAGE))] == ["'=HYPERLINK(1)"]


@on_one_database
class TestWhatIsWrittenDown:
    def test_who_took_what_out_narrowed_by_what_and_as_what(self, acme: Tenant) -> None:
        exported(admin(acme), f"{AUDIT}?event=setup:app:created")
        with acme.standing.database.snapshot() as tx:
            (line,) = audit_trail.page(tx, acme.org.id, limit=1)
        assert (line.event, line.target_name) == (Event.RECORD_EXPORTED, "Setup Audit Trail")
        assert {str(each["field"]): each["after"] for each in line.changes} == {
            "list": "Setup Audit Trail",
            "address": f"{AUDIT}?event=setup%3Aapp%3Acreated",
            "filters": ["What: App, created"],
            "format": "csv",
        }

    def test_what_is_refused_leaves_no_line_and_no_file(self, acme: Tenant) -> None:
        browser = admin(acme)
        fields = browser.open(AUDIT).forms["export"].fields | {"format": "xlsx"}
        assert browser.post(f"{AUDIT}/export", fields).status == 422
        assert "setup:record:exported" not in {each["event"] for each in rows_of(exported(browser, AUDIT))[1:]}


@on_one_database
class TestWhoMay:
    def test_nobody_without_the_right_to_the_list(self, acme: Tenant) -> None:
        browser = at_setup(acme, with_rights(acme, "dev", Permission.MONITOR_LOGIN_HISTORY, Permission.VIEW_AUDIT_TRAIL))
        page = browser.open(AUDIT)
        assert browser.post(f"{USAGE}/export", page.forms["export"].fields | {"format": "csv"}).status == 403

    def test_X_CO_02_looking_takes_nothing_out(self, acme: Tenant) -> None:
        assert admin(acme).open(f"{SESSIONS}/export?format=csv").status in (404, 405)

    def test_who_signed_in_long_ago_proves_it_first_and_comes_back_to_the_view(self, acme: Tenant) -> None:
        browser = admin(acme)
        page = browser.open(f"{AUDIT}?since=7d")
        acme.standing.clock.advance(minutes=90)
        asked = browser.submit(page, "export", format="csv")
        assert (asked.status, "then=%2Fsetup%2Faudit%3Fsince%3D7d" in asked.url) == (200, True)


@on_one_database
class TestWhereItEnds:
    def test_no_more_than_so_many_at_once(self, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        full = BoundedSemaphore(1)
        full.acquire()
        with monkeypatch.context() as patch:
            patch.setattr(exports, "AT_ONCE", full)
            told = exported(admin(acme), AUDIT)
        assert (told.status, exports.BUSY in told.text) == (503, True)

    def test_no_more_than_so_many_rows_and_the_last_line_says_so(self, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports, "CHUNK", 2)
        monkeypatch.setattr(exports, "MOST", 4)
        acme.app("Ledger")
        browser = admin(acme)
        *rows, last = rows_of(exported(browser, AUDIT))
        assert (len(rows), last["line"]) == (4, f"({exports.TOO_LONG})")
        assert json.loads(exported(browser, AUDIT, "json").text)["complete"] is False

    def test_it_ends_where_the_session_does(self, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports, "CHUNK", 1)
        browser = admin(acme)
        page = browser.open(AUDIT)
        # The form is sent by somebody, and so is the first chunk read; by the second one has been signed out.
        signed_in, visit_of = iter((True, True)), desk.visit_of
        monkeypatch.setattr(desk, "visit_of", lambda *said: visit_of(*said) if next(signed_in, False) else None)
        sent = browser.submit(page, "export", format="csv")
        assert [each["line"] for each in rows_of(sent)][1:] == [f"({exports.OVER})"]


def test_who_reads_no_further_or_goes_away_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LONGEST_SECONDS", 0.01)

    async def stands_still(_: Message) -> None:
        await asyncio.sleep(60)

    async def is_gone(_: Message) -> None:
        raise OSError

    async def never() -> Message:
        raise AssertionError

    for send in (stands_still, is_gone):
        assert exports.AT_ONCE.acquire(blocking=False)
        scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
        asyncio.run(exports.File(iter((b"line",)))(scope, never, send))
        assert exports.AT_ONCE._value == 4
