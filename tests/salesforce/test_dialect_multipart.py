"""Bodies made of parts, which some of Salesforce's clients send to the token and device endpoints, and nobody else anywhere."""

from collections.abc import Mapping

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oauth.flows.devices import make_panel
from tests.oauth.houses import Standing
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN, Client, Tenant, make_tenant

from gatebridge.oauth import multipart
from gatebridge.oauth.formats.encoded import MEDIA, Form
from gatebridge.rules.apps import Dialect


@pytest.fixture(scope="module")
def org(house: Standing) -> Tenant:
    """One org for the whole file: what is asked for here changes nothing that another test could see."""
    return make_tenant(house)


@pytest.fixture(scope="module")
def sales(org: Tenant) -> Client:
    return org.app("Sales", dialect=Dialect.SALESFORCE)


@pytest.fixture(scope="module")
def plain(org: Tenant) -> Client:
    return org.app("Plain")


def parts(form: Mapping[str, str]) -> httpx.Request:
    """The form as a library makes parts of it."""
    return httpx.Request("POST", "https://x.example", files={name: (None, value) for name, value in form.items()})


def post_parts(client: Client, form: Mapping[str, str], path: str = TOKEN) -> httpx.Response:
    made = parts(form)
    return client.post(path, made.read(), headers={"Content-Type": made.headers["content-type"]})


def test_an_app_of_the_salesforce_dialect_may_send_parts(org: Tenant, sales: Client) -> None:
    answer = post_parts(sales, {"grant_type": "client_credentials", "format": "xml"} | sales.credentials)
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA[Form.XML])
    refused = post_parts(sales, {"grant_type": "client_credentials", "scope": "web"} | sales.credentials)
    assert (refused.json()["error"], org.true_cause(refused)) == ("invalid_scope", "scope_not_assigned")


@pytest.mark.parametrize("path", [TOKEN, "/services/oauth2/device"])
def test_compat_06_a_device_may_send_parts(org: Tenant, path: str) -> None:
    device = make_panel(org, "Terminal", api_name=f"Terminal_{path[-1]}", dialect=Dialect.SALESFORCE)
    begun = post_parts(device.app, {"response_type": "device_code", "client_id": device.app.consumer_key, "scope": "api"}, path)
    assert begun.status_code == 200, begun.text
    poll = {"grant_type": "device", "client_id": device.app.consumer_key, "code": begun.json()["device_code"]}
    assert post_parts(device.app, poll).json()["error"] == "authorization_pending"


def test_others_hear_that_parts_are_not_read_whether_they_exist_or_not(org: Tenant, plain: Client) -> None:
    unknown = {"grant_type": "client_credentials", "client_id": "gbk_nobody", "client_secret": "x"}
    heard = [post_parts(plain, form) for form in ({"grant_type": "client_credentials"} | plain.credentials, unknown)]
    assert {(answer.status_code, answer.json()["error_description"]) for answer in heard} == {
        (400, "The body has another content type than this endpoint reads.")
    }
    assert {org.true_cause(answer) for answer in heard} == {"content_type_wrong"}
    assert org.receipt(heard[0]).app_id == ""
    assert post_parts(plain, plain.credentials, "/services/oauth2/device").json()["error"] == "invalid_request"


@pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
def test_where_no_client_of_salesforce_sends_parts_none_are_read(org: Tenant, sales: Client, path: str) -> None:
    answer = post_parts(sales, {"token": "x"} | sales.credentials, path)
    assert (answer.status_code, org.true_cause(answer)) == (400, "content_type_wrong")


def framed(*said: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in said) + end


