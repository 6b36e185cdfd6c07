"""A small org in a database whose time a test moves by hand."""

import shutil
from collections.abc import Iterator

import pytest
from tests.databases import Postgres
from tests.records.seed import ManualClock, SmallOrg, at_the_time_of, make_org
from tests.storage.sobject_records import two_orgs

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


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def filled_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a clean, migrated database of this file; its tests run once on each kind."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("filled") / "gatebridge.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = next(request.getfixturevalue("postgres_names"))
    yield server.create(name, request.getfixturevalue("postgres_template"))
    server.drop(name)


@pytest.fixture(scope="module")
def filled(filled_url: str) -> Iterator[tuple[Database, SmallOrg]]:
    """Two orgs with some of everything, which nobody changes, and the one of them that is asked."""
    with at_the_time_of(ManualClock(), filled_url) as database:
        with database.transaction() as tx:
            org = two_orgs(tx)
        yield database, org
