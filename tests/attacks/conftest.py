"""The house that is attacked, one for each file. On SQLite: what is read and refused here never reaches a row."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oauth.conftest import loop  # noqa: F401 - the loop of the protocol's stories
from tests.oauth.door import Loop
from tests.oauth.houses import Standing, standing_house
from tests.oauth.tenants import Tenant, make_tenant


@pytest.fixture(scope="module")
def house(loop: Loop, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:  # noqa: F811
    path = tmp_path_factory.mktemp("attacked") / "gatebridge.db"
    shutil.copy(sqlite_template, path)
    with standing_house(f"sqlite:///{path}", loop) as standing:
        yield standing


@pytest.fixture
def acme(house: Standing) -> Tenant:
    return make_tenant(house)


@pytest.fixture
def rival(house: Standing) -> Tenant:
    return make_tenant(house)
