"""Whole houses for tests: database, turnstile, web app and door, wired as `bootstrap` wires them, with a clock that the test moves."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.databases import MASTER_KEYS
from tests.oauth.door import Door, Loop

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.oauth.keyring import Keyring
from gatebridge.storage.database import Database, open_database
from gatebridge.web.app import make_app
from gatebridge.web.house import House
from gatebridge.web.turnstile import Turnstile

BASE_URL = "https://first.example"


@dataclass
class SteppedClock:
    """A time that stands still until a test moves it; never backwards."""

    now: datetime = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@dataclass(frozen=True)
class Standing:
    """A house that runs, with the door to it. Its orgs are numbered, so that many tests can live in one house."""

    url: str
    clock: SteppedClock
    house: House
    door: Door
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def database(self) -> Database:
        return self.house.database

    @property
    def kind(self) -> str:
        return "sqlite" if self.database.is_sqlite else "postgresql"


@contextmanager
def standing_house(
    url: str, loop: Loop, clock: SteppedClock | None = None, *, workers: int = 2, batch: int = 64, limit: int = 1024, timeout: int = 10
) -> Iterator[Standing]:
    """A house on the migrated database at this URL, its turnstile open for as long as the block lasts. Two of them are two nodes."""
    clock = clock or SteppedClock()
    database = open_database(url, MASTER_KEYS, clock=clock, statement_timeout=timeout)
    turnstile = Turnstile(database, workers=workers, batch=batch, limit=limit)
    house = House(
        database=database,
        keys=MASTER_KEYS,
        hasher=PasswordHasher(parallel=1, random=os.urandom, memory_kib=8, passes=1),
        turnstile=turnstile,
        keyring=Keyring(MASTER_KEYS),
        base_url=BASE_URL,
        clock=clock,
    )
    turnstile.start()
    try:
        yield Standing(url, clock, house, Door(make_app(house), loop))
    finally:
        turnstile.stop(10)
        database.close()
