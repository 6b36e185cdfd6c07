"""The request queue at the command line: an app knocks, and is refused, approved for a day, and blocked."""

import httpx
from tests.cli.conftest import Terminal


def knock(terminal: Terminal, app: dict[str, str]) -> str:
    """The app asks for a token. What it is told, or `token`."""
    form = {"grant_type": "client_credentials", "client_id": app["consumer_key"], "client_secret": app["secret"]}
    answer = httpx.post(f"{terminal.installation.base_url}/services/oauth2/token", data=form).json()
    return str(answer.get("error", "token"))


def test_an_app_knocks_is_refused_approved_for_a_day_and_blocked(terminal: Terminal) -> None:
    app = terminal.json(
        "apps", "create", "Door knocker", "--api-name", "door_knocker", "--contact", "dev@example.com",
        "--flow", "client_credentials", "--scope", "api",
    )  # fmt: skip
    assert "Nothing waits." in terminal.type("requests", "list").out
    terminal.json("apps", "uninstall", app["id"], "--reason", "A drill.", "--yes")
    assert [knock(terminal, app) for _ in range(2)] == ["unauthorized_client"] * 2
    (waits,) = terminal.json("requests", "list", "--kind", "app", "--app", app["id"])
    assert (waits["app"], waits["count"], waits["user_id"]) == ("Door knocker", 2, None)
    table = terminal.type("requests", "list").out
    assert "Door knocker" in table
    assert "the app itself" in table
    shown = terminal.type("requests", "show", waits["id"]).out
    assert app["consumer_key"] in shown

    approved = terminal.type("requests", "approve-once", waits["id"])
    assert (approved.code, "is installed until" in approved.out) == (0, True), approved.err
    assert knock(terminal, app) == "invalid_grant"  # closed: nobody may use it yet
    again = terminal.type("requests", "refuse", waits["id"], "--reason", "Too late.")
    assert (again.code, "has approved this request" in again.err) == (1, True)

    terminal.json("apps", "uninstall", app["id"], "--reason", "A drill.", "--yes")
    knock(terminal, app)
    (waits,) = terminal.json("requests", "list")
    asked = terminal.type("requests", "block", waits["id"], "--reason", "A drill.")
    assert (asked.code, "Nobody of the org will be able to use Door knocker." in asked.err) == (5, True)
    assert terminal.json("requests", "block", waits["id"], "--reason", "A drill.", "--yes")["state"] == "blocked"
    assert knock(terminal, app) == "invalid_client"
    assert [each["state"] for each in terminal.json("requests", "list", "--all", "--app", app["id"])] == ["blocked", "approved"]

    link = terminal.type("apps", "install-link", app["consumer_key"], "--url", "https://id.other.example")
    assert link.out.strip() == f"https://id.other.example/setup/install?key={app['consumer_key']}"
    assert terminal.type("apps", "install-link", app["consumer_key"][:-1]).code == 2
