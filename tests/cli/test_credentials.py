"""Where the command line's secrets come from, where they never go, and how it ends when something is wrong."""

import base64
import json
import os
from pathlib import Path

import pytest
from tests.cli.conftest import Terminal, mode_of

from gatebridge.cli import credentials
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.main import make_cli


def test_first_admin_writes_credentials_that_only_their_owner_can_read(terminal: Terminal) -> None:
    assert mode_of(terminal.credentials) == 0o600
    kept = json.loads(terminal.credentials.read_text())
    assert set(kept) == {"url", "client_id", "client_secret"}
    assert kept["client_secret"] not in terminal.made.out + terminal.made.err
    assert "correct horse" not in terminal.made.out + terminal.made.err


def test_first_admin_works_once(terminal: Terminal, tmp_path: Path) -> None:
    words = ("first-admin", "--username", "eve@example.com", "--email", "eve@example.com", "--password-file", "-")
    there = terminal.type(*words, stdin="correct horse battery\n")
    assert there.code == Exit.USAGE
    assert "not overwritten" in there.err
    again = terminal.type(*words, "--write", str(tmp_path / "c.json"), stdin="correct horse battery\n")
    assert (again.code, (tmp_path / "c.json").exists()) == (Exit.REFUSED, False)


def test_X_SX_03_no_option_takes_a_secret() -> None:
    def options(cli: object) -> list[str]:
        import inspect

        found = []
        for command in cli.registered_commands:  # type: ignore[attr-defined]
            found += list(inspect.signature(command.callback).parameters)
        for group in cli.registered_groups:  # type: ignore[attr-defined]
            found += options(group.typer_instance)
        return found

    names = set(options(make_cli()))
    assert not {name for name in names if any(word in name for word in ("password", "secret", "token"))} - {
        "password_file",
        "secret_days",
        "secret_file",
        "secret_name",
        "save_secret",
        "secret",  # the id of a secret, which is none
        "token_format",
        "token_minutes",
        "id_token_minutes",
        "web_server_secret",  # whether one is needed
        "refresh_secret",
    }


def test_X_SX_03_a_secret_given_as_an_option_is_refused(terminal: Terminal) -> None:
    ended = terminal.type("token", "--client-id", "gbk_x", "--secret", "gbs_x")
    assert ended.code == Exit.USAGE


def test_a_token_in_the_environment_is_enough(terminal: Terminal, tmp_path: Path) -> None:
    token = terminal.type("token").out.strip()
    ended = terminal.type("me", "--json", HOME=str(tmp_path), GATEBRIDGE_CLI_TOKEN=token, GATEBRIDGE_CLI_URL=terminal.installation.base_url)
    assert json.loads(ended.out)["name"] == "ada@example.com"


ENDS = [
    pytest.param(("me",), {"GATEBRIDGE_CLI_TOKEN": "gba_nonsense"}, Exit.NO_CREDENTIALS, "access token", id="a token that does not count"),
    pytest.param(("apps", "show", "0H4zzzzzzz00000"), {}, Exit.REFUSED, "record_not_found", id="a record that does not exist"),
    pytest.param(("apps", "list", "--bogus"), {}, Exit.USAGE, "--bogus", id="an option that does not exist"),
    pytest.param(("apps", "block", "x"), {}, Exit.USAGE, "--reason", id="an act without its reason"),
    pytest.param(
        ("me", "--url", "http://127.0.0.1:1"), {"GATEBRIDGE_CLI_TOKEN": "x"}, Exit.UNREACHABLE, "does not answer", id="nobody there"
    ),
    pytest.param(("me", "--url", "http://127.0.0.1:1"), {}, Exit.NO_CREDENTIALS, "are not sent to", id="a secret for another server"),
    pytest.param(("me",), {"HOME": "/nonexistent"}, Exit.NO_CREDENTIALS, "no access token", id="nothing to show"),
    pytest.param(("me", "--credentials", "nowhere.json"), {}, Exit.NO_CREDENTIALS, "cannot be read", id="a file that is not there"),
]


@pytest.mark.parametrize(("words", "environ", "code", "said"), ENDS)
def test_each_way_to_fail_has_its_exit_code_and_words(
    terminal: Terminal, words: tuple[str, ...], environ: dict[str, str], code: Exit, said: str
) -> None:
    ended = terminal.type(*words, **environ)
    assert ended.code == code, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_refusal_is_told_with_hint_remedy_and_page_and_whole_to_a_program(terminal: Terminal) -> None:
    ended = terminal.type("apps", "show", "0H4zzzzzzz00000", "--json")
    assert json.loads(ended.out)["reason"] == "record_not_found"
    assert "Remedy:" in ended.err
    assert "/help/reasons/record_not_found" in ended.err


def test_credentials_that_others_can_read_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    credentials.write(path, "http://localhost:8080", credentials.Client("gbk_x", "gbs_x"))
    assert mode_of(path) == 0o600
    assert credentials.read(path)["client_id"] == "gbk_x"
    path.chmod(0o640)
    with pytest.raises(Stop, match="chmod 600"):
        credentials.read(path)


def test_credentials_are_closed_from_the_first_byte_on_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        credentials.write(tmp_path / "c.json", "http://localhost:8080", credentials.Client("gbk_x", "gbs_x"))
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "c.json") == 0o600


def test_a_secret_is_not_shown_when_its_holder_is_printed() -> None:
    assert "gbs_x" not in repr(credentials.Credentials("u", client=credentials.Client("gbk_x", "gbs_x")))


def test_local_commands_say_where_things_stand(terminal: Terminal, tmp_path: Path) -> None:
    doctor = terminal.type("doctor")
    assert (doctor.code, "fail" in doctor.out) == (0, False)
    assert terminal.type("db", "check").code == 0
    assert "already" in terminal.type("db", "upgrade").out
    missing = terminal.type("db", "check", GATEBRIDGE_VAR_DIRECTORY=str(tmp_path / "none"))
    assert missing.code == Exit.UNREACHABLE
    assert not (tmp_path / "none").exists()
    wrong = terminal.type("doctor", GATEBRIDGE_LISTEN_PROT="1")
    assert (wrong.code, "listen_port" in wrong.out.lower()) == (1, True)


def test_the_doctor_tells_of_signing_keys_that_the_master_key_does_not_open(terminal: Terminal) -> None:
    other = base64.b64encode(os.urandom(32)).decode()
    ill = terminal.type("doctor", GATEBRIDGE_MASTER_KEY=other)
    assert (ill.code, "does not open" in ill.out, "GATEBRIDGE_OLDER_MASTER_KEYS" in ill.out) == (1, True, True), ill.out


def test_the_first_admin_is_asked_for_by_name_where_nobody_sits_at_a_prompt(terminal: Terminal, tmp_path: Path) -> None:
    for said, missing in (((), "--username"), (("--username", "eve"), "--email")):
        ended = terminal.type("first-admin", "--write", str(tmp_path / "new"), *said, stdin="correct horse battery\n")
        assert (ended.code, missing in ended.err) == (Exit.USAGE, True), ended.err


def test_completion_is_offered(terminal: Terminal) -> None:
    ended = terminal.type("--show-completion", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "Traceback" not in ended.err
    assert "apps" in terminal.type("--help").out
