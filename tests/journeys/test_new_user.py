"""The whole way of a new user, with the command line: from an empty database to an app that works, and to a trail that nobody bends."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.journeys.installation import Ended, Installation, json_of, new_installation, wait_until
from tests.journeys.small_org import INTROSPECT, TOKEN

from gatebridge.cli.exits import Exit
from gatebridge.cli.main import main

TAMPERED = 2


@pytest.fixture
def new_place(empty_database_url: str, tmp_path: Path) -> Installation:
    """An installation whose database has not a single table; the test runs once on each kind."""
    return new_installation(tmp_path, empty_database_url)


@dataclass(frozen=True)
class Shell:
    """A terminal at an installation. Commands run in this process, which spares their start, and always answer in JSON."""

    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Ended:
        self.capsys.readouterr()
        code = main([*arguments, "--json"])
        said = self.capsys.readouterr()
        return Ended(code, said.out, said.err)

    def ask(self, *arguments: str, code: int = Exit.OK) -> Any:
        """The answer of a command that must end with this code."""
        ended = self.run(*arguments)
        assert ended.code == code, f"{arguments}: {ended.code} instead of {code}: {ended.err}{ended.out}"
        return json.loads(ended.out)


@pytest.fixture
def shell(new_place: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell with the environment of the installation and with nothing else."""
    for name in list(os.environ):
        if name not in new_place.environ and not name.startswith("PYTEST"):
            monkeypatch.delenv(name)
    for name, value in new_place.environ.items():
        monkeypatch.setenv(name, value)
    return Shell(capsys)


def found_the_org(shell: Shell, place: Installation) -> None:
    password = place.directory / "password"
    password.write_text("correct horse battery staple\n")
    made = shell.ask(
        *("first-admin", "--org", "Acme", "--username", "ada@acme.example", "--email", "ada@acme.example"),
        *("--first-name", "Ada", "--last-name", "Example", "--password-file", str(password)),
    )
    assert Path(made["credentials"]).is_relative_to(place.directory / "home")


def id_of(found: list[dict[str, Any]], field: str, value: str) -> str:
    return str(next(each["id"] for each in found if each[field] == value))


def secret_file(place: Installation, secret: str) -> str:
    file = place.directory / "secret"
    file.write_text(secret)
    return str(file)


def test_a_new_user_goes_from_an_empty_database_to_a_token_a_refusal_a_rotation_and_a_revoke(new_place: Installation, shell: Shell) -> None:
    found_the_org(shell, new_place)
    with new_place.serving() as server:
        assert shell.ask("me")["name"] == "ada@acme.example"
        app = shell.ask(
            *("apps", "create", "Nightly export", "--api-name", "Nightly_Export", "--contact", "it@acme.example"),
            *("--flow", "client_credentials", "--scope", "api"),
        )
        ask_for_token = ("token", "--client-id", app["consumer_key"], "--secret-file", secret_file(new_place, app["secret"]))

        too_early = shell.ask(*ask_for_token, code=Exit.REFUSED)
        assert server.client.get(too_early["error_uri"]).status_code == 200

        profile = id_of(shell.ask("profiles", "list"), "name", "Integration User")
        user = shell.ask("users", "create", "export@acme.example", "--email", "it@acme.example", "--profile", profile, "--last-name", "Job")
        jobs = shell.ask("permsets", "create", "Nightly jobs", "--api-name", "Nightly_Jobs")
        shell.ask("users", "assign", user["id"], jobs["id"])
        shell.ask("apps", "policies", app["id"], "--run-as", user["id"])
        shell.ask("access", "assign", app["id"], jobs["id"])
        assert [each["name"] for each in shell.ask("access", "list", app["id"])] == ["Nightly jobs"]

        first = shell.ask(*ask_for_token)["access_token"]
        assert introspected(server.client, app["consumer_key"], app["secret"], first)["username"] == "export@acme.example"

        rotated = shell.ask("secrets", "rotate", app["id"], "--overlap-hours", "1")
        for secret in (app["secret"], rotated["secret"]):
            answer = server.client.post(TOKEN, data={"grant_type": "client_credentials"}, auth=(app["consumer_key"], secret))
            assert introspected(server.client, app["consumer_key"], secret, json_of(answer)["access_token"])["active"] is True
        assert len([each for each in shell.ask("secrets", "list", app["id"]) if each["retired_at"] is None]) == 2

        ended = shell.ask("revoke", "app", app["id"], "--reason", "The export moved", "--yes")
        assert ended["kind"] == "app"
        assert introspected(server.client, app["consumer_key"], app["secret"], first) == {"active": False}

        (receipt_id,) = parse_qs(urlsplit(too_early["error_uri"]).query)["receipt"]
        assert receipt_id in [line["id"] for line in shell.ask("history", "list", "--app", app["id"], "--refused")]
        receipt = shell.ask("receipt", receipt_id)
        assert (receipt["outcome"], receipt["reason"], receipt["app_id"]) == ("refused", "run_as_missing", app["id"])
        assert receipt["remedy"]

        changes = [line["event"] for line in shell.ask("audit", "list", "--target", app["id"])]
        assert {"setup:app:created", "setup:app_access:revoked"} <= set(changes), changes
        wait_until(new_place.heads_file.exists, "the heads of the trail are written outside the database")
        (verified,) = shell.ask("audit", "verify")
        assert verified["state"] == "intact", verified


