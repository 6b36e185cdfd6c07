"""Installations for the journeys: each test has a directory, a port and a database of its own. Those at setup share a server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.conformance.running import PASSWORD, RunningHouse, running_house
from tests.journeys.chromium import chromium
from tests.journeys.installation import Installation, new_installation

from gatebridge.storage import people


@pytest.fixture
def installation(database_url: str, tmp_path: Path) -> Installation:
    """An installation on a clean, migrated database; the test runs once on each kind."""
    return new_installation(tmp_path, database_url)


@pytest.fixture
def plain_installation(tmp_path: Path) -> Installation:
    """An installation with nothing in it, not even a database file."""
    return new_installation(tmp_path)


@pytest.fixture(scope="module")
def setup_house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    """A server whose admin can sign in at a browser, and in whose org nothing has been set up."""
    directory = tmp_path_factory.mktemp("setup")
    (directory / "var").mkdir()
    shutil.copy(sqlite_template, directory / "var" / "gatebridge.db")
    with running_house(directory) as running:
        with running.database.transaction() as tx:
            hashed = running.server.house.hasher.hash(PASSWORD)
            assert people.set_password_hash(tx, running.admin.org_id, str(running.admin.user_id), hashed)
        yield running


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """A browser for all tests of a file; each person has cookies of their own."""
    with chromium() as browser:
        yield browser
