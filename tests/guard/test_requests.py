"""A request at the guard: where the token stands, what else is needed, and what goes back, by function, by ASGI and by WSGI."""

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from tests.guard.issuer import Guarded, Issuer

from gatebridge_guard import Guard, Level, ProtectASGI, ProtectWSGI, Refusal, Token

# --- Where the token stands ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_std_TK_04_X_TK_14_the_scheme_is_a_word_in_any_case(issuer: Issuer, guarded: Guarded, scheme: str) -> None:
    assert isinstance(guarded.guard.check(f"{scheme} {issuer.jwt()}"), Token)


SPELLINGS = ["Bearer", "Bearer ", "Bearer  {}", " Bearer {}", "Bearer\t{}", "Bearer {} ", "Bearer {},{}", "Bearer {}, Bearer {}"]
SPELLINGS += ["Bearer: {}", "Token {}", "Basic {}", "OAuth {}", "{}", "Bearer “{}”", "Bearer {}\r\nX: y", 'Bearer "{}"']


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_X_TK_14_std_BR_02_anything_else_is_no_bearer_token(issuer: Issuer, guarded: Guarded, spelling: str) -> None:
    refused = guarded.guard.check(spelling.replace("{}", issuer.jwt()))
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.error) == (400, "invalid_request")


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_std_BR_01_who_sends_no_token_is_told_no_error(guarded: Guarded, nothing: Any) -> None:
    refused = guarded.guard.check(nothing)
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.challenge) == (401, 'Bearer realm="id.example"')


def test_std_BR_02_two_headers_are_two_ways(issuer: Issuer, guarded: Guarded) -> None:
    refused = guarded.guard.check([f"Bearer {issuer.jwt()}"] * 2)
    assert isinstance(refused, Refusal)
    assert refused.status == 400


@pytest.mark.parametrize("query", ["access_token={}", "a=1&access_token={}", "access%5Ftoken={}", "oauth_token={}", "access_token="])
@pytest.mark.parametrize("also_in_header", [True, False])
def test_std_BR_03_a_token_in_the_address_is_refused_beside_a_good_header_too(
    issuer: Issuer, guarded: Guarded, query: str, also_in_header: bool
) -> None:
    header = f"Bearer {issuer.jwt()}" if also_in_header else None
    refused = guarded.guard.check(header, query=query.replace("{}", issuer.jwt()))
    assert isinstance(refused, Refusal)
    assert refused.status == 400


def test_a_query_without_a_token_is_nobodys_business(issuer: Issuer, guarded: Guarded) -> None:
    assert isinstance(guarded.guard.check(f"Bearer {issuer.jwt()}", query="my_access_token_name=x&page=2"), Token)


# --- What else is needed -------------------------------------------------------------------------------------------------


def test_std_BR_02_a_lacking_scope_is_403_and_named(issuer: Issuer, guarded: Guarded) -> None:
    refused = guarded.check(issuer.jwt(), scopes=["orders", "orders:write"])
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.error) == (403, "insufficient_scope")
    assert refused.challenge is not None
    assert refused.challenge.endswith('scope="orders orders:write"')
    assert guarded.lets_in(issuer.jwt(scope="orders orders:write"), scopes="orders orders:write"), "a text with blanks is a list"


def test_std_SU_01_a_level_and_an_age_are_asked_for_by_name(issuer: Issuer, guarded: Guarded) -> None:
    now = int(issuer.now)
    high = issuer.jwt(acr="urn:gatebridge:level:high", auth_time=now - 300)
    low = issuer.jwt(acr="urn:gatebridge:level:standard", auth_time=now - 300)
    assert guarded.lets_in(high, level="high", max_age=300)
    assert guarded.lets_in(high, level="standard")
    assert guarded.lets_in(low, level=Level.STANDARD)
    for token, needed, asked in (
        (low, {"level": "high"}, 'acr_values="urn:gatebridge:level:high"'),
        (high, {"max_age": 299}, 'max_age="299"'),
        (issuer.jwt(), {"level": "standard"}, 'acr_values="urn:gatebridge:level:standard"'),
        (issuer.jwt(acr="urn:other"), {"level": "standard"}, 'acr_values="urn:gatebridge:level:standard"'),
        (issuer.jwt(), {"max_age": 10**6}, 'max_age="1000000"'),
    ):
        refused = guarded.check(token, **needed)
        assert isinstance(refused, Refusal)
        assert (refused.status, refused.error) == (401, "insufficient_user_authentication")
        assert refused.challenge is not None
        assert refused.challenge.endswith(asked)


