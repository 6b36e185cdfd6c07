"""Custom permissions: named, given to profiles and permission sets, taken away, and never given to oneself."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from tests.setup.stage import Stage
from tests.setup.test_every_people_verb import everything

from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.people import CustomPermission, PermissionSet
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.setup.assign_permission_set import AssignPermissionSet, assign_permission_set
from gatebridge.setup.manage_custom_permissions import (
    AssignCustomPermission,
    CreateCustomPermission,
    DeleteCustomPermission,
    EditCustomPermission,
    UnassignCustomPermission,
    assign_custom_permission,
    create_custom_permission,
    delete_custom_permission,
    edit_custom_permission,
    unassign_custom_permission,
)
from gatebridge.storage import custom_permissions

RIGHT = Permission.MANAGE_PROFILES_AND_PERMISSION_SETS

Verb = Callable[..., Any]
ADDRESSED: dict[Verb, Callable[[CustomPermission, PermissionSet], object]] = {
    edit_custom_permission: lambda permission, _: EditCustomPermission(permission.id, label="New"),
    delete_custom_permission: lambda permission, _: DeleteCustomPermission(permission.id),
    assign_custom_permission: lambda permission, held: AssignCustomPermission(permission.id, held.id),
    unassign_custom_permission: lambda permission, held: UnassignCustomPermission(permission.id, held.id),
}


def made(stage: Stage, api_name: str = "Refund", actor: Actor | None = None) -> CustomPermission:
    return stage.do(create_custom_permission, CreateCustomPermission("Give refunds", api_name, "Up to 100"), actor)


def names_of(stage: Stage, *holders: str) -> tuple[str, ...]:
    return stage.read(lambda tx: custom_permissions.names_for(tx, stage.org.id, holders))


def test_one_is_named_called_otherwise_given_taken_and_removed_and_each_is_told(stage: Stage) -> None:
    permission, held = made(stage), stage.permission_set()
    edited = stage.do(edit_custom_permission, EditCustomPermission(permission.id, 1, label="Refunds"))
    assert (edited.label, edited.api_name, edited.version) == ("Refunds", "Refund", 2)
    assert stage.do(assign_custom_permission, AssignCustomPermission(permission.id, held.id)) == held.label
    assert names_of(stage, held.id) == ("Refund",)
    stage.do(unassign_custom_permission, UnassignCustomPermission(permission.id, held.id))
    assert names_of(stage, held.id) == ()
    stage.do(delete_custom_permission, DeleteCustomPermission(permission.id, 2))
    lines = stage.audit()[:5]
    assert [line.event for line in reversed(lines)] == [
        Event.CUSTOM_PERMISSION_CREATED,
        Event.CUSTOM_PERMISSION_EDITED,
        Event.CUSTOM_PERMISSION_ASSIGNED,
        Event.CUSTOM_PERMISSION_UNASSIGNED,
        Event.CUSTOM_PERMISSION_DELETED,
    ]
    assert lines[2].changes == ({"field": "given_by", "before": None, "after": held.label},)
    assert {line.target_id for line in lines} == {permission.id}


def test_what_changes_nothing_is_not_told(stage: Stage) -> None:
    permission, held = made(stage), stage.permission_set()
    stage.do(assign_custom_permission, AssignCustomPermission(permission.id, held.id))
    before = len(stage.audit())
    stage.do(assign_custom_permission, AssignCustomPermission(permission.id, held.id))
    assert stage.do(edit_custom_permission, EditCustomPermission(permission.id, label="Give refunds")).version == 1
    assert len(stage.audit()) == before


def test_everything_wrong_about_one_is_told_at_once(stage: Stage) -> None:
    refused = stage.refused(reasons.FIELD_INVALID, create_custom_permission, CreateCustomPermission("", "1_", "\0"))
    assert stage.fields(refused) == {"label", "api_name", "description"}
    made(stage)
    refused = stage.refused(reasons.NAME_TAKEN, create_custom_permission, CreateCustomPermission("Others", "Refund"))
    assert stage.fields(refused) == {"api_name"}


def test_X_AD_09_it_is_edited_and_removed_in_the_version_that_was_read(stage: Stage) -> None:
    permission = made(stage)
    for verb, command in ((edit_custom_permission, EditCustomPermission), (delete_custom_permission, DeleteCustomPermission)):
        stage.refused(reasons.VERSION_STALE, verb, command(permission.id, 7))


def test_one_that_something_gives_stays(stage: Stage) -> None:
    permission, held = made(stage), stage.permission_set()
    stage.do(assign_custom_permission, AssignCustomPermission(permission.id, held.id))
    refused = stage.refused(reasons.STATE_CONFLICT, delete_custom_permission, DeleteCustomPermission(permission.id))
    assert refused.facts == {"holders": 1}
    stage.do(unassign_custom_permission, UnassignCustomPermission(permission.id, held.id))
    stage.refused(reasons.STATE_CONFLICT, unassign_custom_permission, UnassignCustomPermission(permission.id, held.id))


def test_X_AD_04_nobody_gives_one_to_what_they_hold_themselves(stage: Stage) -> None:
    permission, held = made(stage), stage.permission_set()
    own_profile = stage.user_of(stage.ada).profile_id
    second = replace(stage.ada, user_id=stage.sam.user_id, name="Second")
    stage.do(assign_permission_set, AssignPermissionSet(stage.ada.user_id or "", held.id), second)
    for holder in (own_profile, held.id):
        stage.refused(reasons.OWN_ASSIGNMENT, assign_custom_permission, AssignCustomPermission(permission.id, holder))
        stage.do(assign_custom_permission, AssignCustomPermission(permission.id, holder), second)
    # The operator at the machine is no user, and so holds nothing.
    stage.do(assign_custom_permission, AssignCustomPermission(permission.id, own_profile), replace(stage.ada, user_id=None))
    # Whoever holds it may give it up.
    stage.do(unassign_custom_permission, UnassignCustomPermission(permission.id, held.id))


def test_every_verb_refuses_who_holds_everything_but_its_right(stage: Stage) -> None:
    permission, held = made(stage), stage.permission_set()
    powerless = replace(stage.ada, permissions=EVERY_POWER - {RIGHT})
    attempts: list[tuple[Verb, object]] = [(create_custom_permission, CreateCustomPermission("New", "New"))]
    attempts += [(verb, command(permission, held)) for verb, command in ADDRESSED.items()]
    for verb, command in attempts:
        assert stage.refused(reasons.PERMISSION_MISSING, verb, command, powerless).facts == {"permission": RIGHT}


def test_X_AD_01_X_AD_07_nothing_crosses_orgs(stage: Stage) -> None:
    here, held = made(stage), stage.permission_set()
    there, theirs = made(stage, actor=stage.otto), stage.permission_set(org=stage.other)
    before = everything(stage)
    for verb, command in ADDRESSED.items():
        stage.refused(reasons.RECORD_NOT_FOUND, verb, command(there, held))
    for verb in (assign_custom_permission, unassign_custom_permission):
        stage.refused(reasons.RECORD_NOT_FOUND, verb, ADDRESSED[verb](here, theirs))
    assert everything(stage) == before


def test_X_AU_01_what_cannot_be_recorded_is_not_done(stage: Stage) -> None:
    permission, given, held = made(stage), made(stage, "Given"), stage.permission_set()
    stage.do(assign_custom_permission, AssignCustomPermission(given.id, held.id))
    before = everything(stage)
    with stage.database.transaction() as tx:
        tx.connection.exec_driver_sql("ALTER TABLE audit_trail RENAME TO audit_trail_away")
    attempts: list[tuple[Verb, object]] = [(create_custom_permission, CreateCustomPermission("New", "New"))]
    attempts += [(verb, command(given if verb is unassign_custom_permission else permission, held)) for verb, command in ADDRESSED.items()]
    for verb, command in attempts:
        with pytest.raises(DBAPIError):
            stage.do(verb, command)
    assert everything(stage) == before
