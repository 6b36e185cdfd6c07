"""The house in which flows are tried: one for each file, with an admin who can sign in; each test has apps of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.api.tries.trial import JOB, PASSWORD, PORTAL, Trial, trial
from tests.databases import MASTER_KEYS
from tests.web.world import World, world

from gatebridge.storage import people
from gatebridge.storage.database import open_database


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[World]:
    """One house for all of these; each test has apps of its own in it."""
    path = tmp_path_factory.mktemp("tries") / "gatebridge.db"
    shutil.copy(sqlite_template, path)
    database = open_database(f"sqlite:///{path}", MASTER_KEYS)
    try:
        with world(database) as made:
            hashed = made.house.hasher.hash(PASSWORD)
            made.change(lambda tx: people.set_password_hash(tx, made.admin.user.org_id, made.admin.user.id, hashed))
            yield made
    finally:
        database.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A name for an app of this test."""
    return "a_" + "".join(each if each.isalnum() else "_" for each in request.node.name)[-70:].strip("_").replace("__", "_")


@pytest.fixture
def job(acme: World, name: str) -> Trial:
    return trial(acme, name, **JOB)


@pytest.fixture
def portal(acme: World, name: str) -> Trial:
    return trial(acme, name, **PORTAL)
