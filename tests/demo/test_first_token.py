"""What a new user does first: `make run`, then paste what it prints."""

import json
import resource
import shlex
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwk, jwt
from tests.journeys.installation import Installation, Server, free_port, json_of

from gatebridge.cli.exits import Exit
from gatebridge.demo.browser import Forms
from gatebridge.demo.poster import QUERY

READY_SECONDS = 5
TOKEN = "/services/oauth2/token"
INTROSPECT = "/services/oauth2/introspect"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PUBLIC = ("Field App", "Meeting Room Screen", "Legacy Dashboard", "Salesforce CLI")


@dataclass(frozen=True)
class Demo:
    """A demo that was built and is running."""

    installation: Installation
    server: Server

    @property
    def file(self) -> Path:
        return self.installation.var / "demo.json"

    @property
    def kept(self) -> dict[str, Any]:
        kept: dict[str, Any] = json.loads(self.file.read_text())
        return kept

    def app(self, name: str) -> dict[str, Any]:
        return next(app for app in self.kept["apps"] if app["name"] == name)

    def printed_commands(self) -> list[str]:
        """The lines that are there to be copied."""
        return [line.strip() for line in self.installation.said.splitlines() if line.strip().startswith("curl ")]


def empty_place(directory: Path) -> Installation:
    """An empty directory with an empty home, and nothing set but PORT."""
    (directory / "home").mkdir()
    port = free_port()
    return Installation(directory, f"http://localhost:{port}", {"PORT": str(port)})


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo at its first start. The tests that share it change nothing but its history."""
    place = empty_place(tmp_path_factory.mktemp("demo"))
    with place.serving("run-demo") as server:
        yield Demo(place, server)


def run_curl(http: httpx.Client, command: str) -> httpx.Response:
    """What curl does with just the options that the poster uses; a machine that runs the tests may have no curl."""
    program, silent, url, user_option, user, data_option, data = shlex.split(command)
    assert (program, silent, user_option, data_option) == ("curl", "-s", "-u", "-d")
    key, _, secret = user.partition(":")
    return http.post(url, auth=(key, secret), data=dict(parse_qsl(data)))


def test_the_first_command_returns_a_token(demo: Demo) -> None:
    first, _ = demo.printed_commands()
    answer = json_of(run_curl(demo.server.client, first))
    guard = demo.app("Orders API")
    asked = demo.server.client.post(INTROSPECT, data={"token": answer["access_token"]}, auth=(guard["key"], guard["secret"]))
    assert json_of(asked)["username"] == "ledger@machines.acme.example"


def test_the_second_command_is_refused_with_the_page_that_explains_it_and_a_receipt_that_the_admin_opens(demo: Demo) -> None:
    _, second = demo.printed_commands()
    refused = json_of(run_curl(demo.server.client, second), 400)
    assert refused["error"] == "invalid_grant"
    page = demo.server.client.get(refused["error_uri"])
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    (receipt_id,) = parse_qs(urlsplit(refused["error_uri"]).query)["receipt"]
    assert receipt_id in page.text
    credentials = {"GATEBRIDGE_CLI_CREDENTIALS": str(demo.installation.var / "credentials.json")}
    opened = replace(demo.installation, settings=credentials).run("receipt", receipt_id, "--json")
    assert opened.code == Exit.OK, opened.err
    receipt = json.loads(opened.out)
    assert receipt["outcome"] == "refused"
    assert receipt["app"] == "Partner Portal"
    assert [finding["state"] for finding in receipt["findings"]].count("refused") == 1
    assert receipt["remedy"]


def test_the_poster_says_where_the_server_is_and_who_can_sign_in(demo: Demo) -> None:
    said = demo.installation.said
    admin = demo.kept["users"][0]
    for shown in (demo.installation.base_url, admin["username"], admin["password"], "credentials.json"):
        assert shown in said
    for path in ("/help/reasons/", "/api/v1/docs"):
        assert f"{demo.installation.base_url}{path}" in said
        assert demo.server.client.get(path).status_code == 200


def test_the_file_of_the_demo_is_for_its_owner_alone_and_tells_what_a_client_needs(demo: Demo) -> None:
    assert stat.S_IMODE(demo.file.stat().st_mode) == 0o600
    assert stat.S_IMODE((demo.installation.var / "credentials.json").stat().st_mode) == 0o600
    kept = demo.kept
    assert kept["base_url"] == kept["issuer"] == demo.installation.base_url
    assert all(user["username"] and len(user["password"]) >= 12 for user in kept["users"])
    assert len({app["name"] for app in kept["apps"]}) == len(kept["apps"])
    for app in kept["apps"]:
        assert {"name", "flow", "key", "secret", "callback", "key_file", "cert_file"} <= app.keys()
        # Every app but those on people's machines and on a screen on the wall keeps something to prove itself with.
        assert bool(app["secret"] or app["key_file"]) is (app["name"] not in PUBLIC)


@pytest.mark.parametrize("name", ["Ledger Sync", "Data Loader", "Setup Robot"])
def test_each_app_that_is_approved_gets_a_token_with_its_secret(demo: Demo, name: str) -> None:
    app = demo.app(name)
    json_of(demo.server.client.post(TOKEN, data={"grant_type": app["flow"]}, auth=(app["key"], app["secret"])))


def test_the_app_with_a_key_gets_a_jwt_by_an_assertion_signed_with_its_key_file(demo: Demo) -> None:
    app = demo.app("Warehouse Feed")
    assert stat.S_IMODE(Path(demo.installation.directory, app["key_file"]).stat().st_mode) == 0o600
    assert Path(demo.installation.directory, app["cert_file"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    key = jwk.ECKey.import_key(Path(demo.installation.directory, app["key_file"]).read_text())
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": app["key"], "sub": app["key"], "aud": demo.kept["issuer"], "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex}
    assertion = jwt.encode({"alg": "ES256"}, claims, key)
    form = {"grant_type": app["flow"], "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    given = json_of(demo.server.client.post(TOKEN, data=form))["access_token"]
    published = jwk.KeySet.import_key_set(json_of(demo.server.client.get("/id/keys")))  # type: ignore[arg-type]
    assert jwt.decode(given, published, algorithms=["ES256"]).claims["iss"] == demo.kept["issuer"]


def test_a_script_with_the_salesforce_cli_reads_the_login_history_by_its_key(demo: Demo) -> None:
    app, issuer = demo.app("Login Reports"), demo.kept["issuer"]
    key = jwk.RSAKey.import_key(Path(demo.installation.directory, app["key_file"]).read_text())
    (sam,) = (user["username"] for user in demo.kept["users"] if user["username"].startswith("sam"))
    # As that client says it: the end in milliseconds, and no name of its own for the assertion.
    claims = {"iss": app["key"], "sub": sam, "aud": issuer, "exp": int(datetime.now(UTC).timestamp() + 120) * 1000}
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": jwt.encode({"alg": "RS256"}, claims, key)}
    given = json_of(demo.server.client.post(TOKEN, data=form))
    assert f"--client-id {app['key']} --jwt-key-file {app['key_file']} --username {sam}" in demo.installation.said
    asked = {"q": QUERY}
    assert QUERY in demo.installation.said
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    found = json_of(demo.server.client.get("/services/data/v60.0/query", params=asked, headers=bearer))
    assert found["totalSize"] == len(found["records"]) == 20
    assert "challenge_missing" in {record["Status"] for record in found["records"]}
    assert "Success" not in {record["Status"] for record in found["records"]}


def test_the_history_has_every_common_mistake_to_look_at(demo: Demo) -> None:
    robot = demo.app("Setup Robot")
    form = {"grant_type": "client_credentials", "scope": "setup_api"}
    token = json_of(demo.server.client.post(TOKEN, data=form, auth=(robot["key"], robot["secret"])))["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    lines = json_of(demo.server.client.get("/api/v1/login-history", params={"limit": 100}, headers=bearer))["items"]
    refusals = {line["reason"] for line in lines if line["outcome"] == "refused"}
    assert {"user_not_approved", "app_blocked", "secret_mistyped", "address_outside_ranges", "scope_not_assigned"} <= refusals
    assert {"callback_not_registered", "challenge_missing", "verifier_wrong", "flow_not_enabled", "app_not_installed"} <= refusals
    assert [line for line in lines if line["outcome"] == "success"]


def test_there_is_an_app_for_each_flow_and_thirty_days_of_what_came_of_it(demo: Demo) -> None:
    assert {"web_server", "jwt_bearer", "client_credentials"} <= {app["flow"] for app in demo.kept["apps"]}
    robot = demo.app("Setup Robot")
    form = {"grant_type": "client_credentials", "scope": "setup_api"}
    token = json_of(demo.server.client.post(TOKEN, data=form, auth=(robot["key"], robot["secret"])))["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    lines: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        wanted = {"limit": "100"} | ({"cursor": page["next"]} if page["next"] else {})
        page = json_of(demo.server.client.get("/api/v1/login-history", params=wanted, headers=bearer))
        lines += page["items"]
    happened = {(line["event"], line["flow"], line["reason"]) for line in lines}
    assert {
        ("sign_in", None, None),
        ("sign_in", None, "password_wrong"),
        ("authorize", "web_server", None),
        ("authorize", "web_server", "consent_denied"),
        ("authorize", "web_server", "user_not_approved"),
        ("token", "web_server", None),
        ("token", "refresh_token", None),
        ("token", "refresh_token", "refresh_reused"),
        ("token", "refresh_token", "user_frozen"),
        ("token", "jwt_bearer", None),
        ("token", "jwt_bearer", "user_not_approved"),
        ("token", "client_credentials", "outside_hours"),
    } <= happened
    moments = sorted(datetime.fromisoformat(line["at"]) for line in lines)
    assert 28 <= (moments[-1] - moments[0]).days <= 31
    assert moments[-1] <= datetime.now(UTC)


def test_setup_has_something_on_its_first_page_to_decide_and_something_that_ends(demo: Demo) -> None:
    dana = demo.kept["users"][0]
    with httpx.Client(base_url=demo.kept["base_url"], trust_env=False) as http:
        form = Forms(http.get("/signin").text).found["signin"]
        http.post("/signin", data=form.fields | {"username": dana["username"], "password": dana["password"]})
        home = http.get("/setup").text
        for shown in ("Helpdesk Connector", "Northwind Tracking", "For the move to the new host", "Login Reports key"):
            assert shown in home
        orgs = http.get("/setup/orgs").text
        assert "Northwind Logistics" in orgs
        assert "Pinewood Studio" in orgs


def test_a_user_is_asked_by_a_look_alike_and_by_a_stranger_and_has_reported_the_first(demo: Demo) -> None:
    kim = next(user for user in demo.kept["users"] if user["username"].startswith("kim"))
    dana = demo.kept["users"][0]
    for name, warning in (("Revenue lnsights", "twin"), ("Slide Maker", "stranger"), ("Quote Builder", "")):
        app = demo.app(name)
        asked = {"response_type": "code", "client_id": app["key"], "redirect_uri": app["callback"], "prompt": "consent"}
        asked |= {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
        with httpx.Client(base_url=demo.kept["base_url"], trust_env=False, follow_redirects=True) as http:
            form = Forms(http.get("/signin").text).found["signin"]
            http.post("/signin", data=form.fields | {"username": kim["username"], "password": kim["password"]})
            page = http.get("/services/oauth2/authorize", params=asked).text
            assert 'id="consent"' in page
            assert (f'data-warning="{warning}"' in page) is bool(warning)
    with httpx.Client(base_url=demo.kept["base_url"], trust_env=False) as http:
        form = Forms(http.get("/signin").text).found["signin"]
        http.post("/signin", data=form.fields | {"username": dana["username"], "password": dana["password"]})
        assert "odd thing, reported" in http.get("/setup/audit").text


def test_a_person_of_the_demo_signs_in_with_the_password_that_it_printed(demo: Demo) -> None:
    sam = next(user for user in demo.kept["users"] if user["username"].startswith("sam"))
    with httpx.Client(base_url=demo.kept["base_url"], trust_env=False) as http:
        form = Forms(http.get("/signin").text).found["signin"]
        answer = http.post("/signin", data=form.fields | {"username": sam["username"], "password": sam["password"]})
        assert answer.status_code == 303
        assert "Acme Portal" in http.get(answer.headers["location"]).text


def test_a_demo_that_was_built_for_another_port_says_what_to_do(demo: Demo) -> None:
    ended = replace(demo.installation, settings={"PORT": str(free_port())}).run("run-demo")
    assert ended.code == Exit.REFUSED
    assert "make demo-reset" in ended.err
    assert "Traceback" not in ended.err


# The last one, since it ends the server of the others.
def test_a_second_start_takes_the_demo_that_is_there_and_is_ready_in_under_5_seconds(demo: Demo) -> None:
    kept = demo.kept
    token = json_of(run_curl(demo.server.client, demo.printed_commands()[0]))["access_token"]
    assert demo.server.stop() == 0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with demo.installation.serving("run-demo", cold=True) as server:
        demo = Demo(demo.installation, server)
        assert demo.kept == kept
        app = demo.app("Ledger Sync")
        assert json_of(server.client.post(INTROSPECT, data={"token": token}, auth=(app["key"], app["secret"])))["active"] is True
        assert server.stop() == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Of processor time, since other work on the machine is no fault of the start.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < READY_SECONDS
