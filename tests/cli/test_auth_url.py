"""SFDX auth URLs, from the first word to the last: who signs in, what is written, and that nothing else learns of it."""

import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from tests import warm_start
from tests.cli.conftest import Terminal, Type, mode_of
from tests.cli.test_connect import guide, out_of_use
from tests.cli.test_login import PASSWORD, USERNAME, Liar, Street, Waiting, browser_that_brings
from tests.clients.sf_program import the_port
from tests.oauth.browser import Browser
from tests.oauth.door import Door

from gatebridge.cli import connect_auth_url, loopback, sign_in
from gatebridge.cli.exits import Exit, Stop


@contextmanager
def signing_in(terminal: Terminal, directory: Path, *words: str) -> Iterator[tuple[Waiting, str]]:
    """`gatebridge connect sf --auth-url`, and the address that it prints."""
    environ = terminal.installation.environ | {"HOME": str(directory), "GATEBRIDGE_CLI_URL": terminal.installation.base_url}
    reading, writing = os.pipe()
    with the_port(), os.fdopen(reading) as err, os.fdopen(writing, "wb") as end, tempfile.TemporaryFile("w+") as out:
        process = warm_start.start(("connect", "sf", "--no-browser", *words), environ, directory, out, end)
        end.close()
        try:
            heard = []
            for line in err:
                heard.append(line)
                if line.startswith("http"):
                    break
            else:
                raise AssertionError("".join(heard))
            assert heard[0].startswith("For development only: sf speaks https"), heard
            yield Waiting(process, out, err), heard[-1].strip()
        finally:
            process.kill()
            process.wait(30)


def approve(terminal: Terminal, address: str) -> None:
    browser = Browser(cast(Door, Street()), terminal.installation.base_url)
    page = browser.submit(browser.open(address), "signin", username=USERNAME, password=PASSWORD)
    if "consent" in page.forms:
        page = browser.submit(page, "consent", decision="approve")
    assert page.went_to is not None, page.text
    assert httpx.get(page.went_to).status_code == 200


def test_an_auth_url_is_made_through_the_app_of_the_cli_and_goes_into_a_closed_file(
    terminal: Terminal, type_: Type, admins: str, tmp_path: Path
) -> None:
    app = guide(type_, "sf")["app"]["id"]
    type_("apps", "install", "PlatformCLI")
    assert type_("access", "assign", app, admins).code == 0
    with signing_in(terminal, tmp_path, "--auth-url", "org.authurl") as (waiting, address):
        asked = dict(parse_qsl(urlsplit(address).query))
        assert (asked["client_id"], asked["redirect_uri"]) == ("PlatformCLI", "http://localhost:1717/OauthRedirect")
        assert sorted(asked["scope"].split()) == ["api", "refresh_token", "web"]
        assert asked["code_challenge_method"] == "S256"
        approve(terminal, address)
        ended = waiting.end()
    file = tmp_path / "org.authurl"
    assert ended.code == Exit.OK, ended.err
    assert mode_of(file) == 0o600
    host = terminal.installation.base_url.partition("://")[2]
    # As the Salesforce CLI reads it.
    pattern = r"force://([a-zA-Z0-9._-]+={0,2}):([a-zA-Z0-9._-]*={0,2}):([a-zA-Z0-9._-]+={0,2})@([a-zA-Z0-9:._-]+)"
    read = re.fullmatch(pattern, file.read_text().strip())
    assert read is not None
    assert (read[1], read[2], read[4]) == ("PlatformCLI", "", host)
    assert read[3] not in ended.out + ended.err
    refreshed = httpx.post(
        f"{terminal.installation.base_url}/services/oauth2/token",
        data={"grant_type": "refresh_token", "client_id": "PlatformCLI", "refresh_token": read[3]},
    )
    assert refreshed.status_code == 200, refreshed.text
    # What came with it was of no use, and was ended before the refresh.
    events = [line["event"] for line in terminal.json("history", "list", "--app", app, "--limit", "3")]
    assert events == ["token", "revocation", "token"]
    assert type_("connect", "sf", "--auth-url", str(file), "--no-browser").code == Exit.USAGE
    out_of_use(type_)


URL = "https://id.example"
SAID = {
    "issuer": URL,
    "authorization_endpoint": f"{URL}/services/oauth2/authorize",
    "token_endpoint": f"{URL}/services/oauth2/token",
    "revocation_endpoint": f"{URL}/services/oauth2/revoke",
}


