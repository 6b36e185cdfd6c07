"""The examples as they stand, with the real programs: who reaches the API, under whose name, and who does not."""

import asyncio
import http.server
import os
import runpy
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.journeys.installation import Installation, Server, json_of, new_installation
from tests.journeys.small_org import SmallOrg, seed
from tests.proxies.proxied import EXAMPLES, Api, Proxied, running, running_api

from gatebridge.oauth.authz import HEADERS
from gatebridge.rules.ids import long
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import EditProfile, edit_profile
from gatebridge.storage import migrate
from gatebridge_guard import Guard

KINDS = ("nginx", "caddy")


def test_the_proxies_are_there() -> None:
    path = f"{os.environ['PATH']}:/usr/sbin"
    missing = [kind for kind in KINDS if shutil.which(kind, path=path) is None]
    assert not missing, f"Debian and Ubuntu have them: apt-get install {' '.join(missing)}"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    found = new_installation(tmp_path_factory.mktemp("proxied"), GATEBRIDGE_TRUSTED_PROXIES="127.0.0.1/32")
    with found.database() as database:
        migrate.upgrade(database)
    return found


@pytest.fixture(scope="module")
def org(installation: Installation) -> SmallOrg:
    return seed(installation)


@pytest.fixture(scope="module")
def server(installation: Installation, org: SmallOrg) -> Iterator[Server]:
    with installation.serving() as serving:
        yield serving


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with running_api() as found:
        yield found


@pytest.fixture(scope="module")
def both(
    installation: Installation, org: SmallOrg, server: Server, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Proxied]]:
    with ExitStack() as stack:
        urls = {kind: stack.enter_context(running(kind, tmp_path_factory.mktemp(kind), installation, org, api)) for kind in KINDS}
        yield {kind: Proxied(kind, url, api, org, server.client) for kind, url in urls.items()}


@pytest.fixture(params=KINDS)
def proxied(request: pytest.FixtureRequest, both: dict[str, Proxied]) -> Proxied:
    found = both[request.param]
    found.api.reached.clear()
    return found


