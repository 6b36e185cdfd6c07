"""What may be saved of the policies of an app, as one-line truths."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.rules.facts_builder import ranges

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES, RefreshPolicy
from gatebridge.rules.policy_checks import policy_problems, with_both_limits

NOW = datetime(2026, 5, 4, tzinfo=UTC)
POLICIES = AppPolicies("0HI000000000001")
IDLE, ABSOLUTE = RefreshPolicy("idle", 12, "hours"), RefreshPolicy("absolute", 3, "months")
FOR_EVER, AT_ONCE = RefreshPolicy("until_revoked"), RefreshPolicy("immediately")
EXCEPTION: dict[str, Any] = {
    "refresh_policies": (FOR_EVER,),
    "refresh_exception_reason": "The vendor cannot sign in again.",
    "refresh_exception_until": NOW + timedelta(days=90),
}


def wrong(before: AppPolicies = POLICIES, **changes: Any) -> set[str]:
    return {problem.field for problem in policy_problems(replace(before, **changes), before, NOW)}


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({}, set(), id="the closed beginning is in order"),
        pytest.param({"access_token_minutes": 15}, set(), id="15 minutes is the shortest opaque life"),
        pytest.param({"access_token_minutes": 14}, {"access_token_minutes"}, id="14 minutes is too short"),
        pytest.param({"access_token_minutes": 1440}, set(), id="24 hours is the longest"),
        pytest.param({"access_token_minutes": 1441}, {"access_token_minutes"}, id="one minute more is too long"),
        pytest.param({"jwt_access_token_minutes": 1}, set(), id="one minute is the shortest JWT life"),
        pytest.param({"jwt_access_token_minutes": 0}, {"jwt_access_token_minutes"}, id="no minute at all is too short"),
        pytest.param({"jwt_access_token_minutes": 721}, {"jwt_access_token_minutes"}, id="12 hours is the longest JWT life"),
        pytest.param({"authorization_code_seconds": 1}, set(), id="a code lives at least a second"),
        pytest.param({"authorization_code_seconds": 600}, set(), id="10 minutes is the longest life of a code"),
        pytest.param({"authorization_code_seconds": 601}, {"authorization_code_seconds"}, id="a second more is too long"),
        pytest.param({"refresh_grace_seconds": 0}, set(), id="no grace at all is allowed"),
        pytest.param({"refresh_grace_seconds": 60}, set(), id="a minute is the longest grace"),
        pytest.param({"refresh_grace_seconds": 61}, {"refresh_grace_seconds"}, id="a longer grace is refused"),
        pytest.param({"refresh_grace_seconds": -1}, {"refresh_grace_seconds"}, id="a grace is no time before"),
        pytest.param({"max_grants_per_user": 1}, set(), id="one grant of a user is enough"),
        pytest.param({"max_grants_per_user": 100}, set(), id="100 grants are the most"),
        pytest.param({"max_grants_per_user": 0}, {"max_grants_per_user"}, id="no grant is no limit"),
        pytest.param({"max_grants_per_user": 101}, {"max_grants_per_user"}, id="101 grants are too many"),
        pytest.param({"refresh_ranges": ranges("192.0.2.0/25", "2001:db8::/121")}, set(), id="256 addresses for refreshing are the most"),
        pytest.param({"refresh_ranges": ranges("192.0.2.0/24", "2001:db8::1")}, {"refresh_ranges"}, id="one address more is too many"),
        pytest.param({"ip_ranges": ranges("10.0.0.0/8"), "monitored_ranges": ranges("10.0.0.0/8")}, set(), id="other lists may hold more"),
    ],
)
def test_policies(changes: dict[str, Any], fields: set[str]) -> None:
    assert wrong(**changes) == fields


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        pytest.param({"refresh_policies": (IDLE, ABSOLUTE)}, set(), id="an idle and an absolute limit"),
        pytest.param({"refresh_policies": (AT_ONCE,)}, set(), id="immediately is stricter than both"),
        pytest.param({"refresh_policies": ()}, {"refresh_policies"}, id="no policy at all would be for ever"),
        pytest.param({"refresh_policies": (IDLE,)}, {"refresh_policies"}, id="an idle limit alone lets a used token live for ever"),
        pytest.param({"refresh_policies": (ABSOLUTE,)}, {"refresh_policies"}, id="an absolute limit alone lets a forgotten one live on"),
        pytest.param({"refresh_policies": (IDLE, IDLE, ABSOLUTE)}, {"refresh_policies"}, id="each kind once"),
        pytest.param({"refresh_policies": (AT_ONCE, IDLE)}, {"refresh_policies"}, id="immediately stands alone"),
        pytest.param(EXCEPTION, set(), id="until revoked, with a reason and an end"),
        pytest.param(EXCEPTION | {"refresh_policies": (FOR_EVER, ABSOLUTE)}, {"refresh_policies"}, id="until revoked stands alone"),
        pytest.param(EXCEPTION | {"refresh_exception_reason": ""}, {"refresh_exception_reason"}, id="not without a reason"),
        pytest.param(EXCEPTION | {"refresh_exception_reason": "."}, {"refresh_exception_reason"}, id="a dot is no reason"),
        pytest.param(EXCEPTION | {"refresh_exception_until": None}, {"refresh_exception_until"}, id="not without an end"),
        pytest.param(EXCEPTION | {"refresh_exception_until": NOW}, {"refresh_exception_until"}, id="the end is in the future"),
        pytest.param(EXCEPTION | {"refresh_exception_until": NOW + timedelta(days=730)}, set(), id="two years are the longest exception"),
        pytest.param(
            EXCEPTION | {"refresh_exception_until": NOW + timedelta(days=730, seconds=1)},
            {"refresh_exception_until"},
            id="a second more is too long",
        ),
        pytest.param(
            EXCEPTION | {"refresh_policies": DEFAULT_REFRESH_POLICIES},
            {"refresh_exception_reason", "refresh_exception_until"},
            id="an exception excuses until revoked alone",
        ),
    ],
)
def test_X_RT_08_a_refresh_token_has_both_limits_or_a_written_exception(changes: dict[str, Any], fields: set[str]) -> None:
    assert wrong(**changes) == fields


def test_X_RT_08_an_exception_that_has_run_out_stands_in_nobodys_way_and_is_not_renewed_by_a_new_reason() -> None:
    over = replace(POLICIES, **EXCEPTION | {"refresh_exception_until": NOW - timedelta(days=1)})
    assert wrong(over, access_token_minutes=30) == set()
    assert wrong(over, refresh_exception_reason="Another reason for it.") == {"refresh_exception_until"}
    assert wrong(replace(over, refresh_policies=DEFAULT_REFRESH_POLICIES), refresh_policies=(FOR_EVER,)) == {"refresh_exception_until"}


@pytest.mark.parametrize(
    ("said", "saved"),
    [
        pytest.param((ABSOLUTE, IDLE), (IDLE, ABSOLUTE), id="in one order, whichever was said"),
        pytest.param((IDLE,), (IDLE, DEFAULT_REFRESH_POLICIES[1]), id="the absolute limit comes by default"),
        pytest.param((ABSOLUTE,), (DEFAULT_REFRESH_POLICIES[0], ABSOLUTE), id="so does the idle one"),
        pytest.param((FOR_EVER,), (FOR_EVER,), id="until revoked stands alone"),
        pytest.param((AT_ONCE, IDLE), (AT_ONCE, IDLE), id="what cannot be is left for the check"),
        pytest.param((IDLE, IDLE), (IDLE, IDLE), id="so is a kind that stands twice"),
        pytest.param((), (), id="nothing stays nothing"),
    ],
)
def test_X_RT_08_the_limit_that_was_left_out_comes_by_default(said: tuple[RefreshPolicy, ...], saved: tuple[RefreshPolicy, ...]) -> None:
    assert with_both_limits(said) == saved
