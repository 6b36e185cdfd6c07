"""Signing in on the command line: a browser, a code with PKCE on loopback, tokens in a closed file, and servers that lie."""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from tests import warm_start
from tests.cli.conftest import Terminal, mode_of
from tests.journeys.installation import Ended
from tests.oauth.browser import Browser, Page
from tests.oauth.door import Door

from gatebridge.cli import login, loopback, metadata, token_store
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.token_store import Login

URL = "https://id.example"
USERNAME, PASSWORD = "ada@example.com", "correct horse battery"


class Street:
    """The way from a browser to a real server."""

    def send(self, method: str, url: str, *, body: bytes, headers: Mapping[str, str], address: str) -> httpx.Response:
        return httpx.request(method, url, content=body, headers=dict(headers), follow_redirects=False)


@dataclass(frozen=True)
class Waiting:
    """A command that waits for its answer, and what it writes."""

    runs: warm_start.Process
    out: IO[str]
    err: IO[str]

    def end(self) -> Ended:
        code, err = self.runs.wait(30), self.err.read()
        self.out.seek(0)
        return Ended(code, self.out.read(), err)


@dataclass
class Desk:
    """Somebody at a machine of one's own: an empty home, a terminal and a browser."""

    terminal: Terminal
    home: Path
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = Browser(cast(Door, Street()), self.url)

    @property
    def url(self) -> str:
        return self.terminal.installation.base_url

    @property
    def store(self) -> Path:
        return self.home / ".config" / "gatebridge" / "tokens.json"

    @property
    def kept(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.store.read_text())["servers"][self.url]["tokens"]
        return found

    def type(self, *words: str, **environ: str) -> Ended:
        said = {"HOME": str(self.home), "GATEBRIDGE_CLI_URL": self.url} | environ
        return self.terminal.type(*words, **said)

    @contextmanager
    def logging_in(self, *words: str) -> Iterator[tuple["Waiting", str]]:
        """`gatebridge login`, and the address that it prints."""
        environ = self.terminal.installation.environ | {"HOME": str(self.home), "COLUMNS": "160"}
        command = ("login", "--no-browser", "--url", self.url, *words)
        reading, writing = os.pipe()
        with os.fdopen(reading) as err, os.fdopen(writing, "wb") as end, tempfile.TemporaryFile("w+") as out:
            process = warm_start.start(command, environ, self.home, out, end)
            end.close()
            try:
                heard = []
                for line in err:
                    heard.append(line)
                    if line.startswith("http"):
                        break
                else:
                    raise AssertionError("".join(heard))
                yield Waiting(process, out, err), heard[-1].strip()
            finally:
                process.kill()
                process.wait(30)

    def approve(self, address: str) -> Page:
        """Sign in where that is needed, and approve."""
        page = self.browser.open(address)
        if "signin" in page.forms:
            page = self.browser.submit(page, "signin", username=USERNAME, password=PASSWORD)
        if "consent" in page.forms:
            page = self.browser.submit(page, "consent", decision="approve")
        assert page.went_to is not None, page.text
        return page

    def log_in(self, *words: str) -> Ended:
        """Sign in from the first word to the last."""
        with self.logging_in(*words) as (process, address):
            page = self.approve(address)
            arrived = httpx.get(page.went_to or "")
            assert arrived.status_code == 200, arrived.text
            return process.end()


@pytest.fixture
def desk(terminal: Terminal, tmp_path: Path) -> Desk:
    return Desk(terminal, tmp_path)


def test_std_NB_01_somebody_signs_in_with_a_browser_and_acts_as_themselves(desk: Desk) -> None:
    ended = desk.log_in()
    assert ended.code == Exit.OK, ended.err
    assert f"You are signed in to {desk.url} as {USERNAME}" in ended.out
    shown = desk.type("whoami")
    assert (shown.code, USERNAME in shown.out, "gatebridge login" in shown.out) == (0, True, True), shown.err
    assert desk.type("apps", "list").code == 0


