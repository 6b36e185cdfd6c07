"""One installation under measurement: a directory, a database, and the real server as a process of its own."""

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.databases import DURABLE, Postgres

from bench.machine import LOAD_CORE, SERVER_CORE, pin_family
from gatebridge import bootstrap
from gatebridge.settings.load import load
from gatebridge.storage import migrate
from gatebridge.storage.database import Database

SCRATCH = Path(__file__).parent.parent / "var"  # ignored by git, and on the disk that the product itself would use
KINDS = ("sqlite", "postgresql")
PROGRAM = (str(Path(sys.executable).with_name("gatebridge")), "serve")
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Installation:
    """A migrated database and the settings with which servers are started on it."""

    kind: str
    directory: Path
    base_url: str
    environ: Mapping[str, str]

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The same database, opened by this process; the server may be running meanwhile."""
        settings = load(self.environ)
        database = bootstrap.open_at(settings, bootstrap.find_keys(settings))
        try:
            yield database
        finally:
            database.close()

    def start(self) -> "Server":
        """Start a server on its core and wait until it is ready."""
        with (self.directory / "server.log").open("ab") as log:
            began = time.perf_counter()
            process = subprocess.Popen(
                PROGRAM,
                env={**_plain_environment(), **self.environ},
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
            )
        server = Server(process, self.base_url, 0.0)
        try:
            while not _ready(self.base_url):
                if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                    raise RuntimeError("The server did not start:\n" + self.log_tail())
                time.sleep(0.01)
        except BaseException:
            server.kill()
            raise
        server.start_seconds = time.perf_counter() - began
        return server

    @contextmanager
    def serving(self) -> Iterator["Server"]:
        """A server for as long as the block lasts."""
        server = self.start()
        try:
            yield server
        finally:
            server.stop()

    def log_tail(self) -> str:
        return (self.directory / "server.log").read_text(errors="replace")[-3000:]


@dataclass(slots=True)
class Server:
    """A running server process."""

    process: "subprocess.Popen[bytes]"
    base_url: str
    start_seconds: float  # from its start to the first answer that says it is ready

    @property
    def pid(self) -> int:
        return self.process.pid

    def url(self, path: str) -> str:
        return self.base_url + path

    def stop(self) -> None:
        """Ask it to stop, and insist when it takes too long."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once, without a chance to finish anything, as the loss of the machine would."""
        with suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()


@contextmanager
def installed(kind: str, settings: Mapping[str, str] | None = None) -> Iterator[Installation]:
    """A new installation on `sqlite` (a file) or `postgresql` (a durable server of its own on the load tool's core), removed at the end.

    `settings` are GATEBRIDGE_* variables beside those that name the place and the port.
    """
    SCRATCH.mkdir(exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix=f"bench-{kind}-", dir=SCRATCH))
    try:
        if kind == "sqlite":
            yield _installation(kind, directory, f"sqlite:///{directory / 'gatebridge.db'}", settings or {})
        else:
            with Postgres(DURABLE) as postgres:
                pin_family(postgres.pid, LOAD_CORE)
                yield _installation(kind, directory, postgres.create("gatebridge"), settings or {})
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _installation(kind: str, directory: Path, database_url: str, settings: Mapping[str, str]) -> Installation:
    port = _free_port()
    base_url = f"http://127.0.0.1:{port}"
    environ = {
        "GATEBRIDGE_ENVIRONMENT": "production",
        "GATEBRIDGE_LISTEN_PORT": str(port),
        "GATEBRIDGE_BASE_URL": base_url,
        "GATEBRIDGE_VAR_DIRECTORY": str(directory),
        "GATEBRIDGE_DATABASE_URL": database_url,
        "GATEBRIDGE_MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
        **settings,
    }
    installation = Installation(kind, directory, base_url, environ)
    with installation.database() as database:
        migrate.upgrade(database)
    return installation


def _plain_environment() -> dict[str, str]:
    # Settings of whoever runs the benchmark must not become settings of what it measures.
    return {name: value for name, value in os.environ.items() if not name.startswith("GATEBRIDGE_") and name != "PORT"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _ready(base_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{base_url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