def own_names(headers: list[list[str]]) -> dict[str, list[str]]:
    """What the API received that says who somebody is, under whatever spelling it could read it, with every value."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        plain = name.lower().replace("_", "-")
        if plain.startswith("x-gatebridge"):
            found.setdefault(plain, []).append(value)
    return found


def test_who_holds_a_live_token_reaches_the_api_under_its_own_name(proxied: Proxied) -> None:
    seen = json_of(proxied.ask(proxied.token(), method="POST", content=b"one order"))
    assert (seen["method"], seen["path"], seen["body"]) == ("POST", "/orders/1?page=2", "one order")
    names = own_names(seen["headers"])
    assert names.keys() == {name.lower() for name in HEADERS}
    assert names["x-gatebridge-user"] == ["job@acme.example"]
    assert names["x-gatebridge-client"] == [proxied.org.job.key]
    assert names["x-gatebridge-scope"] == ["api"]
    assert "authorization" not in {name.lower() for name, _ in seen["headers"]}, "the API gets no token that it could lose"


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda name: name,
    "in lower case": str.lower,
    "in capitals": str.upper,
    "with underscores": lambda name: name.replace("-", "_"),
    "with one underscore": lambda name: name[::-1].replace("-", "_", 1)[::-1],
    "with the first as underscore": lambda name: name.replace("-", "_", 1),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_std_G_15_no_client_can_say_who_it_is(proxied: Proxied, spelling: str) -> None:
    forged = [(SPELLINGS[spelling](name), "root") for name in (*HEADERS, "X-Gatebridge-Admin")]
    answer = proxied.ask(proxied.token(), [*forged, *forged])
    seen = own_names(json_of(answer)["headers"])
    assert seen["x-gatebridge-user"] == ["job@acme.example"]
    assert "root" not in {value for name in HEADERS for value in seen[name.lower()]}
    if proxied.kind == "caddy":
        assert "x-gatebridge-admin" not in seen, "nor under a name that we do not use yet"


def test_std_BR_01_BR_02_who_holds_none_is_challenged_and_does_not_reach_the_api(proxied: Proxied) -> None:
    without = proxied.ask(None)
    assert (without.status_code, without.headers["www-authenticate"]) == (401, f'Bearer realm="{proxied.org.host}"')
    dead = proxied.ask("gba_x")
    assert (dead.status_code, 'error="invalid_token"' in dead.headers["www-authenticate"]) == (401, True)
    forged = proxied.ask(None, {"X-Gatebridge-User": "root", "X-Gatebridge-User-Id": "005"})
    assert forged.status_code == 401
    assert proxied.api.reached == []


def test_a_token_without_the_scope_is_told_which_it_lacks(proxied: Proxied) -> None:
    robot = proxied.org.robot.token(proxied.at_gatebridge)
    answer = proxied.ask(robot)
    assert (answer.status_code, 'scope="api"' in answer.headers["www-authenticate"]) == (403, True)
    assert proxied.api.reached == []


@pytest.mark.parametrize("path", ["/orders/1?scope=", "/orders/1?level=high&aud=x", "/orders/%2e%2e/orders/1", "/orders//x?access_token=y"])
def test_what_a_client_writes_into_the_address_is_not_asked(proxied: Proxied, path: str) -> None:
    assert json_of(proxied.ask(proxied.token(), path=path))["path"].startswith("/orders/")
    assert proxied.ask(None, path=path).status_code == 401


def test_the_question_itself_is_not_to_be_asked_from_outside(proxied: Proxied) -> None:
    for path in ("/authz", "/authz?scope=api", "/_authz/orders", "/orders/%2e%2e/authz", "/orders/..%2f_authz/orders/.."):
        assert proxied.ask(proxied.token(), path=path).status_code == 404
    own = {"X-Gatebridge-Proxy-Authorization": "Basic eDp5"}
    assert json_of(proxied.ask(proxied.token(), own)), "what a client sends as the proxy's credentials is replaced"


def test_two_tokens_at_once_reach_nobody(proxied: Proxied) -> None:
    token = proxied.token()
    answer = proxied.ask(token, [("Authorization", f"Bearer {token}")])
    assert answer.status_code in (400, 500)
    assert proxied.api.reached == []


def test_X_RV_01_a_token_that_was_revoked_does_not_get_through_once_more(proxied: Proxied) -> None:
    token, client = proxied.token(), proxied.at_gatebridge
    assert proxied.ask(token).status_code == 200
    assert client.post("/services/oauth2/revoke", data={"token": token}, auth=proxied.org.job.auth).status_code == 200
    assert proxied.ask(token).status_code == 401


def test_X_IP_01_X_IP_04_the_clients_true_address_is_held_against_the_ranges(
    both: dict[str, Proxied], installation: Installation, org: SmallOrg
) -> None:
    token = both["nginx"].token()
    _edit(installation, org, (TypedRange("127.0.0.1", "Here"),), every_request=True)
    try:
        for proxied in both.values():
            assert proxied.ask(token).status_code == 200
            assert proxied.ask(token, address="127.0.0.2").status_code == 401
            for forged in ("127.0.0.1", "127.0.0.1, 127.0.0.1"):
                assert proxied.ask(token, {"X-Forwarded-For": forged, "X-Real-IP": forged}, address="127.0.0.2").status_code == 401
    finally:
        _edit(installation, org, (), every_request=False)


def _edit(installation: Installation, org: SmallOrg, login_ranges: tuple[TypedRange, ...], *, every_request: bool) -> None:
    with installation.database() as database, database.transaction() as tx:
        edit_profile(tx, org.admin, EditProfile(org.machine.profile_id, login_ranges=login_ranges, confirmed=True))
        edit_org(tx, org.admin, EditOrg(ranges_on_every_request=every_request, confirmed=True))


def test_a_proxy_with_a_wrong_secret_lets_nobody_through(
    installation: Installation, org: SmallOrg, server: Server, api: Api, both: dict[str, Proxied], tmp_path_factory: pytest.TempPathFactory
) -> None:
    token = both["nginx"].token()
    for kind in KINDS:
        with running(kind, tmp_path_factory.mktemp(f"wrong {kind}"), installation, org, api, secret="gbs_wrong") as url:
            api.reached.clear()
            answer = Proxied(kind, url, api, org, server.client).ask(token)
            assert answer.status_code == {"nginx": 500, "caddy": 400}[kind]
            assert api.reached == []


# --- The guard in an API -------------------------------------------------------------------------------------------------


Load = Callable[[str], dict[str, Any]]


@pytest.fixture
def load(server: Server, org: SmallOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Runs an example, as `python` would, with the settings of this installation."""
    (tmp_path / "secret").write_text(org.guard.secret + "\n")
    given = {"ISSUER": server.base_url, "AUDIENCE": server.base_url, "CLIENT_ID": org.guard.key}
    for name, value in (given | {"CLIENT_SECRET_FILE": str(tmp_path / "secret")}).items():
        monkeypatch.setenv(f"GATEBRIDGE_GUARD_{name}", value)
    guards: list[Guard] = []

    def run(name: str) -> dict[str, Any]:
        found = runpy.run_path(str(EXAMPLES.parent / name))
        guards.append(found.get("guard") or found["app"].guard)
        return found

    yield run
    for guard in guards:
        guard.close()


