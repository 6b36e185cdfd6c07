"""Every page that there is, in an org whose people and apps say markup wherever they may say anything.

The fields are read from the description of the API and from the forms of the pages, the pages are found by their links, and the addresses
are those of the application itself, so what is added tomorrow is attacked as well.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import sqlalchemy as sa
from tests.attacks.crawl import Crawl, kind_of
from tests.attacks.marked_office import STARTS, MarkedOffice, marked_office
from tests.oauth.browser import Page
from tests.oauth.door import FORM

from gatebridge.storage.database import Database
from gatebridge.storage.metadata import metadata

pytestmark = pytest.mark.timeout(400)  # the office and the walk through it are made for the first test

RAW = re.compile(r"<b onm\d+|[\"']&lt;b onm\d+")
TWICE = re.compile(r"&amp;(?:lt|#\d+);b onm\d+")
ESCAPED = re.compile(r"&lt;b (onm\d+)=1&gt;")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|srcdoc=")

LINES = frozenset({"/setup/audit?", "/setup/audit/{id}"})  # where each reason of a change is written

# Where the house keeps its own time, and where a request is written down, whatever becomes of it.
UPKEEP = {"sessions", "leases", "outbox"}
WRITTEN_DOWN = {"login_history", "history_days", "browsers"}

# Operations with which nobody stores a text: a password that is wrong, and an answer of which a run reads the parameters.
STORE_NOTHING = {"post_my_password", "post_step"}
# What no page shows: a password, what was asked and not kept, people of another org, the reason of what had nothing left to change, and
# words that a form said anew.
SHOWN_NOWHERE = {
    *("post_password.password", "post_explain.callback", "post_explain.scopes", "post_org.admin_first_name", "post_org.admin_last_name"),
    *("post_owner.reason", "revoke_grant.reason", "revoke_user_of_app.reason", "post_my_request.words"),
}
# Texts with a syntax that has no room for markup: addresses, names of the system, days, and drafts, which hold ids.
NO_ROOM = {
    *("access", "address", "admin_email", "admin_username", "api_name", "assertion_audiences", "audience", "backchannel_logout_uri"),
    *("callbacks", "contact_email", "contact_phone", "current_password", "email", "host", "info_url", "issuer", "login_hours", "org"),
    *("permission_sets", "policies", "post_logout_redirect_uris", "profiles", "review_on", "scopes", "settings", "signing_algorithm"),
    *("timezone", "username", "view"),
}


@dataclass
class Walked:
    """The office, every page that its admin was led to, and the rows that differ between before and after."""

    office: MarkedOffice
    pages: list[Page] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)

    @property
    def everything_told(self) -> list[Page]:
        return [*self.pages, *self.office.told_admin, *self.office.told_strangers]


@pytest.fixture(scope="module")
def walked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    directory = tmp_path_factory.mktemp("marked") / "office"
    with marked_office(directory, lambda path: shutil.copy(sqlite_template, path)) as office:
        database = office.office.house.database
        before = rows_of(database)
        pages = list(Crawl(office.browser, most_of_a_kind=4, each_of=LINES).pages(*STARTS))
        after = rows_of(database)
        yield Walked(office, pages, {name for name in before if before[name] != after[name]})


def rows_of(database: Database) -> Mapping[str, list[Any]]:
    """Every row of every table."""
    with database.snapshot() as tx:
        return {table.name: [tuple(row) for row in tx.connection.execute(sa.select(table))] for table in metadata.sorted_tables}


def test_X_XS_01_there_is_no_text_field_in_which_it_was_not_tried(walked: Walked) -> None:
    tried = walked.office.tried
    assert {name: each.answer for name, each in tried.items() if each.status >= 300 and name not in STORE_NOTHING} == {}
    refused = {name for each in tried.values() for name in each.refused}
    assert refused - NO_ROOM == set()
    assert NO_ROOM - refused == set()


def test_X_XS_01_markup_is_text_on_every_page(walked: Walked) -> None:
    assert [(page.url, found[0]) for page in walked.everything_told if (found := RAW.search(page.text))] == []
    assert [page.url for page in walked.everything_told if TWICE.search(page.text)] == [], "it is shown as it was typed"
    assert [page.url for page in walked.everything_told if page.status >= 500] == []


def test_X_XS_01_what_was_stored_is_met_again(walked: Walked) -> None:
    marks = walked.office.marks.placed
    met = {marks[name] for page in walked.everything_told for name in ESCAPED.findall(page.text)}
    stored = {f"{operation}.{name}" for operation, each in walked.office.tried.items() for name in each.taken}
    assert stored - met - SHOWN_NOWHERE == set(), "the crawl misses a page"


def test_X_XS_01_no_page_has_a_script_or_style_of_its_own(walked: Walked) -> None:
    assert [(page.url, found[0]) for page in walked.pages if (found := INLINE.search(page.text))] == []


def test_X_CO_01_X_HT_05_no_page_is_framed_sniffed_or_stored(walked: Walked) -> None:
    assert len(walked.pages) > 200
    for page in (*walked.pages, *walked.office.told_admin):
        policy = page.directives
        assert policy["frame-ancestors"] == ["'none'"], page.url
        assert policy["default-src"] == ["'none'"], page.url
        assert policy.get("script-src", ["'self'"]) == ["'self'"], page.url
        assert (page.headers["x-frame-options"], page.headers["x-content-type-options"]) == ("DENY", "nosniff"), page.url
        assert page.headers["cache-control"] == "no-store", page.url
        assert "etag" not in page.headers, page.url


def test_X_CO_02_looking_at_everything_changes_nothing(walked: Walked) -> None:
    assert walked.changed - UPKEEP == set()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "POST"])
def test_X_CO_02_no_method_at_any_address_changes_anything_without_a_form_of_ours(walked: Walked, method: str) -> None:
    office, browser = walked.office.office, walked.office.browser
    before = rows_of(office.house.database)
    taken = set[str]()
    for path, methods in addresses(walked.office):
        asks = "&".join(f"{name}=POST" for name in ("_method", "method", "X-HTTP-Method-Override"))
        headers = {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST", "Content-Type": FORM}
        body = b"form_token=forged&reason=x&confirm=x" if method not in ("GET", "HEAD") else b""
        answer = browser.step(method, f"{path}?{asks}", headers, body)
        if method not in methods:
            assert answer.status_code in (404, 405) or "form_forged" in answer.text, path
        elif method == "POST":
            # An address that takes a file has been sent none, and says so before it asks for anything else.
            assert (answer.status_code, "form_forged" in answer.text) == (403, True) or answer.status_code == 400, path
        assert answer.status_code < 500, path
        taken |= {path} if method in methods else set()
    after = rows_of(office.house.database)
    assert {name for name in before if before[name] != after[name]} - UPKEEP - WRITTEN_DOWN == set()
    assert taken or method not in ("GET", "HEAD", "POST"), "the matrix is empty"


FORGED = {
    "sort": ("label; DROP TABLE users", "password_hash", "\u0000"),
    "after": ("' OR 1=1 --", "0" * 18, "9" * 400, "\u0000"),
    "size": ("1000000", "1 OR 1=1"),
}


def test_X_HT_07_no_list_takes_an_order_or_a_place_that_it_did_not_give_out(walked: Walked) -> None:
    browser = walked.office.browser
    lists = {urlsplit(page.url).path: page for page in walked.pages if 'name="size"' in page.text or "?size=" in page.text}
    assert len(lists) >= 10
    for path in lists:
        plain = records_of(browser.open(path))
        for name, values in FORGED.items():
            for value in values:
                page = browser.open(f"{path}?{urlencode({name: value})}")
                assert page.status == 200, (path, name, value)
                # A place that nobody gave out begins somewhere in the list; all else shows the list as it is.
                shown = records_of(page)
                assert shown == plain if name != "after" else set(shown) <= set(plain), (path, name, value)


def records_of(page: Page) -> list[str]:
    """The ids of the records that a list shows, in their order."""
    return re.findall(r'<tr data-\w+="(\w{18})"', page.text)


def addresses(office: MarkedOffice) -> list[tuple[str, set[str]]]:
    """Every address of the pages, with ids of records that are there, and the methods that it takes."""
    app: Any = office.office.house.server.app
    while not hasattr(app, "routes"):
        app = getattr(app, "app", None) or app._app
    found: dict[str, set[str]] = {}
    for route in app.routes:
        if route.path.startswith(("/setup", "/me", "/signin", "/signout", "/forgot", "/reset", "/invitation", "/connect")):
            path = re.sub(r"{(\w+)(?::\w+)?}", lambda name: (office.office.ids.get(name[1]) or ["000000000000000AAA"])[0], route.path)
            found.setdefault(path, set()).update(route.methods)
    return sorted(found.items())


def test_every_page_says_in_its_one_heading_what_it_is_before_any_script_runs(walked: Walked) -> None:
    assert [page.url for page in walked.pages if page.status == 200 and len(re.findall("<h1[ >]", page.text)) != 1] == []


def test_every_page_that_is_linked_is_there(walked: Walked) -> None:
    assert {kind_of(page.url) for page in walked.pages if page.status == 404} == set()
