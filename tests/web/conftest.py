"""A served house for the tests of the web door, one for each file. SQLite alone: what differs between the databases is tested below."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.databases import MASTER_KEYS
from tests.web.world import World, world

from gatebridge.storage.database import open_database


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    path = tmp_path_factory.mktemp("web") / "gatebridge.db"
    shutil.copy(sqlite_template, path)
    database = open_database(f"sqlite:///{path}", MASTER_KEYS)
    try:
        with world(database) as made:
            yield made
    finally:
        database.close()


@pytest.fixture
def acme(served: World) -> World:
    """The house of this file. These tests change nothing in it, and each begins with an empty log."""
    served.log.seek(0)
    served.log.truncate()
    return served
