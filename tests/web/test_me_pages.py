"""The pages of one's own account, at a browser: what apps may do, where one is signed in, and the password."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.door import OFFICE
from tests.oauth.flows.visits import PASSWORD, Asking, approve, chooser, enrol, sign_in
from tests.oauth.houses import Standing
from tests.oauth.tenants import Tenant

from gatebridge.rules.ids import long
from gatebridge.rules.people import User
from gatebridge.storage import sessions
from gatebridge.web import told

__all__ = ["acme", "house", "loop"]

NEW = "correct horse battery staple"
PAGES = ("/me", "/me/apps/end-all", "/me/sessions", "/me/password")


@dataclass(frozen=True)
class Home:
    """Somebody at a browser, signed in, who has approved an app twice."""

    acme: Tenant
    user: User
    browser: Browser
    asking: Asking
    tokens: tuple[dict[str, str], ...]

    @property
    def app_id(self) -> str:
        return self.asking.portal.app.id

    def open(self, path: str = "/me") -> Page:
        return self.browser.open(path)

    def live(self, tokens: dict[str, str]) -> bool:
        """Whether the refresh token still buys anything."""
        return self.asking.portal.refresh(tokens["refresh_token"]).status_code == 200

    def another_browser(self) -> Browser:
        browser = Browser(self.acme.door, self.acme.org.issuer, "203.0.113.77")
        sign_in(browser, browser.open("/signin"), self.user)
        return browser


def tokens_of(asking: Asking, page: Page) -> dict[str, str]:
    answer = asking.portal.redeem(asking.arrived(page)["code"])
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


@pytest.fixture
def home(acme: Tenant) -> Home:
    user = enrol(acme, "dana")
    asking = chooser(acme)
    browser = asking.signed_in(user)
    first = tokens_of(asking, approve(browser, browser.open(asking.url())))
    for _ in range(2):  # a session that is used does not end for lack of use
        acme.standing.clock.advance(hours=1.5)
        browser.open("/me/sessions")
    again = browser.open(asking.url(prompt="consent"))
    return Home(acme, user, browser, asking, (first, tokens_of(asking, approve(browser, again))))


@pytest.fixture(autouse=True)
def at_its_own_time(house: Standing) -> Iterator[None]:
    """Sessions end for lack of use, so the clock of a test is moved in steps that they survive."""
    yield
    house.clock.advance(minutes=1)


@pytest.fixture
def newcomer(acme: Tenant) -> Browser:
    browser = Browser(acme.door, acme.org.issuer)
    sign_in(browser, browser.open("/signin"), enrol(acme, "nils"))
    return browser


def text(page: Page) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.text).split())


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_signed_in_is_led_to_the_sign_in_page(acme: Tenant, path: str) -> None:
    stranger = Browser(acme.door, acme.org.issuer)
    answer = stranger.step("GET", path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/signin")
    page = stranger.open(path)
    assert "signin" in page.forms


@pytest.mark.parametrize("path", PAGES)
def test_no_page_runs_anything_or_can_be_framed_or_kept(newcomer: Browser, path: str) -> None:
    page = newcomer.open(path)
    assert page.status == 200
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert "script-src" not in page.directives
    assert page.directives["default-src"] == ["'none'"]
    assert page.directives["frame-ancestors"] == ["'none'"]
    assert page.headers["cache-control"] == "no-store"
    assert page.text.count("<h1>") == 1


def test_where_there_is_nothing_the_page_says_so_and_what_would_come(newcomer: Browser) -> None:
    page = newcomer.open("/me")
    assert 'id="empty"' in page.text
    assert "No app may act for you" in page.text
    assert "End all" not in page.text
    assert "There is nothing to end" in newcomer.open("/me/apps/end-all").text
    assert "signed in nowhere else" in newcomer.open("/me/sessions").text


def test_X_CO_07_my_apps_stand_with_what_they_may_do_last_use_and_place(home: Home) -> None:
    page = home.open()
    shown = text(page)
    assert "Photo Printer" in shown
    assert "Approved 2 times" in shown
    assert f"from {OFFICE}" in shown
    assert 'data-scope="refresh_token"' in page.text
    assert "Read and change your data through the API" in shown
    assert "3 h ago just now" in shown


def test_X_CO_07_std_RT_11_one_click_ends_every_grant_of_the_app(home: Home) -> None:
    page = home.browser.submit(home.open(), f"end-{home.app_id}")
    assert (urlsplit(page.url).path, urlsplit(page.url).query) == ("/me", f"ended={long(home.app_id)}")
    assert "Photo Printer has nothing of yours any more" in text(page)
    assert 'id="empty"' in page.text
    assert [home.live(tokens) for tokens in home.tokens] == [False, False]
    assert "consent" in home.open(home.asking.url()).forms, "it has to ask anew"


def test_a_code_that_was_not_redeemed_yet_is_ended_too(home: Home) -> None:
    code = home.asking.arrived(home.open(home.asking.url()))["code"]
    home.browser.submit(home.open(), f"end-{home.app_id}")
    assert home.asking.portal.redeem(code).status_code == 400


def test_all_apps_are_ended_on_a_page_that_names_them_first(home: Home) -> None:
    asked = home.open("/me/apps/end-all")
    assert "Photo Printer" in text(asked)
    assert [home.live(tokens) for tokens in home.tokens[:1]] == [True], "looking at it ends nothing"
    page = home.browser.submit(asked, "end-all")
    assert page.url.endswith("/me?said=all-ended")
    assert 'id="empty"' in page.text
    assert not home.live(home.tokens[1])
    assert home.open("/me/sessions").status == 200, "the browser stays signed in"


def test_an_app_of_somebody_else_is_not_ended(home: Home, newcomer: Browser) -> None:
    newcomer.post(f"/me/apps/{home.app_id}/end", form_token_of(newcomer))
    assert home.live(home.tokens[0])


def form_token_of(browser: Browser) -> dict[str, str]:
    return {"form_token": browser.open("/me").forms["signout"].fields["form_token"]}


ACTS = ("/me/apps/end-all", "/me/sessions/end-others", "/me/password")


@pytest.mark.parametrize("path", [*ACTS, "/me/apps/{app}/end"])
def test_X_SE_02_a_form_of_another_site_or_of_another_browser_does_nothing(home: Home, path: str) -> None:
    path = path.format(app=home.app_id)
    of_another = form_token_of(home.another_browser())
    assert home.browser.post(path, {}).status == 403
    assert home.browser.post(path, of_another).status == 403
    assert home.browser.post(path, form_token_of(home.browser), cross_site=True).status == 403
    assert home.live(home.tokens[0])


@pytest.mark.parametrize("path", [*ACTS, "/me/apps/0H4zzzzzzz00000/end", "/me/sessions/0Akzzzzzzz00000/end"])
def test_a_form_of_who_has_been_signed_out_meanwhile_does_nothing(home: Home, path: str) -> None:
    fields = form_token_of(home.browser)
    del home.browser.cookies["__Host-gb_session"]
    assert home.browser.post(path, fields).url.endswith("/signin")


@pytest.mark.parametrize(("path", "status"), [("/me/apps/x/end", 404), ("/me/apps/0H4zzzzzzz00000/end", 404), ("/me/sessions/x/end", 404)])
def test_what_is_no_record_of_mine_is_not_found(home: Home, path: str, status: int) -> None:
    assert home.browser.post(path, form_token_of(home.browser)).status == status


def test_no_link_can_put_words_on_the_page(home: Home) -> None:
    for query in ("said=You+are+hacked", "said=%3Cscript%3E", "ended=hello", f"ended={home.acme.org.id}"):
        assert 'id="said"' not in home.open(f"/me?{query}").text


def test_X_SE_04_sessions_are_ended_one_by_one(home: Home) -> None:
    other = home.another_browser()
    page = home.open("/me/sessions")
    assert "203.0.113.77" in page.text
    assert "this browser" in page.text
    with home.acme.standing.database.snapshot() as tx:
        theirs = sessions.live_of_user(tx, home.acme.org.id, home.user.id)[0]
    page = home.browser.submit(page, f"end-{theirs.id}")
    assert "That browser is signed out" in text(page)
    assert other.open("/me").url.endswith("/signin")
    assert home.open().url.endswith("/me")


def test_ending_the_session_of_this_browser_signs_out_of_it(home: Home) -> None:
    with home.acme.standing.database.snapshot() as tx:
        [mine] = sessions.live_of_user(tx, home.acme.org.id, home.user.id)
    assert home.browser.submit(home.open("/me/sessions"), f"end-{mine.id}").url.endswith("/signed-out")
    assert home.open().url.endswith("/signin")


def test_X_SE_04_one_click_signs_out_everywhere_else(home: Home) -> None:
    others = [home.another_browser() for _ in range(2)]
    page = home.browser.submit(home.open("/me/sessions"), "end-others")
    assert "signed out everywhere but here" in text(page)
    assert [other.open("/me").url.endswith("/signin") for other in others] == [True, True]
    assert home.live(home.tokens[0]), "apps keep what they were given"


def test_X_SE_04_std_RT_11_a_new_password_ends_other_sessions_and_what_apps_have(home: Home) -> None:
    other = home.another_browser()
    before = home.browser.cookies["__Host-gb_session"]
    asked = home.open("/me/password")
    assert "Photo Printer" in text(asked)
    page = home.browser.submit(asked, "password-form", current=PASSWORD, password=NEW, repeat=NEW, end_grants="yes")
    assert page.url.endswith("/me/password?said=changed-all")
    assert "Your new password is set" in text(page)
    assert home.browser.cookies["__Host-gb_session"] != before, "who has just proven to be it gets a new session"
    assert other.open("/me").url.endswith("/signin")
    assert [home.live(tokens) for tokens in home.tokens] == [False, False]
    anew = Browser(home.acme.door, home.acme.org.issuer)
    assert "signin" in sign_in(anew, anew.open("/signin"), home.user).forms
    assert sign_in(anew, anew.open("/signin"), home.user, NEW).url.endswith("/me")


def test_told_so_a_new_password_leaves_what_apps_have(home: Home) -> None:
    other = home.another_browser()
    page = home.open("/me/password")
    form = page.forms["password-form"]
    fields = {name: value for name, value in form.fields.items() if name != "end_grants"}
    page = home.browser.post("/me/password", fields | {"current": PASSWORD, "password": NEW, "repeat": NEW})
    assert page.url.endswith("?said=changed")
    assert other.open("/me").url.endswith("/signin")
    assert home.open().url.endswith("/me")
    assert home.live(home.tokens[0])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param({"current": "not it", "password": NEW, "repeat": NEW}, "This is not your password", id="a wrong old one"),
        pytest.param({"current": "", "password": NEW, "repeat": NEW}, "Type the password that you have", id="no old one"),
        pytest.param({"current": PASSWORD, "password": "short", "repeat": "short"}, "at least 8 characters", id="a short one"),
        pytest.param({"current": PASSWORD, "password": NEW, "repeat": "other"}, "The two are not the same", id="two that differ"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_changes_nothing(home: Home, typed: dict[str, str], said: str) -> None:
    page = home.browser.submit(home.open("/me/password"), "password-form", None, **typed)
    assert page.status in (400, 401, 422)
    assert said in text(page)
    assert 'aria-invalid="true"' in page.text
    assert not any(word in page.text for word in typed.values() if word and word != "other")
    anew = Browser(home.acme.door, home.acme.org.issuer)
    assert sign_in(anew, anew.open("/signin"), home.user).url.endswith("/me")


def test_the_page_has_a_button_that_signs_out(home: Home) -> None:
    assert home.browser.submit(home.open(), "signout").url.endswith("/signed-out")
    assert home.open().url.endswith("/signin")


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        pytest.param("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux", id="Firefox"),
        pytest.param(
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0",
            "Edge on Windows",
            id="Edge, which names Chrome too",
        ),
        pytest.param("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone", id="Safari"),
        pytest.param("Browser/1", "Browser/1", id="one that nobody knows, by its own word"),
        pytest.param("curl/8.5", "curl", id="without a system"),
        pytest.param("", "a browser that does not say which", id="one that says nothing"),
        pytest.param("x" * 500, "x" * 60, id="a long word is cut"),
    ],
)
def test_a_browser_is_told_by_what_it_says_of_itself(agent: str, words: str) -> None:
    assert told.browser(agent) == words
