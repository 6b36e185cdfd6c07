"""Fixtures for whatever goes by the time: a clock that the test moves, a database at its time, and a small org in it."""

from collections.abc import Iterator

import pytest
from tests.records.seed import ManualClock, SmallOrg, at_the_time_of, make_org

from gatebridge.storage.database import Database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(database_url: str, clock: ManualClock) -> Iterator[Database]:
    with at_the_time_of(clock, database_url) as opened:
        yield opened


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)
