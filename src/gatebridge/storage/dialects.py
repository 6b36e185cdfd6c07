"""Every difference between SQLite and PostgreSQL."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import Dialect as SqlDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator

try:
    import pysqlite3 as sqlite  # type: ignore[import-untyped]
except ImportError:  # no wheel for this machine: the system's SQLite, whose age decides the journal
    import sqlite3 as sqlite

driver: Any = sqlite  # the driver of SQLite, for what must go past SQLAlchemy

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# SQLite before this version can corrupt a write-ahead log when two connections race (sqlite.org, "WAL-reset bug").
SAFE_WAL = (3, 51, 3)


class Moment(TypeDecorator[datetime]):
    """A UTC time in microseconds: `timestamptz` on PostgreSQL, an integer on SQLite, which has no such type."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: SqlDialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True, precision=6))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: SqlDialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: SqlDialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            moment: datetime = value
            return moment.astimezone(UTC)
        return EPOCH + timedelta(microseconds=value)


# Ids sort by the time of their creation only when bytes are compared, which is not every PostgreSQL's default.
Id = sa.String(15).with_variant(postgresql.VARCHAR(15, collation="C"), "postgresql")
Text = sa.Text
# Sorted by the numbers of its characters, the same everywhere.
SortKey = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Digest = sa.LargeBinary(32)
Blob = sa.LargeBinary


def compact_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def make_engine(url: str, *, pool_size: int, connect_timeout: int, statement_timeout: int) -> sa.Engine:
    """An engine for `sqlite:///path` or `postgresql://...`. Timeouts in seconds. Connects to nothing yet."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = sa.create_engine(
            parsed.set(drivername="sqlite+pysqlite"),
            module=sqlite,
            json_serializer=compact_json,
            hide_parameters=True,  # an error in the log shows the statement, never the values
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=connect_timeout,
            pool_recycle=3600,  # what a table's size is known to be is read when a connection begins
            connect_args={"check_same_thread": False, "timeout": statement_timeout, "cached_statements": 512},
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
        return engine
    return sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"),
        json_serializer=compact_json,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=connect_timeout,
        pool_pre_ping=False,
        connect_args={
            "connect_timeout": connect_timeout,
            "application_name": "gatebridge",
            # PostgreSQL takes a page of another place for four times as dear as the next one, as on a disk that turns, and then reads ten
            # thousand apps for the hundred that a list shows.
            "options": f"-c timezone=UTC -c statement_timeout={statement_timeout * 1000} -c lock_timeout={statement_timeout * 1000}"
            " -c idle_in_transaction_session_timeout=60000 -c random_page_cost=1.1",
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 2,
        },
    )


def _prepare_sqlite(connection: Any, _: object) -> None:
    # The driver's own transaction handling begins too late for a snapshot; `_begin_sqlite` begins where we say.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA journal_mode = {'WAL' if wal_is_safe() else 'TRUNCATE'}")
    # FULL: an acknowledged commit survives the loss of power, which NORMAL does not promise in WAL mode.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA cache_size = -32768")
    cursor.execute("PRAGMA temp_store = MEMORY")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock at once: a transaction that reads first and writes later fails without waiting.
    immediate = connection.get_execution_options().get("gatebridge_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def sqlite_version() -> tuple[int, ...]:
    return tuple(int(part) for part in sqlite.sqlite_version.split("."))


def wal_is_safe(version: tuple[int, ...] | None = None) -> bool:
    """Whether this SQLite may use a write-ahead log with several connections (fixed in 3.51.3, 3.50.7 and 3.44.6)."""
    version = version or sqlite_version()
    return version >= SAFE_WAL or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def database_now(connection: sa.Connection, clock: Callable[[], datetime]) -> datetime:
    """The database's own time. SQLite lives in this process, so the process's clock is the database's."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return now.astimezone(UTC)
    return clock()


def index_names(connection: sa.Connection) -> set[str]:
    """The names of all indexes of the database."""
    if connection.dialect.name == "postgresql":
        return set(connection.exec_driver_sql("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()").scalars())
    return set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index'").scalars())


