"""Taking an app of another org into use, and out of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.setup.stage import Stage

from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.events import Event
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.delete_app import DeleteApp, delete_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.storage import installations, listed_apps, revocations

WHY = "not used any more"


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def test_X_CA_08_an_app_of_another_org_arrives_closed(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_policies, EditPolicies(made.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE, run_as_user_id=stage.sam.user_id))
    here = stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    assert here.app.id == made.app.id
    assert here.installation.org_id == stage.other.id
    stored = stage.read(lambda tx: installations.policies_of(tx, stage.other.id, here.installation.id))
    assert stored == here.policies == AppPolicies(here.installation.id)
    assert stage.audit(stage.other)[0].event == Event.APP_INSTALLED


def test_installing_is_not_told_to_the_owner(stage: Stage, made: CreatedApp) -> None:
    lines = len(stage.audit())
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    assert len(stage.audit()) == lines


def test_an_app_is_unknown_until_it_is_installed(stage: Stage, made: CreatedApp) -> None:
    assert stage.read(lambda tx: listed_apps.known(tx, stage.other.id, made.app.id)) is None
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    assert stage.read(lambda tx: listed_apps.known(tx, stage.other.id, made.app.id)) is not None


def test_an_app_is_installed_once(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.STATE_CONFLICT, install_app, InstallApp(made.app.consumer_key))


@pytest.mark.parametrize("key", ["", "gbk_nothing"])
def test_a_key_of_no_app_installs_nothing(stage: Stage, key: str) -> None:
    stage.refused(reasons.RECORD_NOT_FOUND, install_app, InstallApp(key), stage.otto)


def test_a_deleted_app_is_not_installed(stage: Stage, made: CreatedApp) -> None:
    stage.do(delete_app, DeleteApp(made.app.id, made.app.api_name, WHY))
    stage.refused(reasons.RECORD_NOT_FOUND, install_app, InstallApp(made.app.consumer_key), stage.otto)


def test_uninstalling_ends_everything_here_and_tells_the_feed(stage: Stage, made: CreatedApp) -> None:
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    gone = stage.do(uninstall_app, UninstallApp(made.app.id, WHY), stage.otto)
    assert gone == stage.read(lambda tx: installations.by_app(tx, stage.other.id, made.app.id))
    assert (gone.uninstalled_at, gone.epoch) == (stage.clock.now, 1)
    assert [entry.kind for entry in stage.read(lambda tx: revocations.since(tx, stage.other.id, 0, 10))] == ["app"]
    assert stage.read(lambda tx: revocations.since(tx, stage.org.id, 0, 10)) == []
    assert stage.audit(stage.other)[0].event == Event.APP_UNINSTALLED


def test_X_CA_08_an_app_that_comes_back_is_closed_again(stage: Stage, made: CreatedApp) -> None:
    """Neither its policies nor its assignments come back with it, and its old tokens stay dead."""
    stage.do(edit_policies, EditPolicies(made.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE, run_as_user_id=stage.sam.user_id))
    stage.do(assign_access, AssignAccess(made.app.id, stage.permission_set().id))
    stage.do(uninstall_app, UninstallApp(made.app.id, WHY))
    again = stage.do(install_app, InstallApp(made.app.consumer_key))
    assert again.installation.id == made.installation.id
    assert again.installation == stage.read(lambda tx: installations.by_app(tx, stage.org.id, made.app.id))
    assert again.installation.epoch == 1
    assert again.policies == AppPolicies(made.installation.id, version=again.policies.version)
    assert again.policies == stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id))
    assert stage.read(lambda tx: installations.permits_of(tx, stage.org.id, made.installation.id)) == []


def test_the_line_of_an_install_tells_what_it_changed_and_nothing_else(stage: Stage, made: CreatedApp) -> None:
    """An app that comes back tells what of its policies was closed; one that gets another end tells that alone."""
    install = InstallApp(made.app.consumer_key, stage.clock.now + timedelta(days=1))
    stage.do(install_app, install, stage.otto)
    stage.do(edit_policies, EditPolicies(made.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE), stage.otto)
    stage.do(install_app, replace(install, until=stage.clock.now + timedelta(days=2)), stage.otto)
    assert [change["field"] for change in stage.audit(stage.other)[0].changes] == ["until"]
    stage.do(uninstall_app, UninstallApp(made.app.id, "not used"), stage.otto)
    stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    closed = {"field": "policies.permitted_users", "before": "self_authorize", "after": "admin_approved"}
    assert closed in stage.audit(stage.other)[0].changes


def test_uninstalling_needs_a_reason_and_happens_once(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.REASON_REQUIRED, uninstall_app, UninstallApp(made.app.id, ""))
    stage.do(uninstall_app, UninstallApp(made.app.id, WHY))
    stage.refused(reasons.STATE_CONFLICT, uninstall_app, UninstallApp(made.app.id, WHY))


def test_installing_and_uninstalling_is_for_who_manages_apps(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.PERMISSION_MISSING, install_app, InstallApp(made.app.consumer_key), stage.dan)
    stage.refused(reasons.PERMISSION_MISSING, uninstall_app, UninstallApp(made.app.id, WHY), stage.dan)


def test_X_AD_01_what_is_not_installed_here_is_not_uninstalled(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.RECORD_NOT_FOUND, uninstall_app, UninstallApp(made.app.id, WHY), stage.otto)


def test_X_AD_12_nobody_uninstalls_the_app_through_which_they_act(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.STATE_CONFLICT, uninstall_app, UninstallApp(made.app.id, WHY), replace(stage.ada, app_id=made.app.id))
