"""What may be saved of people, profiles and permission sets."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatebridge.rules.hours import OpenHours
from gatebridge.rules.people import PermissionSet, Profile, User, UserState
from gatebridge.rules.people_checks import permission_set_problems, person_problems, profile_problems

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = User("005", "00D", "ada", "ada@example.com", "Ada", "Lovelace", "00e", UserState.ACTIVE, False, 0, NOW)
PROFILE = Profile("00e", "00D", "Sales", "", frozenset(), NOW)
SET = PermissionSet("0PS", "00D", "Callers", "Callers", "", frozenset(), NOW)


@pytest.mark.parametrize(
    ("user", "wrong"),
    [
        pytest.param(ADA, [], id="an ordinary user"),
        pytest.param(replace(ADA, first_name="", last_name=""), [], id="a service user needs no name"),
        pytest.param(replace(ADA, timezone="Europe/Berlin"), [], id="a time zone"),
        pytest.param(replace(ADA, timezone="Mars/Olympus"), ["timezone"], id="a time zone is one that there is"),
        pytest.param(replace(ADA, external_id="okta|1"), [], id="an external id"),
        pytest.param(replace(ADA, external_id=""), ["external_id"], id="an external id that is there is not empty"),
        pytest.param(replace(ADA, external_id="x" * 256), ["external_id"], id="an external id fits its column"),
        pytest.param(
            replace(ADA, username="a b", email="x", first_name="\0", last_name=" b"),
            ["username", "email", "first_name", "last_name"],
            id="all problems are told at once",
        ),
    ],
)
def test_a_user_is_saved_only_whole(user: User, wrong: list[str]) -> None:
    assert [problem.field for problem in person_problems(user)] == wrong


@pytest.mark.parametrize(
    ("profile", "wrong"),
    [
        pytest.param(PROFILE, [], id="an ordinary profile"),
        pytest.param(replace(PROFILE, session_minutes=15), [], id="the shortest session"),
        pytest.param(replace(PROFILE, login_hours=(OpenHours(0, 480, 1080),)), [], id="login hours"),
        pytest.param(
            replace(PROFILE, login_hours=(OpenHours(0, 480, 1080), OpenHours(0, 1020, 1200))), ["login_hours"], id="hours that overlap"
        ),
        pytest.param(
            replace(PROFILE, name="", description="\0", session_minutes=1), ["name", "description", "session_minutes"], id="all wrong"
        ),
    ],
)
def test_a_profile_is_saved_only_whole(profile: Profile, wrong: list[str]) -> None:
    assert [problem.field for problem in profile_problems(profile)] == wrong


@pytest.mark.parametrize(
    ("permission_set", "wrong"),
    [
        pytest.param(SET, [], id="an ordinary permission set"),
        pytest.param(replace(SET, label="", api_name="1", description="\0"), ["label", "api_name", "description"], id="all wrong"),
    ],
)
def test_a_permission_set_is_saved_only_whole(permission_set: PermissionSet, wrong: list[str]) -> None:
    assert [problem.field for problem in permission_set_problems(permission_set)] == wrong
