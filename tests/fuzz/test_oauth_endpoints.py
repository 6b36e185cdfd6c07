"""Whatever is sent to the protocol's endpoints and to the door: no 500, ever, and every answer keeps the rules."""

import json
import re

import httpx
import pytest
from hypothesis import given
from tests.attacks.hoard import Hoard, make_hoard
from tests.fuzz.requests import TIMES, Fuzzed, bounded, fuzzed
from tests.oauth.client_keys import ASSERTION_TYPE
from tests.oauth.flows.portal import CALLBACK, VERIFIER
from tests.oauth.flows.visits import Asking
from tests.oauth.houses import Standing
from tests.oauth.tenants import make_tenant

from gatebridge.oauth.flows.jwt_bearer import GRANT_TYPE as JWT_BEARER

pytestmark = pytest.mark.timeout(120 * TIMES)

HOT = ("/services/oauth2/token", "/services/oauth2/introspect", "/services/oauth2/revoke")
FEED, DEVICE = "/services/oauth2/revocations", "/services/oauth2/device"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
BEARERS = (
    "/services/oauth2/userinfo",
    "/authz",
    "/authz/path/a/b",
    "/api/v1/me",
    "/api/v1/apps",
    "/id/00D000000000000AAA/005000000000000AAA",
)
FRONT = ("/services/oauth2/authorize", "/services/oauth2/consent", "/services/oauth2/success")
LOGOUT = "/services/auth/idp/oidc/logout"
CONNECT = ("/connect", "/setup/connect", "/connect/done", "/connect/0Zd000000000000AAA")
DOOR = ("/signin", "/signin/verify", "/signin/passkey", "/forgot-password", "/reset-password", "/invitation", "/me", "/me/security")
DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/id/keys", "/help/reasons/", "/healthz")

# RFC 6749 section 5.2: what may stand in an error (G-08).
ERROR_TEXT = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")
TRACES = ("Traceback", "sqlalchemy", "site-packages", "Internal Server Error")


@pytest.fixture(scope="module")
def held(house: Standing) -> Hoard:
    return make_hoard(make_tenant(house))


