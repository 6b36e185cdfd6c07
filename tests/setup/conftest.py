"""The stage of the verbs about apps, once on each database."""

from collections.abc import Iterator

import pytest
from tests.databases import MASTER_KEYS
from tests.setup.stage import Clock, Stage

from gatebridge.storage.database import open_database


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    """Two orgs with people, and a clock that the test moves."""
    clock = Clock()
    opened = open_database(database_url, MASTER_KEYS, clock=clock)
    yield Stage(opened, clock)
    opened.close()