@pytest.fixture
def own_port(monkeypatch: pytest.MonkeyPatch) -> str:
    """Another callback than the fixed one, so that nothing on this machine is in the way."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    callback = f"http://localhost:{port}/OauthRedirect"
    monkeypatch.setattr(connect_auth_url, "SF_CALLBACK", callback)
    return callback


@pytest.mark.parametrize("named_by", ["id", "consumer_key"])
def test_an_app_of_ones_own_is_named_and_its_secret_is_read_from_a_file(
    terminal: Terminal, type_: Type, own_port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named_by: str
) -> None:
    monkeypatch.setattr(sign_in, "bring", lambda address, *, browser: approve(terminal, address))
    secret = tmp_path / "secret"
    words = ("--salesforce", "sf:web", "--api-name", f"own_cli_{named_by}", "--contact", "dev@example.com", "--callback", own_port)
    made = json.loads(type_("apps", "create", "Own CLI", *words, "--save-secret", str(secret), "--json").out)
    assert type_("apps", "policies", made["id"], "--permitted-users", "self_authorize").code == 0
    asked = ("connect", "sf", "--app", made[named_by], "--secret-file", str(secret), "--auth-url")
    printed = type_(*asked, "-", "--json")
    assert printed.code == 0, printed.err
    key, kept, rest = json.loads(printed.out)["sfdxAuthUrl"].removeprefix("force://").split(":", 2)
    assert (key, kept) == (made["consumer_key"], secret.read_text().strip())
    refreshed = httpx.post(
        f"{terminal.installation.base_url}/services/oauth2/token",
        data={"grant_type": "refresh_token", "client_id": key, "client_secret": kept, "refresh_token": rest.partition("@")[0]},
    )
    assert refreshed.status_code == 200, refreshed.text
    file = tmp_path / "org.json"
    written = type_(*asked, str(file))
    assert (written.code, mode_of(file)) == (0, 0o600), written.err
    assert json.loads(file.read_text())["sfdxAuthUrl"].startswith(f"force://{key}:{kept}:")
    assert kept not in printed.err + written.out + written.err


def test_X_SX_03_an_app_with_a_secret_has_it_in_the_url_and_in_the_request_and_in_no_argument(own_port: str) -> None:
    server = Liar(said=SAID)
    with server.client() as http:
        made = connect_auth_url.make(http, URL, "gbk_own", "gbs_secret", browser_that_brings())
    assert made == "force://gbk_own:gbs_secret:gbr_x@id.example"
    asked, ended = server.forms
    assert (asked["grant_type"], asked["client_secret"]) == ("authorization_code", "gbs_secret")
    assert (ended["token"], ended["client_secret"]) == ("gba_x", "gbs_secret"), "the access token is not needed any more"


@pytest.mark.parametrize(
    ("key", "tokens", "words"),
    [
        pytest.param("gbk_own", {"access_token": "gba_x", "token_type": "Bearer"}, "No refresh token was given", id="no refresh token"),
        pytest.param(
            "key/with/slashes", {"access_token": "gba_x", "token_type": "Bearer", "refresh_token": "gbr_x"}, "could not read", id="a key"
        ),
    ],
)
def test_what_the_cli_could_not_use_is_not_made(own_port: str, key: str, tokens: dict[str, str], words: str) -> None:
    server = Liar(tokens=tokens, said=SAID)
    with server.client() as http, pytest.raises(Stop, match=words):
        connect_auth_url.make(http, URL, key, None, browser_that_brings())
    assert server.forms[-1]["token"] == tokens.get("refresh_token", "gba_x"), "what was given is ended"


def test_a_file_that_is_there_is_not_overwritten_and_one_that_came_to_nothing_goes(tmp_path: Path) -> None:
    file = tmp_path / "org.json"
    with pytest.raises(Stop), connect_auth_url.new_file(file):
        raise Stop(Exit.REFUSED, "Nobody signed in.")
    assert not file.exists()
    with connect_auth_url.new_file(file) as opened:
        assert mode_of(file) == 0o600
        opened.write(connect_auth_url.written("force://a::b@c", file))
    assert json.loads(file.read_text()) == {"sfdxAuthUrl": "force://a::b@c"}
    with pytest.raises(Stop, match="none is overwritten"), connect_auth_url.new_file(file):
        pass


def test_the_fixed_port_is_listened_at_for_both_families_and_nobody_elses_is_taken() -> None:
    with loopback.listening("s", loopback.Place("localhost", 0, "/OauthRedirect")) as listener:
        assert listener.redirect_uri == f"http://localhost:{listener.port}/OauthRedirect"
        assert httpx.get(f"http://127.0.0.1:{listener.port}/callback").status_code == 404
        if socket.has_ipv6:
            assert httpx.get(f"http://[::1]:{listener.port}/OauthRedirect?state=s&code=c").status_code == 200
            assert listener.wait(5) == {"state": "s", "code": "c"}
        with (
            pytest.raises(Stop, match="cannot be had") as stopped,
            loopback.listening("s", loopback.Place("localhost", listener.port, "/OauthRedirect")),
        ):
            pass
    assert stopped.value.code == Exit.STOPPED
