"""A served house for the tests of the admin API, on SQLite; those that ask the databases something of their own ask for both."""

from collections.abc import Iterator

import pytest
from tests.databases import MASTER_KEYS
from tests.web.world import World, world

from gatebridge.storage.database import Database, open_database


@pytest.fixture
def acme(sqlite_url: str) -> Iterator[World]:
    database = open_database(sqlite_url, MASTER_KEYS)
    try:
        with world(database) as made:
            yield made
    finally:
        database.close()


@pytest.fixture
def acme_on_both(database: Database) -> Iterator[World]:
    with world(database) as made:
        yield made