def asked(client: httpx.Client, token: str | None, path: str = "/orders") -> tuple[int, dict[str, Any]]:
    answer = client.get(path, headers={"Authorization": f"Bearer {token}"} if token is not None else {})
    return answer.status_code, answer.json()


def check_an_api(client: httpx.Client, org: SmallOrg, server: Server) -> None:
    token, robot = org.job.token(server.client), org.robot.token(server.client)
    assert asked(client, token) == (200, {"orders_of": long(org.machine.id), "asked_by": org.job.key})
    assert asked(client, None)[0] == 401
    assert (asked(client, robot)[0], asked(client, robot)[1]["error"]) == (403, "insufficient_scope")


def test_the_wsgi_example_lets_in_who_holds_a_token(load: Load, org: SmallOrg, server: Server) -> None:
    with httpx.Client(transport=httpx.WSGITransport(load("wsgi_api.py")["app"]), base_url="http://api.example") as client:
        check_an_api(client, org, server)


def test_the_example_of_one_function_lets_in_who_holds_a_token(load: Load, org: SmallOrg, server: Server) -> None:
    handler = load("function_api.py")["Orders"]
    handler.log_message = lambda *_: None
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as api_server:
        threading.Thread(target=api_server.serve_forever, daemon=True).start()
        with httpx.Client(base_url=f"http://127.0.0.1:{api_server.server_port}", trust_env=False) as client:
            check_an_api(client, org, server)
        api_server.shutdown()


def test_the_asgi_example_lets_in_who_holds_a_token_and_asks_for_more_where_it_matters(load: Load, org: SmallOrg, server: Server) -> None:
    app = load("asgi_api.py")["app"]
    bearer = {"Authorization": f"Bearer {org.job.token(server.client)}"}

    async def exchange() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api.example") as client:
            return [
                await client.get("/health"),
                await client.get("/orders"),
                await client.get("/orders", headers=bearer),
                await client.delete("/orders/1", headers=bearer),
            ]

    health, without, orders, cancelled = asyncio.run(exchange())
    assert (health.status_code, without.status_code) == (200, 401)
    assert orders.json() == {"orders_of": long(org.machine.id), "asked_by": org.job.key}
    assert (cancelled.status_code, 'acr_values="urn:gatebridge:level:high"' in cancelled.headers["www-authenticate"]) == (401, True)
    assert int(cancelled.headers["content-length"]) == len(cancelled.content)  # or servers break the answer off


# --- The end -------------------------------------------------------------------------------------------------------------


def test_X_RL_07_while_gatebridge_is_away_nobody_gets_through(both: dict[str, Proxied], server: Server) -> None:
    """The last of these tests: it stops the server."""
    token = both["nginx"].token()
    server.stop()
    for proxied in both.values():
        proxied.api.reached.clear()
        assert proxied.ask(token).status_code >= 500
        assert proxied.api.reached == []
