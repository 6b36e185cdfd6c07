"""The web origins of apps: kept with their callbacks, known where the app is owned or installed and nowhere else."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.databases import MASTER_KEYS
from tests.setup.stage import Clock, Stage

from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.storage import app_origins, apps
from gatebridge.storage.database import open_database

ORIGIN = "https://acme.example"
CALLBACKS = (
    "https://acme.example/cb",
    "https://acme.example/another?a=b",
    "https://acme.example:443/third",
    "https://acme.example:8443/cb",
    "http://127.0.0.1/cb",
    "com.acme.app:/cb",
)


@pytest.fixture
def stage(database_url: str) -> Iterator[Stage]:
    clock = Clock()
    opened = open_database(database_url, MASTER_KEYS, clock=clock)
    yield Stage(opened, clock)
    opened.close()


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app(callbacks=CALLBACKS, native=True)


def known(stage: Stage, *origins: str, org_id: str | None = None) -> list[bool]:
    return stage.read(lambda tx: [app_origins.known(tx, org_id or stage.org.id, origin) for origin in origins])


def test_X_HT_06_the_origin_of_an_https_callback_is_known_byte_for_byte(stage: Stage, made: CreatedApp) -> None:
    assert known(stage, ORIGIN, "https://acme.example:8443") == [True, True]
    others = (
        "https://ACME.example",
        "https://acme.example/",
        "https://acme.example:443",
        "http://acme.example",
        "https://sub.acme.example",
        "https://acme.example.evil.example",
        "http://127.0.0.1",
        "null",
        "",
    )
    assert not any(known(stage, *others))


def test_an_origin_goes_with_the_last_callback_at_it(stage: Stage, made: CreatedApp) -> None:
    beside = stage.app("Beside", callbacks=("https://beside.example/cb",))
    for callbacks, expected in ((CALLBACKS[1:2], True), (("https://new.example/cb",), False)):
        with stage.database.transaction() as tx:
            settings = apps.settings_of(tx, stage.org.id, made.app.id)
            assert settings is not None
            assert apps.update_settings(tx, stage.org.id, replace(settings, callbacks=callbacks))
        assert known(stage, ORIGIN) == [expected]
    assert known(stage, "https://new.example", "https://beside.example") == [True, True]
    assert beside.app.id != made.app.id


def test_X_AD_09_settings_that_are_stale_leave_the_origins_alone(stage: Stage, made: CreatedApp) -> None:
    with stage.database.transaction() as tx:
        settings = apps.settings_of(tx, stage.org.id, made.app.id)
        assert settings is not None
        stale = replace(settings, version=settings.version + 7, callbacks=("https://new.example/cb",))
        assert not apps.update_settings(tx, stage.org.id, stale)
    assert known(stage, ORIGIN, "https://new.example") == [True, False]


def test_another_org_knows_the_origin_while_it_has_the_app_installed(stage: Stage, made: CreatedApp) -> None:
    there = stage.other.id
    assert known(stage, ORIGIN, org_id=there) == [False]
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    assert known(stage, ORIGIN, org_id=there) == [True]
    stage.do(uninstall_app, UninstallApp(made.app.id, reason="not needed"), stage.otto)
    assert known(stage, ORIGIN, org_id=there) == [False]
    assert known(stage, ORIGIN) == [True]
