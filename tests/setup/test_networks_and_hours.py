"""Ranges, hours and levels, as the verbs of apps, profiles and orgs save them: checked, told, and never a door shut behind oneself."""

from dataclasses import replace
from typing import Any

import pytest
from tests.setup.stage import Stage, add_person

from gatebridge.rules.hours import OpenHours
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.network import Relaxation
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.rules.reasons import setup as reasons
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.create_app import CreatedApp
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.manage_profiles import CreateProfile, EditProfile, create_profile, edit_profile
from gatebridge.storage import installations, orgs, profiles

OFFICE, CLOUD = (TypedRange("192.0.2.0/24", "Office"),), (TypedRange("2001:db8:1::/48", "Cloud"),)
HIGH: dict[str, Any] = {"required_level": Level.HIGH, "level_action": LevelAction.BLOCK}
# The stage begins on a Monday at noon in UTC.
MONDAYS, TUESDAYS = (OpenHours(0, 480, 1080),), (OpenHours(1, 480, 1080),)
WRONG = (TypedRange("0.0.0.0/0"), TypedRange("office"))


@pytest.fixture
def made(stage: Stage) -> CreatedApp:
    return stage.app()


def told(stage: Stage) -> dict[str, Any]:
    """What the newest audit line says of each field."""
    return {str(change["field"]): change["after"] for change in stage.audit()[0].changes}


def test_the_policies_of_an_app_carry_ranges_and_a_level(stage: Stage, made: CreatedApp) -> None:
    command = EditPolicies(made.app.id, ip_ranges=OFFICE + CLOUD, refresh_ranges=OFFICE, monitored_ranges=CLOUD, **HIGH)
    edited = stage.do(edit_policies, command)
    assert stage.read(lambda tx: installations.policies_of(tx, stage.org.id, made.installation.id)) == edited
    assert [str(each) for each in edited.ip_ranges] == ["192.0.2.0/24", "2001:db8:1::/48"]
    assert edited.requirement == Requirement(Level.HIGH, LevelAction.BLOCK)
    assert told(stage) == {
        "ip_ranges": ["192.0.2.0/24 Office", "2001:db8:1::/48 Cloud"],
        "refresh_ranges": ["192.0.2.0/24 Office"],
        "monitored_ranges": ["2001:db8:1::/48 Cloud"],
        "required_level": "high",
        "level_action": "block",
    }
    emptied = stage.do(edit_policies, EditPolicies(made.app.id, ip_ranges=(), required_level=Level.STANDARD))
    assert (emptied.ip_ranges, emptied.refresh_ranges) == ((), edited.refresh_ranges)
    assert emptied.requirement == Requirement(Level.STANDARD, LevelAction.BLOCK)


def test_what_is_wrong_with_the_policies_is_told_at_once(stage: Stage, made: CreatedApp) -> None:
    command = EditPolicies(
        made.app.id, ip_ranges=WRONG, refresh_ranges=(TypedRange("10.0.0.0/16"),), monitored_ranges=WRONG, access_token_minutes=1
    )
    refused = stage.refused(reasons.FIELD_INVALID, edit_policies, command)
    assert stage.fields(refused) == {
        "ip_ranges.0", "ip_ranges.1", "refresh_ranges", "monitored_ranges.0", "monitored_ranges.1", "access_token_minutes",
    }  # fmt: skip


def test_a_wrong_range_is_refused_also_where_nothing_else_would_change(stage: Stage, made: CreatedApp) -> None:
    stage.refused(reasons.FIELD_INVALID, edit_policies, EditPolicies(made.app.id, ip_ranges=(TypedRange("office"),)))


@pytest.mark.parametrize(
    ("address", "changes", "allowed"),
    [
        pytest.param("192.0.2.7", {"ip_ranges": OFFICE}, True, id="from inside"),
        pytest.param("198.51.100.1", {"ip_ranges": OFFICE}, False, id="not from outside"),
        pytest.param("198.51.100.1", {"ip_ranges": OFFICE, "ip_relaxation": Relaxation.RELAX}, True, id="where they are relaxed"),
        pytest.param("198.51.100.1", {"monitored_ranges": OFFICE}, True, id="where they are only monitored"),
        pytest.param("", {"ip_ranges": OFFICE}, True, id="from the machine itself"),
    ],
)
def test_X_AD_12_nobody_binds_the_app_that_they_came_through_to_another_place(
    stage: Stage, made: CreatedApp, address: str, changes: dict[str, Any], allowed: bool
) -> None:
    through = replace(stage.ada, address=address, app_id=made.app.id)
    command = EditPolicies(made.app.id, **changes)
    if allowed:
        assert stage.do(edit_policies, command, through).version == 2
    else:
        assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_policies, command, through)) == {"ip_ranges"}
        assert stage.do(edit_policies, command, replace(through, app_id=None)).version == 2


