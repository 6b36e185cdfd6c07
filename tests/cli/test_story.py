"""A new operator registers an app, approves it, gets a token, rotates its secret, reads a receipt, revokes, and verifies the trail."""

import json
from pathlib import Path

import httpx
from tests.cli.conftest import Terminal


def test_from_nothing_to_a_token_and_back(terminal: Terminal, tmp_path: Path) -> None:
    profile = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "Integration User")
    permset = terminal.json("permsets", "create", "Ledger jobs", "--api-name", "ledger_jobs")["id"]
    robot = terminal.json("users", "create", "ledger@example.com", "--email", "team@example.com", "--profile", profile)["id"]

    kept = tmp_path / "secret"
    app = terminal.json(
        "apps", "create", "Ledger sync", "--api-name", "ledger_sync", "--contact", "dev@example.com",
        "--flow", "client_credentials", "--scope", "api", "--save-secret", str(kept),
    )  # fmt: skip
    assert app["secret"] is None
    assert kept.read_text().startswith("gbs_")
    assert kept.stat().st_mode & 0o077 == 0
    terminal.json("apps", "policies", app["id"], "--run-as", robot)
    token = ("token", "--client-id", app["consumer_key"], "--secret-file", str(kept))

    refused = terminal.type(*token)
    assert refused.code == 1
    assert "user_not_approved" in refused.err
    receipt_id = refused.err.rpartition("receipt=")[2].split()[0]
    shown = terminal.type("receipt", receipt_id)
    assert "Refused at Permitted" in shown.out
    assert " 1  ✓  Client" in shown.out
    assert "10  ✗  Permitted" in shown.out
    assert "15  ·  Lifetime" in shown.out or "15  ✓  Lifetime" in shown.out

    terminal.json("access", "assign", app["id"], permset)
    terminal.json("users", "assign", robot, permset)
    first = terminal.type(*token)
    assert (first.code, first.out.startswith("gba_")) == (0, True)

    rotated = terminal.json("secrets", "rotate", app["id"], "--name", "Second")
    second = terminal.type("token", "--client-id", app["consumer_key"], "--secret-file", "-", stdin=rotated["secret"] + "\n")
    assert (terminal.type(*token).code, second.code) == (0, 0), "both secrets work during the overlap"

    asked = terminal.type("revoke", "app", app["id"], "--reason", "A drill.")
    assert asked.code == 5
    assert "This ends 3 live tokens of 1 user, in 1 grant." in asked.err
    assert terminal.type("revoke", "app", app["id"], "--reason", "A drill.", "--yes").code == 0
    assert terminal.json("usage", "show", app["id"])[0]["usage"]["granted"] == 3
    events = [each["event"] for each in terminal.json("audit", "list")]
    assert events[0] == "setup:app_access:revoked"
    assert "setup:secret:rotated" in events

    for where in ((), ("--local",)):
        verified = terminal.type("audit", "verify", *where)
        assert (verified.code, verified.out.startswith("intact")) == (0, True), verified.err


def test_an_edit_with_the_database_file_in_hand_is_found_out(terminal: Terminal) -> None:
    import sqlalchemy as sa

    with terminal.installation.database() as database:
        with database.transaction() as tx:
            before = tx.connection.execute(sa.text("SELECT actor_name FROM audit_trail WHERE sequence = 2")).scalar_one()
            tx.connection.execute(sa.text("UPDATE audit_trail SET actor_name = 'Mallory' WHERE sequence = 2"))
        for where in ((), ("--local",)):
            found = terminal.type("audit", "verify", "--json", *where)
            assert found.code == 2
            assert json.loads(found.out)[0]["state"] == "tampered"
        with database.transaction() as tx:
            tx.connection.execute(sa.text("UPDATE audit_trail SET actor_name = :name WHERE sequence = 2"), {"name": before})


def test_every_list_is_a_table_for_people_and_json_for_programs(terminal: Terminal) -> None:
    for words in (("apps", "list"), ("users", "list"), ("profiles", "list"), ("permsets", "list"), ("history", "list"), ("usage", "list"),
                  ("audit", "list")):  # fmt: skip
        items = terminal.json(*words)
        assert items, words
        table = terminal.type(*words)
        assert table.code == 0
        assert "ID" in table.out or "RECEIPT" in table.out
        assert not any(line.endswith(" ") for line in table.out.splitlines())


def test_what_a_stranger_wrote_cannot_drive_the_terminal(terminal: Terminal) -> None:
    url = terminal.installation.base_url
    httpx.post(
        f"{url}/services/oauth2/token",
        data={"grant_type": "x\x1b]0;owned\x07\u202e"},
        headers={b"User-Agent": b"a\x9b31mb"},
    )
    for words in (("history", "list", "--refused"), ("audit", "list")):
        shown = terminal.type(*words).out
        assert not set(shown) & {"\x1b", "\x07", "\x9b", "\u202e"}
