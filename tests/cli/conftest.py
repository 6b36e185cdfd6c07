"""The command line against a real server: one for all tests of it, set up as a new operator would."""

import json
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests import warm_start
from tests.journeys.installation import Ended, Installation, new_installation

from gatebridge.cli.main import main

Type = Callable[..., Ended]


@dataclass(frozen=True)
class Terminal:
    """Somebody who types commands, with an empty home and the credentials that `first-admin` wrote."""

    installation: Installation
    made: Ended

    @property
    def credentials(self) -> Path:
        return self.installation.directory / "home" / ".config" / "gatebridge" / "credentials.json"

    def type(self, *words: str, stdin: str | None = None, **environ: str) -> Ended:
        said = self.installation.environ | {"COLUMNS": "160"} | environ
        return Ended(*warm_start.run(words, said, self.installation.directory, stdin or ""))

    def json(self, *words: str, stdin: str | None = None) -> Any:
        """What a command answers to a program; it must succeed."""
        ended = self.type(*words, "--json", stdin=stdin)
        assert ended.code == 0, ended.err
        return json.loads(ended.out)


@pytest.fixture(scope="session")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    directory = tmp_path_factory.mktemp("cli")
    found = new_installation(directory)
    before = Terminal(found, Ended(0, "", ""))
    words = ("--username", "ada@example.com", "--email", "ada@example.com", "--first-name", "Ada", "--password-file", "-")
    made = before.type("first-admin", *words, stdin="correct horse battery\n")
    assert made.code == 0, made.err
    with found.serving():
        yield Terminal(found, made)


@pytest.fixture
def type_(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Commands in this process, against the server of all: what is tried is what they say, not how they are started."""
    for name, value in (terminal.installation.environ | {"COLUMNS": "160"}).items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Ended:
        capsys.readouterr()
        code = main(list(words))
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return run


@pytest.fixture(scope="session")
def admins(terminal: Terminal) -> str:
    """The profile of whoever types."""
    return next(str(each["id"]) for each in terminal.json("profiles", "list") if each["name"] == "System Administrator")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
