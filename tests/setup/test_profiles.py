"""Profiles: made, edited for all who hold them, and deleted when nobody does."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.setup.stage import Stage, add_person

from gatebridge.rules.events import Event
from gatebridge.rules.people import Assignment, Profile
from gatebridge.rules.people_checks import ADMIN_RIGHTS
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.reasons import setup as reasons
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.manage_profiles import CreateProfile, DeleteProfile, EditProfile, create_profile, delete_profile, edit_profile
from gatebridge.setup.manage_users import CreateUser, create_user
from gatebridge.storage import installations, profiles

OFFICE = (TypedRange("192.0.2.0/24", "Office"),)


def made(stage: Stage, *rights: Permission, name: str = "Sales") -> Profile:
    return stage.do(create_profile, CreateProfile(name, permissions=frozenset(rights)))


def current(stage: Stage, profile_id: str) -> Profile | None:
    return stage.read(lambda tx: profiles.by_id(tx, stage.org.id, profile_id))


def test_a_profile_is_made_as_it_is_said(stage: Stage) -> None:
    command = CreateProfile("Sales", "Who sells", frozenset({Permission.API_ENABLED, Permission.API_ONLY}), OFFICE, 30)
    profile = stage.do(create_profile, command)
    assert current(stage, profile.id) == profile
    assert (profile.name, profile.description, profile.session_minutes) == ("Sales", "Who sells", 30)
    assert profile.permissions == {Permission.API_ENABLED, Permission.API_ONLY}
    assert [(str(each), each.label) for each in profile.login_ranges] == [("192.0.2.0/24", "Office")]
    assert stage.audit()[0].event == Event.PROFILE_CREATED


def test_everything_wrong_about_a_profile_is_told_at_once(stage: Stage) -> None:
    wrong = CreateProfile("", "\0", login_ranges=(TypedRange("x"),), session_minutes=1)
    refused = stage.refused(reasons.FIELD_INVALID, create_profile, wrong)
    assert stage.fields(refused) == {"name", "description", "login_ranges.0", "session_minutes"}


def test_a_profiles_name_is_its_own(stage: Stage) -> None:
    made(stage)
    stage.refused(reasons.NAME_TAKEN, create_profile, CreateProfile("Sales"))
    second = made(stage, name="Support")
    stage.refused(reasons.NAME_TAKEN, edit_profile, EditProfile(second.id, name="Sales"))


def test_an_edit_changes_what_it_names_and_is_told(stage: Stage) -> None:
    profile = made(stage, Permission.API_ENABLED)
    command = EditProfile(profile.id, 1, "Sellers", "All", frozenset({Permission.VIEW_SETUP}), OFFICE, 60)
    edited = stage.do(edit_profile, command)
    assert edited == current(stage, profile.id)
    assert edited.version == 2
    assert {change["field"] for change in stage.audit()[0].changes} == {
        "name", "description", "permissions", "login_ranges", "session_minutes",
    }  # fmt: skip
    assert stage.do(edit_profile, EditProfile(profile.id, session_minutes=None)) == replace(edited, session_minutes=None, version=3)


def test_an_edit_that_changes_nothing_is_no_new_version(stage: Stage) -> None:
    profile = made(stage)
    lines = len(stage.audit())
    assert stage.do(edit_profile, EditProfile(profile.id, name="Sales")) == profile
    assert len(stage.audit()) == lines


def test_X_AD_09_a_profile_is_not_edited_or_deleted_over_somebody_elses_edit(stage: Stage) -> None:
    profile = made(stage)
    stage.do(edit_profile, EditProfile(profile.id, 1, description="Mine"))
    stage.refused(reasons.VERSION_STALE, edit_profile, EditProfile(profile.id, 1, description="Yours"))
    stage.refused(reasons.VERSION_STALE, delete_profile, DeleteProfile(profile.id, 1))


def test_X_AD_04_nobody_puts_a_right_beyond_their_own_into_a_profile(stage: Stage) -> None:
    """Each right alone, by an editor who holds all others, into a new profile and into one that there is."""
    profile = made(stage)
    for right in sorted(EVERY_POWER - {Permission.MANAGE_PROFILES_AND_PERMISSION_SETS}):
        limited = replace(stage.ada, permissions=EVERY_POWER - {right})
        attempts: list[tuple[Callable[..., object], Any]] = [
            (create_profile, CreateProfile("Climbers", permissions=frozenset({right}))),
            (edit_profile, EditProfile(profile.id, permissions=frozenset({right}))),
        ]
        for verb, command in attempts:
            assert stage.refused(reasons.RIGHT_BEYOND_OWN, verb, command, limited).facts == {"permissions": [right]}


def test_a_right_that_a_profile_has_already_may_stay_in_it(stage: Stage) -> None:
    profile = made(stage, Permission.PROMOTE)
    limited = replace(stage.ada, permissions=frozenset({Permission.MANAGE_PROFILES_AND_PERMISSION_SETS, Permission.API_ENABLED}))
    rights = frozenset({Permission.PROMOTE, Permission.API_ENABLED})
    assert stage.do(edit_profile, EditProfile(profile.id, permissions=rights), limited).permissions == rights


MANAGES = frozenset({Permission.MANAGE_PROFILES_AND_PERMISSION_SETS, Permission.API_ENABLED})


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        pytest.param(MANAGES, MANAGES | {Permission.VIEW_SETUP}, False, id="not for more"),
        pytest.param(MANAGES | {Permission.API_ONLY}, MANAGES, False, id="not for a narrowing less"),
        pytest.param(MANAGES, MANAGES - {Permission.API_ENABLED}, True, id="for less"),
        pytest.param(MANAGES, MANAGES | {Permission.API_ONLY}, True, id="for a narrowing more"),
    ],
)
def test_X_AD_04_who_holds_a_profile_edits_it(
    stage: Stage, before: frozenset[Permission], after: frozenset[Permission], allowed: bool
) -> None:
    """Even when the editor holds the right by another way at this moment: it would outlast that."""
    with stage.database.transaction() as tx:
        editor = replace(add_person(tx, stage.org, "editor", before), permissions=EVERY_POWER)
    command = EditProfile(stage.user_of(editor).profile_id, permissions=after)
    if allowed:
        assert stage.do(edit_profile, command, editor).permissions == after
    else:
        stage.refused(reasons.OWN_ASSIGNMENT, edit_profile, command, editor)


@pytest.mark.parametrize("right", sorted(ADMIN_RIGHTS))
def test_X_AD_12_the_profile_of_the_last_admin_keeps_what_makes_an_admin(stage: Stage, right: Permission) -> None:
    command = EditProfile(stage.user_of(stage.ada).profile_id, permissions=EVERY_POWER - {right})
    stage.refused(reasons.LAST_ADMIN, edit_profile, command)
    with stage.database.transaction() as tx:
        add_person(tx, stage.org, "second", ADMIN_RIGHTS)
    assert stage.do(edit_profile, command)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        pytest.param("192.0.2.9", True, id="from inside the ranges"),
        pytest.param("198.51.100.1", False, id="not from outside"),
        pytest.param("unknown", False, id="not from an address that cannot be read"),
        pytest.param("", True, id="from the machine itself"),
    ],
)
def test_X_AD_12_nobody_shuts_themselves_out_by_login_ranges(stage: Stage, address: str, allowed: bool) -> None:
    command, actor = EditProfile(stage.user_of(stage.ada).profile_id, login_ranges=OFFICE), replace(stage.ada, address=address)
    if allowed:
        assert stage.do(edit_profile, command, actor).version == 2
    else:
        assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_profile, command, actor)) == {"login_ranges"}


def test_the_ranges_of_a_profile_that_others_hold_may_leave_the_editor_outside(stage: Stage) -> None:
    command = EditProfile(stage.user_of(stage.sam).profile_id, login_ranges=OFFICE)
    assert stage.do(edit_profile, command, replace(stage.ada, address="198.51.100.1")).version == 2


def test_a_profile_that_nobody_holds_is_deleted_and_told(stage: Stage) -> None:
    profile = made(stage, Permission.API_ENABLED)
    stage.do(delete_profile, DeleteProfile(profile.id, 1))
    assert current(stage, profile.id) is None
    line = stage.audit()[0]
    assert (line.event, line.target_name) == (Event.PROFILE_DELETED, "Sales")
    assert {"field": "permissions", "before": ["api_enabled"], "after": None} in line.changes


def test_a_profile_that_somebody_holds_stays(stage: Stage) -> None:
    profile = made(stage)
    stage.do(create_user, CreateUser("svc", "svc@acme.example", profile.id))
    refused = stage.refused(reasons.STATE_CONFLICT, delete_profile, DeleteProfile(profile.id))
    assert refused.facts == {"users": 1, "apps": 0}


def test_a_profile_that_an_app_is_used_through_stays(stage: Stage) -> None:
    profile, app = made(stage), stage.app()
    with stage.database.transaction() as tx:
        installations.put_permit(tx, stage.org.id, app.installation.id, Assignment(profile.id))
    refused = stage.refused(reasons.STATE_CONFLICT, delete_profile, DeleteProfile(profile.id))
    assert refused.facts == {"users": 0, "apps": 1}