def test_what_cannot_be_needed_is_said_at_once(guarded: Guarded) -> None:
    with pytest.raises(ValueError, match="low"):
        guarded.check("x", level="low")
    with pytest.raises(ValueError, match="not negative"):
        guarded.check("x", max_age=-1)
    for scope in ('a"b', "a\\b", "ä", "a\r\nX: y", ""):
        with pytest.raises(ValueError, match="No scope"):
            guarded.check("x", scopes=[scope])


def test_std_G_08_a_refusal_is_json_that_nobody_keeps_and_holds_nothing_of_the_token(issuer: Issuer, guarded: Guarded) -> None:
    token = issuer.jwt(iss="https://evil.example")
    refused = guarded.check(token)
    assert isinstance(refused, Refusal)
    assert json.loads(refused.body).keys() == {"error", "error_description"}
    headers = dict(refused.headers)
    assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/json", "no-store")
    assert "evil" not in str(refused)
    assert token not in repr(guarded.check(issuer.jwt()))


# --- ASGI ----------------------------------------------------------------------------------------------------------------


def asked(app: Any, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """What an ASGI application sends for one scope."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def http(token: str | None = None, *, path: str = "/orders", query: str = "") -> dict[str, Any]:
    headers = [(b"host", b"orders.example")] + ([(b"authorization", f"Bearer {token}".encode())] if token is not None else [])
    return {"type": "http", "path": path, "query_string": query.encode(), "headers": headers, "client": ("192.0.2.10", 50_000)}


async def who(scope: Any, _: Any, send: Any) -> None:
    """An application that says who is let in."""
    token: Token | None = scope.get("gatebridge.token")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": (token.user_id if token else scope["type"]).encode()})


def test_an_asgi_application_is_reached_with_a_live_token_only(issuer: Issuer, guarded: Guarded) -> None:
    app = ProtectASGI(who, guarded.guard, scopes=["orders"], open_paths=["/health"])
    for token in (issuer.jwt(), issuer.opaque()):
        assert asked(app, http(token))[-1]["body"] == b"005000000000001AAA"
    for refused, status in ((None, 401), ("x", 401), (issuer.jwt(scope="id"), 403)):
        start, body = asked(app, http(refused))
        assert start["status"] == status
        assert b"www-authenticate" in dict(start["headers"])
        assert json.loads(body["body"])["error"]
    assert asked(app, http(path="/health"))[-1]["body"] == b"http"
    assert [asked(app, http(path=path))[0]["status"] for path in ("/health/", "/health/x", "//health", "/HEALTH")] == [401] * 4
    assert asked(app, http(issuer.jwt(), query="access_token=x"))[0]["status"] == 400


def test_nothing_passes_an_asgi_guard_by_being_something_else(issuer: Issuer, guarded: Guarded) -> None:
    app = ProtectASGI(who, guarded.guard, open_paths=["/orders"])
    assert asked(app, {"type": "lifespan"})[-1]["body"] == b"lifespan"
    socket = http() | {"type": "websocket"}
    (closed,) = asked(app, socket)
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    assert asked(app, http(issuer.jwt()) | {"type": "websocket"})[-1]["body"] == b"005000000000001AAA"


def test_a_claim_that_a_client_could_send_is_not_where_the_token_is(issuer: Issuer, guarded: Guarded) -> None:
    app = ProtectASGI(who, guarded.guard)
    forged = http(issuer.jwt()) | {"gatebridge.token": "somebody else"}
    assert asked(app, forged)[-1]["body"] == b"005000000000001AAA"


def test_the_event_loop_is_not_held_up_while_the_server_is_asked(issuer: Issuer, guarded: Guarded) -> None:
    import time

    import httpx

    token = issuer.opaque()
    said = issuer.said[token]

    def slowly() -> httpx.Response:
        time.sleep(0.2)
        return httpx.Response(200, json=said)

    issuer.answers["/services/oauth2/introspect"] = slowly

    async def both() -> tuple[Any, int]:
        checking, turns = asyncio.ensure_future(guarded.guard.check_async(f"Bearer {token}")), 0
        while not checking.done():
            await asyncio.sleep(0.01)
            turns += 1
        return await checking, turns

    found, turns = asyncio.run(both())
    assert isinstance(found, Token)
    assert turns > 5


def test_X_RL_15_no_more_requests_wait_for_the_server_than_are_bounded(
    issuer: Issuer, guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatebridge_guard import guard as guard_module

    monkeypatch.setattr(guard_module, "MOST_WAITING", 0)
    found = asyncio.run(guarded.guard.check_async(f"Bearer {issuer.opaque()}"))
    assert isinstance(found, Refusal)
    assert found.status == 503
    assert isinstance(asyncio.run(guarded.guard.check_async(f"Bearer {issuer.jwt()}")), Token), "what needs no question is answered"


# --- WSGI ----------------------------------------------------------------------------------------------------------------


def called(app: Any, token: str | None = None, **environ: str) -> tuple[str, dict[str, str], bytes]:
    """What a WSGI application answers, and whether the specification allows it."""
    given: dict[str, Any] = {
        "SCRIPT_NAME": "",
        "PATH_INFO": "/orders",
        "REMOTE_ADDR": "192.0.2.10",
        "QUERY_STRING": "",
        "wsgi.input": io.BytesIO(),
    } | environ
    if token is not None:
        given["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    setup_testing_defaults(given)
    started: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started[:] = [status, dict(headers)]
        return lambda _: None

    answer: Any = validator(app)(given, start)
    try:
        body = b"".join(answer)
    finally:
        answer.close()
    return started[0], started[1], body


def told(environ: Any, start_response: Any) -> Iterator[bytes]:
    token: Token | None = environ.get("gatebridge.token")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return iter([(token.user_id if token else "nobody").encode()])


def test_a_wsgi_application_is_reached_with_a_live_token_only(issuer: Issuer, guarded: Guarded) -> None:
    app = ProtectWSGI(told, guarded.guard, scopes="orders", open_paths=["/health"])
    assert called(app, issuer.jwt())[::2] == ("200 OK", b"005000000000001AAA")
    assert called(app, issuer.opaque())[0] == "200 OK"
    status, headers, body = called(app)
    assert (status, headers["WWW-Authenticate"]) == ("401 Unauthorized", 'Bearer realm="id.example"')
    assert json.loads(body)["error"] == "invalid_token"
    assert called(app, issuer.jwt(scope="id"))[0] == "403 Forbidden"
    assert called(app, issuer.jwt(), QUERY_STRING="access_token=x")[0] == "400 Bad Request"
    assert called(app, f"{issuer.jwt()},Bearer {issuer.jwt()}")[0] == "400 Bad Request", "as servers join two headers"
    assert called(app, PATH_INFO="/health")[2] == b"nobody"
    assert [called(app, PATH_INFO=path)[0] for path in ("/health/", "/healthy")] == ["401 Unauthorized"] * 2
    issuer.now += 6
    status, headers, _ = called(app, issuer.jwt())
    assert (status, headers["Retry-After"]) == ("503 Service Unavailable", "1")


# --- Setting it up -------------------------------------------------------------------------------------------------------

GOOD: dict[str, Any] = {"audience": "https://orders.example", "client_id": "key", "client_secret": "secret"}


@pytest.mark.parametrize(
    ("issuer_url", "changed"),
    [
        ("http://id.example", {}),
        ("https://id.example/", {}),
        ("https://id.example?x", {}),
        ("ftp://id.example", {}),
        ("id.example", {}),
        ("https://id.example", {"audience": ""}),
        ("https://id.example", {"client_id": ""}),
        ("https://id.example", {"client_secret": ""}),
        ("https://id.example", {"address": "http://10.0.0.1:8080"}),
    ],
)
def test_what_cannot_work_is_said_at_once(issuer_url: str, changed: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r".{10,}"):
        Guard(issuer_url, **GOOD | changed)


@pytest.mark.parametrize("address", [None, "http://127.0.0.1:8080", "http://localhost:8080/", "https://inside.example"])
def test_the_server_may_be_reached_at_another_address(address: str | None) -> None:
    with Guard("https://id.example", **GOOD, address=address, background=False) as guard:
        assert guard.audience == "https://orders.example"


def test_everything_can_come_from_the_environment(tmp_path: Any) -> None:
    secret = tmp_path / "secret"
    secret.write_text("gbs_x\n")
    environ = {"ISSUER": "https://id.example", "AUDIENCE": "a", "CLIENT_ID": "k", "CLIENT_SECRET_FILE": str(secret)}
    named = {f"GATEBRIDGE_GUARD_{name}": value for name, value in environ.items()}
    with Guard.from_environment(named) as guard:
        assert (guard.issuer, guard.audience) == ("https://id.example", "a")
    for missing in named:
        with pytest.raises(ValueError, match="is not set"):
            Guard.from_environment({name: value for name, value in named.items() if name != missing})
