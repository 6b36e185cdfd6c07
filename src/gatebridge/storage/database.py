"""The database: how it is opened, and the only place where anything is committed."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import sqlalchemy as sa

from gatebridge.crypto.sealing import MasterKeys
from gatebridge.rules.ids import IdMint
from gatebridge.storage import dialects, nodes
from gatebridge.storage.tx import Tx

Clock = Callable[[], datetime]
Randomness = Callable[[int], bytes]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Database:
    """One database, SQLite or PostgreSQL, as one process sees it.

    `clock` is injected by tests and by the demo; without it the database's own time is the time of every transaction.
    """

    def __init__(self, engine: sa.Engine, keys: MasterKeys, clock: Clock | None = None, random: Randomness = os.urandom) -> None:
        self.engine = engine
        self._keys = keys
        self._random = random
        self._clock = clock
        self._mint: IdMint | None = None
        self._mint_lock = threading.Lock()
        # SQLite takes one writer at a time. Waiting here is fair and cheap; waiting inside SQLite is polling.
        self._writer = threading.Lock() if engine.dialect.name == "sqlite" else None

    @property
    def is_sqlite(self) -> bool:
        return self._writer is not None

    @property
    def random(self) -> Randomness:
        """The source of randomness of every transaction, for what is drawn before one begins."""
        return self._random

    def now(self, connection: sa.Connection) -> datetime:
        if self._clock is not None:
            return self._clock()
        return dialects.database_now(connection, utc_now)

    @property
    def mint(self) -> IdMint:
        """The maker of record ids. The node number is drawn from the database when the first id is needed."""
        if self._mint is None:
            with self._mint_lock:
                if self._mint is None:
                    with self._write_connection() as connection, connection.begin():
                        self._mint = IdMint(nodes.draw(connection))
        return self._mint

    def _tx(self, connection: sa.Connection) -> Tx:
        return Tx(connection, self.now(connection), self.mint, self._keys, self._random)

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """A write transaction: committed when the block ends, rolled back when it raises."""
        self.mint  # noqa: B018 - drawn before the transaction, since drawing is a transaction of its own
        with self._write_connection() as connection, connection.begin():
            yield self._tx(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Tx]:
        """A read-only view of one moment."""
        self.mint  # noqa: B018 - drawn before the transaction, since drawing is a transaction of its own
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield self._tx(connection)

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Like `snapshot`, without the two round trips that one moment for several statements costs on PostgreSQL.

        For the loaders of facts: a token carries the epochs that were read, so a change between two statements makes
        it dead at birth and never alive by mistake.
        """
        self.mint  # noqa: B018 - drawn before the transaction, since drawing is a transaction of its own
        with self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            with connection.begin():
                yield self._tx(connection)

    @contextmanager
    def _write_connection(self) -> Iterator[sa.Connection]:
        if self._writer is None:
            with self.engine.connect() as connection:
                yield connection
            return
        with self._writer, self.engine.connect() as connection:
            yield connection.execution_options(gatebridge_write=True)

    def close(self) -> None:
        self.engine.dispose()


def open_database(
    url: str,
    keys: MasterKeys,
    *,
    clock: Clock | None = None,
    random: Randomness = os.urandom,
    pool_size: int = 10,
    connect_timeout: int = 5,
    statement_timeout: int = 10,
) -> Database:
    """Open the database at `url` (`sqlite:///path` or `postgresql://...`). Timeouts in seconds. Connects when first used."""
    engine = dialects.make_engine(url, pool_size=pool_size, connect_timeout=connect_timeout, statement_timeout=statement_timeout)
    return Database(engine, keys, clock, random)
