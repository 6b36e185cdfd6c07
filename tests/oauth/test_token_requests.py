"""What a request may look like, and that whatever else comes gets a clear error, a receipt and nothing more."""

import gzip
import re
from urllib.parse import urlencode

import httpx
import pytest
from tests.oauth.door import FORM
from tests.oauth.houses import Standing
from tests.oauth.tenants import FEED, INTROSPECT, REVOKE, TOKEN, Client, Tenant, make_tenant

from gatebridge.oauth.flows import FLOWS
from gatebridge.oauth.request import NEVER_IN_ADDRESS
from gatebridge.rules.apps import Dialect

ENDPOINTS = pytest.mark.parametrize("path", [TOKEN, INTROSPECT, REVOKE, FEED])

# RFC 6749 section 5.2: what `error` and `error_description` may be made of, and `error_uri`.
TEXT = re.compile(r"[\x20-\x21\x23-\x5B\x5D-\x7E]+")
URI = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


@pytest.fixture(scope="module")
def acme(house: Standing) -> Tenant:
    """One org for the whole table: what is refused here changes nothing that another line could see."""
    return make_tenant(house)


@pytest.fixture(scope="module")
def app(acme: Tenant) -> Client:
    return acme.app()


def good(app: Client) -> dict[str, str]:
    return {"grant_type": "client_credentials", "token": "x"} | app.credentials


def assert_well_formed(answer: httpx.Response, app: Client) -> None:
    """Every refusal: JSON, three members of the right characters, a page that is served, and nothing that may be stored."""
    body = answer.json()
    assert set(body) == {"error", "error_description", "error_uri"}
    assert TEXT.fullmatch(body["error"])
    assert TEXT.fullmatch(body["error_description"])
    assert URI.fullmatch(body["error_uri"])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    page = app.door.get(body["error_uri"].partition("?")[0])
    assert page.status_code == 200


