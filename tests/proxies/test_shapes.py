"""The examples for Traefik and Envoy: the requests that they make by their documentation, made of the example's own values."""

from fnmatch import fnmatch
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from tests.oauth.door import event_loop
from tests.oauth.houses import Standing, standing_house
from tests.oauth.tenants import Client, Tenant, make_tenant
from tests.oauth.test_authz import AtProxy
from tests.proxies.proxied import EXAMPLES

from gatebridge.oauth.authz import HEADERS
from gatebridge.web.authz import BEFORE_A_PATH, CREDENTIALS, NEEDS

FORGED = dict.fromkeys(HEADERS, "root")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Any) -> Any:
    import shutil

    path = tmp_path_factory.mktemp("shapes") / "gatebridge.db"
    shutil.copy(sqlite_template, path)
    with event_loop() as loop, standing_house(f"sqlite:///{path}", loop) as standing:
        yield standing


@pytest.fixture
def acme(house: Standing) -> Tenant:
    return make_tenant(house)


@pytest.fixture
def proxy(acme: Tenant) -> AtProxy:
    return AtProxy(acme.app("Orders API", introspect_all_tokens=True), acme.door)


@pytest.fixture
def app(acme: Tenant) -> Client:
    return acme.app()


def example(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text())


# --- Traefik -------------------------------------------------------------------------------------------------------------


def traefik(proxy: AtProxy, sent: dict[str, str]) -> tuple[httpx.Response, dict[str, str]]:
    """A request through the example's middlewares in their order: the answer of the question, and what the API would get."""
    http = example("traefik.yml")["http"]
    headers = {name.lower(): value for name, value in sent.items()}
    answer = httpx.Response(500)
    for name in http["routers"]["orders"]["middlewares"]:
        ((kind, said),) = http["middlewares"][name].items()
        if kind == "headers":
            for header, value in said["customRequestHeaders"].items():
                headers.pop(header.lower(), None)
                if value:
                    headers[header.lower()] = proxy.own["X-Gatebridge-Proxy-Authorization"] if header.lower() == CREDENTIALS else value
            continue
        address = urlsplit(said["address"])
        assert said["trustForwardHeader"] is False
        forwarded = {
            "x-forwarded-method": "POST",
            "x-forwarded-proto": "https",
            "x-forwarded-host": "api.example",
            "x-forwarded-uri": "/orders/1",
        }
        asked = {**headers, **forwarded, "x-forwarded-for": "192.0.2.77", "user-agent": "client"}
        answer = proxy.door.send("GET", f"{proxy.app.issuer}{address.path}?{address.query}", headers=asked)
        if answer.status_code >= 300:
            break
        for header in said["authResponseHeaders"]:
            headers.pop(header.lower(), None)
            if header in answer.headers:
                headers[header.lower()] = answer.headers[header]
    return answer, headers


def test_traefik_hands_on_who_it_is_and_nothing_that_a_client_says_about_it(acme: Tenant, proxy: AtProxy, app: Client) -> None:
    sent = {"Authorization": f"Bearer {app.access_token()}", **FORGED, CREDENTIALS: "Basic eDp5"}
    answer, headers = traefik(proxy, sent)
    assert (answer.status_code, headers["x-gatebridge-user"]) == (200, acme.runner.username)
    assert "root" not in headers.values()
    assert {name for name in headers if name.startswith("x-gatebridge")} == {name.lower() for name in HEADERS}
    assert "authorization" not in headers


def test_traefik_hands_on_a_refusal_as_it_is(acme: Tenant, proxy: AtProxy) -> None:
    answer, _ = traefik(proxy, dict(FORGED))
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, f'Bearer realm="{acme.org.host}"')


# --- Envoy ---------------------------------------------------------------------------------------------------------------


def envoy(proxy: AtProxy, method: str, path: str, sent: dict[str, str]) -> tuple[httpx.Response, dict[str, str]]:
    """The question that Envoy's filter asks for a request by HTTP: the answer, and what the API would get."""
    connection, asking = (
        listener["filter_chains"][0]["filters"][0]["typed_config"] for listener in example("envoy.yaml")["static_resources"]["listeners"]
    )
    said = connection["http_filters"][0]["typed_config"]
    assert said["failure_mode_allow"] is False
    assert connection["common_http_protocol_options"]["headers_with_underscores_action"] == "REJECT_REQUEST"
    service = said["http_service"]
    request, response = service["authorization_request"], service["authorization_response"]
    # Always: `Authorization`, and Host, method and path of the client's own request.
    allowed = ["authorization", *(each["exact"] for each in said["allowed_headers"]["patterns"])]
    asked = {name.lower(): value for name, value in sent.items() if name.lower() in allowed}
    for each in request["headers_to_add"]:
        if each["key"] == CREDENTIALS:
            assert each["value"].startswith("Basic ")
            asked[CREDENTIALS] = proxy.own["X-Gatebridge-Proxy-Authorization"]
        else:
            assert each["key"] != "host", "Envoy does not start with that"
            asked[each["key"]] = each["value"]
    asked |= {"x-forwarded-for": "192.0.2.77", "content-length": "0"}
    (rewritten,) = asking["route_config"]["virtual_hosts"][0]["routes"]
    asked_path = service["path_prefix"] + path
    assert asked_path.startswith(rewritten["match"]["prefix"])
    assert rewritten["route"]["host_rewrite_literal"] == "id.example.com"
    answer = proxy.door.send(method, proxy.app.issuer + asked_path, headers=asked)
    headers = {name.lower(): value for name, value in sent.items()}
    for each in response["allowed_upstream_headers"]["patterns"]:
        headers |= {name: value for name, value in answer.headers.items() if fnmatch(name, each["exact"])}
    (route,) = connection["route_config"]["virtual_hosts"][0]["routes"]
    return answer, {name: value for name, value in headers.items() if name not in route["request_headers_to_remove"]}


@pytest.mark.parametrize("path", ["/orders/1", "/orders/1?scope=&level=high", "/"])
def test_envoy_hands_on_who_it_is_whatever_the_client_writes(acme: Tenant, proxy: AtProxy, app: Client, path: str) -> None:
    sent = {"Authorization": f"Bearer {app.access_token()}", **FORGED, "X-Gatebridge-Need-Level": "high", CREDENTIALS: "Basic eDp5"}
    answer, headers = envoy(proxy, "POST", path, sent)
    assert (answer.status_code, headers["x-gatebridge-user"]) == (200, acme.runner.username)
    assert not [name for name in HEADERS if headers[name.lower()] == "root"]
    assert "authorization" not in headers


def test_envoy_asks_for_what_the_api_needs(acme: Tenant, proxy: AtProxy) -> None:
    narrow = acme.app("Narrow", scopes=("id",))
    answer, _ = envoy(proxy, "GET", "/orders/1", {"Authorization": f"Bearer {narrow.access_token()}"})
    assert (answer.status_code, 'scope="api"' in answer.headers["www-authenticate"]) == (403, True)


# --- All four ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile", "traefik.yml", "envoy.yaml"])
def test_an_example_names_every_header_that_says_who_it_is(name: str) -> None:
    text = (EXAMPLES / name).read_text().lower()
    assert [header for header in HEADERS if header.lower() not in text] == []
    assert CREDENTIALS in text


def test_the_guide_and_the_example_name_what_the_server_has() -> None:
    guide = (EXAMPLES.parents[1] / "docs" / "guides" / "reverse-proxies.md").read_text()
    assert [name for name in (*HEADERS, BEFORE_A_PATH) if f"`{name}`" not in guide] == []
    assert [name for name in NEEDS if name not in guide.lower()] == []
