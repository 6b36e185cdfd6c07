"""Ranges, login hours, levels and sessions at the command line, and what they come to in the end."""

from pathlib import Path
from typing import Any

from tests.cli.conftest import Terminal


def _job(terminal: Terminal, api_name: str, kept: Path) -> dict[str, Any]:
    """An app that works: with a run-as user who is approved for it."""
    profile = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "Integration User")
    permset = terminal.json("permsets", "create", api_name, "--api-name", api_name)["id"]
    robot = terminal.json("users", "create", f"{api_name}@example.com", "--email", "team@example.com", "--profile", profile)["id"]
    app: dict[str, Any] = terminal.json(
        "apps", "create", api_name, "--api-name", api_name, "--contact", "dev@example.com",
        "--flow", "client_credentials", "--scope", "api", "--save-secret", str(kept),
    )  # fmt: skip
    terminal.json("apps", "policies", app["id"], "--run-as", robot)
    terminal.json("access", "assign", app["id"], permset)
    terminal.json("users", "assign", robot, permset)
    return app


def test_ranges_of_an_app_are_tried_out_before_they_refuse(terminal: Terminal, tmp_path: Path) -> None:
    app = _job(terminal, "tried_out", tmp_path / "secret")
    token = ("token", "--client-id", app["consumer_key"], "--secret-file", str(tmp_path / "secret"))
    shown = terminal.type("apps", "policies", app["id"])
    assert "In force" in shown.out
    assert "No effect: neither the app nor the user's profile has ranges" in shown.out

    terminal.json("apps", "policies", app["id"], "--monitored-range", "203.0.113.0/24=Data center")
    assert terminal.type(*token).code == 0
    (line,) = terminal.json("history", "list", "--app", app["id"], "--would-refuse")
    assert (line["outcome"], line["would_refuse"]) == ("success", "address_outside_app_ranges")
    assert "would refuse: address_outside_app_ranges" in terminal.type("history", "list", "--would-refuse").out
    assert "a monitored rule would have refused this" in terminal.type("receipt", line["id"]).out

    bound = ("apps", "policies", app["id"], "--ip-range", "203.0.113.0/24", "--monitored-range", "", "--ip-relaxation", "relax")
    policies = terminal.json(*bound)
    assert (policies["monitored_ranges"], policies["ip_ranges"]) == ([], [{"range": "203.0.113.0/24", "label": ""}])
    assert policies["effective"][0]["network"]["rule"] == "relaxed"
    assert terminal.type(*token).code == 0
    refused = terminal.type("apps", "policies", app["id"], "--ip-relaxation", "enforce")
    assert (refused.code, "locks_out" in refused.err) == (1, True), refused.err
    terminal.json("apps", "policies", app["id"], "--ip-relaxation", "enforce", "--confirm")
    assert "address_outside_app_ranges" in terminal.type(*token).err


def test_login_hours_are_typed_as_people_write_them(terminal: Terminal) -> None:
    made = terminal.json(
        "profiles", "create", "Day shift", "--login-hours", "mon-fri 08:00-18:00", "--login-hours", "saturday 22:00-24:00",
        "--required-level", "high", "--level-action", "block", "--session-minutes", "30",
    )  # fmt: skip
    assert [each["weekday"] for each in made["login_hours"]] == ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    assert (made["required_level"], made["level_action"], made["session_minutes"]) == ("high", "block", 30)
    shown = terminal.type("profiles", "show", made["id"]).out
    assert "saturday 22:00-24:00" in shown
    assert "30, by the profile (profile 30, org –, default 120)" in shown
    assert "high, else block, required by the user's profile" in shown
    edited = terminal.json("profiles", "edit", made["id"], "--login-hours", "", "--session-minutes", "0")
    assert (edited["login_hours"], edited["session_minutes"], edited["required_level"]) == ([], None, "high")
    wrong = terminal.type("profiles", "edit", made["id"], "--login-hours", "always")
    assert (wrong.code, "is no span of login hours" in wrong.err) == (2, True)


def test_the_org_is_read_and_edited(terminal: Terminal) -> None:
    edited = terminal.json(
        "org", "edit", "--timezone", "Europe/Berlin", "--session-hours", "8", "--sessions-per-user", "5", "--reauthenticate-minutes", "30",
        "--monitored-range", "10.0.0.0/8=Inside", "--ranges-on-every-request",
    )  # fmt: skip
    assert (edited["timezone"], edited["session_absolute_hours"], edited["max_sessions_per_user"]) == ("Europe/Berlin", 8, 5)
    assert (edited["monitored_ranges"], edited["ranges_on_every_request"]) == ([{"range": "10.0.0.0/8", "label": "Inside"}], True)
    shown = terminal.type("org", "show").out
    assert "10.0.0.0/8 (Inside)" in shown
    assert "8, by the org (org 8, default 24)" in shown
    refused = terminal.type("org", "edit", "--timezone", "Mars/Base")
    assert (refused.code, "is no time zone" in refused.err) == (1, True)
    back = terminal.json(
        "org", "edit", "--timezone", "UTC", "--session-hours", "0", "--sessions-per-user", "0", "--monitored-range", "", "--ranges-at-issue"
    )
    assert (back["session_absolute_hours"], back["max_sessions_per_user"], back["monitored_ranges"]) == (None, None, [])