def test_std_NB_01_the_address_asks_for_a_code_with_pkce_on_a_loopback_port(desk: Desk) -> None:
    ports = set()
    for _ in range(2):
        with desk.logging_in() as (_, address):
            asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
            ports.add(urlsplit(asked["redirect_uri"]).port)
            assert asked["response_type"] == "code"
            assert asked["code_challenge_method"] == "S256"
            assert len(asked["code_challenge"]) == 43
            assert len(asked["state"]) == 43
            assert urlsplit(asked["redirect_uri"]).hostname == "127.0.0.1"
            assert "client_secret" not in asked
    assert len(ports) == 2


def test_X_SX_03_tokens_are_in_a_file_that_only_its_owner_can_read_and_on_no_screen(desk: Desk) -> None:
    ended = desk.log_in("--json")
    assert mode_of(desk.store) == 0o600
    assert mode_of(desk.store.parent) == 0o700
    for value in desk.kept.values():
        assert value not in ended.out + ended.err
    desk.store.chmod(0o644)
    refused = desk.type("whoami")
    assert (refused.code, "chmod 600" in refused.err) == (Exit.NO_CREDENTIALS, True)


def test_a_dead_token_is_renewed_once_and_the_new_refresh_token_is_kept(desk: Desk) -> None:
    desk.log_in()
    before = desk.kept
    kill_access_token(desk)
    assert desk.type("whoami").code == 0
    after = desk.kept
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"], "it rotates, since the app is public"
    assert mode_of(desk.store) == 0o600


def kill_access_token(desk: Desk) -> None:
    """What is kept of the access token does not count any more."""
    whole = json.loads(desk.store.read_text())
    whole["servers"][desk.url]["tokens"]["access_token"] = "gba_dead"
    desk.store.write_text(json.dumps(whole))


def test_many_commands_at_once_renew_once(desk: Desk) -> None:
    desk.log_in()
    kill_access_token(desk)
    with ThreadPoolExecutor(4) as pool:
        codes = [ended.code for ended in pool.map(lambda _: desk.type("whoami"), range(4))]
    assert codes == [0] * 4
    # A refresh token that is sent twice ends its family, so all of them working says that nobody sent one twice too late.
    kill_access_token(desk)
    assert desk.type("whoami").code == 0


def test_logging_out_ends_it_at_the_server_and_forgets_it_here(desk: Desk) -> None:
    desk.log_in()
    kept = desk.kept
    ended = desk.type("logout")
    assert (ended.code, "signed out" in ended.out) == (0, True), ended.err
    assert json.loads(desk.store.read_text())["servers"] == {}
    dead = httpx.get(f"{desk.url}/api/v1/me", headers={"Authorization": f"Bearer {kept['access_token']}"})
    assert dead.status_code == 401
    again = desk.type("logout")
    assert (again.code, "Nobody is signed in" in again.err) == (Exit.NO_CREDENTIALS, True)
    assert desk.type("whoami").code == Exit.NO_CREDENTIALS


