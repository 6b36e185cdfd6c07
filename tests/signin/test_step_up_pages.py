"""An app wants more than a password: the pages on the way, from the stop to the app's answer, and the way back for who does not want to."""

import pytest
from tests.oauth.browser import Browser
from tests.oauth.flows.visits import Asking, approve, chooser
from tests.oauth.tenants import Tenant
from tests.signin.people import PASSWORD, Person
from tests.signin.second_factors import App, mailed_code, secret_on, session_of, types, with_app

from gatebridge.rules.levels import Level
from gatebridge.setup.edit_policies import EditPolicies, edit_policies


@pytest.fixture
def app(acme: Tenant) -> Asking:
    """An app that takes only sure sign-ins; whoever comes with less is raised."""
    asking = chooser(acme)
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(asking.portal.app.id, required_level=Level.HIGH, confirmed=True))
    return asking


def test_a_user_without_a_factor_sets_one_up_on_the_way_and_arrives(dana: Person, app: Asking) -> None:
    dana.submits(PASSWORD)
    page = dana.browser.open(app.url())
    assert 'id="verify-none"' in page.text
    page = dana.browser.open(page.url.replace("/signin/verify", "/me/security/app"))
    page = dana.browser.submit(page, "password-form", password=PASSWORD)
    page = types(dana, page, mailed_code(dana))
    assert "/me/security/app?interaction=" in page.url
    page = dana.browser.submit(page, "app-begin")
    kept = dana.browser.submit(page, "app-confirm", code=App(dana, secret_on(page)).code())
    onward = kept.text.partition('id="go-on" href="')[2].partition('"')[0]
    page = dana.browser.open(onward)
    assert app.arrived(approve(dana.browser, page))["code"]
    session = session_of(dana)
    assert session is not None
    assert session.level is Level.HIGH


def test_a_user_with_a_factor_shows_it_at_the_sign_in_and_is_not_asked_again(dana: Person, app: Asking) -> None:
    phone = with_app(dana)
    page = dana.browser.open(app.url())
    page = dana.browser.submit(page, "signin", username=dana.username, password=PASSWORD)
    assert "Photo Printer" in page.text
    assert types(dana, page, phone.wrong()).status == 400
    page = types(dana, page, phone.code())
    assert app.arrived(approve(dana.browser, page))["code"]


@pytest.mark.parametrize("with_factor", [True, False], ids=["second step", "no factor"])
def test_X_SE_07_who_gives_up_on_the_way_sends_the_app_a_no_and_nothing_else(dana: Person, app: Asking, with_factor: bool) -> None:
    if with_factor:
        with_app(dana)
    page = dana.browser.open(app.url())
    page = dana.browser.submit(page, "signin", username=dana.username, password=PASSWORD)
    assert app.arrived(dana.browser.submit(page, "give-up", decision="deny"))["error"] == "access_denied"
    assert (dana.session() is None) is with_factor


def test_X_SE_07_the_next_address_opened_without_the_step_leads_back_to_it(dana: Person, app: Asking) -> None:
    phone = with_app(dana)
    page = dana.browser.open(app.url())
    page = dana.browser.submit(page, "signin", username=dana.username, password=PASSWORD)
    interaction = page.forms["code-form"].fields["interaction"]
    again = dana.browser.open(f"/services/oauth2/consent?interaction={interaction}")
    assert "signin" in again.forms  # nobody is signed in yet
    assert dana.session() is None
    assert types(dana, page, phone.code()).forms["consent"]


@pytest.mark.parametrize("name", ["https://elsewhere.example/", "//elsewhere.example", "gbx_unknown"])
def test_X_RU_14_no_parameter_of_these_pages_names_where_the_browser_goes_on(dana: Person, name: str) -> None:
    with_app(dana)
    page = dana.submits(PASSWORD)
    assert dana.browser.open(f"{page.url}&interaction={name}").status == 400
    assert "elsewhere" not in dana.browser.open(f"{page.url}&then={name}").text
    fields = page.forms["code-form"].fields
    assert dana.browser.post("/signin/verify", fields | {"code": "1", "interaction": name}).status == 400
    assert dana.session() is None


def test_nobody_steps_up_who_is_not_signed_in(dana: Person) -> None:
    assert dana.browser.step("GET", "/signin/verify").headers["location"] == "/signin"
    browser: Browser = dana.browser
    token = browser.open("/signin").forms["signin"].fields["form_token"]
    assert "signin" in browser.post("/signin/verify", {"form_token": token, "code": "123456"}).forms
