"""Editing policies: the admin of the org that uses the app, within its own rights."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.setup.stage import Stage, add_person

from gatebridge.rules.actors import Actor
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.events import Event
from gatebridge.rules.lifetimes import RefreshPolicy
from gatebridge.rules.network import Relaxation
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import EVERY_POWER, NARROWING, Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.storage import installations

MANAGER = frozenset({Permission.MANAGE_CONNECTED_APPS})


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def person(stage: Stage, username: str, rights: frozenset[Permission], **how: Any) -> Actor:
    with stage.database.transaction() as tx:
        return add_person(tx, stage.org, username, rights, **how)


def test_policies_are_saved_as_said(stage: Stage, made: CreatedApp) -> None:
    edited = stage.do(
        edit_policies,
        EditPolicies(
            made.app.id,
            permitted_users=PermittedUsers.SELF_AUTHORIZE,
            ip_relaxation=Relaxation.RELAX,
            access_token_minutes=30,
            jwt_access_token_minutes=5,
            run_as_user_id=stage.sam.user_id,
            may_administer=True,
        ),
    )
    assert edited.version == 2
    assert stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id)) == edited
    assert stage.audit()[0].event == Event.APP_POLICIES_EDITED


def test_none_is_a_value_and_takes_the_setting_back(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=30, run_as_user_id=stage.sam.user_id))
    edited = stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=None, run_as_user_id=None))
    assert (edited.access_token_minutes, edited.run_as_user_id) == (None, None)


def test_the_developer_of_an_app_does_not_edit_its_policies(stage: Stage, made: CreatedApp) -> None:
    command = EditPolicies(made.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE)
    stage.refused(reasons.PERMISSION_MISSING, edit_policies, command, stage.dan)


def test_X_AD_01_policies_are_those_of_ones_own_org(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.RECORD_NOT_FOUND, edit_policies, EditPolicies(made.app.id, access_token_minutes=30), stage.otto)
    installed = stage.do(install_app, InstallApp(made.app.consumer_key), stage.otto)
    stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=30), stage.otto)
    assert stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id)) == made.policies
    theirs = stage.read(lambda tx: installations.policies_of(tx, stage.other.id, installed.installation.id))
    assert theirs is not None
    assert theirs.access_token_minutes == 30


def test_minutes_outside_the_bounds_are_refused_together(stage: Stage, made: CreatedApp) -> None:
    command = EditPolicies(made.app.id, access_token_minutes=14, jwt_access_token_minutes=721)
    refused = stage.refused(reasons.FIELD_INVALID, edit_policies, command)
    assert stage.fields(refused) == {"access_token_minutes", "jwt_access_token_minutes"}


def exception(made: CreatedApp, stage: Stage, **changes: Any) -> EditPolicies:
    """An edit by which refresh tokens live until they are revoked, for 90 days."""
    command = EditPolicies(
        made.app.id,
        refresh_policies=(RefreshPolicy("until_revoked"),),
        refresh_exception_reason="The vendor cannot sign in again.",
        refresh_exception_until=stage.clock.now + timedelta(days=90),
    )
    return replace(command, **changes)


def test_the_policies_of_the_flows_of_people_are_saved_as_said(stage: Stage, made: CreatedApp) -> None:
    command = EditPolicies(made.app.id, refresh_grace_seconds=0, authorization_code_seconds=300, max_grants_per_user=3)
    edited = stage.do(edit_policies, command)
    assert stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id)) == edited
    assert (edited.refresh_grace_seconds, edited.authorization_code_seconds, edited.max_grants_per_user) == (0, 300, 3)


def test_X_RT_08_the_limit_that_an_edit_leaves_out_is_the_default_one(stage: Stage, made: CreatedApp) -> None:
    edited = stage.do(edit_policies, EditPolicies(made.app.id, refresh_policies=(RefreshPolicy("absolute", 12, "hours"),)))
    assert [str(policy) for policy in edited.refresh_policies] == ["idle:30:days", "absolute:12:hours"]
    assert stage.audit()[0].changes == (
        {"field": "refresh_policies", "before": ["idle:30:days", "absolute:365:days"], "after": ["idle:30:days", "absolute:12:hours"]},
    )


def test_X_RT_08_until_revoked_needs_a_written_reason_and_an_end(stage: Stage, made: CreatedApp) -> None:
    bare = EditPolicies(made.app.id, refresh_policies=(RefreshPolicy("until_revoked"),))
    refused = stage.refused(reasons.FIELD_INVALID, edit_policies, bare)
    assert stage.fields(refused) == {"refresh_exception_reason", "refresh_exception_until"}
    late = exception(made, stage, refresh_exception_until=stage.clock.now + timedelta(days=731))
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_policies, late)) == {"refresh_exception_until"}
    edited = stage.do(edit_policies, exception(made, stage))
    assert stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id)) == edited


def test_X_RT_08_an_exception_goes_with_what_it_excused(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_policies, exception(made, stage))
    edited = stage.do(edit_policies, EditPolicies(made.app.id, refresh_policies=(RefreshPolicy("idle", 8, "hours"),)))
    assert (edited.refresh_exception_reason, edited.refresh_exception_until) == ("", None)


def test_X_RT_08_an_exception_that_is_over_stands_in_the_way_of_no_other_edit(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_policies, exception(made, stage))
    stage.clock.forward(days=91)
    assert stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=30)).access_token_minutes == 30


def test_X_AD_09_of_two_editors_the_second_is_told(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=30, expected_version=1))
    stage.refused(reasons.VERSION_STALE, edit_policies, EditPolicies(made.app.id, access_token_minutes=60, expected_version=1))


@pytest.mark.parametrize("right", sorted(EVERY_POWER))
def test_X_AD_04_an_app_acts_for_nobody_who_holds_more_than_the_editor(stage: Stage, made: CreatedApp, right: Permission) -> None:
    """For each right: who lacks it cannot name a run-as user who holds it, and whoever holds it can."""
    powerful = person(stage, "powerful", frozenset({right}))
    command = EditPolicies(made.app.id, run_as_user_id=powerful.user_id)
    lacking = replace(stage.ada, permissions=(EVERY_POWER - {right}) | MANAGER)
    if right not in MANAGER:
        refused = stage.refused(reasons.RIGHT_BEYOND_OWN, edit_policies, command, lacking)
        assert refused.facts == {"permissions": [right]}
    assert stage.do(edit_policies, command, replace(stage.ada, permissions=MANAGER | {right})).run_as_user_id == powerful.user_id


def test_X_AD_04_api_only_is_no_power(stage: Stage, made: CreatedApp) -> None:
    service = person(stage, "service", NARROWING)
    editor = replace(stage.ada, permissions=MANAGER)
    stage.do(edit_policies, EditPolicies(made.app.id, run_as_user_id=service.user_id), editor)


def test_X_AD_04_other_policies_can_be_edited_whoever_the_app_acts_for(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_policies, EditPolicies(made.app.id, run_as_user_id=stage.ada.user_id))
    editor = replace(stage.ada, permissions=MANAGER)
    assert stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=30), editor).run_as_user_id == stage.ada.user_id


def test_X_AD_04_letting_an_app_administer_the_org_takes_manage_security(stage: Stage, made: CreatedApp) -> None:
    command = EditPolicies(made.app.id, may_administer=True)
    stage.refused(reasons.PERMISSION_MISSING, edit_policies, command, replace(stage.ada, permissions=MANAGER))
    stage.do(edit_policies, command, replace(stage.ada, permissions=MANAGER | {Permission.MANAGE_SECURITY}))
    assert not stage.do(
        edit_policies, EditPolicies(made.app.id, may_administer=False), replace(stage.ada, permissions=MANAGER)
    ).may_administer


def test_X_AD_04_who_lets_an_app_administer_holds_what_the_user_holds_for_whom_it_acts(stage: Stage, made: CreatedApp) -> None:
    """Else somebody who may only manage apps and security would command, through a secret of the app, whatever its run-as user may do."""
    stage.do(edit_policies, EditPolicies(made.app.id, run_as_user_id=stage.ada.user_id))
    editor = replace(stage.ada, permissions=MANAGER | {Permission.MANAGE_SECURITY})
    refused = stage.refused(reasons.RIGHT_BEYOND_OWN, edit_policies, EditPolicies(made.app.id, may_administer=True), editor)
    assert "View Setup" in str(refused.detail)
    assert Permission.MANAGE_USERS in refused.facts["permissions"]  # type: ignore[operator]
    assert stage.do(edit_policies, EditPolicies(made.app.id, may_administer=True)).may_administer
    # What stands already is no gift of whoever edits something else.
    stage.do(edit_policies, EditPolicies(made.app.id, access_token_minutes=30), editor)


def test_X_AD_07_the_run_as_user_is_of_this_org(stage: Stage, made: CreatedApp) -> None:
    of_another = stage.refused(reasons.FIELD_INVALID, edit_policies, EditPolicies(made.app.id, run_as_user_id=stage.otto.user_id))
    of_nothing = stage.refused(reasons.FIELD_INVALID, edit_policies, EditPolicies(made.app.id, run_as_user_id="005000000000000"))
    assert of_another.fields == of_nothing.fields


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"state": UserState.DEACTIVATED}, id="deactivated"),
        pytest.param({"state": UserState.INVITED}, id="only invited"),
        pytest.param({"frozen": True}, id="frozen"),
    ],
)
def test_an_app_acts_for_nobody_who_may_not_act(stage: Stage, made: CreatedApp, how: dict[str, Any]) -> None:
    stopped = person(stage, "stopped", frozenset(), **how)
    refused = stage.refused(reasons.FIELD_INVALID, edit_policies, EditPolicies(made.app.id, run_as_user_id=stopped.user_id))
    assert stage.fields(refused) == {"run_as_user_id"}


def test_X_AD_12_nobody_takes_the_administration_from_the_app_through_which_they_act(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_policies, EditPolicies(made.app.id, may_administer=True))
    inside = replace(stage.ada, app_id=made.app.id)
    stage.refused(reasons.STATE_CONFLICT, edit_policies, EditPolicies(made.app.id, may_administer=False), inside)


def test_an_uninstalled_app_has_no_policies_to_edit(stage: Stage, made: CreatedApp) -> None:
    stage.do(uninstall_app, UninstallApp(made.app.id, "not used"))
    stage.refused(reasons.STATE_CONFLICT, edit_policies, EditPolicies(made.app.id, access_token_minutes=30))