def test_a_sign_in_that_was_ended_elsewhere_is_told_as_such(desk: Desk) -> None:
    desk.log_in()
    token = desk.type("token").out.strip()
    assert httpx.delete(f"{desk.url}/api/v1/me/apps", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    ended = desk.type("whoami")
    assert (ended.code, "gatebridge login" in ended.err) == (Exit.NO_CREDENTIALS, True), ended.err
    assert desk.log_in().code == 0


def test_signing_in_again_ends_the_sign_in_before(desk: Desk) -> None:
    desk.log_in()
    before = desk.kept
    assert desk.log_in().code == 0
    dead = httpx.get(f"{desk.url}/api/v1/me", headers={"Authorization": f"Bearer {before['access_token']}"})
    assert dead.status_code == 401


def test_a_token_in_the_environment_is_stronger_than_a_named_file_and_that_than_a_sign_in(desk: Desk) -> None:
    desk.log_in()
    file = str(desk.terminal.credentials)
    by_file = desk.type("whoami", "--credentials", file)
    assert "a credentials file" in by_file.out
    by_environment = desk.type("whoami", "--credentials", file, GATEBRIDGE_CLI_TOKEN=desk.kept["access_token"])
    assert "GATEBRIDGE_CLI_TOKEN" in by_environment.out
    assert desk.type("whoami", "--credentials", file, GATEBRIDGE_CLI_TOKEN="gba_dead").code == Exit.NO_CREDENTIALS


def test_a_sign_in_is_shown_to_its_own_server_only(desk: Desk) -> None:
    desk.log_in()
    ended = desk.type("whoami", "--url", "http://127.0.0.1:1")
    assert ended.code == Exit.NO_CREDENTIALS


def test_whoever_denies_is_told_what_the_server_said(desk: Desk) -> None:
    with desk.logging_in() as (process, address):
        page = desk.browser.submit(desk.browser.open(address), "signin", username=USERNAME, password=PASSWORD)
        page = desk.browser.submit(page, "consent", decision="deny")
        httpx.get(page.went_to or "")
        ended = process.end()
    assert ended.code == Exit.REFUSED
    assert "You were not signed in" in ended.err
    assert not desk.store.exists()


def test_an_answer_without_our_state_changes_nothing(desk: Desk) -> None:
    with desk.logging_in() as (process, address):
        asked = dict(parse_qsl(urlsplit(address).query))
        for query in ("", "?code=x&state=wrong", "?code=x&iss=" + desk.url, f"?code=x&state={asked['state']}&state={asked['state']}"):
            assert httpx.get(asked["redirect_uri"] + query).status_code == 400
        assert httpx.get(asked["redirect_uri"].replace("/callback", "/")).status_code == 404
        assert process.runs.poll() is None, "it goes on waiting for its own answer"
        arrived = httpx.get(desk.approve(address).went_to or "")
        assert (arrived.status_code, process.end().code) == (200, 0)
    assert "<script" not in arrived.text
    assert arrived.headers["cache-control"] == "no-store"


# Servers that lie. They are not ours, so what they say is made up here.


SAID = {
    "issuer": URL,
    "authorization_endpoint": f"{URL}/services/oauth2/authorize",
    "token_endpoint": f"{URL}/services/oauth2/token",
    "revocation_endpoint": f"{URL}/services/oauth2/revoke",
    "gatebridge_cli_client_id": "gbk_cli",
}


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        pytest.param({"issuer": "https://other.example"}, "says that it is", id="another issuer"),
        pytest.param({"issuer": f"{URL}/"}, "says that it is", id="a slash more"),
        pytest.param({"issuer": None}, "says that it is", id="no issuer"),
        pytest.param({"token_endpoint": "https://evil.example/token"}, "not at that server", id="the code would go elsewhere"),
        pytest.param({"token_endpoint": f"{URL}.evil.example/token"}, "not at that server", id="a name that begins alike"),
        pytest.param({"authorization_endpoint": "javascript:alert(1)"}, "not at that server", id="a script in place of a page"),
        pytest.param({"revocation_endpoint": None}, "not at that server", id="no endpoint"),
        pytest.param({"gatebridge_cli_client_id": None}, "no app for the command line", id="no app"),
    ],
)
def test_X_MX_08_metadata_that_leads_elsewhere_are_not_followed(lie: dict[str, Any], words: str) -> None:
    with pytest.raises(Stop, match=words) as stopped:
        metadata.check(SAID | lie, URL)
    assert stopped.value.code == Exit.REFUSED


@dataclass
class Liar:
    """A server that answers as it is told, and what was sent to it."""

    tokens: Any = field(default_factory=lambda: {"access_token": "gba_x", "token_type": "Bearer", "refresh_token": "gbr_x"})
    status: int = 200
    said: dict[str, Any] = field(default_factory=lambda: dict(SAID))
    forms: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == metadata.PATH:
            return httpx.Response(200, json=self.said)
        self.forms.append(dict(parse_qsl(request.content.decode())))
        return httpx.Response(self.status, json=self.tokens)

    def client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self))


