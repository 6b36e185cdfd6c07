"""The Salesforce CLI as somebody types it: the program that Salesforce publishes, on a machine with an empty home directory."""

import fcntl
import json
import os
import select
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests.clients import node

SECONDS = 60
PROGRAM = Path("node_modules") / "@salesforce" / "cli" / "bin" / "run.js"
# It tells its maker nothing, looks for no newer one of itself, and keeps what it knows in files that need no desktop.
SETTINGS = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_DISABLE_LOG_FILE": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
}
# Stands where the desktop has its browser, and passes on where it is sent.
BROWSER = '#!/bin/sh\nprintf "%s\\n" "$1" > {asked}\n'


@dataclass(frozen=True)
class Said:
    """How a command ended, and the JSON that it printed."""

    code: int
    told: dict[str, Any]

    @property
    def result(self) -> Any:
        assert self.code == 0, self.told
        return self.told["result"]

    @property
    def refusal(self) -> tuple[str, str]:
        assert self.code != 0, self.told
        return self.told["name"], self.told["message"]


class SalesforceCli:
    """What was signed in to by one command is there for the next."""

    def __init__(self, directory: Path, bundle: Path | None = None) -> None:
        self.machine = node.Machine(directory, bundle)
        self.directory = directory
        self._program = node.installed("salesforce_cli") / PROGRAM
        self._asked = directory / "asked"
        os.mkfifo(self._asked)
        browser = directory / "browser"
        browser.write_text(BROWSER.format(asked=self._asked))
        browser.chmod(0o700)
        self._environment = self.machine.environment | SETTINGS | {"BROWSER": str(browser)}

    def run(self, *words: str, **environment: str) -> Said:
        """A command that needs nobody at a browser."""
        return _ended(self._begin(words, environment))

    def sign_in(self, visit: Callable[[str], str], *words: str) -> Said:
        """`sf org login web`. `visit` is what the person at the browser makes of the address, and says where the browser comes out."""
        with the_port(), self._browser() as asked:
            process = self._begin(("org", "login", "web", *words), {})
            try:
                httpx.get(visit(asked()), follow_redirects=True, trust_env=False, timeout=SECONDS)
            except BaseException:
                process.kill()
                process.communicate()
                raise
            return _ended(process)

    def _begin(self, words: tuple[str, ...], environment: dict[str, str]) -> "subprocess.Popen[str]":
        command = [str(node.NODE), str(self._program), *words, "--json"]
        pipe = subprocess.PIPE
        said = self._environment | environment
        return subprocess.Popen(command, cwd=self.directory, env=said, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)

    @contextmanager
    def _browser(self) -> Iterator[Callable[[], str]]:
        """Waits for the address that the CLI opens."""
        reading = os.open(self._asked, os.O_RDONLY | os.O_NONBLOCK)

        def asked() -> str:
            ready, _, _ = select.select([reading], [], [], SECONDS)
            assert ready, "the CLI opened no browser"
            return os.read(reading, 8192).decode().strip()

        try:
            yield asked
        finally:
            os.close(reading)


def _ended(process: "subprocess.Popen[str]") -> Said:
    try:
        said, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    assert said.startswith("{"), f"{said}\n{errors}"
    return Said(process.returncode, json.loads(said))


@contextmanager
def the_port() -> Iterator[None]:
    """The CLI is called back on port 1717 and no other, so only one of all that run on this machine signs in at a time."""
    with (Path(tempfile.gettempdir()) / "gatebridge-port-1717.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
