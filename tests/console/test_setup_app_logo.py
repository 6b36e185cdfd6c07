"""The picture of an app at setup: chosen on one's computer, drawn anew, shown, taken away."""

import io

import httpx
import pytest
from PIL import Image
from tests.console.app_pages import at, problem_at, record_of
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.browser import Browser, Page
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Client, Tenant, make_tenant

from gatebridge.rules.permissions import Permission

__all__ = ["acme", "house", "loop"]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 150)) -> bytes:
    made = io.BytesIO()
    Image.effect_noise(size, 90).save(made, kind)
    return made.getvalue()


def send(browser: Browser, page: Page, content: bytes, **changed: str) -> httpx.Response:
    """The form sent as a browser sends one that has a file, and no step further."""
    form = page.forms["edit"]
    fields = {name: value.encode() for name, value in (form.fields | changed).items() if name != "logo"}
    parts = [f'form-data; name="{name}"\r\n\r\n'.encode() + value for name, value in fields.items()]
    name, kind = ("logo <b>.png", "image/png") if content else ("", "application/octet-stream")
    parts.append(f'form-data; name="logo"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'.encode() + content)
    body = b"".join(b"--b\r\nContent-Disposition: " + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return browser.step("POST", form.action, {"Content-Type": "multipart/form-data; boundary=b", "Origin": browser.issuer}, body)


@pytest.fixture
def app(acme: Tenant) -> Client:
    return acme.app("Nightly Sync")


def test_a_picture_is_chosen_shown_as_we_drew_it_and_taken_away(acme: Tenant, app: Client) -> None:
    browser = admin(acme)
    page = browser.open(at(app, "/logo"))
    assert ("its initials stand for it" in page.text, ">NS<" in page.text, 'id="remove"' in page.text) == (True, True, False)
    upload = picture(size=(420, 210))
    assert len(upload) > 65_536  # more than a form without a file may have
    answer = send(browser, page, upload)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{at(app)}?said=picture")
    assert f'src="{at(app)}/logo.png?v=2"' in browser.open(at(app)).text
    shown = browser.step("GET", at(app, "/logo.png"))
    assert (shown.headers["content-type"], Image.open(io.BytesIO(shown.content)).size) == ("image/png", (128, 64))
    assert (shown.headers["content-security-policy"], shown.headers["cache-control"]) == ("default-src 'none'; sandbox", "no-store")
    assert shown.content != upload
    page = browser.open(at(app, "/logo"))
    assert send(browser, page, b"", remove="yes").status_code == 303
    assert browser.step("GET", at(app, "/logo.png")).status_code == 404
    assert not record_of(acme, app).has_logo


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Choose a picture"),
        pytest.param(SVG, "no picture that can be read", id="svg"),
        pytest.param(picture() + SVG, "goes on after the end", id="polyglot"),
        pytest.param(b"\0" * 300_000, "300,000 bytes", id="too large"),
    ],
)
def test_X_XS_02_what_is_no_plain_picture_is_refused_at_the_field(acme: Tenant, app: Client, content: bytes, problem: str) -> None:
    browser = admin(acme)
    answer = send(browser, browser.open(at(app, "/logo")), content)
    page = Page(answer.status_code, "", answer.text, answer.headers)
    assert (answer.status_code, problem in problem_at(page, "logo")) == (422, True), answer.text
    assert not record_of(acme, app).has_logo


def test_X_AD_09_who_chose_one_over_another_is_told(acme: Tenant, app: Client) -> None:
    browser = admin(acme)
    page = browser.open(at(app, "/logo"))
    assert send(browser, page, picture()).status_code == 303
    assert send(browser, page, picture("GIF")).status_code == 412


def test_X_CO_02_X_AD_01_X_XS_02_no_other_form_page_or_person_sets_one(acme: Tenant, app: Client) -> None:
    browser = admin(acme)
    page = browser.open(at(app, "/logo"))
    assert send(browser, page, picture(), form_token="forged").status_code == 403
    assert browser.post(page.forms["edit"].action, page.forms["edit"].fields).status == 400  # a form without a file is another form
    assert browser.step("POST", page.forms["edit"].action, {"Content-Type": "multipart/form-data; boundary=b"}, b"--b--").status_code == 403
    reader = at_setup(acme, with_rights(acme, "vera", Permission.VIEW_SETUP))
    token = reader.open(at(app)).forms["signout"].fields["form_token"]
    assert (reader.open(at(app, "/logo")).status, send(reader, page, picture(), form_token=token).status_code) == (403, 403)
    foreign = make_tenant(acme.standing).app("Elsewhere")
    assert [browser.open(at(foreign, ending)).status for ending in ("/logo", "/logo.png")] == [404, 404]
    assert not record_of(acme, app).has_logo
