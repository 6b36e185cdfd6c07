"""Explain access in the terminal: a strip of gates, a line each, with the setting and what to do; the same as JSON for programs."""

from pathlib import Path

from tests.cli.conftest import Terminal


def test_an_admin_asks_why_and_what_then(terminal: Terminal, tmp_path: Path) -> None:
    profile = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "Integration User")
    robot = terminal.json("users", "create", "billing@example.com", "--email", "team@example.com", "--profile", profile)["id"]
    kept = tmp_path / "secret"
    app = terminal.json(
        "apps", "create", "Billing sync", "--api-name", "billing_sync", "--contact", "dev@example.com",
        "--flow", "client_credentials", "--scope", "api", "--save-secret", str(kept),
    )  # fmt: skip
    terminal.json("apps", "policies", app["id"], "--run-as", robot)

    asked = ("explain", "--app", app["consumer_key"], "--flow", "client_credentials", "--address", "192.0.2.10")
    shown = terminal.type(*asked)
    assert shown.code == 0, shown.err
    assert shown.out.startswith("Refused  user_not_approved")
    assert "10  ✗  Permitted" in shown.out
    assert f"gatebridge access assign {app['id']} HOLDER" in shown.out
    assert "Settings: Flows = client_credentials" in shown.out
    assert terminal.json(*asked)["reason"]["code"] == "user_not_approved"

    refused = terminal.type("token", "--client-id", app["consumer_key"], "--secret-file", str(kept))
    receipt_id = refused.err.rpartition("receipt=")[2].split()[0]
    terminal.json("access", "assign", app["id"], profile)
    again = terminal.type("explain", "--receipt", receipt_id)
    assert "Refused at Permitted" in again.out
    assert "The same request now: Let through" in again.out
    assert "Permitted (changed)" in again.out
    assert terminal.type(*asked).out.startswith("Let through")
    found = terminal.json("explain", "--receipt", receipt_id)
    assert (found["receipt"]["outcome"], found["now"]["outcome"]) == ("refused", "granted")


def test_a_user_is_asked_about_at_a_later_time(terminal: Terminal) -> None:
    app = terminal.json(
        "apps", "create", "Later", "--api-name", "later", "--contact", "dev@example.com", "--flow", "web_server", "--scope", "api",
        "--callback", "https://later.example/cb",
    )  # fmt: skip
    profile = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "System Administrator")
    terminal.json("access", "assign", app["id"], profile, "--until", "2031-03-01T00:00:00Z")
    asked = ("explain", "--app", app["id"], "--flow", "web_server", "--user", "ada@example.com", "--scope", "api", "--at")
    assert terminal.json(*asked, "2031-02-28T23:59:59Z")["outcome"] == "granted"
    assert terminal.json(*asked, "2031-03-01T00:00:00Z")["reason"]["code"] == "approval_expired"


def test_a_half_question_says_what_is_missing(terminal: Terminal) -> None:
    ended = terminal.type("explain", "--app", "x")
    assert (ended.code, ended.err.strip()) == (2, "Say --app and --flow, or --receipt.")
