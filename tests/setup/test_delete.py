"""Deleting an app for everybody, and restoring it in time."""

from dataclasses import replace

import pytest
from tests.setup.stage import Stage

from gatebridge.rules.events import Event
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.delete_app import DeleteApp, RestoreApp, delete_app, restore_app
from gatebridge.setup.install_app import InstallApp, install_app
from gatebridge.storage import apps, credentials, revocations

WHY = "replaced by another app"


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def deletion(made: CreatedApp) -> DeleteApp:
    return DeleteApp(made.app.id, made.app.api_name, WHY)


def test_a_deletion_ends_everything_of_the_app_in_every_org_that_has_it(stage: Stage, made: CreatedApp) -> None:
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    deleted = stage.do(delete_app, deletion(made), stage.dan)
    assert deleted == stage.read(lambda tx: apps.by_id(tx, stage.org.id, made.app.id))
    assert (deleted.deleted_at, deleted.epoch) == (stage.clock.now, 1)
    for org in (stage.org, stage.other):
        entry = stage.read(lambda tx, org=org: revocations.since(tx, org.id, 0, 10))[-1]  # type: ignore[misc]
        assert (entry.kind, entry.app_id) == ("app", made.app.id)
    line = stage.audit()[0]
    assert (line.event, line.reason) == (Event.APP_DELETED, WHY)


@pytest.mark.parametrize("typed", ["", "Nightly Job", "nightly_job", "Nightly_Job "])
def test_a_deletion_is_confirmed_by_the_api_name_as_it_is_written(stage: Stage, made: CreatedApp, typed: str) -> None:
    refused = stage.refused(reasons.CONFIRMATION_REQUIRED, delete_app, DeleteApp(made.app.id, typed, WHY))
    assert refused.facts == {"confirm": "Nightly_Job", "orgs": 1}


def test_a_deletion_needs_a_reason(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.REASON_REQUIRED, delete_app, DeleteApp(made.app.id, made.app.api_name, " "))


def test_a_restored_app_has_its_key_and_secrets_and_its_old_tokens_stay_dead(stage: Stage, made: CreatedApp) -> None:
    stage.do(delete_app, deletion(made), stage.dan)
    stage.clock.forward(days=29, hours=23)
    restored = stage.do(restore_app, RestoreApp(made.app.id, "needed after all"), stage.dan)
    assert restored == stage.read(lambda tx: apps.by_id(tx, stage.org.id, made.app.id))
    assert (restored.deleted_at, restored.consumer_key, restored.epoch) == (None, made.app.consumer_key, 1)
    assert stage.read(lambda tx: credentials.secrets_of(tx, stage.org.id, made.app.id)) == [made.secret_record]
    assert stage.audit()[0].event == Event.APP_RESTORED


def test_after_30_days_an_app_is_not_restored(stage: Stage, made: CreatedApp) -> None:
    stage.do(delete_app, deletion(made))
    stage.clock.forward(days=30)
    stage.refused(reasons.STATE_CONFLICT, restore_app, RestoreApp(made.app.id, WHY))


def test_an_app_is_deleted_once_and_restored_once(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.STATE_CONFLICT, restore_app, RestoreApp(made.app.id, WHY))
    stage.do(delete_app, deletion(made))
    stage.refused(reasons.STATE_CONFLICT, delete_app, deletion(made))


def test_only_the_owner_and_who_manages_apps_delete_and_restore(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.PERMISSION_MISSING, delete_app, deletion(made), stage.eve)
    stage.do(delete_app, deletion(made), stage.ada)
    stage.refused(reasons.PERMISSION_MISSING, restore_app, RestoreApp(made.app.id, WHY), stage.eve)


def test_X_AD_01_what_an_admin_deleted_its_owner_does_not_bring_back(stage: Stage, made: CreatedApp) -> None:
    again = RestoreApp(made.app.id, WHY)
    stage.do(delete_app, deletion(made), stage.ada)
    stage.refused(reasons.PERMISSION_MISSING, restore_app, again, stage.dan)
    stage.do(restore_app, again, stage.ada)
    stage.do(delete_app, deletion(made), stage.dan)
    stage.do(restore_app, again, stage.dan)


def test_X_AD_01_who_only_uses_an_app_neither_deletes_nor_restores_it(stage: Stage, made: CreatedApp) -> None:
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    stage.refused(reasons.RECORD_NOT_FOUND, delete_app, deletion(made), stage.otto)
    stage.refused(reasons.RECORD_NOT_FOUND, restore_app, RestoreApp(made.app.id, WHY), stage.otto)


def test_X_AD_12_nobody_deletes_the_app_through_which_they_act(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.STATE_CONFLICT, delete_app, deletion(made), replace(stage.ada, app_id=made.app.id))
