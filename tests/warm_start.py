"""Commands of `gatebridge` that start warm: one process has imported everything, and each command is a fork of it.

Most of the time of a short command is spent on importing. What is forked is a process all the same, with an environment, a directory,
streams, signals and an exit code of its own, so nothing is left out but the imports. Where the start itself is meant, run the
program.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Any, NoReturn

import certifi

ROOT = Path(__file__).parents[1]
STAND_BY = "from tests.warm_start import stand_by; stand_by({})"
ALSO_IMPORTED = (
    *("alembic.command", "h11", "httptools", "rich.progress", "rich.table", "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.sqlite"),
    *("uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.auto"),
)
MESSAGE_BYTES = 1 << 16
END_OF_CERTIFICATE = "-----END CERTIFICATE-----\n"


class Process:
    """A command that runs, as `subprocess.Popen` shows one."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._told = connection.makefile("r")
        self._lock = threading.Lock()
        self.returncode: int | None = None
        self.pid = int(self._told.readline())

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        with self._lock:
            if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
                self._read()
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Its exit code; negative where a signal ended it."""
        with self._lock:
            if self.returncode is None:
                if not select.select([self._connection], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
                self._read()
            assert self.returncode is not None
            return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _read(self) -> None:
        self.returncode = int(self._told.readline())
        self._told.close()
        self._connection.close()


class Nursery:
    """The process that has imported everything. It ends with the one that started it."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="gbwarm-")
        self._address = f"{self._home.name}/socket"
        # Nobody is called over TLS here, and to load every authority of the world takes a third of the time of a short command.
        self._authority = Path(self._home.name, "authority.pem")
        self._authority.write_text(Path(certifi.where()).read_text().partition(END_OF_CERTIFICATE)[0] + END_OF_CERTIFICATE)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._address)
            listener.listen(64)
            self._process = subprocess.Popen(
                (sys.executable, "-c", STAND_BY.format(listener.fileno())),
                env={"PATH": os.environ["PATH"]},
                cwd=ROOT,
                stdin=subprocess.PIPE,  # its end tells that nobody is there any more
                stdout=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
            )

    def start(
        self, arguments: Sequence[str], environ: Mapping[str, str], directory: Path, streams: tuple[IO[Any], IO[Any], IO[Any]]
    ) -> Process:
        """Start a command with just this environment, in this directory, on these streams (in, out, error)."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self._address)
        said = {"arguments": list(arguments), "environ": {"SSL_CERT_FILE": str(self._authority), **environ}, "directory": str(directory)}
        socket.send_fds(connection, [json.dumps(said).encode()], [stream.fileno() for stream in streams])
        connection.shutdown(socket.SHUT_WR)
        return Process(connection)

    def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._home.cleanup()


@cache
def nursery() -> Nursery:
    """The one of this run, made when the first command is started."""
    made = Nursery()
    atexit.register(made.end)
    return made


def start(arguments: Sequence[str], environ: Mapping[str, str], directory: Path, out: IO[Any], err: IO[Any]) -> Process:
    """Start a command with nobody at the terminal."""
    with Path(os.devnull).open("rb") as nothing:
        return nursery().start(arguments, environ, directory, (nothing, out, err))


def run(
    arguments: Sequence[str], environ: Mapping[str, str], directory: Path, typed: str = "", timeout: float = 60
) -> tuple[int, str, str]:
    """Run a command to its end, with this on its standard input. Its exit code, and what it wrote to its two outputs."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(typed.encode())
        given.seek(0)
        process = nursery().start(arguments, environ, directory, (given, out, err))
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        return code, out.read().decode(), err.read().decode()


# From here on in the process that stands by.


def stand_by(number: int) -> None:
    """Fork for each command that is asked for at the socket of this number, until nobody is there to ask."""
    _import_everything()
    gc.collect()
    gc.freeze()
    woken, waking = os.pipe()
    for end in (woken, waking):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    running: dict[int, socket.socket] = {}
    with socket.socket(fileno=number) as listener:
        while True:
            ready = select.select([listener, sys.stdin, woken], [], [])[0]
            if woken in ready:
                os.read(woken, MESSAGE_BYTES)
                for pid, code in _ended():
                    with suppress(OSError), running.pop(pid) as connection:
                        connection.sendall(f"{code}\n".encode())
            if listener in ready:
                connection = listener.accept()[0]
                said, streams, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 3)
                while more := connection.recv(MESSAGE_BYTES):
                    said += more
                pid = os.fork()
                if pid == 0:
                    for kept in (listener, connection, *running.values()):
                        kept.close()
                    for end in (woken, waking):
                        os.close(end)
                    _become(json.loads(said), streams)
                    _run_and_exit()
                running[pid] = connection
                connection.sendall(f"{pid}\n".encode())
                for stream in streams:
                    os.close(stream)
            if sys.stdin in ready:
                sys.exit()


def _import_everything() -> None:
    import gatebridge

    for module in pkgutil.walk_packages(gatebridge.__path__, "gatebridge."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in ALSO_IMPORTED:
        importlib.import_module(name)
    from gatebridge.cli.main import make_command

    make_command()


def _ended() -> Iterator[tuple[int, int]]:
    """The commands that have ended since the last call, with their exit codes."""
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            yield pid, os.waitstatus_to_exitcode(status)


def _become(said: dict[str, object], streams: Sequence[int]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    encoding, errors = sys.stdout.encoding, sys.stdout.errors
    sys.stdin = os.fdopen(0, "r", encoding=encoding, errors=errors, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding=encoding, errors=errors, closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding=encoding, errors="backslashreplace", closefd=False, buffering=1)
    os.environ.clear()
    os.environ.update(said["environ"])  # type: ignore[call-overload]
    os.chdir(str(said["directory"]))
    sys.argv = ["gatebridge", *said["arguments"]]  # type: ignore[misc]


def _run_and_exit() -> NoReturn:
    """Be the program. Its end is short: to take down all that was imported would write to memory that is shared until then."""
    from gatebridge.cli.main import main

    code = 1
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(code)