def browser_that_brings(**changed: str | None) -> Callable[[str], None]:
    """A browser that comes back at once with this answer; None leaves a parameter out."""

    def bring(address: str) -> None:
        asked = dict(parse_qsl(urlsplit(address).query))
        answer = {"code": "gbc_x", "state": asked["state"], "iss": URL} | changed
        query = urlencode({name: value for name, value in answer.items() if value is not None})
        threading.Thread(target=httpx.get, args=(f"{asked['redirect_uri']}?{query}",), daemon=True).start()

    return bring


def test_an_honest_answer_is_taken() -> None:
    server = Liar()
    with server.client() as http:
        found = login.sign_in(http, URL, browser_that_brings(), wait=20)
    assert (found.access_token, found.refresh_token, found.client_id) == ("gba_x", "gbr_x", "gbk_cli")
    [form] = server.forms
    assert set(form) == {"grant_type", "code", "redirect_uri", "client_id", "code_verifier"}
    assert "gba_x" not in repr(found)


@pytest.mark.parametrize("iss", ["https://other.example", f"{URL}/", "", None], ids=["another", "a slash more", "empty", "none"])
def test_X_MX_08_a_code_from_another_issuer_is_sent_nowhere(iss: str | None) -> None:
    server = Liar()
    with server.client() as http, pytest.raises(Stop, match="was thrown away"):
        login.sign_in(http, URL, browser_that_brings(iss=iss), wait=20)
    assert server.forms == []


def test_X_MX_08_an_error_from_another_issuer_is_not_believed_either() -> None:
    with Liar().client() as http, pytest.raises(Stop, match="was thrown away"):
        login.sign_in(http, URL, browser_that_brings(code=None, error="access_denied", iss="https://other.example"), wait=20)


@pytest.mark.parametrize(
    ("tokens", "status"),
    [
        pytest.param({"error": "invalid_grant", "error_description": "No."}, 400, id="a refusal"),
        pytest.param({"access_token": "x", "token_type": "mac"}, 200, id="a token of another type"),
        pytest.param({"token_type": "Bearer"}, 200, id="no token"),
        pytest.param(["gba_x"], 200, id="something else"),
    ],
)
def test_what_is_no_token_answer_signs_nobody_in(tokens: Any, status: int) -> None:
    with Liar(tokens=tokens, status=status).client() as http, pytest.raises(Stop) as stopped:
        login.sign_in(http, URL, browser_that_brings(), wait=20)
    assert stopped.value.code == Exit.REFUSED


def test_nobody_waits_for_ever() -> None:
    with Liar().client() as http, pytest.raises(Stop, match="Nobody signed in") as stopped:
        login.sign_in(http, URL, lambda _: None, wait=0.05)
    assert stopped.value.code == Exit.STOPPED


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        pytest.param("https://id.example", True, id="https"),
        pytest.param("http://localhost:8080", True, id="this machine by name"),
        pytest.param("http://acme.localhost", True, id="an org on this machine"),
        pytest.param("http://127.0.0.1:8080", True, id="this machine by address"),
        pytest.param("http://[::1]:8080", True, id="by the other address"),
        pytest.param("http://id.example", False, id="plain http elsewhere"),
        pytest.param("http://localhost.evil.example", False, id="a name that begins alike"),
        pytest.param("ftp://id.example", False, id="another scheme"),
        pytest.param("https://", False, id="no host"),
        pytest.param("http://[::1", False, id="half an address"),
    ],
)
def test_nobody_signs_in_over_plain_http(url: str, allowed: bool) -> None:
    server = Liar(said={})  # which says nothing that could be followed
    with server.client() as http, pytest.raises(Stop) as stopped:
        metadata.fetch(http, url)
    assert (stopped.value.code != Exit.USAGE) is allowed


