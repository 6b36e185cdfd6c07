"""Installations for the journeys: each test has a directory, a port and a database of its own."""

from pathlib import Path

import pytest
from tests.journeys.installation import Installation, new_installation


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    """An installation on a clean, migrated database; the test runs once on each kind."""
    return new_installation(tmp_path, database_url)


@pytest.fixture
def plain_installation(tmp_path: Path) -> Installation:
    """An installation with nothing in it, not even a database file."""
    return new_installation(tmp_path)
