"""Databases for the tests. Whoever asks for `database_url` runs twice, once on each, in a clean and migrated database."""

import gc
import importlib.util
import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings
from tests.compiled_once import compile_once
from tests.databases import MASTER_KEYS, Postgres, migrate
from tests.one_database import is_told_twice

if TYPE_CHECKING:
    from gatebridge.storage.database import Database

TEMPLATE = "gatebridge_template"
OF_THE_RUN = "test"

# A property is about what is true, not how fast: a busy machine must not fail it. The timeout of each test still bounds it.
settings.register_profile("gatebridge", deadline=None)
settings.load_profile("gatebridge")


def pytest_configure() -> None:
    """Spare every test two costs that have nothing to do with it."""
    # httpx asks for this package at each request into an application, and to look for it in vain is a tenth of what a request takes.
    # None is how Python itself notes that there is no such module.
    if importlib.util.find_spec("sniffio") is None:
        sys.modules["sniffio"] = None  # type: ignore[assignment]
    # Errors in the log of a test without the values of every variable: to draw those takes seconds for one error.
    drawing = structlog.get_config()["processors"][-1]
    assert isinstance(drawing, structlog.dev.ConsoleRenderer)
    drawing.exception_formatter = structlog.dev.plain_traceback


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if not is_told_twice(item)]


def pytest_collection_finish() -> None:
    """What is imported is there from here on."""
    if "sqlalchemy" in sys.modules:  # the tests of rules alone wait for no database library
        compile_once()
    # Most objects live as long as the run. To look through them all after every few tests would take a part of its time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL for the whole run, started when the first test asks for it. A test that stops it needs one of its own."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_names() -> Iterator[str]:
    """Names for databases, each used once."""
    return (f"test_{number}" for number in itertools.count(1))


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a migrated database that is copied for each test, which takes a twentieth of the time of a migration."""
    migrate(postgres.create(TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that is copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """The URL of a clean, migrated SQLite database of this test."""
    path = tmp_path / "gatebridge.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(postgres: Postgres, postgres_template: str) -> str:
    """The URL of a clean, migrated PostgreSQL database of this test: the run's only one, emptied, or made anew where it was bent."""
    if not postgres.has(OF_THE_RUN):
        return postgres.create(OF_THE_RUN, postgres_template)
    if not postgres.empty(OF_THE_RUN):
        postgres.drop(OF_THE_RUN)
        return postgres.create(OF_THE_RUN, postgres_template)
    return postgres.url(OF_THE_RUN)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a clean, migrated database of this test; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> "Iterator[Database]":
    """A clean, migrated database of this test, open; the test runs once on each kind. Its time is the database's own."""
    from gatebridge.storage.database import open_database  # here, so that the tests of rules alone wait for no database library

    opened = open_database(database_url, MASTER_KEYS)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without a single table, for tests of the migrations; the test runs once on each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = next(request.getfixturevalue("postgres_names"))
    yield server.create(name)
    server.drop(name)
