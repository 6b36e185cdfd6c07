"""`gatebridge connect`: the guide for a client with an org's own values, and what is not yet right in it."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Terminal, Type
from tests.cli.test_login import USERNAME
from tests.oauth.client_keys import client_key

from gatebridge.rules.client_guides import WAYS, GuidedClient


def guide(type_: Type, *words: str) -> dict[str, Any]:
    ended = type_("connect", *words, "--json")
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


def way_in(found: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(way for way in found["ways"] if way["name"] == name)


def commands(way: Mapping[str, Any]) -> list[str]:
    return [gap["setting"]["command"] for gap in way["gaps"] if gap["setting"] is not None]


@pytest.mark.parametrize("client", GuidedClient)
def test_every_guide_is_printed_with_the_orgs_own_values(terminal: Terminal, type_: Type, client: GuidedClient) -> None:
    shown = type_("connect", client)
    assert shown.code == 0, shown.err
    assert shown.out.startswith(f"{client.called} at {terminal.installation.base_url}, Main\n")
    for way in WAYS[client]:
        assert re.search(rf"^{re.escape(way.title)} +{way.name}  not yet$", shown.out, re.MULTILINE), shown.out
    assert "What is other" in shown.out
    assert f"{terminal.installation.base_url}/help/reasons/" in shown.out
    found = guide(type_, client)
    assert [way["name"] for way in found["ways"]] == [way.name for way in WAYS[client]]
    # What is to be copied stands there as it is: no line is broken, whatever the width.
    for way in found["ways"]:
        for step in way["steps"]:
            assert f"\n{step['code']}\n" in shown.out


def out_of_use(type_: Type) -> None:
    """No admin has installed the app of the CLI, and nobody may use it: as in an org that is new."""
    app = guide(type_, "sf")["app"]["id"]
    type_("apps", "install", "PlatformCLI")
    for each in json.loads(type_("access", "list", app, "--json").out):
        type_("access", "remove", app, each["holder_id"], "--confirm")
    ended = type_("apps", "uninstall", app, "--reason", "As in an org that is new.", "--yes")
    assert ended.code == 0, ended.err


def test_the_salesforce_cli_is_told_what_is_missing_until_nothing_is(terminal: Terminal, type_: Type, admins: str) -> None:
    out_of_use(type_)
    before = guide(type_, "sf")
    assert (before["app"]["consumer_key"], before["user"]) == ("PlatformCLI", USERNAME)
    web = way_in(before, "web")
    assert (web["ready"], web["gaps"][0]["reason"]) == (False, "app_not_installed")
    assert commands(web)[0] == "gatebridge apps install PlatformCLI"
    # It is a public app, and JWT takes one with a key.
    jwt = way_in(before, "jwt")
    assert jwt["gaps"][-1]["words"].startswith("Salesforce CLI is a public app")
    assert "--salesforce sf:jwt" in jwt["registration"]["code"]

    assert type_(*shlex.split(commands(web)[0])[1:]).code == 0
    (gap,) = way_in(guide(type_, "sf"), "web")["gaps"]
    assert gap["reason"] == "user_not_approved"
    assert gap["setting"]["command"].endswith(" HOLDER --until TIME")
    assert f"✗ {gap['words']}  user_not_approved\n" in type_("connect", "sf", "--way", "web").out
    assert type_("access", "assign", before["app"]["id"], admins).code == 0
    after = way_in(guide(type_, "sf"), "web")
    assert (after["ready"], after["gaps"]) == (True, [])
    assert re.search(r"Sign in with a browser +web  ready", type_("connect", "sf").out)
    assert way_in(guide(type_, "sf", "--user", USERNAME), "web")["ready"] is True
    out_of_use(type_)


def test_an_app_of_the_wrong_kind_is_mended_by_the_commands_that_are_shown(
    terminal: Terminal, type_: Type, admins: str, tmp_path: Path
) -> None:
    """Each command is typed as it stands, with the words in capitals filled in, until the way is ready."""
    made = json.loads(
        type_("apps", "create", "Portal", "--api-name", "guided", "--contact", "dev@example.com", "--flow", "client_credentials",
              "--scope", "id", "--json").out
    )  # fmt: skip
    certificate = tmp_path / "server.crt"
    certificate.write_bytes(client_key("RS256", 44).upload)
    filled = {"HOLDER": admins, "TIME": "2099-01-01T00:00:00Z", "server.crt": str(certificate), "CALLBACK": "https://portal.example/back"}
    for client, name in (("jsforce", "web"), ("jsforce", "jwt")):
        for _ in range(3):
            way = way_in(guide(type_, client, "--app", made["consumer_key"]), name)
            for command in commands(way):
                ended = type_(*(filled.get(word, word) for word in shlex.split(command)[1:]))
                assert ended.code == 0, (command, ended.err)
            if way["ready"]:
                break
        assert (way["ready"], way["registration"]) == (True, None), way["gaps"]
    steps = "\n".join(step["code"] for way in guide(type_, "jsforce", "--app", made["id"])["ways"] for step in way["steps"])
    for value in (made["consumer_key"], terminal.installation.base_url, "https://portal.example/back", USERNAME):
        assert json.dumps(value) in steps
    assert made["secret"] not in steps


def test_without_an_app_each_way_says_how_one_is_registered(type_: Type) -> None:
    found = guide(type_, "cumulusci")
    assert found["app"] is None
    for way in found["ways"]:
        assert f"gatebridge apps create 'CumulusCI, {way['name']}'" in way["registration"]["code"]
        assert (way["ready"], "CONSUMER_KEY" in "".join(step["code"] for step in way["steps"])) == (False, True)


@pytest.mark.parametrize(
    ("client", "name", "missing"),
    [
        pytest.param("sf", "jwt", [], id="a key"),
        pytest.param("simple-salesforce", "client-credentials", ["The client asks at"], id="a secret and a run-as user"),
        pytest.param("cumulusci", "web", ["The client speaks https"], id="no challenge, and the scope full"),
    ],
)
def test_an_app_that_is_registered_as_the_guide_says_lacks_nothing(
    type_: Type, admins: str, tmp_path: Path, client: str, name: str, missing: list[str]
) -> None:
    """What is left is no matter of the app: this server speaks plain http, and some clients do not."""
    certificate = tmp_path / "server.crt"
    certificate.write_bytes(client_key("RS256", 45).upload)
    me = json.loads(type_("me", "--json").out)["user_id"]
    filled = {"HOLDER": admins, "USER": me, "you@example.com": USERNAME, "server.crt": str(certificate)}
    for line in way_in(guide(type_, client), name)["registration"]["code"].replace("\\\n", " ").split("\n"):
        if line.startswith("openssl"):
            continue
        ended = type_(*(filled.get(word, word) for word in shlex.split(line)[1:]), "--json")
        assert ended.code == 0, (line, ended.err)
        if "apps create" in line:
            filled["APP"] = json.loads(ended.out)["id"]
            reasons = [gap["reason"] for gap in way_in(guide(type_, client, "--app", filled["APP"]), name)["gaps"]]
            assert ("run_as_missing" if name == "client-credentials" else "user_not_approved") in reasons
    way = way_in(guide(type_, client, "--app", filled["APP"]), name)
    assert (way["ready"], way["registration"]) == (not missing, None)
    assert [gap["words"][: len(words)] for gap, words in zip(way["gaps"], missing, strict=True)] == missing


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("connect", "heroku"), 2, "heroku", id="another client"),
        pytest.param(("connect", "sf", "--way", "saml"), 2, "choose one of web, auth-url, jwt", id="another way"),
        pytest.param(("connect", "jsforce", "--auth-url", "x"), 2, "Only sf takes an auth URL", id="an auth URL for another"),
        pytest.param(("connect", "jsforce", "--app", "gbk_nobody"), 1, "record_not_found", id="no such app"),
        pytest.param(("connect", "sf", "--user", "nobody@example.com"), 1, "There is no such user in this org.", id="no such user"),
    ],
)
def test_what_there_is_not_is_said(type_: Type, words: tuple[str, ...], code: int, said: str) -> None:
    ended = type_(*words)
    assert (ended.code, said in ended.err) == (code, True), ended.err
