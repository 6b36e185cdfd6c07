"""A served house for the tests of the web door. SQLite alone: what differs between the databases is tested below this door."""

from collections.abc import Iterator

import pytest
from tests.databases import MASTER_KEYS
from tests.web.world import World, world

from gatebridge.storage.database import open_database


@pytest.fixture
def acme(sqlite_url: str) -> Iterator[World]:
    database = open_database(sqlite_url, MASTER_KEYS)
    try:
        with world(database) as made:
            yield made
    finally:
        database.close()
