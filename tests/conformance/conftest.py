"""The running server that the tests of the certification profiles ask, one for each file of them."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.relying_party import Person, RelyingParty
from tests.conformance.running import RunningHouse, running_house

from gatebridge.storage import apps

# What the relying parties of the certification's plans may ask for.
SCOPES = ("openid", "profile", "email", "address", "phone", "refresh_token")


@pytest.fixture(scope="module")
def house(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHouse]:
    directory = tmp_path_factory.mktemp("running")
    (directory / "var").mkdir()
    shutil.copy(sqlite_template, directory / "var" / "gatebridge.db")
    with running_house(directory) as running:
        yield running


def relying_party(house: RunningHouse, *, by_post: bool = False, **said: Any) -> RelyingParty:
    """A client as the plans register it: confidential, with the waiver of PKCE, and with ID tokens by RS256."""
    given: dict[str, Any] = {"scopes": SCOPES, "signing_algorithm": "RS256", "pkce_required": False} | said
    app = house.app(**given)
    with house.database.snapshot() as tx:
        settings = apps.settings_of(tx, house.admin.org_id, app.id)
    assert settings is not None
    return RelyingParty(house, app, settings.callbacks[0], by_post)


@pytest.fixture(scope="module")
def first(house: RunningHouse) -> RelyingParty:
    """The client that most modules speak for."""
    return relying_party(house)


@pytest.fixture(scope="module")
def second(house: RunningHouse) -> RelyingParty:
    """Another client, which proves itself in the body of its requests."""
    return relying_party(house, by_post=True)


@pytest.fixture
def person(house: RunningHouse) -> Person:
    """Somebody at a browser in which nobody is signed in yet."""
    return Person(house.browser(), house.person())
