"""An issuer that the test plays itself, and a real house on SQLite, for what only the two together can show."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.guard.issuer import Guarded, Issuer
from tests.oauth.door import Loop, event_loop
from tests.oauth.houses import Standing, standing_house
from tests.oauth.tenants import Tenant, make_tenant


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def guarded(issuer: Issuer) -> Iterator[Guarded]:
    with issuer.guarded() as found:
        yield found


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    with event_loop() as running:
        yield running


@pytest.fixture(scope="session")
def house(loop: Loop, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Standing]:
    path = tmp_path_factory.mktemp("guarded house") / "gatebridge.db"
    shutil.copy(sqlite_template, path)
    with standing_house(f"sqlite:///{path}", loop) as standing:
        yield standing


@pytest.fixture
def acme(house: Standing) -> Tenant:
    """An org of this test's own."""
    return make_tenant(house)