@ENDPOINTS
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_std_G_04_anything_but_post_is_405_with_allow(app: Client, path: str, method: str) -> None:
    answer = app.door.send(method, app.issuer + path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


BODIES = [
    pytest.param(b'{"grant_type":"client_credentials"}', "application/json", "content_type_wrong", id="JSON"),
    pytest.param(b"--x--", "multipart/form-data; boundary=x", "content_type_wrong", id="multipart"),
    pytest.param(b"grant_type=x", "", "content_type_wrong", id="no type at all"),
    pytest.param("grant_type=x".encode("utf-16"), f"{FORM}; charset=utf-16", "content_type_wrong", id="UTF-16"),
    pytest.param(b"grant_type=\xff", FORM, "body_not_utf8", id="bytes that are no UTF-8"),
    pytest.param(b"grant_type=%ff", FORM, "body_not_utf8", id="no UTF-8 behind the percent sign"),
    pytest.param(b"grant_type=a%00b", FORM, "parameter_malformed", id="a NUL"),
    pytest.param(b"a=1&a=1", FORM, "parameter_repeated", id="std G-05: a parameter twice, even an unknown one"),
    pytest.param(b"scope=&scope=api", FORM, "parameter_repeated", id="std G-05: twice, once empty"),
    pytest.param(urlencode([(f"p{n}", "1") for n in range(65)]).encode(), FORM, "body_malformed", id="too many parameters"),
]


@pytest.fixture(autouse=True)
def another_window(house: Standing) -> None:
    """Refusals of strangers are folded within ten minutes; each test begins with none."""
    house.clock.advance(minutes=10)


@ENDPOINTS
@pytest.mark.parametrize(("body", "content_type", "cause"), BODIES)
def test_std_G_03_X_HT_04_a_body_that_cannot_be_read_is_invalid_request(
    acme: Tenant, app: Client, path: str, body: bytes, content_type: str, cause: str
) -> None:
    answer = app.door.post(app.issuer + path, body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_request", cause)
    assert_well_formed(answer, app)


@ENDPOINTS
def test_X_HT_04_a_compressed_body_is_not_opened(acme: Tenant, app: Client, path: str) -> None:
    body = gzip.compress(urlencode(good(app)).encode())
    answer = app.post(path, body, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, acme.true_cause(answer)) == (400, "body_compressed")


@ENDPOINTS
def test_X_HT_01_a_huge_body_is_413_whatever_its_length_header_says(app: Client, path: str) -> None:
    answer = app.post(path, b"a=" + b"x" * 65_536)
    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


@ENDPOINTS
def test_X_RT_11_credentials_in_the_query_are_refused_by_name(acme: Tenant, app: Client, path: str) -> None:
    for form in ({}, good(app)):
        answer = app.door.post(f"{app.issuer}{path}?{urlencode(good(app))}", form)
        assert (answer.status_code, answer.json()["error"], acme.true_cause(answer)) == (400, "invalid_request", "parameter_in_address")
        assert answer.json()["error_description"].endswith("(grant_type)")
        assert_well_formed(answer, app)
    assert app.secret not in str([tuple(line) for line in acme.history()])


@ENDPOINTS
@pytest.mark.parametrize("query", ["x=.my.example/services/oauth2/token", "so=00D000000000001", "device_id=7&display=touch", "%ff", "&&="])
def test_std_G_07_what_nobody_knows_may_stand_in_the_address(app: Client, path: str, query: str) -> None:
    assert app.door.post(f"{app.issuer}{path}?{query}", good(app)).status_code == 200


def test_every_parameter_of_every_flow_is_refused_in_an_address() -> None:
    known = frozenset().union(*(flow.PARAMETERS for flow in FLOWS.values()))
    assert known <= NEVER_IN_ADDRESS


@ENDPOINTS
def test_std_G_06_std_G_07_empty_counts_as_absent_and_unknown_is_ignored(app: Client, path: str) -> None:
    answer = app.post(path, good(app) | {"scope": "", "client_assertion": "", "extra": "foobar", "display": "page", "code_verifier": "x"})
    assert answer.status_code == 200


def test_std_G_05_resource_alone_may_be_repeated(app: Client) -> None:
    pairs = [*good(app).items(), ("resource", "https://a.example"), ("resource", "https://b.example")]
    assert app.post(TOKEN, pairs).status_code == 200


@pytest.mark.parametrize("name", ["Authorization", "Content-Type"])
def test_a_header_that_decides_must_come_once(acme: Tenant, app: Client, name: str) -> None:
    headers = [("Content-Type", FORM), ("Authorization", "Basic YTpi"), (name, "Basic YTpi" if name == "Authorization" else FORM)]
    answer = app.door.send("POST", app.issuer + TOKEN, body=urlencode(good(app)).encode(), headers=headers)
    assert (answer.status_code, acme.true_cause(answer)) == (400, "parameter_repeated")


@pytest.mark.parametrize("content_type", [FORM.upper(), f"{FORM};charset=UTF-8", f'{FORM}; charset="utf-8"', f"{FORM};foo=bar"])
def test_the_form_type_is_read_as_http_reads_it(app: Client, content_type: str) -> None:
    assert app.post(TOKEN, good(app), headers={"Content-Type": content_type}).status_code == 200


HOSTILE = ['"><script>', "a\r\nSet-Cookie: x=1", "naïve", "a b", "\\", "x" * 5000]


@pytest.mark.parametrize("text", HOSTILE, ids=["markup", "a line end", "not ASCII", "a blank", "a backslash", "very long"])
def test_std_G_08_input_is_never_echoed_into_an_error(acme: Tenant, app: Client, text: str) -> None:
    for form in ({"grant_type": text}, {"scope": text}, {"client_id": text}, {text: "1"}):
        answer = app.post(TOKEN, {"grant_type": "magic"} | app.credentials | form)
        assert_well_formed(answer, app)
        assert text not in answer.text
        assert "set-cookie" not in answer.headers
    doubled = app.post(TOKEN, [(text, "1"), (text, "2")])
    assert_well_formed(doubled, app)
    assert text not in doubled.text


def test_the_parameter_at_fault_is_named_where_that_is_safe(app: Client) -> None:
    answer = app.post(TOKEN, [("scope", "a"), ("scope", "b")])
    assert answer.json()["error_description"].endswith("(scope)")


def test_std_G_02_every_refusal_leads_to_its_page_and_to_its_receipt(acme: Tenant, app: Client) -> None:
    answer = app.token(scope="bogus")
    receipt = answer.headers["x-gatebridge-receipt"]
    assert answer.json()["error_uri"] == f"{acme.org.issuer}/help/reasons/scope_unknown?receipt={receipt}"
    assert app.door.get(answer.json()["error_uri"]).status_code == 200
    assert answer.headers["x-operation-id"] == receipt


def test_X_HT_05_std_G_02_the_good_answers_are_not_stored_either(app: Client) -> None:
    token = app.access_token()
    for answer in (app.token(), app.introspect(token), app.feed(), app.revoke(token)):
        assert answer.status_code == 200
        assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
        assert "etag" not in answer.headers


@ENDPOINTS
def test_a_host_where_no_org_lives_is_421_and_leaves_no_line(acme: Tenant, app: Client, path: str) -> None:
    before = len(acme.history())
    answer = app.door.post(f"https://nobody.example{path}", good(app))
    assert (answer.status_code, answer.json()["error"]) == (421, "invalid_request")
    assert len(acme.history()) == before


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_std_G_05_repeated_parameters_are_refused_in_both_dialects(acme: Tenant, dialect: Dialect) -> None:
    app = acme.app(f"Speaks {dialect}", dialect=dialect)
    answer = app.post(TOKEN, [*good(app).items(), ("scope", "api"), ("scope", "api")])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