NAMED = b'Content-Disposition: form-data; name="grant_type"\r\n'
GOOD = NAMED + b"\r\nclient_credentials"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (framed(GOOD), [(b"grant_type", b"client_credentials")]),
        (framed(GOOD, end=b"--b--"), [(b"grant_type", b"client_credentials")]),
        (framed(), []),
        (framed(b"content-disposition:form-data;name=scope\r\n\r\n"), [(b"scope", b"")]),
        (framed(NAMED + b"Content-Type: text/plain; charset=UTF-8\r\nContent-Length: 3\r\n\r\na\r\n"), [(b"grant_type", b"a\r\n")]),
        (framed(NAMED + b"Content-Type: text/plain; charset=ISO-8859-1\r\n\r\na"), [(b"grant_type", b"a")]),
        (framed(NAMED + b"Content-Transfer-Encoding: 8bit\r\n\r\na--b"), [(b"grant_type", b"a--b")]),
    ],
)
def test_parts_are_read_as_clients_write_them(body: bytes, found: list[tuple[bytes, bytes]]) -> None:
    assert multipart.pairs(" boundary=b", body, 64) == found


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(framed(GOOD, end=b""), id="no end"),
        pytest.param(framed(GOOD)[:-6], id="cut off"),
        pytest.param(b"preamble\r\n" + framed(GOOD), id="text before"),
        pytest.param(framed(GOOD) + b"epilogue", id="text behind"),
        pytest.param(framed(GOOD) + framed(GOOD), id="two bodies"),
        pytest.param(framed(b"grant_type"), id="no headers"),
        pytest.param(framed(b"\r\nvalue"), id="no name"),
        pytest.param(framed(b'Content-Disposition: form-data; name=""\r\n\r\nx'), id="an empty name"),
        pytest.param(framed(b'Content-Disposition: form-data; name="a"; filename="b"\r\n\r\nx'), id="a file"),
        pytest.param(framed(b'Content-Disposition: form-data; name="a"; name="b"\r\n\r\nx'), id="two names"),
        pytest.param(framed(b'Content-Disposition: attachment; name="a"\r\n\r\nx'), id="no form"),
        pytest.param(framed(NAMED + NAMED + b"\r\nx"), id="a header twice"),
        pytest.param(framed(NAMED + b"Content-Type: text/html\r\n\r\nx"), id="another type"),
        pytest.param(framed(NAMED + b"Content-Type: text/plain; charset=utf-16\r\n\r\nx"), id="another charset"),
        pytest.param(framed(NAMED + b"Content-Type: text/plain; charset=ISO-8859-1\r\n\r\n\xe9"), id="a letter in that charset"),
        pytest.param(framed(NAMED + b"Content-Transfer-Encoding: base64\r\n\r\nx"), id="packed"),
        pytest.param(framed(NAMED + b"X-Odd: 1\r\n\r\nx"), id="a header that nobody sends"),
        pytest.param(framed(NAMED + b" folded\r\n\r\nx"), id="a folded header"),
        pytest.param(framed(NAMED.replace(b"\r\n", b"\n") + b"\nx"), id="bare line ends"),
        pytest.param(framed(NAMED + b"\r\na\r\n--bc"), id="the boundary within a part"),
        pytest.param(framed(*[GOOD] * 65), id="too many parts"),
        pytest.param(framed(*[GOOD] * 3000), id="far too many parts"),
    ],
)
def test_parts_in_any_other_shape_are_refused(body: bytes) -> None:
    assert multipart.pairs(" boundary=b", body, 64) is None


FILE = b'Content-Disposition: form-data; name="logo"; filename="our logo.png"\r\nContent-Type: image/png\r\n'
PIXELS = b"\x89PNG\r\n\x1a\n\0--b\r\n"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (framed(GOOD, FILE + b"\r\n" + PIXELS), [(b"grant_type", b"client_credentials"), (b"logo", PIXELS)]),
        (framed(FILE.replace(b"our logo.png", b"").replace(b"image/png", b"application/octet-stream") + b"\r\n"), [(b"logo", b"")]),
        pytest.param(framed(FILE.replace(b"logo", b"other", 1) + b"\r\nx"), None, id="another field"),
        pytest.param(framed(FILE.replace(b'"our', b'"a"; x="') + b"\r\nx"), None, id="more in the name"),
        pytest.param(framed(FILE.replace(b"image/png", b"image/png; x=y") + b"\r\nx"), None, id="more in the type"),
        pytest.param(
            framed(b"Content-Type: image/png\r\n" + FILE.partition(b"\r\n")[0] + b"\r\n\r\nx"), None, id="the type before the name"
        ),
        pytest.param(framed(NAMED + b"Content-Type: image/png\r\n\r\nx"), None, id="the type of a file where none is"),
    ],
)
def test_one_field_may_be_a_file_where_a_page_of_ours_asks_for_it(body: bytes, found: list[tuple[bytes, bytes]] | None) -> None:
    assert multipart.pairs(" boundary=b", body, 64, "logo") == found
    assert multipart.pairs(" boundary=b", body, 64) is None


@pytest.mark.parametrize(
    "typed",
    ["", " boundary=", ' boundary=""', " boundary=" + "b" * 71, " boundary=b; charset=utf-8", " boundary=b\r", " x=b", " boundary=é"],
)
def test_a_boundary_must_be_one(typed: str) -> None:
    assert multipart.pairs(typed, framed(GOOD), 64) is None


@given(st.binary(max_size=200), st.lists(st.binary(max_size=20), max_size=5))
def test_any_bytes_at_all_are_parts_or_none(noise: bytes, said: list[bytes]) -> None:
    for body in (noise, framed(*said), framed(*(NAMED + b"\r\n" + each for each in said)), framed(NAMED + noise)):
        found = multipart.pairs("boundary=b", body, 64)
        assert found is None or all(name for name, _ in found)


TYPE = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("body", "headers", "cause"),
    [
        (framed(GOOD, end=b""), TYPE, "body_malformed"),
        (framed(GOOD), TYPE | {"Content-Encoding": "gzip"}, "body_compressed"),
        (framed(GOOD, GOOD), TYPE, "parameter_repeated"),
        (framed(NAMED + b"\r\n\xff"), TYPE, "body_not_utf8"),
        (framed(NAMED + b"\r\n\0"), TYPE, "parameter_malformed"),
    ],
)
def test_the_rules_for_parameters_are_those_of_a_form(org: Tenant, sales: Client, body: bytes, headers: dict[str, str], cause: str) -> None:
    org.standing.clock.advance(minutes=10)
    answer = sales.post(TOKEN, body, headers=headers)
    assert (answer.status_code, answer.json()["error"], org.true_cause(answer)) == (400, "invalid_request", cause)
