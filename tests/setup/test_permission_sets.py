"""Permission sets: made, edited, deleted, and given to others until a moment or for good."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.setup.stage import Stage, add_person

from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.people import Assignment, PermissionSet
from gatebridge.rules.people_checks import ADMIN_RIGHTS
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.assign_permission_set import (
    AssignPermissionSet,
    UnassignPermissionSet,
    assign_permission_set,
    unassign_permission_set,
)
from gatebridge.setup.manage_permission_sets import (
    CreatePermissionSet,
    DeletePermissionSet,
    EditPermissionSet,
    create_permission_set,
    delete_permission_set,
    edit_permission_set,
)
from gatebridge.storage import facts, installations, people, permission_sets


def made(stage: Stage, *rights: Permission, api_name: str = "Callers") -> PermissionSet:
    return stage.do(create_permission_set, CreatePermissionSet(api_name, api_name, permissions=frozenset(rights)))


def current(stage: Stage, set_id: str) -> PermissionSet | None:
    return stage.read(lambda tx: permission_sets.by_id(tx, stage.org.id, set_id))


def rights_of(stage: Stage, actor: Actor) -> frozenset[Permission]:
    """What the user may do at this moment of the stage."""
    standing = stage.read(lambda tx: facts.standing(tx, stage.org.id, actor.user_id or ""))
    assert standing is not None
    return standing.permissions(stage.clock.now)


def id_of(actor: Actor) -> str:
    assert actor.user_id is not None
    return actor.user_id


def test_a_permission_set_is_made_as_it_is_said_and_held_by_nobody(stage: Stage) -> None:
    command = CreatePermissionSet("Callers", "Callers", "Who may call", frozenset({Permission.API_ENABLED}))
    held = stage.do(create_permission_set, command)
    assert current(stage, held.id) == held
    assert (held.label, held.api_name, held.description) == ("Callers", "Callers", "Who may call")
    assert stage.audit()[0].event == Event.PERMISSION_SET_CREATED


def test_everything_wrong_about_a_permission_set_is_told_at_once(stage: Stage) -> None:
    refused = stage.refused(reasons.FIELD_INVALID, create_permission_set, CreatePermissionSet("", "1_", "\0"))
    assert stage.fields(refused) == {"label", "api_name", "description"}


def test_an_api_name_is_its_own(stage: Stage) -> None:
    made(stage)
    stage.refused(reasons.NAME_TAKEN, create_permission_set, CreatePermissionSet("Others", "Callers"))


def test_an_edit_changes_what_it_names_and_is_told(stage: Stage) -> None:
    held = made(stage)
    edited = stage.do(edit_permission_set, EditPermissionSet(held.id, 1, "Label", "More", frozenset({Permission.API_ENABLED})))
    assert edited == current(stage, held.id)
    assert edited == replace(held, label="Label", description="More", permissions=frozenset({Permission.API_ENABLED}), version=2)
    assert {change["field"] for change in stage.audit()[0].changes} == {"label", "description", "permissions"}
    assert stage.do(edit_permission_set, EditPermissionSet(held.id, label="Label")) == edited


def test_an_edit_reaches_all_who_hold_the_set_at_once(stage: Stage) -> None:
    held = made(stage)
    stage.do(assign_permission_set, AssignPermissionSet(id_of(stage.sam), held.id))
    stage.do(edit_permission_set, EditPermissionSet(held.id, permissions=frozenset({Permission.VIEW_SETUP})))
    assert rights_of(stage, stage.sam) == {Permission.API_ENABLED, Permission.VIEW_SETUP}


def test_X_AD_09_a_set_is_not_edited_or_deleted_over_somebody_elses_edit(stage: Stage) -> None:
    held = made(stage)
    stage.do(edit_permission_set, EditPermissionSet(held.id, 1, description="Mine"))
    stage.refused(reasons.VERSION_STALE, edit_permission_set, EditPermissionSet(held.id, 1, description="Yours"))
    stage.refused(reasons.VERSION_STALE, delete_permission_set, DeletePermissionSet(held.id, 1))


def test_X_AD_04_nobody_gives_a_right_beyond_their_own_by_a_set(stage: Stage) -> None:
    """Each right alone, by somebody who holds all others: by a new set, by one that there is, and by assigning one that gives it."""
    empty = made(stage)
    for right in sorted(EVERY_POWER - {Permission.MANAGE_PROFILES_AND_PERMISSION_SETS}):
        strong = made(stage, right, api_name=f"Gives_{right.value}")
        limited = replace(stage.ada, permissions=EVERY_POWER - {right})
        attempts: list[tuple[Any, Any]] = [
            (create_permission_set, CreatePermissionSet("C", "Climbers", permissions=frozenset({right}))),
            (edit_permission_set, EditPermissionSet(empty.id, permissions=frozenset({right}))),
            (assign_permission_set, AssignPermissionSet(id_of(stage.sam), strong.id)),
        ]
        for verb, command in attempts:
            assert stage.refused(reasons.RIGHT_BEYOND_OWN, verb, command, limited).facts == {"permissions": [right]}


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        pytest.param(set(), {Permission.VIEW_SETUP}, False, id="not for more"),
        pytest.param({Permission.API_ONLY}, set(), False, id="not for a narrowing less"),
        pytest.param({Permission.VIEW_SETUP}, set(), True, id="for less"),
        pytest.param(set(), {Permission.API_ONLY}, True, id="for a narrowing more"),
    ],
)
@pytest.mark.parametrize("days", [None, 1], ids=["for good", "until tomorrow"])
def test_X_AD_04_who_holds_a_set_edits_it(
    stage: Stage, before: set[Permission], after: set[Permission], allowed: bool, days: int | None
) -> None:
    held = made(stage, *before)
    with stage.database.transaction() as tx:
        second = add_person(tx, stage.org, "second", EVERY_POWER)
    end = None if days is None else stage.clock.now + timedelta(days=days)
    stage.do(assign_permission_set, AssignPermissionSet(id_of(stage.ada), held.id, end), second)
    command = EditPermissionSet(held.id, permissions=frozenset(after))
    if allowed:
        assert stage.do(edit_permission_set, command).permissions == after
    else:
        stage.refused(reasons.OWN_ASSIGNMENT, edit_permission_set, command)


def test_X_AD_04_nobody_gives_a_set_to_themselves_or_takes_one_from_themselves(stage: Stage) -> None:
    held = made(stage, Permission.API_ENABLED)
    stage.refused(reasons.OWN_ASSIGNMENT, assign_permission_set, AssignPermissionSet(id_of(stage.ada), held.id))
    stage.refused(reasons.OWN_ASSIGNMENT, unassign_permission_set, UnassignPermissionSet(id_of(stage.ada), held.id))


def test_a_set_that_is_assigned_gives_its_rights_until_its_end(stage: Stage) -> None:
    held = made(stage, Permission.VIEW_SETUP)
    end = stage.clock.now + timedelta(hours=1)
    assert stage.do(assign_permission_set, AssignPermissionSet(id_of(stage.sam), held.id, end)) == Assignment(held.id, end)
    assert Permission.VIEW_SETUP in rights_of(stage, stage.sam)
    stage.clock.now = end
    assert Permission.VIEW_SETUP not in rights_of(stage, stage.sam)
    line = stage.audit()[0]
    assert (line.event, line.target_id) == (Event.PERMISSION_SET_ASSIGNED, stage.sam.user_id)
    assert {"field": "permission_set", "before": None, "after": "Callers"} in line.changes


def test_assigning_again_moves_the_end_and_is_told(stage: Stage) -> None:
    held = made(stage)
    end = stage.clock.now + timedelta(days=1)
    stage.do(assign_permission_set, AssignPermissionSet(id_of(stage.sam), held.id, end))
    stage.do(assign_permission_set, AssignPermissionSet(id_of(stage.sam), held.id))
    assert stage.audit()[0].changes == ({"field": "until", "before": end.isoformat(), "after": "for good"},)


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_set_is_not_assigned_until_a_moment_that_has_passed(stage: Stage, seconds: int) -> None:
    command = AssignPermissionSet(id_of(stage.sam), made(stage).id, stage.clock.now + timedelta(seconds=seconds))
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, assign_permission_set, command)) == {"expires_at"}


def test_a_set_that_is_taken_gives_nothing_any_more(stage: Stage) -> None:
    held = made(stage, Permission.VIEW_SETUP)
    stage.do(assign_permission_set, AssignPermissionSet(id_of(stage.sam), held.id))
    stage.do(unassign_permission_set, UnassignPermissionSet(id_of(stage.sam), held.id))
    assert Permission.VIEW_SETUP not in rights_of(stage, stage.sam)
    assert stage.audit()[0].event == Event.PERMISSION_SET_UNASSIGNED
    stage.refused(reasons.STATE_CONFLICT, unassign_permission_set, UnassignPermissionSet(id_of(stage.sam), held.id))


def only_admin_by_set(stage: Stage) -> PermissionSet:
    """Sam administers by a permission set, and by now nobody else does."""
    held = made(stage, *ADMIN_RIGHTS)
    stage.do(assign_permission_set, AssignPermissionSet(id_of(stage.sam), held.id))
    with stage.database.transaction() as tx:
        people.change_frozen(tx, stage.org.id, id_of(stage.ada), True)
    return held


def test_X_AD_12_the_set_that_makes_the_last_admin_stays_as_and_where_it_is(stage: Stage) -> None:
    """It is not taken, it is not given an end, and it keeps both rights."""
    held = only_admin_by_set(stage)
    attempts: list[tuple[Any, Any]] = [
        (unassign_permission_set, UnassignPermissionSet(id_of(stage.sam), held.id)),
        (assign_permission_set, AssignPermissionSet(id_of(stage.sam), held.id, stage.clock.now + timedelta(days=1))),
        (edit_permission_set, EditPermissionSet(held.id, permissions=frozenset({Permission.MANAGE_USERS}))),
    ]
    for verb, command in attempts:
        stage.refused(reasons.LAST_ADMIN, verb, command)
        assert rights_of(stage, stage.sam) >= ADMIN_RIGHTS


def test_a_set_that_nobody_holds_is_deleted_and_told(stage: Stage) -> None:
    held = made(stage)
    stage.do(delete_permission_set, DeletePermissionSet(held.id, 1))
    assert current(stage, held.id) is None
    assert (stage.audit()[0].event, stage.audit()[0].target_name) == (Event.PERMISSION_SET_DELETED, "Callers")


def test_a_set_that_somebody_holds_stays_even_when_it_has_run_out(stage: Stage) -> None:
    held = made(stage)
    stage.do(assign_permission_set, AssignPermissionSet(id_of(stage.sam), held.id, stage.clock.now + timedelta(days=1)))
    stage.clock.forward(days=2)
    refused = stage.refused(reasons.STATE_CONFLICT, delete_permission_set, DeletePermissionSet(held.id))
    assert refused.facts == {"users": 1, "apps": 0}


def test_a_set_that_an_app_is_used_through_stays(stage: Stage) -> None:
    held, app = made(stage), stage.app()
    with stage.database.transaction() as tx:
        installations.put_permit(tx, stage.org.id, app.installation.id, Assignment(held.id))
    refused = stage.refused(reasons.STATE_CONFLICT, delete_permission_set, DeletePermissionSet(held.id))
    assert refused.facts == {"users": 0, "apps": 1}
