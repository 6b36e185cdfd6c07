"""A small org in a database whose time a test moves by hand."""

from collections.abc import Iterator

import pytest
from tests.records.seed import ManualClock, SmallOrg, at_the_time_of, make_org

from gatebridge.storage.database import Database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def timed(database_url: str, clock: ManualClock) -> Iterator[Database]:
    """A clean, migrated database of this test, whose time is the clock's; the test runs once on each kind."""
    with at_the_time_of(clock, database_url) as opened:
        yield opened


@pytest.fixture
def acme(timed: Database) -> SmallOrg:
    with timed.transaction() as tx:
        return make_org(tx)


@pytest.fixture
def other(timed: Database, acme: SmallOrg) -> SmallOrg:
    with timed.transaction() as tx:
        return make_org(tx, "other")
