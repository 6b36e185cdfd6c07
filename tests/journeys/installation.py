"""One installation as an operator has it: a directory, settings in the environment, and the real server as a process of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from tests import warm_start
from tests.databases import MASTER_KEYS

from gatebridge import bootstrap
from gatebridge.settings.load import load
from gatebridge.storage.database import Database

PROGRAM = (sys.executable, "-c", "from gatebridge.cli.main import script; script()")
START_SECONDS = 60
STOP_SECONDS = 30


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Return as soon as the condition holds; fail when it does not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for this: {what}"
        time.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command that ended left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Installation:
    """Where servers are started and commands are run. Nothing of whoever runs the tests reaches it: the home is empty."""

    directory: Path
    base_url: str
    settings: Mapping[str, str]

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.directory / "home"), **self.settings}

    @property
    def var(self) -> Path:
        return self.directory / "var"

    @property
    def heads_file(self) -> Path:
        return self.var / "audit-heads.log"

    def newest_head(self) -> int:
        """The number of the newest line of the audit trail whose head is outside the database; 0 where there is none."""
        written = self.heads_file.read_bytes().splitlines() if self.heads_file.exists() else []
        return max((int(json.loads(line)["sequence"]) for line in written), default=0)

    @property
    def log(self) -> str:
        """What every server of this installation wrote to standard error so far."""
        return (self.directory / "server.log").read_text("utf-8")

    @property
    def said(self) -> str:
        """What every server of this installation wrote to standard output so far."""
        return (self.directory / "server.out").read_text("utf-8")

    def run(self, *arguments: str) -> Ended:
        """Run one command of `gatebridge` to its end, with nobody at the terminal."""
        return Ended(*warm_start.run(arguments, self.environ, self.directory, timeout=START_SECONDS))

    @contextmanager
    def serving(self, command: str = "serve", *, cold: bool = False) -> Iterator["Server"]:
        """A server that is ready, until the end of the block. Cold, it imports everything itself, as it does for operators."""
        with (self.directory / "server.out").open("ab") as out, (self.directory / "server.log").open("ab") as log:
            began = time.monotonic()
            process: subprocess.Popen[bytes] | warm_start.Process
            if cold:
                process = subprocess.Popen(
                    (*PROGRAM, command), env=self.environ, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=out, stderr=log
                )
            else:
                process = warm_start.start((command,), self.environ, self.directory, out, log)
        with Server(process, self.base_url, httpx.Client(base_url=self.base_url, timeout=20, trust_env=False)) as server:
            while not server.is_ready():
                assert process.poll() is None, f"the server did not start:\n{self.log[-3000:]}"
                assert time.monotonic() < began + START_SECONDS, f"the server is not ready:\n{self.log[-3000:]}"
                time.sleep(0.01)
            server.start_seconds = time.monotonic() - began
            yield server

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The database, opened by this process too."""
        settings = load(self.settings)
        database = bootstrap.open_at(settings, bootstrap.find_keys(settings))
        try:
            yield database
        finally:
            database.close()


@dataclass(slots=True)
class Server:
    """A server process, and a client that talks to it. Leaving it ends the process, whatever happened."""

    process: "subprocess.Popen[bytes] | warm_start.Process"
    base_url: str
    client: httpx.Client
    start_seconds: float = 0.0  # from its start to its first answer that it is ready

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def is_ready(self) -> bool:
        try:
            return self.client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it at once and let it finish nothing, as the loss of the machine would."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop, and wait for it. Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


def new_installation(directory: Path, database_url: str | None = None, **settings: str) -> Installation:
    """An installation in an empty directory. Without `database_url` it has what comes by itself: an SQLite file in var/."""
    (directory / "home").mkdir()
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    given = {
        "GATEBRIDGE_LISTEN_PORT": str(port),
        "GATEBRIDGE_BASE_URL": base_url,
        "GATEBRIDGE_VAR_DIRECTORY": str(directory / "var"),
        "GATEBRIDGE_MASTER_KEY": MASTER_KEYS.current.text(),
        "GATEBRIDGE_LOG_FORMAT": "json",
    }
    if database_url is not None:
        given["GATEBRIDGE_DATABASE_URL"] = database_url
    return Installation(directory, base_url, given | settings)


def free_port() -> int:
    """A port of the loopback that nobody listens on, from below those that the system hands out by itself."""
    while True:
        port = random.randrange(15_000, 30_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def json_of(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text[:600]}"
    body: dict[str, Any] = json.loads(answer.text)
    return body
