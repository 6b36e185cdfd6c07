"""A form that could not be taken keeps what was typed: where the session is over, and where the sign-in is too old for what is weighty."""

from urllib.parse import urlencode, urlsplit

import pytest
from tests.console.app_pages import at
from tests.console.test_setup_app_logo import picture, send
from tests.console.visitors import at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.flows.visits import sign_in
from tests.oauth.tenants import Tenant

from gatebridge.rules.ids import long
from gatebridge.rules.people import User
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.storage import profiles

__all__ = ["acme", "house", "loop"]

NEW = "/setup/profiles/new"
TYPED = {"name": 'Night "shift" <b>', "description": "Those who pack\r\nat night"}


@pytest.fixture
def dana(acme: Tenant) -> User:
    return with_rights(acme, "dana", *EVERY_POWER)


@pytest.fixture
def browser(acme: Tenant, dana: User) -> Browser:
    return at_setup(acme, dana)


def descriptions(acme: Tenant) -> dict[str, str]:
    with acme.standing.database.snapshot() as tx:
        return {each.name: each.description for each in profiles.list_page(tx, acme.org.id, after=None, limit=100)}


def session_ends(browser: Browser) -> None:
    del browser.cookies["__Host-gb_session"]


def kept(page: Page, reason: str) -> Page:
    """The page that keeps it, which says why."""
    assert f'data-reason="{reason}"' in page.text
    assert page.status == {reasons.SESSION_OVER.code: 403, bearer_reasons.REAUTHENTICATION_NEEDED.code: 401}[reason]
    return page


def test_who_is_not_signed_in_any_more_signs_in_and_sends_it_once_more(acme: Tenant, browser: Browser, dana: User) -> None:
    form = browser.open(NEW)
    session_ends(browser)
    page = kept(browser.submit(form, "profile", None, **TYPED), "session_over")
    assert 'href="/signin?then=%2Fsetup%2Fprofiles%2Fnew" target="_blank" rel="noopener"' in page.text
    assert "<b>" not in page.text
    assert TYPED["name"] not in descriptions(acme)
    sign_in(browser, browser.open("/signin"), dana)
    done = browser.submit(page, "again")
    assert (done.status, descriptions(acme)[TYPED["name"]]) == (200, TYPED["description"].replace("\r\n", "\n"))


def test_sent_too_early_it_is_kept_again_and_a_refusal_shows_the_form_as_ever(browser: Browser, dana: User, acme: Tenant) -> None:
    form = browser.open(NEW)
    session_ends(browser)
    page = browser.submit(form, "profile", None, **TYPED | {"name": ""})
    page = kept(browser.submit(kept(page, "session_over"), "again"), "session_over")
    sign_in(browser, browser.open("/signin"), dana)
    refused = browser.submit(page, "again")
    assert (refused.status, refused.forms["profile"].fields["description"].split()) == (422, TYPED["description"].split())
    assert browser.submit(refused, "profile", name="Night").status == 200
    assert "Night" in descriptions(acme)


def test_who_signed_in_too_long_ago_shows_it_once_more_and_sends_it_again(acme: Tenant, browser: Browser, dana: User) -> None:
    app = acme.app("Ledger")
    form = browser.open(at(app, "/credentials/secrets/new"))
    acme.standing.clock.advance(minutes=61)
    page = kept(browser.submit(form, "add", name="For the nights"), "reauthentication_needed")
    assert f'href="/me/security/prove?{urlencode({"then": at(app, "/credentials/secrets/new")})}"' in page.text
    session_ends(browser)  # how it is shown is told in tests/signin/test_step_up_pages.py; signing in anew shows it too
    sign_in(browser, browser.open("/signin"), dana)
    done = browser.submit(page, "again")
    assert (done.status, "For the nights" in done.text) == (200, True)


def test_another_person_who_signs_in_sends_it_with_their_own_rights(acme: Tenant, browser: Browser) -> None:
    form = browser.open(NEW)
    session_ends(browser)
    page = kept(browser.submit(form, "profile", None, **TYPED), "session_over")
    sign_in(browser, browser.open("/signin"), with_rights(acme, "kim"))
    assert browser.submit(page, "again").status == 403
    assert TYPED["name"] not in descriptions(acme)


def test_the_words_of_a_report_are_kept_too(browser: Browser, dana: User) -> None:
    form = browser.open("/me/report")
    session_ends(browser)
    said = kept(browser.submit(form, "report", words="A page that asks for my password."), "session_over")
    sign_in(browser, browser.open("/signin"), dana)
    assert browser.submit(said, "again").url.endswith("said=sent")


def test_X_CO_nothing_is_kept_of_a_form_that_is_not_ours(acme: Tenant, browser: Browser) -> None:
    form = browser.open(NEW)
    session_ends(browser)
    url = f"{acme.org.issuer}{NEW}"
    for fields, cross_site in ((TYPED | {"form_token": "forged"}, False), (form.forms["profile"].fields | TYPED, True)):
        answer = browser.post(url, fields, cross_site=cross_site)
        assert (answer.status, 'data-reason="form_forged"' in answer.text, "at night" in answer.text) == (403, True, False)


@pytest.mark.parametrize(
    "sent", [{}, {"version": "3"}, {"name": "Night", "password": "correct horse"}], ids=["button", "version", "secret"]
)
def test_of_what_nobody_typed_and_of_a_secret_nothing_is_kept(browser: Browser, sent: dict[str, str]) -> None:
    form = browser.open(NEW).forms["profile"]
    session_ends(browser)
    page = browser.post(NEW, {"form_token": form.fields["form_token"]} | sent)
    assert (page.status, page.url.endswith("/signin?then=%2Fsetup%2Fprofiles%2Fnew")) == (200, True)


def test_a_file_is_chosen_anew(acme: Tenant, browser: Browser) -> None:
    page = browser.open(at(acme.app("Ledger"), "/logo"))
    session_ends(browser)
    answer = send(browser, page, picture())
    assert (answer.status_code, answer.headers["location"].startswith("/signin?then=")) == (303, True)


def test_a_button_that_has_no_page_of_its_own_leads_back_to_the_page_that_it_stands_on(acme: Tenant, browser: Browser, dana: User) -> None:
    new = browser.open("/setup/users/new")
    typed = {"username": "kim@acme.example", "email": "kim@acme.example", "profile_id": long(acme.profile.id)}
    user = browser.submit(new, "user", None, **typed)
    acme.standing.clock.advance(minutes=61)
    asked = browser.submit(user, "invite")
    assert asked.url.endswith(f"/me/security/prove?{urlencode({'then': urlsplit(user.url).path})}")
    session_ends(browser)
    sign_in(browser, browser.open("/signin"), dana)
    assert "said=invited-again" in browser.submit(browser.open(urlsplit(user.url).path), "invite").url
