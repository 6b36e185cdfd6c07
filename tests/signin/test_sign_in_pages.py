"""Signing in and out at the pages, as browsers and those who attack them do."""

import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from starlette.types import ASGIApp
from tests.oauth.browser import Browser, Page
from tests.oauth.door import Door
from tests.oauth.tenants import Tenant
from tests.signin.people import PASSWORD, CountingHasher, Person, make_person, statements
from tests.signin.test_password import KINDS, one_who_is_refused

from gatebridge.crypto import secrets
from gatebridge.crypto.passwords import HasherBusy
from gatebridge.crypto.secrets import Kind
from gatebridge.oauth import waiting
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org, OrgKind
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.signin import sessions
from gatebridge.storage import apps, interactions, orgs
from gatebridge.web.app import make_app

COOKIE, BROWSER_COOKIE = "__Host-gb_session", "__Host-gb_browser"
OF_THE_REQUEST = {"x-operation-id", "date"}
OPERATION = re.compile(r"0Ya[0-9A-Za-z]{15}")
CHALLENGE = re.compile(r"[0-9A-Za-z_-]{75}")  # of a passkey: random, and of one length


def signs_in_at(person: Person, page: Page, typed: str = PASSWORD, **headers: str) -> httpx.Response:
    """Send the form of a page, and no step further."""
    form = page.forms["signin"]
    return form_sent(person.browser, form.action, form.fields | {"username": person.username, "password": typed}, **headers)