def test_a_profile_carries_hours_monitored_ranges_and_a_level(stage: Stage) -> None:
    command = CreateProfile("Night", monitored_ranges=CLOUD, login_hours=TUESDAYS + MONDAYS, **HIGH)
    made = stage.do(create_profile, command)
    assert stage.read(lambda tx: profiles.by_id(tx, stage.org.id, made.id)) == made
    assert made.login_hours == MONDAYS + TUESDAYS
    assert made.requirement == Requirement(Level.HIGH, LevelAction.BLOCK)
    assert told(stage)["login_hours"] == ["Monday 08:00 to 18:00", "Tuesday 08:00 to 18:00"]
    edited = stage.do(edit_profile, EditProfile(made.id, login_hours=(), level_action=LevelAction.RAISE))
    assert stage.read(lambda tx: profiles.by_id(tx, stage.org.id, made.id)) == edited
    assert (edited.login_hours, edited.requirement) == ((), Requirement(Level.HIGH, LevelAction.RAISE))
    assert told(stage) == {"login_hours": [], "level_action": "raise"}


def test_what_is_wrong_with_a_profile_is_told_at_once(stage: Stage) -> None:
    command = CreateProfile("Night", monitored_ranges=WRONG, login_hours=(OpenHours(0, 480, 1080), OpenHours(0, 1020, 1200)))
    refused = stage.refused(reasons.FIELD_INVALID, create_profile, command)
    assert stage.fields(refused) == {"monitored_ranges.0", "monitored_ranges.1", "login_hours"}


@pytest.mark.parametrize(("hours", "allowed"), [(MONDAYS, True), (TUESDAYS, False), ((), True)], ids=["inside", "outside", "none"])
def test_X_AD_12_nobody_shuts_themselves_out_by_login_hours(stage: Stage, hours: tuple[OpenHours, ...], allowed: bool) -> None:
    own = stage.user_of(stage.ada).profile_id
    if allowed:
        assert stage.do(edit_profile, EditProfile(own, login_hours=hours)).login_hours == hours
    else:
        assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_profile, EditProfile(own, login_hours=hours))) == {"login_hours"}
    others = stage.user_of(stage.sam).profile_id
    assert stage.do(edit_profile, EditProfile(others, login_hours=TUESDAYS)).login_hours == TUESDAYS


def test_X_AD_12_nobody_moves_the_clock_so_that_it_shuts_them_out(stage: Stage) -> None:
    noon = (OpenHours(0, 690, 750),)
    stage.do(edit_profile, EditProfile(stage.user_of(stage.ada).profile_id, login_hours=noon))
    refused = stage.refused(reasons.FIELD_INVALID, edit_org, EditOrg(timezone="Europe/Berlin"))
    assert stage.fields(refused) == {"timezone"}
    with stage.database.transaction() as tx:
        other = add_person(tx, stage.org, "other", EVERY_POWER)
    assert stage.do(edit_org, EditOrg(timezone="Europe/Berlin"), other).settings.timezone == "Europe/Berlin"


SETTINGS: dict[str, Any] = HIGH | {
    "timezone": "Europe/Berlin",
    "monitored_ranges": CLOUD,
    "ranges_on_every_request": True,
    "verify_new_browsers": True,
    "lock_sessions_to_address": True,
    "session_absolute_hours": 8,
    "max_sessions_per_user": 3,
    "reauthenticate_minutes": 5,
}


def test_an_org_carries_every_setting_of_its_sessions_and_networks(stage: Stage) -> None:
    edited = stage.do(edit_org, EditOrg(**SETTINGS))
    assert stage.read(lambda tx: orgs.by_id(tx, stage.org.id)) == edited
    assert told(stage) == SETTINGS | {"monitored_ranges": ["2001:db8:1::/48 Cloud"], "required_level": "high", "level_action": "block"}
    numbers: dict[str, Any] = {"session_absolute_hours": None, "max_sessions_per_user": None, "reauthenticate_minutes": None}
    defaults = stage.do(edit_org, EditOrg(**numbers)).settings
    assert {name: getattr(defaults, name) for name in numbers} == numbers


def test_what_is_wrong_with_an_org_is_told_at_once(stage: Stage) -> None:
    command = EditOrg(
        timezone="Mars/Base", monitored_ranges=WRONG, session_absolute_hours=721, max_sessions_per_user=0, reauthenticate_minutes=1441
    )
    assert stage.fields(stage.refused(reasons.FIELD_INVALID, edit_org, command)) == {
        "timezone", "monitored_ranges.0", "monitored_ranges.1", "session_absolute_hours", "max_sessions_per_user", "reauthenticate_minutes",
    }  # fmt: skip


def test_an_edit_that_names_nothing_new_is_no_new_version(stage: Stage, made: CreatedApp) -> None:
    stage.do(edit_policies, EditPolicies(made.app.id, ip_ranges=OFFICE, **HIGH))
    stage.do(edit_org, EditOrg(**SETTINGS))
    lines = len(stage.audit())
    stage.do(edit_policies, EditPolicies(made.app.id, ip_ranges=OFFICE, **HIGH))
    stage.do(edit_org, EditOrg(**SETTINGS))
    assert len(stage.audit()) == lines
