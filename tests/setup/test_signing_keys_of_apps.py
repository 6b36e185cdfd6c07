"""RS256 is there for whoever asks for it (standards ID-01): an app that is set to an algorithm finds a key of the org that signs so."""

import pytest
from tests.setup.stage import Stage

from gatebridge.rules.events import Event
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.create_app import CreateApp, create_app
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.storage import signing_keys
from gatebridge.storage.signing_keys import StoredKey

RSA = CreateApp("Legacy", "Legacy", "dan@acme.example", signing_algorithm="RS256")


def keys(stage: Stage, org: Org | None = None) -> list[StoredKey]:
    return stage.read(lambda tx: signing_keys.published(tx, (org or stage.org).id))


def algorithms(stage: Stage, org: Org | None = None) -> list[str]:
    return sorted(key.algorithm for key in keys(stage, org))


def made(stage: Stage, org: Org | None = None) -> list[str]:
    return [line.target_name for line in stage.audit(org) if line.event == Event.SIGNING_KEY_CREATED]


def test_std_ID_01_a_new_app_with_rs256_finds_a_key_that_signs_at_once(stage: Stage) -> None:
    stage.do(create_app, RSA, stage.dan)
    (key,) = [key for key in keys(stage) if key.algorithm == "RS256"]
    assert key.signs_from == stage.clock.now
    assert made(stage) == [f"RS256 {key.id}"]


def test_a_second_such_app_makes_no_second_key(stage: Stage) -> None:
    stage.do(create_app, RSA, stage.dan)
    stage.app("Another", signing_algorithm="RS256")
    assert algorithms(stage) == ["ES256", "RS256"]
    assert len(made(stage)) == 1


def test_an_app_that_changes_to_it_finds_one_too(stage: Stage) -> None:
    app = stage.app().app
    assert made(stage) == []
    stage.do(edit_settings, EditSettings(app.id, signing_algorithm="RS256"), stage.dan)
    assert algorithms(stage) == ["ES256", "RS256"]


def test_an_org_that_installs_such_an_app_gets_a_key_of_its_own(stage: Stage) -> None:
    app = stage.do(create_app, RSA, stage.dan).app
    assert algorithms(stage, stage.other) == ["ES256"]
    stage.do(install_app, InstallApp(app.consumer_key), stage.otto)
    assert algorithms(stage, stage.other) == ["ES256", "RS256"]
    assert len(made(stage, stage.other)) == 1
    stage.do(uninstall_app, UninstallApp(app.id, "Not needed."), stage.otto)
    stage.do(install_app, InstallApp(app.consumer_key), stage.otto)
    assert len(made(stage, stage.other)) == 1


def test_what_is_refused_makes_no_key(stage: Stage) -> None:
    stage.refused(
        setup_reasons.FIELD_INVALID, create_app, CreateApp("", "Legacy", "dan@acme.example", signing_algorithm="RS256"), stage.dan
    )
    stage.refused(setup_reasons.FIELD_INVALID, create_app, CreateApp("L", "L", "dan@acme.example", signing_algorithm="HS256"), stage.dan)
    assert algorithms(stage) == ["ES256"]


@pytest.mark.parametrize("removed", [False, True], ids=["retired", "removed"])
def test_a_key_that_somebody_took_out_of_use_does_not_come_back_by_an_app(stage: Stage, removed: bool) -> None:
    stage.do(create_app, RSA, stage.dan)
    (key,) = [key for key in keys(stage) if key.algorithm == "RS256"]
    with stage.database.transaction() as tx:
        signing_keys.retire(tx, stage.org.id, key.id)
        if removed:
            signing_keys.remove(tx, stage.org.id, key.id)
    stage.app("Another", signing_algorithm="RS256")
    assert len(made(stage)) == 1
