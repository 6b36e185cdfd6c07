"""Login History as it grows: what is newer, asked for by a page or followed as a stream, by whoever may read it and for as long as that."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
import pytest
from starlette.requests import Request
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser
from tests.oauth.conftest import acme, house, loop, rival
from tests.oauth.tenants import Tenant

from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.setup.end_sessions import EndSession, end_session
from gatebridge.storage import listed_sessions, permission_sets
from gatebridge.web import browser as browsers
from gatebridge.web.console import tail

__all__ = ["acme", "house", "loop", "rival"]

HISTORY, LIVE = "/setup/login-history", "/setup/live/login-history"
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(autouse=True)
def one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream ends after its first look, so that it can be read to its end."""
    monkeypatch.setattr(tail, "LIFETIME_SECONDS", 0)


def reader(acme: Tenant) -> Browser:
    return at_setup(acme, with_rights(acme, "iris", Permission.MONITOR_LOGIN_HISTORY))


def newest(browser: Browser, narrowed: str = "") -> str:
    """The address of the stream that the list of this view names."""
    page = browser.open(f"{HISTORY}{narrowed}")
    found = re.search(r'data-stream="([^"]+)"', page.text)
    assert found is not None
    return found[1].replace("&amp;", "&")


def received(answer: httpx.Response) -> list[str]:
    return re.findall(r'data-receipt="(\w+)"', answer.text)


