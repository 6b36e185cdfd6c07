"""What a new user does, in a real browser and with a scripted client: sign in, approve, be served, look who has access, take it back."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.databases import migrate
from tests.journeys.chromium import chromium, person
from tests.journeys.installation import Installation, Server, json_of, new_installation
from tests.journeys.people_org import (
    JWT_BEARER,
    PASSWORD,
    TOKEN,
    USERINFO,
    PeopleOrg,
    WebApp,
    answer_of,
    is_active,
    new_verifier,
    people,
)


@dataclass(frozen=True)
class Place:
    """A running server with people and apps, and a browser to visit it with."""

    installation: Installation
    server: Server
    org: PeopleOrg
    browser: Browser

    def address(self, path: str) -> str:
        return self.server.base_url + path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("people")
    installation = new_installation(directory)
    installation.var.mkdir()
    migrate(f"sqlite:///{installation.var / 'gatebridge.db'}")
    org = people(installation, directory)
    with installation.serving() as server, chromium() as browser:
        yield Place(installation, server, org, browser)


def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    page.fill("#username", username)
    page.fill("#password", password)
    page.click("#signin-submit")


def arrived(page: Page, app: WebApp) -> dict[str, str]:
    """Wait until the browser is back at the app, and read what it brought."""
    page.wait_for_url(re.compile(re.escape(app.callback) + r"\?"))
    return answer_of(page.url)


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts on", "scripts off"])
def test_a_user_signs_in_approves_is_served_and_takes_it_back(place: Place, javascript: bool) -> None:
    org, http, app, verifier = place.org, place.server.client, place.org.chooser, new_verifier()
    user = org.ben if javascript else org.ada
    with person(place.browser, javascript=javascript) as context:
        page = context.new_page()
        page.goto(place.address(app.authorization(verifier)))
        expect(page.locator("form#signin")).to_contain_text("Photo Printer")
        sign_in(page, user, "not the password")
        expect(page.locator("form#signin")).to_be_visible()
        expect(page.locator("#username")).to_have_value(user)  # what was typed stays
        sign_in(page, user)
        consent = page.locator("form#consent")
        expect(consent).to_contain_text("Photo Printer")
        expect(consent.locator("[data-scope=api]")).to_be_visible()
        approve, deny = page.locator("#approve").bounding_box(), page.locator("#deny").bounding_box()
        assert approve is not None
        assert deny is not None
        assert (approve["width"], approve["height"]) == (deny["width"], deny["height"])
        page.click("#approve")
        answer = arrived(page, app)
        assert answer["iss"] == org.issuer
        tokens = json_of(app.redeem(http, answer["code"], verifier))
        assert json_of(http.get(USERINFO, headers={"Authorization": f"Bearer {tokens['access_token']}"}))["preferred_username"] == user
        newer = json_of(app.refresh(http, tokens["refresh_token"]))
        assert is_active(http, app, newer["access_token"])

        page.goto(place.address("/me"))
        listed = page.locator("main")
        expect(listed).to_contain_text("Photo Printer")
        page.locator("tr", has_text="Photo Printer").get_by_role("button", name="End").click()
        page.goto(place.address("/me"))
        expect(page.locator("main")).not_to_contain_text("Photo Printer")
    refused = app.refresh(http, newer.get("refresh_token", tokens["refresh_token"]))
    assert json_of(refused, 400)["error"] == "invalid_grant"
    assert not is_active(http, app, newer["access_token"])


def test_a_pre_authorized_user_signs_in_and_is_asked_nothing_more(place: Place) -> None:
    app, verifier = place.org.portal, new_verifier()
    with person(place.browser) as context:
        page = context.new_page()
        page.goto(place.address(app.authorization(verifier)))
        sign_in(page, place.org.ada)
        answer = arrived(page, app)
        assert json_of(app.redeem(place.server.client, answer["code"], verifier))["refresh_token"]
        page.goto(place.address(app.authorization(verifier, prompt="login")))  # the session lives, and still nobody skips signing in
        expect(page.locator("form#signin")).to_be_visible()


def test_a_user_who_is_not_pre_authorized_may_ask_for_access_or_go_back_with_no_and_the_receipt_says_why(place: Place) -> None:
    app = place.org.portal
    with person(place.browser) as context:
        page = context.new_page()
        page.goto(place.address(app.authorization(new_verifier())))
        sign_in(page, place.org.ben)
        assert page.locator("#ask-access").count() == 1
        page.click("#back-submit")
        answer = arrived(page, app)
    assert (answer["error"], answer["iss"]) == ("access_denied", place.org.issuer)
    assert "code" not in answer
    explained = place.server.client.get(answer["error_uri"])
    assert explained.status_code == 200


def test_two_tabs_and_the_back_button_buy_one_code_each_and_no_second_one(place: Place) -> None:
    app, first, second = place.org.chooser, new_verifier(), new_verifier()
    with person(place.browser) as context:
        one, other = context.new_page(), context.new_page()
        one.goto(place.address(app.authorization(first, state="first")))
        other.goto(place.address(app.authorization(second, state="second")))
        sign_in(other, place.org.ada)
        other.click("#approve")
        assert arrived(other, app)["state"] == "second"
        sign_in(one, place.org.ada)
        if one.locator("#approve").count():
            one.click("#approve")
        answer = arrived(one, app)
        assert answer["state"] == "first"
        assert place.org.chooser.redeem(place.server.client, answer["code"], first).status_code == 200
        one.go_back()
        if one.locator("#approve").count():
            one.click("#approve")
        assert "code=" not in one.url


def test_an_assertion_signed_with_an_openssl_made_certificate_buys_a_token_for_whom_the_admin_approved(place: Place) -> None:
    org, http = place.org, place.server.client
    given = json_of(http.post(TOKEN, data={"grant_type": JWT_BEARER, "assertion": org.assertion(org.ada)}))
    assert "refresh_token" not in given
    said = json_of(http.get(f"{given['id'].removeprefix(org.issuer)}", headers={"Authorization": f"Bearer {given['access_token']}"}))
    assert said["username"] == org.ada
    refused = json_of(http.post(TOKEN, data={"grant_type": JWT_BEARER, "assertion": org.assertion(org.ben)}), 400)
    unknown = json_of(http.post(TOKEN, data={"grant_type": JWT_BEARER, "assertion": org.assertion("nobody@example.com")}), 400)
    told = [{name: body[name] for name in ("error", "error_description")} for body in (refused, unknown)]
    assert told[0] == told[1]  # X-JB-06: who exists is nobody's business


def test_the_same_story_with_a_client_that_reads_pages(place: Place, tmp_path: Path) -> None:
    """Cookies, redirects and forms, and nothing else: what any script can do."""
    from gatebridge.demo.browser import Forms

    org, app, verifier = place.org, place.org.chooser, new_verifier()
    import httpx

    with httpx.Client(base_url=org.issuer, trust_env=False, timeout=10) as http:
        answer = http.get(app.authorization(verifier, prompt="consent"), follow_redirects=True)
        form = Forms(answer.text).found["signin"]
        answer = http.post(
            httpx.URL(str(answer.url)).join(form.action),
            data=form.fields | {"username": org.ben, "password": PASSWORD},
            follow_redirects=False,
        )
        while answer.next_request is not None and not str(answer.next_request.url).startswith(app.callback):
            answer = http.get(str(answer.next_request.url))
        form = Forms(answer.text).found["consent"]
        answer = http.post(httpx.URL(str(answer.url)).join(form.action), data=form.fields | {"decision": "approve"})
        assert answer.status_code == 303
        tokens = json_of(app.redeem(http, answer_of(answer.headers["location"])["code"], verifier))
        assert json_of(app.refresh(http, tokens["refresh_token"]))["access_token"] != tokens["access_token"]
