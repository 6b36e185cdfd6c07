"""Sessions on the command line, and what it says where only a new sign-in gets further."""

from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import Terminal
from tests.cli.test_login import USERNAME, Desk

from gatebridge.cli.client import Api
from gatebridge.cli.credentials import Credentials
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.token_store import Login

URL = "https://id.example"


def test_who_is_signed_in_at_a_browser_is_listed_and_signed_out(terminal: Terminal, tmp_path: Path) -> None:
    desk = Desk(terminal, tmp_path)
    assert desk.log_in().code == 0
    found = [session for session in terminal.json("sessions", "list") if session["username"] == USERNAME]
    assert found
    assert (found[0]["address"], found[0]["methods"]) == ("127.0.0.1", ["pwd"])
    table = terminal.type("sessions", "list", "--user", found[0]["user_id"])
    assert (table.code, USERNAME in table.out, found[0]["id"] in table.out) == (0, True, True), table.err
    asked = terminal.type("sessions", "end", found[0]["id"])
    assert (asked.code, "say --yes" in asked.err) == (Exit.STOPPED, True)
    assert terminal.json("sessions", "end", found[0]["id"], "--yes") == {"ended": 1}
    assert "had ended before" in terminal.type("sessions", "end", found[0]["id"], "--yes").out
    assert found[0]["id"] not in terminal.type("sessions", "list").out
    # What the command line has of the user goes on, unless it is said to end.
    assert terminal.type("sessions", "end-all", found[0]["user_id"], "--yes").code == 0
    assert desk.type("whoami").code == 0
    assert terminal.type("sessions", "list").out.strip() == "Nobody is signed in."


def test_to_end_what_apps_have_too_it_takes_a_reason(terminal: Terminal, tmp_path: Path) -> None:
    desk = Desk(terminal, tmp_path)
    assert desk.log_in().code == 0
    (session, *_) = terminal.json("sessions", "list")
    refused = terminal.type("sessions", "end-all", session["user_id"], "--end-grants", "--yes")
    assert (refused.code, "reason_required" in refused.err) == (Exit.REFUSED, True)
    assert session["id"] in terminal.type("sessions", "list").out


@pytest.mark.parametrize("reason", ["reauthentication_needed", "level_too_low"])
def test_std_SU_01_where_only_a_new_sign_in_gets_further_nothing_is_renewed_and_the_command_for_it_is_said(reason: str) -> None:
    asked: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        challenge = 'Bearer realm="id.example", error="insufficient_user_authentication", max_age="3600"'
        return httpx.Response(401, json={"title": "Too old.", "reason": reason}, headers={"WWW-Authenticate": challenge})

    login = Login(URL, "gbk_EXAMPLE", f"{URL}/token", f"{URL}/revoke", "gba_EXAMPLE", "gbr_EXAMPLE")
    credentials = Credentials(URL, login=login, store=Path("/nowhere/tokens.json"))
    with Api(credentials, httpx.MockTransport(server)) as api, pytest.raises(Stop) as stopped:
        api.post("/apps/0H4000000000001/revoke", {"reason": "A drill."})
    assert asked == ["/api/v1/apps/0H4000000000001/revoke"]
    assert stopped.value.code is Exit.NO_CREDENTIALS
    assert f"gatebridge login --url {URL}" in stopped.value.words.splitlines()[-1]
