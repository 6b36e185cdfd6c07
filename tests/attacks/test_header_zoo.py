"""Authorization headers in every spelling that some parser somewhere takes, at every place that reads one (X-TK-14, X-CA-02)."""

import base64

import httpx
import pytest
from tests.attacks.hoard import USERINFO, Hoard, make_hoard
from tests.oauth.door import FORM
from tests.oauth.houses import Standing
from tests.oauth.tenants import FEED, INTROSPECT, REVOKE, TOKEN, make_tenant

from gatebridge.rules.ids import long


@pytest.fixture(scope="module")
def held(house: Standing) -> Hoard:
    return make_hoard(make_tenant(house))


def identity(held: Hoard) -> str:
    return f"/id/{long(held.acme.org.id)}/{long(held.acme.runner.id)}"


def send(held: Hoard, method: str, path: str, headers: list[tuple[bytes, bytes]], body: bytes = b"") -> httpx.Response:
    said = [*headers, (b"Content-Type", FORM.encode())] if method == "POST" else headers
    return held.acme.door.send(method, held.acme.org.issuer + path, body=body, headers=said)  # type: ignore[arg-type]


# {} stands for a live access token. Every one of these reads as "Bearer {}" to some lenient parser.
BEARERS = (
    *(
        "Bearer  {}",
        "Bearer\t{}",
        "Bearer {} ",
        " Bearer {}",
        "Bearer\x0b{}",
        "Bearer\xa0{}",
        "Bearer,{}",
        "Bearer:{}",
        "Bearer={}",
        "Bearer {},",
    ),
    *(
        'Bearer "{}"',
        "Bearer <{}>",
        "Bearer {};",
        "Bearer {}, Bearer {}",
        "Bearer Bearer {}",
        "Bearer token={}",
        'Bearer token="{}"',
        "Bearer {} x",
    ),
    *(
        "{}",
        "Token {}",
        "OAuth {}",
        "Basic {}",
        "DPoP {}",
        "MAC {}",
        "Bear {}",
        "Bearers {}",
        "Bеarer {}",
        "Bearer",
        "Bearer ",
        "",
        "Bearer {}\xff",
    ),
    *("Bearer {}%00", "Bearer {}==x", "Bearer ={}", "Negotiate {}", "Bearer realm=x, {}", "bearer\u3000{}", "Bearer {}\u200b"),
)


@pytest.mark.parametrize("where", ["GET userinfo", "POST userinfo", "identity", "admin API"])
def test_X_TK_14_one_spelling_of_a_bearer_header_opens_and_no_other(held: Hoard, where: str) -> None:
    method = "POST" if where.startswith("POST") else "GET"
    path = {"identity": identity(held), "admin API": "/api/v1/me"}.get(where, USERINFO)
    token = held.values["access token"]
    assert send(held, method, path, [(b"Authorization", f"Bearer {token}".encode())]).status_code == 200
    assert send(held, method, path, [(b"Authorization", f"bEARER {token}".encode())]).status_code == 200  # std TK-04
    opened = []
    for spelling in BEARERS:
        answer = send(held, method, path, [(b"Authorization", spelling.replace("{}", token).encode())])
        assert answer.status_code in (400, 401), spelling
        if answer.status_code == 200:
            opened.append(spelling)
        assert answer.headers["www-authenticate"].startswith("Bearer"), spelling
    assert opened == []


@pytest.mark.parametrize("where", ["userinfo", "identity", "admin API"])
def test_X_TK_14_other_headers_carry_no_token_and_two_carry_none_either(held: Hoard, where: str) -> None:
    path = {"identity": identity(held), "admin API": "/api/v1/me"}.get(where, USERINFO)
    token = held.values["access token"].encode()
    for name in (
        b"X-Access-Token",
        b"X-Authorization",
        b"Proxy-Authorization",
        b"X-Auth-Token",
        b"Cookie",
        b"DPoP",
        b"X-Forwarded-Authorization",
    ):
        value = b"access_token=" + token if name == b"Cookie" else b"Bearer " + token
        assert send(held, "GET", path, [(name, value)]).status_code == 401, name
    good, bad = b"Bearer " + token, b"Bearer gba_nothing"
    for pair in ((good, good), (good, bad), (bad, good), (good, b""), (b"Basic eDp5", good)):
        assert send(held, "GET", path, [(b"Authorization", value) for value in pair]).status_code == 400
    assert send(held, "GET", path, [(b"Authorization", good + b", " + bad)]).status_code == 400


