"""The house in which Salesforce's clients come and go, one for each file, on SQLite; what reads rows of its own asks for both databases."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.attacks.conftest import acme, house, rival
from tests.oauth.conftest import loop
from tests.records.seed import NOON, ManualClock, at_the_time_of
from tests.salesforce.asking import Asking

__all__ = ["acme", "house", "loop", "rival"]


@pytest.fixture(scope="module")
def history(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """A login history of several pages, one for each file."""
    path = tmp_path_factory.mktemp("asking") / "gatebridge.db"
    shutil.copy(sqlite_template, path)
    clock = ManualClock()
    with at_the_time_of(clock, f"sqlite:///{path}") as database:
        yield Asking(database, clock)


@pytest.fixture
def asking(history: Asking) -> Asking:
    """Somebody who asks queries of that history, at noon."""
    history.clock.now = NOON
    return history
