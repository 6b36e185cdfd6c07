"""An incident at the command line: what it would come to, the evidence, and the act."""

import zipfile
from pathlib import Path

import httpx
from tests.cli.conftest import Terminal, mode_of

from gatebridge.cli.exits import Exit


def test_an_app_is_looked_at_contained_and_its_evidence_taken(terminal: Terminal, tmp_path: Path) -> None:
    app = terminal.json(
        "apps", "create", "Leaky job", "--api-name", "leaky_job", "--contact", "soc@vendor.example",
        "--flow", "client_credentials", "--scope", "api",
    )  # fmt: skip
    foreseen = terminal.type("apps", "contain", app["id"], "--dry-run")
    assert (foreseen.code, "0 live tokens of 0 users" in foreseen.out, "First secret" in foreseen.out) == (0, True, True)
    assert "soc@vendor.example" in foreseen.out
    asked = terminal.type("apps", "contain", app["id"], "--reason", "Found on a public server.")
    assert (asked.code, "Contain it?" in asked.err) == (Exit.STOPPED, True)
    unsaid = terminal.type("apps", "contain", app["id"], "--yes")
    assert (unsaid.code, "reason" in unsaid.err) == (Exit.REFUSED, True)
    done = terminal.type("apps", "contain", app["id"], "--reason", "Found on a public server.", "--yes")
    assert (done.code, "The app is held." in done.out, "First secret" in done.out) == (0, True, True), done.err
    form = {"grant_type": "client_credentials", "client_id": app["consumer_key"], "client_secret": app["secret"]}
    answer = httpx.post(f"{terminal.installation.base_url}/services/oauth2/token", data=form)
    assert answer.json()["error"] == "invalid_client"

    file = tmp_path / "evidence.zip"
    taken = terminal.type("apps", "evidence", app["id"], "--output", str(file))
    assert (taken.code, "holds the evidence" in taken.out, mode_of(file)) == (0, True, 0o600), taken.err
    assert "app.json" in zipfile.ZipFile(file).namelist()
    again = terminal.type("apps", "evidence", app["id"], "--output", str(file))
    assert (again.code, "File exists" in again.err) == (Exit.USAGE, True)
    nobody = terminal.type("apps", "evidence", "0H4000000000001AAA", "--output", str(tmp_path / "x"))
    assert (nobody.code, [each.name for each in tmp_path.iterdir()]) == (Exit.REFUSED, ["evidence.zip"])


def test_with_json_the_answer_is_that_of_the_api(terminal: Terminal) -> None:
    app = terminal.json("apps", "create", "Another job", "--api-name", "another_job", "--contact", "dev@example.com")
    assert set(terminal.json("apps", "contain", app["id"], "--dry-run")) == {"reach", "secrets", "certificates", "tells"}
    done = terminal.json("apps", "contain", app["id"], "--reason", "A drill.", "--keep-credentials", "--quietly", "--yes")
    assert (done["ended"]["tokens"], done["secrets"], done["told"]) == (0, [], [])
