"""Policy replay at the command line: a table for people, the whole answer for programs, a draft from a file, and the guard's --confirm."""

import json

from tests.cli.conftest import Terminal

AWAY = "192.0.2.0/24"


def own_app(terminal: Terminal) -> str:
    """The app with which this terminal gets its tokens, which makes it the one job of the org."""
    lines = terminal.json("history", "list")
    return str(next(line["app_id"] for line in lines if line["event"] == "token" and line["outcome"] == "success"))


def test_a_draft_names_the_job_that_it_would_break(terminal: Terminal) -> None:
    app = own_app(terminal)
    found = terminal.json("replay", "--app", app, "--ip-range", f"{AWAY}=Head office", "--days", "1")
    change = next(each for each in found["changes"] if each["app_id"] == app)
    assert (change["kind"], change["reason"], change["job"], change["address"]) == (
        "refused", "address_outside_app_ranges", True, "127.0.0.1",
    )  # fmt: skip
    assert found["refused"]["lines"] >= 1

    told = terminal.type("replay", "--app", app, "--ip-range", AWAY)
    assert told.code == 0, told.err
    assert "would be refused" in told.out
    assert "job, as Ada" in told.out
    assert "requests were judged" in told.out
    assert "Replaying" not in told.out + told.err  # nobody watches a bar in a pipe

    nothing = terminal.type("replay", "--app", app, "--ip-range", "127.0.0.0/8", "--only", app)
    assert "The draft would change nothing about these decisions." in nothing.out


def test_a_draft_may_stand_in_a_file_and_what_is_typed_is_added(terminal: Terminal) -> None:
    app = own_app(terminal)
    file = terminal.installation.directory / "draft.json"
    file.write_text(json.dumps({"policies": [{"app_id": app, "ip_ranges": [{"range": AWAY}]}]}))
    assert terminal.json("replay", "--draft", str(file))["refused"]["lines"] >= 1
    profile = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "System Administrator")
    both = terminal.json("replay", "--draft", str(file), "--profile", profile, "--range", AWAY)
    assert both["refused"]["lines"] >= 1

    file.write_text("[]")
    assert terminal.type("replay", "--draft", str(file)).code == 2
    file.write_text("{")
    assert terminal.type("replay", "--draft", str(file)).code == 2


def test_options_say_what_they_are_about(terminal: Terminal) -> None:
    for words in (("--ip-range", AWAY), ("--assign", "0PS000000000001AAA"), ("--range", AWAY), ("--required-level", "high")):
        typed = terminal.type("replay", *words)
        assert (typed.code, "Say with --" in typed.err) == (2, True), typed.err


def test_a_refusal_is_told_in_the_servers_words(terminal: Terminal) -> None:
    refused = terminal.type("replay", "--app", "0H4000000000001", "--ip-relaxation", "enforce")
    assert (refused.code, "record_not_found" in refused.err) == (1, True), refused.err


def test_what_locks_out_needs_confirm(terminal: Terminal) -> None:
    made = terminal.json(
        "apps", "create", "Weekly", "--api-name", "weekly_replay", "--contact", "d@example.com", "--flow", "client_credentials"
    )
    admins = next(each["id"] for each in terminal.json("profiles", "list") if each["name"] == "System Administrator")
    terminal.json("access", "assign", made["id"], admins)
    refused = terminal.type("access", "remove", made["id"], admins)
    assert (refused.code, "locks_out" in refused.err, "Nobody would be left" in refused.err) == (1, True, True), refused.err
    assert terminal.type("access", "remove", made["id"], admins, "--confirm").code == 0