def _basic(text: str | bytes) -> bytes:
    raw = text if isinstance(text, bytes) else text.encode()
    return b"Basic " + base64.b64encode(raw)


def credentials(key: str, secret: str) -> dict[str, bytes]:
    """What looks like the credentials of a client and is not; the true ones are Basic over key, colon and secret."""
    good = base64.b64encode(f"{key}:{secret}".encode())
    return {
        "a byte that is no ASCII": b"Basic \x80",
        "a byte that is no ASCII behind good ones": b"Basic " + good + b"\xff",
        "no base64": b"Basic !!!!",
        "base64 cut short": b"Basic " + good[:-3],
        "nothing": b"Basic",
        "nothing and a blank": b"Basic ",
        "two blanks in the middle": b"Basic " + good[:8] + b"  " + good[8:],
        "a line end": b"Basic " + good[:8] + b"\t" + good[8:],
        "in the other alphabet and with more": b"Basic " + good.replace(b"+", b"-") + b"-_",
        "twice": b"Basic " + good + b", Basic " + good,
        "quoted": b'Basic "' + good + b'"',
        "bare": f"Basic {key}:{secret}".encode(),
        "as a bearer": b"Bearer " + good,
        "as digest": b'Digest username="' + key.encode() + b'"',
        "no scheme": good,
        "no colon": _basic(key + secret),
        "no secret": _basic(f"{key}:"),
        "no key": _basic(f":{secret}"),
        "a colon too many": _basic(f"{key}::{secret}"),
        "a blank behind": _basic(f"{key}:{secret} "),
        "a blank in front": _basic(f" {key}:{secret}"),
        "a line end behind": _basic(f"{key}:{secret}\n"),
        "a NUL": _basic(f"{key}\0:{secret}"),
        "a NUL behind": _basic(f"{key}:{secret}\0"),
        "upper case": _basic(f"{key.upper()}:{secret}"),
        "UTF-16": _basic(f"{key}:{secret}".encode("utf-16")),
        "no UTF-8": _basic(b"\xff\xfe:" + secret.encode()),
        "a byte order mark": _basic(b"\xef\xbb\xbf" + f"{key}:{secret}".encode()),
        "a percent sign alone": _basic(f"{key}:%"),
        "percent-encoded twice": _basic(f"{key}:" + "".join(f"%25{ord(character):02x}" for character in secret)),
        "the secret as the key": _basic(f"{secret}:{key}"),
        "a large one": b"Basic " + base64.b64encode(b"x" * 9_000),
    }


@pytest.mark.parametrize("path", [TOKEN, INTROSPECT, REVOKE, FEED])
def test_std_CA_02_CA_03_X_TK_10_one_spelling_of_a_clients_credentials_proves_it_and_no_other(held: Hoard, path: str) -> None:
    app, body = held.portal.app, b"grant_type=client_credentials&token=x"
    assert send(held, "POST", path, [(b"Authorization", _basic(f"{app.consumer_key}:{app.secret}"))], body).status_code == 200
    for name, header in credentials(app.consumer_key, app.secret).items():
        answer = send(held, "POST", path, [(b"Authorization", header)], body)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), name
        assert answer.headers["www-authenticate"].startswith("Basic"), name
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", [TOKEN, INTROSPECT, REVOKE, FEED])
def test_X_CA_02_std_CA_01_two_ways_at_once_prove_nothing(held: Hoard, path: str) -> None:
    app, body = held.portal.app, b"grant_type=client_credentials&token=x"
    good = (b"Authorization", _basic(f"{app.consumer_key}:{app.secret}"))
    in_the_body = f"&client_id={app.consumer_key}&client_secret={app.secret}".encode()
    assert send(held, "POST", path, [good], body + in_the_body).status_code == 400
    assert send(held, "POST", path, [good, good], body).status_code == 400
    assert send(held, "POST", path, [good], body + b"&client_assertion=a.b.c").status_code == 400
    assert send(held, "POST", f"{path}?client_id={app.consumer_key}&client_secret={app.secret}", [], body).status_code in (400, 401)