# What is kept.


LOGIN = Login(URL, "gbk_cli", f"{URL}/token", f"{URL}/revoke", "gba_1", "gbr_1")


def test_each_server_has_its_own_sign_in_and_the_last_one_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    other = replace(LOGIN, url="https://other.example", access_token="gba_2")
    token_store.save(path, LOGIN)
    token_store.save(path, other)
    assert token_store.current(path) == other.url
    assert token_store.load(path, URL) == LOGIN
    token_store.forget(path, other.url)
    assert (token_store.current(path), token_store.load(path, other.url)) == (URL, None)


def test_a_store_that_another_version_wrote_is_as_if_nobody_were_signed_in(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token_store.save(path, LOGIN)
    path.write_text(json.dumps({"servers": {URL: {"tokens": {"access": 1}}}}))
    assert token_store.load(path, URL) is None
    path.write_text(json.dumps({"servers": []}))
    with pytest.raises(Stop, match="Move it away"):
        token_store.load(path, URL)


def test_a_file_is_closed_from_its_first_byte_on_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        token_store.save(tmp_path / "tokens.json", LOGIN)
        with token_store.locked(tmp_path / "tokens.json"):
            pass
    finally:
        os.umask(before)
    assert {mode_of(each) for each in tmp_path.iterdir()} == {0o600}


class Ring:
    """A keyring as the optional package gives it."""

    priority = 5

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_keyring(self) -> "Ring":
        return self

    def set_password(self, service: str, name: str, value: str) -> None:
        self.kept[(service, name)] = value

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[(service, name)]


def test_where_there_is_a_keyring_the_tokens_are_in_it_and_not_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring, path = Ring(), tmp_path / "tokens.json"
    monkeypatch.setitem(__import__("sys").modules, "keyring", ring)
    token_store.save(path, LOGIN)
    assert "gbr_1" not in path.read_text()
    assert token_store.load(path, URL) == LOGIN
    token_store.forget(path, URL)
    assert (ring.kept, token_store.load(path, URL)) == ({}, None)


def test_a_keyring_that_does_not_work_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ring, path = Ring(), tmp_path / "tokens.json"
    ring.priority = 0
    monkeypatch.setitem(__import__("sys").modules, "keyring", ring)
    token_store.save(path, LOGIN)
    assert token_store.load(path, URL) == LOGIN
    assert ring.kept == {}


def test_of_two_that_renew_at_once_the_second_finds_what_the_first_has_kept(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token_store.save(path, LOGIN)
    server = Liar(tokens={"access_token": "gba_2", "token_type": "Bearer", "refresh_token": "gbr_2"})
    with server.client() as http, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: login.renew(http, path, LOGIN).access_token, range(4)))
    assert found == ["gba_2"] * 4
    assert [form["refresh_token"] for form in server.forms] == ["gbr_1"]


def test_what_the_server_did_not_answer_is_tried_again_with_the_same_refresh_token(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token_store.save(path, LOGIN)

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer", request=request)

    with httpx.Client(transport=httpx.MockTransport(away)) as http, pytest.raises(Stop) as stopped:
        login.renew(http, path, LOGIN)
    assert stopped.value.code == Exit.UNREACHABLE
    assert token_store.load(path, URL) == LOGIN


def test_the_listener_is_on_loopback_alone() -> None:
    with loopback.listening("s") as listener:
        assert listener.redirect_uri == f"http://127.0.0.1:{listener.port}/callback"
        assert listener.wait(0.01) is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(listener.redirect_uri)


def test_the_browser_has_its_page_before_the_command_goes_on_and_perhaps_ends() -> None:
    with loopback.listening("s") as listener, socket.create_connection(("127.0.0.1", listener.port)) as browser:
        browser.sendall(b"GET /callback?state=s&error=access_denied HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert listener.wait(5) == {"state": "s", "error": "access_denied"}
        browser.setblocking(False)
        assert b"Back to the terminal" in browser.recv(65_536)