def sent(held: Hoard, request: Fuzzed) -> httpx.Response:
    url = held.acme.org.issuer + request.path + (f"?{request.query.decode()}" if request.query else "")
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in request.headers]
    answer = held.acme.door.send(request.method, url, body=request.body, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code < 500, f"{request} breaks it"
    assert not [trace for trace in TRACES if trace in answer.text]
    assert not [name for name, value in answer.headers.items() if set("\r\n\0") & set(value)]
    return answer


def keeps_the_rules(answer: httpx.Response) -> None:
    """What holds for every answer of an endpoint that clients call (G-02, G-08, G-12)."""
    if answer.content and answer.headers["content-type"].startswith("application/json"):
        body = json.loads(answer.text)
        assert answer.headers["cache-control"] == "no-store"
        if answer.status_code >= 400 and "error" in body:
            assert ERROR_TEXT.fullmatch(body["error"])
            assert ERROR_TEXT.fullmatch(body.get("error_description", ""))
            assert not set(' "') & set(body.get("error_uri", ""))
        assert None not in body.values()
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"]


def good_forms(held: Hoard) -> list[dict[str, str]]:
    """What may be asked of the token endpoint and its kin, as a client asks it."""
    own = dict(held.portal.credentials)
    values = held.values
    redeem = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code": values["authorization code"], "code_verifier": VERIFIER}
    return [
        redeem | own,
        {"grant_type": "refresh_token", "refresh_token": values["refresh token"]} | own,
        {"grant_type": "client_credentials"} | own,
        {"grant_type": JWT_BEARER, "assertion": values["assertion"]},
        {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": values["client assertion"]},
        {"grant_type": DEVICE_CODE, "device_code": "x"} | own,
        {"token": values["access token"], "token_type_hint": "access_token"} | own,
        {"token": values["JWT access token"]} | own,
        {"cursor": "x", "wait": "0"} | own,
    ]


def test_no_request_to_the_token_endpoint_and_its_kin_breaks_it(held: Hoard) -> None:
    @bounded(200)
    @given(fuzzed([*HOT, FEED, DEVICE], held.values, *good_forms(held), methods=("POST",)))
    def each(request: Fuzzed) -> None:
        keeps_the_rules(sent(held, request))

    each()


@pytest.mark.parametrize("path", [*HOT, FEED, *BEARERS, *FRONT, *DOOR, *CONNECT, LOGOUT, *DOCUMENTS])
def test_std_G_04_X_CO_02_no_method_breaks_an_address_and_few_change_anything(held: Hoard, path: str) -> None:
    for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"):
        answer = sent(held, Fuzzed(method, path, b"", b"", (("X-HTTP-Method-Override", "POST"),)))
        if answer.status_code == 405:
            assert answer.headers["allow"]
        elif method not in ("GET", "HEAD"):
            assert answer.status_code in (400, 401, 404)
        if path in HOT or path == FEED:
            assert answer.status_code == 405


def test_no_request_that_carries_a_token_breaks_what_it_opens(held: Hoard) -> None:
    @bounded(100)
    @given(fuzzed(BEARERS, held.values, {"access_token": held.values["access token"]}, {}))
    def each(request: Fuzzed) -> None:
        keeps_the_rules(sent(held, request))

    each()


@pytest.mark.parametrize("signed_in", [False, True], ids=["a stranger", "a user"])
def test_no_authorization_request_breaks_the_endpoint_or_leads_astray(held: Hoard, signed_in: bool) -> None:
    browser = held.ben.browser if signed_in else held.waiting
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    asking = Asking(held.portal).parameters()

    @bounded(100)
    @given(fuzzed(FRONT, held.values, asking, asking | {"response_type": "token id_token"}, asking | {"prompt": "none"}))
    def each(request: Fuzzed) -> None:
        headers = tuple((name, value) for name, value in request.headers if name != "Cookie")
        answer = sent(held, Fuzzed(request.method, request.path, request.query, request.body, (*headers, ("Cookie", cookies))))
        went_to = answer.headers.get("location", "")
        assert went_to == "" or went_to.startswith(("/", CALLBACK + "?", CALLBACK + "#")), went_to
        assert not went_to.startswith("//")
        assert answer.headers["cache-control"] == "no-store"

    each()


@pytest.mark.parametrize("signed_in", [False, True], ids=["a stranger", "a user"])
def test_no_form_breaks_a_page_of_the_door(held: Hoard, signed_in: bool) -> None:
    browser = held.ben.browser if signed_in else held.waiting
    form = held.form_of("/connect" if signed_in else "/signin", "connect" if signed_in else "signin", browser)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    # A user who signs out is a stranger from then on, so only strangers do.
    paths = [*DOOR, *CONNECT, LOGOUT] if signed_in else [*DOOR, *CONNECT, LOGOUT, f"{LOGOUT}/confirm"]
    good = (form | {"username": "ben", "password": "x"}, form | {"user_code": held.values["user code"]}, form)

    @bounded(100)
    @given(fuzzed(paths, held.values, *good))
    def each(request: Fuzzed) -> None:
        headers = tuple((name, value) for name, value in request.headers if name not in ("Cookie", "Origin"))
        answer = sent(held, Fuzzed(request.method, request.path, request.query, request.body, (*headers, ("Cookie", cookies))))
        assert answer.headers.get("location", "/").startswith("/")
        assert not answer.headers.get("location", "/").startswith("//")

    each()


def test_no_request_breaks_a_document(held: Hoard) -> None:
    @bounded(50)
    @given(fuzzed(DOCUMENTS, held.values))
    def each(request: Fuzzed) -> None:
        sent(held, request)

    each()