class TestStream:
    def test_it_brings_the_lines_that_fit_the_view_and_are_newer_than_the_list(self, acme: Tenant) -> None:
        app = acme.app("Nightly Sync")
        app.token()
        browser = reader(acme)
        address = newest(browser, "?outcome=refused")
        assert received(browser.step("GET", address, STREAM)) == []
        refused = app.token(scope="full").headers["X-Gatebridge-Receipt"]
        app.token()
        answer = browser.step("GET", address, STREAM)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert (received(answer), f"id: {refused}\n" in answer.text) == ([refused], True)
        assert answer.headers["cache-control"] == "no-store"

    def test_a_browser_that_comes_back_says_how_far_it_was(self, acme: Tenant) -> None:
        app = acme.app("Nightly Sync")
        browser = reader(acme)
        address = newest(browser)
        first, second = (app.token().headers["X-Gatebridge-Receipt"] for _ in range(2))
        assert received(browser.step("GET", address, STREAM)) == [second, first]
        assert received(browser.step("GET", address, STREAM | {"Last-Event-ID": first})) == [second]

    def test_X_AD_01_nobody_without_the_right_and_nobody_of_another_org_follows(self, acme: Tenant, rival: Tenant) -> None:
        browser = at_setup(acme, with_rights(acme, "dev", Permission.VIEW_SETUP))
        assert browser.step("GET", LIVE, STREAM).status_code == 403
        stranger = Browser(acme.door, acme.org.issuer).step("GET", LIVE, STREAM)
        assert (stranger.status_code, stranger.headers["location"]) == (303, "/signin?then=%2Fsetup%2Flogin-history")
        theirs = reader(rival)
        address = newest(theirs)
        acme.app("Nightly Sync").token()
        assert received(theirs.step("GET", address, STREAM)) == []

    def test_who_opens_the_address_or_asks_for_its_head_is_led_to_the_list(self, acme: Tenant) -> None:
        browser = reader(acme)
        assert browser.open(f"{LIVE}?outcome=refused").url.endswith(f"{HISTORY}?outcome=refused")
        assert browser.step("HEAD", LIVE, STREAM).headers["location"] == HISTORY

    def test_more_than_one_user_may_have_open_are_refused(self, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        browser = reader(acme)
        monkeypatch.setattr(tail, "SEATS", tail.Seats(1, 1))
        with tail.SEATS.one_for("somebody else"):
            assert browser.step("GET", LIVE, STREAM).status_code == 503
        assert browser.step("GET", LIVE, STREAM).status_code == 200


def test_seats_are_counted_for_all_and_for_each_and_given_back() -> None:
    seats = tail.Seats(3, 2)

    def taken(*names: str) -> list[bool]:
        if not names:
            return []
        with seats.one_for(names[0]) as seated:
            return [seated, *taken(*names[1:])]

    assert taken("a", "a", "a", "b", "b") == [True, True, False, True, False]
    assert taken("b", "b") == [True, True]


class TestFollowing:
    """A stream that goes on, event by event."""

    @pytest.fixture(autouse=True)
    def goes_on(self, one_look: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tail, "LIFETIME_SECONDS", 60)
        monkeypatch.setattr(tail, "BEAT_SECONDS", 0)

    @contextmanager
    def following(self, acme: Tenant, browser: Browser) -> Iterator[Any]:
        """What gives the next event of a stream that this browser opened."""
        request = self.request(acme, browser)
        house = acme.standing.house
        events = cast(Any, tail._open(house, request, browsers.of(request, house))).body_iterator
        run = asyncio.Runner()
        try:
            yield lambda: run.run(anext(events)).decode()
        finally:
            run.run(events.aclose())
            run.close()

    def request(self, acme: Tenant, browser: Browser) -> Request:
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        headers = [(b"accept", b"text/event-stream"), (b"cookie", cookies.encode()), (b"host", acme.org.host.encode())]
        operation_id = acme.standing.database.mint.mint(Prefix.RECEIPT, acme.standing.clock.now)
        known = {"issuer": acme.org.issuer, "host": acme.org.host, "address": browser.address, "operation_id": operation_id}
        scope = {"type": "http", "method": "GET", "path": LIVE, "query_string": b"", "headers": headers}
        return Request(scope | {f"gatebridge.{name}": value for name, value in known.items()})

    def test_it_ends_with_the_session(self, acme: Tenant) -> None:
        browser = reader(acme)
        with self.following(acme, browser) as following:
            assert following().startswith("retry:")
            with acme.standing.database.transaction() as tx:
                (mine, *_) = listed_sessions.list_page(tx, acme.org, after=None, limit=1)
                end_session(tx, acme.admin, EndSession(mine.session.id, "A laptop was lost"))
            assert following() == f"event: over\ndata: {tail.SIGNED_OUT}\n\n"
            with pytest.raises(StopAsyncIteration):
                following()

    def test_it_ends_with_the_right(self, acme: Tenant) -> None:
        iris = with_rights(acme, "iris", Permission.MONITOR_LOGIN_HISTORY)
        with self.following(acme, at_setup(acme, iris)) as following:
            following()
            with acme.standing.database.transaction() as tx:
                ((held, _),) = permission_sets.of_user(tx, acme.org.id, iris.id)
                permission_sets.unassign(tx, acme.org.id, iris.id, held.id)
            assert following().startswith("event: over\n")
            with pytest.raises(StopAsyncIteration):
                following()

    def test_it_ends_when_the_server_is_told_to_stop(self, acme: Tenant) -> None:
        browser, app = reader(acme), acme.app("Nightly Sync")
        stopping = acme.standing.house.stopping
        with self.following(acme, browser) as following:
            following()
            app.token()
            assert "Nightly Sync" in following()
            app.token()
            assert following().startswith("event: lines\nid: 0Ya")
            stopping.set()
            try:
                with pytest.raises(StopAsyncIteration):
                    following()
            finally:
                stopping.clear()


def test_X_XS_01_what_somebody_is_called_cannot_pass_for_a_field_of_the_stream() -> None:
    data = "<tr>\r\nid: forged\revent: over\n</tr>"
    assert tail.event("lines", data, "0Ya") == (b"event: lines\nid: 0Ya\ndata: <tr>\ndata: id: forged\ndata: event: over\ndata: </tr>\n\n")


class TestNewer:
    def test_the_link_marks_what_came_since_it_was_shown(self, acme: Tenant) -> None:
        app = acme.app("Nightly Sync")
        app.token()
        browser = admin(acme)
        link = re.search(r'id="newer" href="([^"]+)"', browser.open(HISTORY).text)
        assert link is not None
        assert "Nothing new at " in browser.open(link[1]).text
        new = app.token().headers["X-Gatebridge-Receipt"]
        page = browser.open(link[1])
        assert (re.findall(r'data-receipt="(\w+)" data-new', page.text), "1 new line." in page.text) == ([new], True)

    @pytest.mark.parametrize("narrowed", ["?sort=time", "?after=0Ya000000000000", "?q=nobody"])
    def test_where_nothing_can_be_newer_there_is_no_such_link(self, acme: Tenant, narrowed: str) -> None:
        assert 'id="newer"' not in admin(acme).open(f"{HISTORY}{narrowed}").text

    def test_the_oldest_come_first_if_one_wants(self, acme: Tenant) -> None:
        app = acme.app("Nightly Sync")
        made = [app.token().headers["X-Gatebridge-Receipt"] for _ in range(2)]
        browser = admin(acme)
        oldest = re.findall(r'data-receipt="(\w+)"', browser.open(f"{HISTORY}?sort=time&q=Nightly_Sync").text)
        assert (oldest, re.findall(r'data-receipt="(\w+)"', browser.open(f"{HISTORY}?q=Nightly_Sync").text)) == (made, made[::-1])
        assert re.findall(r'data-receipt="(\w+)"', browser.open(f"{HISTORY}?sort=time&q=Nightly_Sync&after={made[0]}").text) == [made[1]]
