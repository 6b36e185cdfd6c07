"""What is one's own at the command line: apps, sessions, password, what one asks for and what one reports."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Terminal, Type
from tests.cli.test_login import PASSWORD, USERNAME

from gatebridge.cli.exits import Exit
from gatebridge.signin import sessions
from gatebridge.storage import facts, orgs, people
from gatebridge.storage.tx import Tx

NEW = "a river of slow glass"


def sign_in(terminal: Terminal) -> None:
    """Ada signs in at a browser."""

    def begin(tx: Tx) -> None:
        org = orgs.first(tx)
        assert org is not None
        user = people.by_username(tx, org.id, USERNAME)
        standing = facts.standing(tx, org.id, user.id) if user is not None else None
        assert standing is not None
        sessions.begin(tx, org, standing, methods=("pwd",), address="198.51.100.7", user_agent="Browser/1")

    with terminal.installation.database() as database, database.transaction() as tx:
        begin(tx)


def test_alone_it_says_who_one_is_and_the_options_stand_before_or_behind(terminal: Terminal, type_: Type) -> None:
    alone = type_("me")
    assert (alone.code, USERNAME in alone.out) == (0, True), alone.err
    assert json.loads(type_("me", "--json").out)["url"] == terminal.installation.base_url
    assert json.loads(type_("me", "--json", "sessions", "list").out) == json.loads(type_("me", "sessions", "list", "--json").out)
    assert type_("me", "nonsense").code == Exit.USAGE


def test_my_apps_are_listed_and_ended_after_a_question(type_: Type) -> None:
    through = json.loads(type_("me", "--json").out)["app_id"]
    (mine,) = (each for each in json.loads(type_("me", "apps", "list", "--json").out) if each["app_id"] == through)
    table = type_("me", "apps", "list")
    assert (mine["label"] in table.out, mine["app_id"] in table.out, "setup_api" in table.out) == (True, True, True)
    user_id = json.loads(type_("me", "--json").out)["user_id"]
    assert through in [each["app_id"] for each in json.loads(type_("users", "apps", user_id, "--json").out)]
    asked = type_("me", "apps", "end", mine["app_id"])
    assert (asked.code, "say --yes" in asked.err) == (Exit.STOPPED, True)
    ended = json.loads(type_("me", "apps", "end", mine["app_id"], "--yes", "--json").out)
    assert len(ended["grants"]) == 1
    assert through in [each["app_id"] for each in json.loads(type_("me", "apps", "end-all", "--yes", "--json").out)]
    assert type_("me", "apps", "end-all").code == Exit.STOPPED


def test_my_sessions_are_listed_and_ended(terminal: Terminal, type_: Type) -> None:
    for _ in range(3):
        sign_in(terminal)
    found = json.loads(type_("me", "sessions", "list", "--json").out)
    assert found[0]["id"] in type_("me", "sessions", "list").out
    assert "signed out there" in type_("me", "sessions", "end", found[0]["id"]).out
    assert "had ended before" in type_("me", "sessions", "end", found[0]["id"]).out
    assert type_("me", "sessions", "end-all").code == Exit.STOPPED
    assert json.loads(type_("me", "sessions", "end-all", "--yes", "--json").out)["ended"] >= 2
    assert type_("me", "sessions", "list").out.strip() == "You are signed in at no browser."


def test_my_password_is_read_from_two_lines_and_never_an_option(terminal: Terminal, tmp_path: Path, type_: Type) -> None:
    for said in ("", PASSWORD, f"{PASSWORD}\n{NEW}\n{NEW}\n"):
        assert terminal.type("me", "password", stdin=said).code == Exit.USAGE
    wrong = terminal.type("me", "password", "--file", "-", stdin=f"not it\n{NEW}\n")
    assert (wrong.code, "current_password" in wrong.err) == (Exit.REFUSED, True)
    changed = terminal.type("me", "password", "--keep-grants", stdin=f"{PASSWORD}\n{NEW}\n")
    assert (changed.code, changed.out.strip()) == (0, "Your password is changed."), changed.err
    both = tmp_path / "both"
    both.write_text(f"{NEW}\n{PASSWORD}")
    back = type_("me", "password", "--file", str(both))
    assert (back.code, "gatebridge login" in back.out) == (0, True), back.err


def test_my_time_zone_is_told_and_chosen(type_: Type) -> None:
    assert type_("me", "timezone").out.strip() == "UTC"
    assert json.loads(type_("me", "timezone", "Asia/Tokyo", "--json").out) == {"timezone": "Asia/Tokyo"}
    user_id = json.loads(type_("me", "--json").out)["user_id"]
    assert "UTC" in type_("users", "edit", user_id, "--timezone", "UTC").out
    nowhere = type_("me", "timezone", "Nowhere/Land")
    assert (nowhere.code, "timezone:" in nowhere.err) == (Exit.REFUSED, True)


def test_one_asks_for_an_app_by_its_key_and_says_for_what(type_: Type) -> None:
    neither = type_("me", "requests", "ask", "I need it.")
    assert (neither.code, "--receipt" in neither.err) == (Exit.USAGE, True)
    label = ("Wanted", "--api-name", "wanted", "--contact", "dev@example.com")
    app = json.loads(type_("apps", "create", *label, "--json").out)
    installed = type_("me", "requests", "ask", "I need it.", "--key", app["consumer_key"])
    assert (installed.code, "installed already" in installed.err) == (Exit.REFUSED, True)
    assert type_("apps", "uninstall", app["id"], "--reason", "A drill.", "--yes").code == 0
    asked = type_("me", "requests", "ask", "I need it.", "--key", app["consumer_key"])
    assert (asked.code, "asked about Wanted" in asked.out) == (0, True), asked.err
    table = type_("me", "requests", "list").out
    assert "Wanted" in table
    assert "that it be installed" in table
    (waits,) = json.loads(type_("requests", "list", "--app", app["id"], "--json").out)
    assert type_("requests", "refuse", waits["id"], "--reason", "A drill.").code == 0
    stranger = type_("me", "requests", "ask", "I need it.", "--receipt", "0Ya00000000000z")
    assert (stranger.code, "record_not_found" in stranger.err) == (Exit.REFUSED, True)


@pytest.mark.parametrize("about", ["key", "id", "nothing"])
def test_something_odd_is_reported(type_: Type, about: str) -> None:
    app = json.loads(type_("apps", "list", "--json").out)[0]
    said = {"key": ("--app", app["consumer_key"]), "id": ("--app", app["id"]), "nothing": ()}[about]
    told = type_("me", "report", "A mail leads to it.", *said)
    assert (told.code, "Your admins are told" in told.out) == (0, True), told.err
    line = json.loads(type_("audit", "list", "--limit", "1", "--json").out)[0]
    assert (line["event"], line["target_kind"]) == ("setup:odd_thing:reported", "user" if about == "nothing" else "app")
    shown = type_("audit", "show", line["id"])
    assert (shown.code, "A mail leads to it." in shown.out) == (0, True)