def introspected(http: httpx.Client, key: str, secret: str, token: str) -> dict[str, Any]:
    return json_of(http.post(INTROSPECT, data={"token": token}, auth=(key, secret)))


def sql(place: Installation, *statements: str) -> None:
    """What somebody does who has the database in hand, and not the server."""
    with place.database() as database, database.transaction() as tx:
        for statement in statements:
            tx.connection.exec_driver_sql(statement)


def last_line(place: Installation) -> int:
    with place.database() as database, database.snapshot() as tx:
        return int(tx.connection.exec_driver_sql("SELECT max(sequence) FROM audit_trail").scalar_one())


def test_whoever_changes_the_database_behind_the_server_is_found_out(new_place: Installation, shell: Shell) -> None:
    found_the_org(shell, new_place)
    (before,) = shell.ask("audit", "verify", "--local", code=Exit.REFUSED)
    assert before["state"] == "could_not_check"  # no server ran yet, so no head was written outside the database
    last = last_line(new_place)
    with new_place.serving():
        wait_until(lambda: new_place.newest_head() == last, "every head of the trail is outside the database")
    (whole,) = shell.ask("audit", "verify", "--local")
    assert (whole["state"], whole["checked"]) == ("intact", last)

    sql(new_place, "UPDATE audit_trail SET actor_name = 'Nobody' WHERE sequence = 3")
    (edited,) = shell.ask("audit", "verify", "--local", code=TAMPERED)
    assert (edited["state"], edited["first_bad"]) == ("tampered", 3)
    sql(new_place, "UPDATE audit_trail SET actor_name = 'Operator' WHERE sequence = 3")
    assert shell.ask("audit", "verify", "--local")[0]["state"] == "intact"

    # As somebody would who knows how the chain is built: what is left fits together, and only the heads outside tell.
    sql(
        new_place,
        f"DELETE FROM audit_trail WHERE sequence > {last - 2}",
        f"UPDATE audit_heads SET sequence = {last - 2}, mac = (SELECT mac FROM audit_trail WHERE sequence = {last - 2})",
    )
    (cut,) = shell.ask("audit", "verify", "--local", code=TAMPERED)
    assert (cut["state"], cut["first_bad"]) == ("tampered", last - 1)

    sql(new_place, "DELETE FROM audit_trail", "DELETE FROM audit_heads", "DELETE FROM outbox")
    assert shell.ask("audit", "verify", "--local", code=TAMPERED)[0]["state"] == "tampered"
    new_place.heads_file.unlink()
    (nothing_left,) = shell.ask("audit", "verify", "--local", code=Exit.REFUSED)
    assert nothing_left["state"] == "could_not_check"  # an empty trail and no heads fit together, and prove nothing