def insert_new(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that leaves an existing row as it is; the row count says whether this one was first."""
    # Unless told to keep it, SQLAlchemy does not ask PostgreSQL for the row count of an INSERT, and -1 would pass for a yes.
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return sqlite_dialect.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def upsert(dialect: str, table: sa.Table) -> Any:
    """An INSERT of the dialect of this name, on which `on_conflict_do_update` can be called."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite_dialect.insert(table)


def for_update(statement: sa.Select[Any], connection: sa.Connection) -> sa.Select[Any]:
    """Lock the selected rows until the end of the transaction. SQLite has one writer, who holds everything already."""
    return statement.with_for_update() if connection.dialect.name == "postgresql" else statement


class folded(sa.sql.functions.GenericFunction[str]):  # noqa: N801 - called like a function of SQL
    """A text with A to Z as a to z, and no other letter changed; compared and sorted by its characters' numbers."""

    type = sa.Text()
    inherit_cache = True


@compiles(folded)
def _folded(element: Any, compiler: Any, **options: Any) -> str:
    return f"lower({compiler.process(element.clauses, **options)})"  # of SQLite, which knows no other letters


@compiles(folded, "postgresql")
def _folded_by_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    # What a database's own collation folds and how it sorts is its administrator's choice; this one is the same everywhere.
    return f'lower(CAST({compiler.process(element.clauses, **options)} AS TEXT) COLLATE "C")'


class TookTooLong(Exception):  # noqa: N818 - named for what happened
    """A statement was given up because it took too long. On PostgreSQL the transaction is over as well."""


STEPS_BETWEEN_LOOKS = 50_000  # of SQLite's machine: some milliseconds


@contextmanager
def at_most(connection: sa.Connection, seconds: float) -> Iterator[None]:
    """No statement in the block takes longer. Raises TookTooLong. The transaction keeps the limit on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.set_config("statement_timeout", f"{int(seconds * 1000)}", True)))
        try:
            yield
        except sa.exc.DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.QueryCanceled):
                raise TookTooLong from None
            raise
        return
    raw: Any = connection.connection.driver_connection
    ends = time.monotonic() + seconds
    raw.set_progress_handler(lambda: time.monotonic() >= ends, STEPS_BETWEEN_LOOKS)
    try:
        yield
    except sa.exc.DBAPIError as error:
        if "interrupted" in str(error.orig):
            raise TookTooLong from None
        raise
    finally:
        raw.set_progress_handler(None, 0)


def lock_migrations(connection: sa.Connection) -> None:
    """Let one process at a time migrate, and take as long as it takes. On SQLite the write lock of the transaction does it."""
    if connection.dialect.name == "postgresql":
        patience = connection.exec_driver_sql("SHOW lock_timeout").scalar_one()
        # The bounds of a request are none for an index over millions of lines, nor for a node that waits until another has made it.
        for bound in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {bound} = 0")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4718203001)")
        # But whoever comes for a table queues behind a migration that waits for it, so that one does not wait for long.
        connection.execute(sa.select(sa.func.set_config("lock_timeout", patience, True)))


SMALL_IN_PAGES = 16_384  # 64 MB, some fifty thousand lines of history


def refresh_statistics(connection: sa.Connection) -> None:
    """Let the database look how large its tables have become, by which it plans; where they are as before, it takes no time.

    PostgreSQL does so by itself. SQLite takes an org for small as long as nobody has told it, and reads all of it where it need not. A
    small database is left alone: what was said of tables with three rows would still be believed when they have a million.
    """
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA page_count").scalar_one() > SMALL_IN_PAGES:
        connection.exec_driver_sql("PRAGMA analysis_limit = 400")  # rows of each index, however large it is
        connection.exec_driver_sql("PRAGMA optimize = 0x10002")  # of all tables, those that are many times as large or small as they were


@contextmanager
def tables_made_anew(connection: sa.Connection) -> Iterator[None]:
    """Let tables be dropped to which others refer, in the transactions of the block, as SQLite makes a table anew to change it."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.driver_connection  # outside a transaction, where alone SQLite hears of it
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")


def check_references(connection: sa.Connection) -> None:
    """Raise where a row refers to one that is not there, which SQLite does not find out by itself while tables are made anew."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"{len(broken)} rows refer to what is not there, the first of them in the table {broken[0][0]}")


def is_conflict(error: BaseException) -> bool:
    """Whether two transactions stood in each other's way and this one was given up: the same again, later, will go through."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return isinstance(cause, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure)


def is_outage(error: BaseException) -> bool:
    """Whether an error means that the database is away, full or too busy: 503 and try again, never a wrong answer."""
    if isinstance(error, sa.exc.TimeoutError):  # no connection became free in time
        return True
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(cause, psycopg.errors.OperationalError | psycopg.InterfaceError):
        return True
    if isinstance(cause, sqlite.OperationalError):
        # "no such table" is also an OperationalError: a database that was never migrated is away for us as well.
        return True
    return isinstance(cause, sqlite.InterfaceError | OSError)
