"""When a refresh family ends by itself, and that nothing puts it off: the refresh token policies at the gate Proof."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts_builder import A_MOMENT, BEFORE, HELD, NOW, REFRESHING, answer, but, finding

from gatebridge.rules.asks.proof import policies_in_force
from gatebridge.rules.facts import Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES, RefreshPolicy
from gatebridge.rules.reasons import Compared
from gatebridge.rules.reasons import grant as reasons

IMMEDIATELY, FOR_EVER = RefreshPolicy("immediately"), RefreshPolicy("until_revoked")
IDLE, ABSOLUTE = RefreshPolicy("idle", 12, "hours"), RefreshPolicy("absolute", 7, "days")


def family(
    *policies: RefreshPolicy, began: timedelta, used: timedelta | None = None, reason: str = "", until: datetime | None = None
) -> Facts:
    """A family that began so long ago and was used last so long ago, under these policies."""
    facts = but(HELD, "policies", refresh_policies=policies, refresh_exception_reason=reason, refresh_exception_until=until)
    return but(facts, "grant", created_at=NOW - began, last_used_at=NOW - used if used is not None else None)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def days(count: float) -> timedelta:
    return timedelta(days=count)


@pytest.mark.parametrize(
    ("facts", "lives"),
    [
        pytest.param(family(IDLE, began=hours(12) - A_MOMENT), True, id="idle: the last moment before the first use"),
        pytest.param(family(IDLE, began=hours(12)), False, id="idle: never used, and over"),
        pytest.param(family(IDLE, began=days(300), used=hours(12) - A_MOMENT), True, id="idle: the last moment after a use"),
        pytest.param(family(IDLE, began=days(300), used=hours(12)), False, id="idle: not used for so long"),
        pytest.param(family(ABSOLUTE, began=days(7) - A_MOMENT), True, id="absolute: the last moment"),
        pytest.param(family(ABSOLUTE, began=days(7)), False, id="absolute: over"),
        pytest.param(family(ABSOLUTE, began=days(7), used=timedelta()), False, id="RT-05: absolute, used just now"),
        pytest.param(family(IDLE, ABSOLUTE, began=days(6), used=hours(11)), True, id="both: within both"),
        pytest.param(family(IDLE, ABSOLUTE, began=days(6), used=hours(12)), False, id="both: not used for too long"),
        pytest.param(family(IDLE, ABSOLUTE, began=days(7), used=hours(1)), False, id="both: too old"),
        pytest.param(family(IMMEDIATELY, began=timedelta()), False, id="immediate: not even once"),
        pytest.param(family(IMMEDIATELY, IDLE, began=hours(1)), False, id="immediate: whatever stands beside it"),
        pytest.param(family(*DEFAULT_REFRESH_POLICIES, began=days(364), used=days(30) - A_MOMENT), True, id="the defaults: within both"),
        pytest.param(family(*DEFAULT_REFRESH_POLICIES, began=days(364), used=days(30)), False, id="the defaults: idle for 30 days"),
        pytest.param(family(*DEFAULT_REFRESH_POLICIES, began=days(365), used=days(1)), False, id="the defaults: a year old"),
    ],
)
def test_X_RT_08_std_RT_05_a_family_ends_by_whichever_policy_comes_first(facts: Facts, lives: bool) -> None:
    assert answer(facts, REFRESHING) == ("yes" if lives else "refresh_expired")


@pytest.mark.parametrize(
    ("reason", "until", "excepted"),
    [
        pytest.param("A kiosk in the hall.", NOW + A_MOMENT, True, id="a reason, and an end that is still to come"),
        pytest.param("A kiosk in the hall.", NOW, False, id="an end that has come"),
        pytest.param("A kiosk in the hall.", NOW - days(1), False, id="an end that is past"),
        pytest.param("A kiosk in the hall.", None, False, id="no end"),
        pytest.param("", NOW + days(1), False, id="no reason"),
        pytest.param("", None, False, id="neither"),
    ],
)
def test_X_RT_08_until_revoked_is_an_exception_with_a_reason_and_an_end(reason: str, until: datetime | None, excepted: bool) -> None:
    ancient = family(FOR_EVER, began=days(3_000), used=days(1_000), reason=reason, until=until)
    assert policies_in_force(ancient) == ((FOR_EVER,) if excepted else DEFAULT_REFRESH_POLICIES)
    assert answer(ancient, REFRESHING) == ("yes" if excepted else "refresh_expired")
    # Once it has run out the defaults count, and a family that keeps to them lives on.
    assert answer(but(ancient, "grant", created_at=BEFORE, last_used_at=NOW), REFRESHING) == "yes"


def test_X_RT_08_whatever_stands_beside_it_makes_no_exception_of_until_revoked() -> None:
    assert policies_in_force(family(FOR_EVER, IDLE, began=days(1), until=NOW + days(1))) == DEFAULT_REFRESH_POLICIES


@pytest.mark.parametrize("facts", [but(HELD, policies=None), but(HELD, "policies", refresh_policies=())])
def test_X_RT_08_where_no_policy_is_to_be_found_the_defaults_stand(facts: Facts) -> None:
    assert policies_in_force(facts) == DEFAULT_REFRESH_POLICIES


def test_X_RT_08_a_family_without_any_policy_ends_all_the_same() -> None:
    assert answer(family(began=days(10), used=days(1)), REFRESHING) == "yes"
    assert answer(family(began=days(365), used=days(1)), REFRESHING) == "refresh_expired"


def test_the_receipt_shows_when_it_was_over_and_by_which_policies() -> None:
    found = finding(Gate.PROOF, family(IDLE, ABSOLUTE, began=days(7), used=hours(1)), REFRESHING)
    assert (found.reason, found.words) == (reasons.REFRESH_EXPIRED, "its time was over at 2026-03-01T12:00:00+00:00")
    assert found.compared == (Compared("refresh_token", "2026-02-22T12:00:00+00:00", "idle:12:hours, absolute:7:days"),)


some_policies = st.lists(
    st.builds(
        RefreshPolicy, kind=st.sampled_from(["idle", "absolute"]), amount=st.integers(1, 400), unit=st.sampled_from(["hours", "days"])
    ),
    min_size=1,
    max_size=2,
).map(tuple)
some_days = st.integers(0, 600).map(days)


@given(some_policies, some_days, some_days)
def test_std_RT_05_nothing_that_is_done_with_a_family_puts_off_its_absolute_end(
    policies: tuple[RefreshPolicy, ...], began: timedelta, used: timedelta
) -> None:
    facts = family(*policies, began=began, used=min(began, used))
    later = [began >= timedelta(**{str(policy.unit): policy.amount or 0}) for policy in policies if policy.kind == "absolute"]
    if any(later):
        assert answer(facts, REFRESHING) == "refresh_expired"


@given(some_policies, some_days, some_days, some_days)
def test_time_never_brings_a_family_back(policies: tuple[RefreshPolicy, ...], began: timedelta, used: timedelta, passed: timedelta) -> None:
    facts = family(*policies, began=began, used=min(began, used))
    if answer(facts, REFRESHING) == "refresh_expired":
        assert answer(but(facts, now=NOW + passed), REFRESHING) == "refresh_expired"
