"""The house that the stories of the protocol are told in: one on each database for the whole run, and a new org in it for each test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.databases import Postgres
from tests.oauth.door import Loop, event_loop
from tests.oauth.houses import Standing, SteppedClock, standing_house
from tests.oauth.tenants import Tenant, make_tenant


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    with event_loop() as running:
        yield running


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A house that stands for the whole run. Tests share it and not their orgs; one that would break it builds its own."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("house") / "gatebridge.db"
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, path)
        url = f"sqlite:///{path}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create(next(request.getfixturevalue("postgres_names")), request.getfixturevalue("postgres_template"))
    with standing_house(url, loop) as standing:
        yield standing


@pytest.fixture
def acme(house: Standing) -> Tenant:
    """An org of this test's own."""
    return make_tenant(house)


@pytest.fixture
def rival(house: Standing) -> Tenant:
    """A second org in the same installation."""
    return make_tenant(house)


HouseMaker = Callable[..., Standing]


@pytest.fixture
def own_house(database_url: str, loop: Loop) -> Iterator[HouseMaker]:
    """Makes houses on a database of this test's own: the second one is a second node, or the first one after a restart."""
    with ExitStack() as stack:
        clock = SteppedClock()

        def make(**given: int) -> Standing:
            return stack.enter_context(standing_house(database_url, loop, clock, **given))

        yield make