def form_sent(browser: Browser, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    said = {"Content-Type": "application/x-www-form-urlencoded"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.step("POST", path, said, str(httpx.QueryParams(fields)).encode())


def test_somebody_signs_in_and_out(dana: Person) -> None:
    answer = signs_in_at(dana, dana.opens())
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert dana.is_signed_in()
    token = dana.browser.open("/forgot-password").forms["forgot"].fields["form_token"]
    answer = form_sent(dana.browser, "/signout", {"form_token": token})
    assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
    assert dana.session() is None
    assert dana.live_sessions() == 0
    assert "You are signed out" in dana.browser.open("/signed-out").text


def test_X_RU_13_nobody_is_signed_out_by_a_link_and_signing_out_leads_nowhere_else(dana: Person) -> None:
    signs_in_at(dana, dana.opens())
    assert dana.browser.step("GET", "/signout?post_logout_redirect_uri=https://evil.example/").status_code == 405
    assert form_sent(dana.browser, "/signout", {"post_logout_redirect_uri": "https://evil.example/"}).status_code == 403
    assert dana.is_signed_in()
    token = dana.browser.open("/forgot-password").forms["forgot"].fields["form_token"]
    answer = form_sent(dana.browser, "/signout", {"form_token": token, "post_logout_redirect_uri": "https://evil.example/"})
    assert answer.headers["location"] == "/signed-out"


def test_what_was_typed_stays_except_the_password(dana: Person) -> None:
    page = dana.submits("not <b>the</b> password")
    assert page.status == 400
    form = page.forms["signin"]
    assert (form.fields["username"], form.fields["password"]) == (dana.username, "")
    assert "not <b>the" not in page.text
    assert "not &lt;b&gt;the" not in page.text
    assert 'aria-invalid="true"' in page.text


def test_what_is_missing_is_told_at_its_field_and_checked_by_nobody(dana: Person) -> None:
    form = dana.opens().forms["signin"]
    answer = form_sent(dana.browser, form.action, form.fields | {"username": dana.username})
    assert answer.status_code == 400
    assert 'id="password-problem"' in answer.text
    assert 'id="username-problem"' not in answer.text
    assert dana.tenant.history() == []


def test_whoever_is_signed_in_is_led_on_from_the_sign_in_page(dana: Person) -> None:
    signs_in_at(dana, dana.opens())
    assert dana.browser.step("GET", "/signin").headers["location"] == "/me"


@pytest.mark.parametrize("word", ["reset", "welcome"])
def test_the_page_says_what_was_done_before(dana: Person, word: str) -> None:
    assert 'id="said"' in dana.opens(f"/signin?said={word}").text


def test_no_link_puts_words_on_the_page(dana: Person) -> None:
    assert "Call+this" not in (text := dana.opens("/signin?said=Call+this+number").text)
    assert 'id="said"' not in text
    assert "Call this" not in text


def page_of(answer: httpx.Response, username: str) -> tuple[object, ...]:
    """Everything that an answer says, with what belongs to the request taken out."""
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_REQUEST}
    headers["content-length"] = str(len(answer.content) - len(username) * answer.text.count(username))
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer.status_code, headers, CHALLENGE.sub("", OPERATION.sub("", answer.text.replace(username, "USERNAME")))


def test_X_BF_01_std_SC_06_every_refusal_is_the_same_page_to_the_last_byte(acme: Tenant) -> None:
    browser = Browser(acme.door, acme.org.issuer)
    fields = browser.open("/signin").forms["signin"].fields
    told = {}
    for kind in KINDS:
        person, typed, _ = one_who_is_refused(acme, kind)
        told[kind] = page_of(form_sent(browser, "/signin", fields | {"username": person.username, "password": typed}), person.username)
    told["too long"] = page_of(form_sent(browser, "/signin", fields | {"username": "a@b.example", "password": "x" * 2000}), "a@b.example")
    assert {status for status, _, _ in told.values()} == {400}
    assert len({str(page) for page in told.values()}) == 1
    assert "set-cookie" not in str(told["wrong"])


def test_X_BF_04_a_nul_in_a_name_is_no_form_and_gets_no_try(dana: Person) -> None:
    fields = dana.opens().forms["signin"].fields
    answer = form_sent(dana.browser, "/signin", fields | {"username": dana.username + "\0", "password": PASSWORD})
    assert answer.status_code == 400
    assert dana.session() is None
    assert dana.tenant.history() == []


def test_X_SE_01_std_AZ_30_a_planted_session_is_not_adopted_and_the_name_changes_at_sign_in(acme: Tenant) -> None:
    mallory, dana = make_person(acme, "mallory"), make_person(acme, "dana")
    signs_in_at(mallory, mallory.opens())
    for planted in (secrets.new(Kind.SESSION, acme.standing.database.random), mallory.session() or ""):
        dana.browser.cookies[COOKIE] = planted
        # With somebody else's live session the page would lead on, so the form is taken before the cookie is planted.
        del dana.browser.cookies[COOKIE]
        page = dana.opens()
        dana.browser.cookies[COOKIE] = planted
        assert signs_in_at(dana, page).status_code == 303
        assert dana.session() not in (None, planted)
        with acme.standing.database.snapshot() as tx:
            assert sessions.current(tx, acme.org, planted) is None  # dead at once, whosever it was
        dana.browser.cookies.clear()


def test_X_SE_01_signing_in_again_begins_a_new_session_and_ends_the_old_one(dana: Person) -> None:
    page = dana.opens()
    signs_in_at(dana, page)
    first = dana.session()
    signs_in_at(dana, page)
    assert dana.session() not in (None, first)
    assert dana.live_sessions() == 1


def wrong_tokens(dana: Person) -> dict[str, Callable[[dict[str, str]], dict[str, str]]]:
    other = dana.another_browser().open("/signin").forms["signin"].fields["form_token"]
    value = dana.browser.cookies[BROWSER_COOKIE]
    return {
        "none": lambda fields: {name: value for name, value in fields.items() if name != "form_token"},
        "of another browser": lambda fields: fields | {"form_token": other},
        "the cookie itself": lambda fields: fields | {"form_token": value},
        "a hash of the cookie": lambda fields: fields | {"form_token": hashlib.sha256(value.encode()).hexdigest()},
        "a mac under a guessed key": lambda fields: fields | {"form_token": hmac.digest(b"form token", value.encode(), "sha256").hex()},
    }


def test_X_SE_02_X_SE_03_std_AZ_29_a_form_works_with_its_own_token_in_its_own_browser_only(dana: Person) -> None:
    fields = dana.opens().forms["signin"].fields | {"username": dana.username, "password": PASSWORD}
    for name, wrong in wrong_tokens(dana).items():
        answer = form_sent(dana.browser, "/signin", wrong(fields))
        assert (answer.status_code, dana.session()) == (403, None), name
        assert 'data-reason="form_forged"' in answer.text
    assert dana.tenant.history() == []  # nothing was checked
    assert form_sent(dana.browser, "/signin", fields).status_code == 303


def test_X_SE_02_a_form_of_another_site_signs_nobody_in(dana: Person) -> None:
    page = dana.opens()
    for said in ({"Origin": "https://elsewhere.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}):
        assert signs_in_at(dana, page, **said).status_code == 403
    fields = page.forms["signin"].fields | {"username": dana.username, "password": PASSWORD}
    assert dana.browser.post("/signin", fields, cross_site=True).status == 403  # a lax cookie does not come along
    assert dana.session() is None


def test_a_page_without_a_referrer_has_the_origin_null_and_may_send_its_form(dana: Person) -> None:
    """What Chromium and Firefox send from a page with `Referrer-Policy: no-referrer` (Fetch standard, "append a request Origin header")."""
    assert signs_in_at(dana, dana.opens(), Origin="null", Sec_Fetch_Site="same-origin").status_code == 303


def test_a_form_must_be_a_form(dana: Person) -> None:
    dana.opens()
    assert dana.browser.step("POST", "/signin", {"Content-Type": "application/json"}, b"{}").status_code in (400, 415)
    fields = str(httpx.QueryParams(dana.opens().forms["signin"].fields)).encode()
    twice = fields + b"&username=a&username=b&password=c"
    answer = dana.browser.step("POST", "/signin", {"Content-Type": "application/x-www-form-urlencoded"}, twice)
    assert answer.status_code == 400
    assert dana.tenant.history() == []


def test_X_SE_03_cookies_are_random_values_of_ours_or_are_not_there(dana: Person) -> None:
    dana.browser.cookies[BROWSER_COOKIE] = "gbb_" + "a" * 49  # the shape without the checksum
    dana.opens()
    value = dana.browser.cookies[BROWSER_COOKIE]
    assert secrets.looks_right(Kind.BROWSER, value)
    other = dana.another_browser()
    other.open("/signin")
    assert other.cookies[BROWSER_COOKIE] != value


def test_a_cookie_that_comes_twice_is_not_there(dana: Person) -> None:
    signs_in_at(dana, dana.opens())
    value = dana.session()
    planted = secrets.new(Kind.SESSION, dana.database.random)
    said = {"Cookie": f"{COOKIE}={planted}; {COOKIE}={value}", "Accept": "text/html"}
    assert dana.tenant.door.get(dana.tenant.org.issuer + "/signin", headers=said).status_code == 200


def test_X_SE_04_a_freeze_signs_every_browser_out(dana: Person) -> None:
    laptop, phone = dana.browser, dana.another_browser()
    for browser in (laptop, phone):
        dana.submits_only(browser)
        assert dana.is_signed_in(browser)
    with dana.database.transaction() as tx:
        freeze_user(tx, dana.tenant.admin, FreezeUser(dana.user.id, "Somebody lost a laptop."))
    assert not dana.is_signed_in(laptop)
    assert not dana.is_signed_in(phone)


def test_X_SE_05_signing_out_in_one_tab_is_not_undone_by_another(dana: Person) -> None:
    page = dana.opens()
    signs_in_at(dana, page)
    held_by_the_other_tab = dict(dana.browser.cookies)
    form_sent(dana.browser, "/signout", {"form_token": page.forms["signin"].fields["form_token"]})
    other_tab = dana.another_browser()
    other_tab.cookies = held_by_the_other_tab
    assert not dana.is_signed_in(other_tab)
    answer = other_tab.step("GET", "/signin")
    assert not [line for line in answer.headers.get_list("set-cookie") if line.startswith(COOKIE)]
    assert dana.live_sessions() == 0


def test_X_SE_06_everybody_who_signs_in_at_once_gets_the_own_session(acme: Tenant) -> None:
    people = [make_person(acme, f"person{number}") for number in range(16)]
    threads = [threading.Thread(target=person.submits_only) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with acme.standing.database.snapshot() as tx:
        for person in people:
            signed_in = sessions.current(tx, acme.org, person.session())
            assert signed_in is not None
            assert signed_in.standing.user.id == person.user.id


def test_X_SE_08_std_AZ_30_cookies_on_https_have_the_prefix_and_every_lock(dana: Person) -> None:
    first = dana.tenant.door.get(dana.tenant.org.issuer + "/signin")
    lines = first.headers.get_list("set-cookie") + signs_in_at(dana, dana.opens()).headers.get_list("set-cookie")
    assert {line.partition("=")[0] for line in lines} == {COOKIE, BROWSER_COOKIE}
    for line in lines:
        parts = {part.strip().lower() for part in line.split(";")[1:]}
        assert {"path=/", "secure", "httponly", "samesite=lax"} <= parts
        assert not [part for part in parts if part.startswith("domain")]


def test_X_SE_08_cookies_on_plain_http_have_no_prefix_so_that_scripted_clients_work(dana: Person) -> None:
    host = f"localhost:{9000 + next(dana.tenant.standing.numbers)}"
    with dana.database.transaction() as tx:
        assert orgs.insert(tx, Org(tx.new_id(Prefix.ORG), "Local", OrgKind.DEVELOPER, host, f"http://{host}", 0, tx.now))
    [line] = dana.tenant.door.get(f"http://{host}/signin").headers.get_list("set-cookie")
    assert line.startswith("gb_browser=gbb_")
    assert "secure" not in line.lower()
    assert "httponly" in line.lower()


@pytest.mark.parametrize("name", ["next", "startURL", "RetURL", "retURL", "return_to", "said"])
@pytest.mark.parametrize("url", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"])
def test_X_RU_14_no_parameter_names_where_the_browser_goes_on(dana: Person, name: str, url: str) -> None:
    page = dana.browser.open("/signin?" + str(httpx.QueryParams({name: url})))
    assert "elsewhere" not in page.text
    form = page.forms["signin"]
    typed = {"username": dana.username, "password": PASSWORD, name: url}
    answer = form_sent(dana.browser, f"/signin?{httpx.QueryParams({name: url})}", form.fields | typed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")


@pytest.mark.parametrize("value", ["https://elsewhere.example/", "//elsewhere.example", "gbx_unknown", "0AC000000000001"])
def test_X_RU_14_an_interaction_is_a_name_of_a_stored_request_or_nothing(dana: Person, value: str) -> None:
    page = dana.browser.open("/signin?" + str(httpx.QueryParams({"interaction": value})))
    assert page.status == 400
    assert 'data-reason="interaction_unknown"' in page.text
    fields = dana.opens().forms["signin"].fields | {"username": dana.username, "password": PASSWORD, "interaction": value}
    answer = form_sent(dana.browser, "/signin", fields)
    assert answer.status_code == 400
    assert dana.session() is None


def test_X_RU_17_a_host_that_is_no_org_is_answered_by_nobody(dana: Person) -> None:
    answer = dana.tenant.door.get(dana.tenant.org.issuer + "/signin", headers={"Host": "elsewhere.example"})
    assert answer.status_code == 421
    for name in ("X-Forwarded-Host", "Forwarded", "X-Host", "X-Original-URL"):
        answer = dana.tenant.door.get(dana.tenant.org.issuer + "/signin", headers={name: "host=elsewhere.example"})
        assert answer.status_code == 200
        assert "elsewhere" not in answer.text


def test_X_BF_07_a_body_of_a_megabyte_is_not_read(dana: Person) -> None:
    fields = dana.opens().forms["signin"].fields | {"username": dana.username, "password": "x" * 1_000_000}
    assert form_sent(dana.browser, "/signin", fields).status_code == 413
    assert dana.tenant.history() == []


def test_X_BF_07_a_server_that_hashes_all_it_can_says_when_to_come_again(dana: Person) -> None:
    class Busy(CountingHasher):
        def verify(self, stored: str | None, password: str) -> bool:
            raise HasherBusy

    page = dana.opens()
    house = dana.tenant.standing.house
    dana.browser.door = another_door(dana, make_app(replace(house, hasher=Busy(house.hasher))))
    answer = signs_in_at(dana, page)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"].startswith("text/html")
    assert dana.session() is None


def another_door(person: Person, app: ASGIApp) -> Door:
    return Door(app, person.tenant.door.loop)


PASSKEYS = '<script type="module" src="/static/passkeys.js"></script>'
READ_ONLY = re.compile(r"\s*(SELECT|BEGIN|PRAGMA)", re.I)
PAGES = ("/signin", "/signin?said=reset", "/signin?interaction=gbx_no", "/signed-out", "/forgot-password", "/forgot-password/sent")
PAGES_OF_LINKS = ("/reset-password?token=gbp_no", "/invitation?token=gbi_no", "/reset-password", "/invitation")


@pytest.mark.parametrize("path", [*PAGES, *PAGES_OF_LINKS])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_X_CO_01_X_RU_18_X_HT_05_std_AZ_28_std_AZ_31_every_page_is_private_to_its_browser(dana: Person, path: str, method: str) -> None:
    answer = dana.browser.step(method, path)
    assert answer.status_code in (200, 400)
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    # Nothing runs here but, where one signs in, what passkeys need; and that is a file of ours.
    assert ("script-src 'self'" in policy) == (path.startswith("/signin") and answer.status_code == 200)
    assert "unsafe" not in policy
    assert not re.search(r'(?:src|href)="(?!/(?!/)|#)', answer.text)  # nothing is fetched from elsewhere, and no link leads there
    assert not re.search(r"<script|<style|style=|\son[a-z]+=", answer.text.replace(PASSKEYS, ""))


@pytest.mark.parametrize("path", [*PAGES, *PAGES_OF_LINKS, "/signout"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_X_CO_02_reading_changes_nothing(dana: Person, path: str, method: str) -> None:
    signs_in_at(dana, dana.opens())
    with statements(dana.database) as seen:
        answer = dana.browser.step(method, path, {"X-HTTP-Method-Override": "POST"})
    assert answer.status_code == (405 if path == "/signout" else answer.status_code)
    assert [statement for statement in seen if not READ_ONLY.match(statement)] == []
    assert dana.is_signed_in()


@pytest.mark.parametrize("path", ["/signin", "/signout", "/forgot-password", "/reset-password", "/invitation"])
def test_X_CO_02_every_form_needs_the_token_of_its_browser(dana: Person, path: str) -> None:
    signs_in_at(dana, dana.opens())
    said = {"username": dana.username, "password": PASSWORD, "repeat": PASSWORD, "token": "gbp_no", "_method": "GET"}
    answer = form_sent(dana.browser, path, said)
    assert answer.status_code == 403
    assert dana.is_signed_in()
    assert dana.mails() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_X_CO_02_other_methods_are_not_taken(dana: Person, method: str) -> None:
    assert dana.browser.step(method, "/signin").status_code == 405


def test_X_RU_16_after_a_form_the_browser_is_sent_on_with_a_get(dana: Person) -> None:
    page = dana.opens()
    token = page.forms["signin"].fields["form_token"]
    answers = [
        signs_in_at(dana, page),
        form_sent(dana.browser, "/signout", {"form_token": token}),
        form_sent(dana.browser, "/forgot-password", {"form_token": token, "username": dana.username}),
    ]
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert not [answer for answer in answers if answer.text]


CALLBACK = "https://field.example:8443/callback"


def sent_by_an_app(dana: Person, label: str = "Field Mobile") -> str:
    """An app sends the browser here; the name of the request that waits meanwhile."""
    dana.opens()
    app = dana.tenant.app(label, flows=frozenset({Flow.WEB_SERVER}), scopes=("api",), callbacks=(CALLBACK,), open_for_use=False)
    parameters = {"client_id": app.consumer_key, "redirect_uri": CALLBACK, "response_type": "code", "login_hint": dana.username}
    with dana.database.transaction() as tx:
        return waiting.store(tx, dana.tenant.org, parameters, secrets.digest(dana.browser.cookies[BROWSER_COOKIE]))


def test_the_page_names_the_org_first_and_then_the_app_and_who_publishes_it(dana: Person) -> None:
    page = dana.opens(f"/signin?interaction={sent_by_an_app(dana)}")
    name = dana.tenant.org.name
    assert f"<h1>Sign in to <bdi>{name}</bdi></h1>" in page.text
    assert '<bdi id="app">Field Mobile</bdi>' in page.text
    assert f'<bdi id="publisher">{name}</bdi>' in page.text
    assert page.text.index(name) < page.text.index("Field Mobile")
    assert "<img" not in page.text  # no picture that an app chose is anywhere, least of all above ours
    assert page.forms["signin"].fields["username"] == dana.username  # as the app suggested


def test_what_an_app_is_called_is_text_and_nothing_else(dana: Person) -> None:
    interaction = sent_by_an_app(dana)
    with dana.database.transaction() as tx:
        tx.connection.execute(apps.apps.update().where(apps.apps.c.org_id == dana.tenant.org.id).values(label="A & B <i>"))
    page = dana.opens(f"/signin?interaction={interaction}")
    assert '<bdi id="app">A &amp; B &lt;i&gt;</bdi>' in page.text


def test_std_AZ_28_the_form_may_lead_to_the_app_that_asked_and_nowhere_else(dana: Person) -> None:
    page = dana.opens(f"/signin?interaction={sent_by_an_app(dana)}")
    assert page.directives["form-action"] == ["'self'", "https://field.example:8443"]
    assert dana.opens().directives["form-action"] == ["'self'"]


def test_after_signing_in_the_browser_goes_on_with_the_request_that_waits(dana: Person) -> None:
    interaction = sent_by_an_app(dana)
    page = dana.opens(f"/signin?interaction={interaction}")
    refused = signs_in_at(dana, page, "not the password")
    assert refused.status_code == 400
    assert f'name="interaction" value="{interaction}"' in refused.text  # a wrong try loses nothing
    answer = signs_in_at(dana, page)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/services/oauth2/consent?interaction={interaction}")


def test_std_AZ_29_a_request_that_waits_belongs_to_one_browser(dana: Person) -> None:
    interaction = sent_by_an_app(dana)
    other = dana.another_browser()
    page = other.open(f"/signin?interaction={interaction}")
    assert page.status == 400
    assert 'data-reason="interaction_unknown"' in page.text
    assert "Field Mobile" not in page.text
    fields = other.open("/signin").forms["signin"].fields
    typed = fields | {"username": dana.username, "password": PASSWORD, "interaction": interaction}
    assert form_sent(other, "/signin", typed).status_code == 400
    assert dana.session(other) is None


def test_std_AZ_29_a_request_that_was_answered_is_over(dana: Person) -> None:
    interaction = sent_by_an_app(dana)
    with dana.database.transaction() as tx:
        interactions.finish(tx, dana.tenant.org.id, secrets.digest(interaction))
    page = dana.opens(f"/signin?interaction={interaction}")
    assert 'data-reason="interaction_finished"' in page.text
