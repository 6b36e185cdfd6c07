"""Which profiles and permission sets may use an app."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.setup.stage import Stage

from gatebridge.rules.events import Event
from gatebridge.rules.people import Assignment
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.assign_access import AssignAccess, RemoveAccess, assign_access, remove_access
from gatebridge.setup.create_app import CreatedApp
from gatebridge.storage import installations


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def permits(stage: Stage, made: CreatedApp) -> list[Assignment]:
    return stage.read(lambda tx: installations.permits_of(tx, stage.org.id, made.installation.id))


def test_a_permission_set_and_a_profile_can_be_assigned(stage: Stage, made: CreatedApp) -> None:
    callers, profile_id = stage.permission_set(), stage.user_of(stage.sam).profile_id
    stage.do(assign_access, AssignAccess(made.app.id, callers.id))
    stage.do(assign_access, AssignAccess(made.app.id, profile_id))
    assert {permit.holder_id for permit in permits(stage, made)} == {callers.id, profile_id}


def test_an_assignment_can_end_and_its_end_can_be_moved(stage: Stage, made: CreatedApp) -> None:
    callers = stage.permission_set()
    soon, late = stage.clock.now + timedelta(days=1), stage.clock.now + timedelta(days=9)
    stage.do(assign_access, AssignAccess(made.app.id, callers.id, soon))
    stage.do(assign_access, AssignAccess(made.app.id, callers.id, late))
    assert permits(stage, made) == [Assignment(callers.id, late)]


def test_an_assignment_does_not_begin_over(stage: Stage, made: CreatedApp) -> None:
    command = AssignAccess(made.app.id, stage.permission_set().id, stage.clock.now)
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, assign_access, command)) == {"expires_at"}


def test_access_can_be_taken_away_once(stage: Stage, made: CreatedApp) -> None:
    callers = stage.permission_set()
    stage.do(assign_access, AssignAccess(made.app.id, callers.id))
    stage.do(remove_access, RemoveAccess(made.app.id, callers.id))
    assert permits(stage, made) == []
    stage.refused(reasons.RECORD_NOT_FOUND, remove_access, RemoveAccess(made.app.id, callers.id))


def test_the_audit_trail_names_who_got_and_lost_access(stage: Stage, made: CreatedApp) -> None:
    callers = stage.permission_set()
    stage.do(assign_access, AssignAccess(made.app.id, callers.id))
    stage.do(remove_access, RemoveAccess(made.app.id, callers.id))
    removed, assigned = stage.audit()[:2]
    assert (assigned.event, removed.event) == (Event.APP_ACCESS_ASSIGNED, Event.APP_ACCESS_REMOVED)
    assert list(assigned.changes) == [{"field": "access.Callers", "before": None, "after": "without an end"}]
    assert list(removed.changes) == [{"field": "access.Callers", "before": "without an end", "after": None}]


def test_assigning_what_is_assigned_writes_nothing(stage: Stage, made: CreatedApp) -> None:
    command = AssignAccess(made.app.id, stage.permission_set().id)
    stage.do(assign_access, command)
    lines = len(stage.audit())
    assert stage.do(assign_access, command) == Assignment(command.holder_id)
    assert len(stage.audit()) == lines


def test_the_developer_of_an_app_does_not_say_who_may_use_it(stage: Stage, made: CreatedApp) -> None:
    callers = stage.permission_set()
    stage.refused(reasons.PERMISSION_MISSING, assign_access, AssignAccess(made.app.id, callers.id), stage.dan)
    stage.refused(reasons.PERMISSION_MISSING, remove_access, RemoveAccess(made.app.id, callers.id), stage.dan)


def test_X_AD_07_a_holder_of_another_org_is_as_unknown_as_one_that_never_was(stage: Stage, made: CreatedApp) -> None:
    theirs = stage.permission_set(org=stage.other)
    for holder_id in (theirs.id, stage.user_of(stage.otto).profile_id, "0PS000000000000", stage.sam.user_id or ""):
        refused = stage.refused(reasons.RECORD_NOT_FOUND, assign_access, AssignAccess(made.app.id, holder_id))
        assert refused.detail is None


def test_X_AD_01_an_app_that_is_not_installed_here_is_unknown(stage: Stage, made: CreatedApp) -> None:
    theirs = stage.permission_set(org=stage.other)
    stage.refused(reasons.RECORD_NOT_FOUND, assign_access, AssignAccess(made.app.id, theirs.id), stage.otto)
    stage.refused(reasons.RECORD_NOT_FOUND, remove_access, RemoveAccess(made.app.id, theirs.id), replace(stage.otto))
