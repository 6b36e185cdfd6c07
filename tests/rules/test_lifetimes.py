"""How long tokens, codes and secrets live, and who decides it."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules import lifetimes
from gatebridge.rules.lifetimes import (
    BOUNDS_MINUTES,
    DEFAULT_REFRESH_POLICIES,
    AccessTokenFormat,
    Kind,
    Lifetime,
    RefreshPolicy,
    Unit,
    access_token,
    expires_at,
    first_expiry,
    parse_refresh_policy,
)

any_minutes = st.one_of(st.none(), st.integers(-10, 100_000))
any_format: st.SearchStrategy[AccessTokenFormat] = st.sampled_from(get_args(AccessTokenFormat))
any_policy = st.one_of(
    st.sampled_from([RefreshPolicy("until_revoked"), RefreshPolicy("immediately")]),
    st.builds(RefreshPolicy, st.sampled_from(["idle", "absolute"]), st.integers(1, 9_999), st.sampled_from(get_args(Unit))),
)
any_moment = st.integers(0, 110 * 365 * 86_400).map(lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("format", "app", "profile", "org", "lifetime"),
    [
        pytest.param("opaque", 30, 60, 90, Lifetime(1_800, "app"), id="the app's policy decides before the profile"),
        pytest.param("opaque", None, 60, 90, Lifetime(3_600, "profile"), id="the profile decides before the org"),
        pytest.param("opaque", None, None, 90, Lifetime(5_400, "org"), id="the org decides where nobody else does"),
        pytest.param("opaque", None, None, None, Lifetime(7_200, "default"), id="an opaque token lives two hours by default"),
        pytest.param("opaque", 600, 60, 90, Lifetime(36_000, "app"), id="the app's policy may be longer than the profile's"),
        pytest.param("opaque", 15, None, None, Lifetime(900, "app"), id="an opaque token may live as short as 15 minutes"),
        pytest.param("opaque", 14, None, None, Lifetime(900, "app"), id="an opaque token never lives shorter than 15 minutes"),
        pytest.param("opaque", 1_440, None, None, Lifetime(86_400, "app"), id="an opaque token may live as long as 24 hours"),
        pytest.param("opaque", None, 1_441, None, Lifetime(86_400, "profile"), id="an opaque token never lives longer than 24 hours"),
        pytest.param("jwt", 5, 60, 90, Lifetime(300, "app"), id="a JWT lives as long as the app's policy says"),
        pytest.param("jwt", None, 60, 90, Lifetime(900, "default"), id="profile and org say nothing about a JWT"),
        pytest.param("jwt", None, None, None, Lifetime(900, "default"), id="a JWT lives 15 minutes by default"),
        pytest.param("jwt", 1, None, None, Lifetime(60, "app"), id="a JWT may live as short as a minute"),
        pytest.param("jwt", 0, None, None, Lifetime(60, "app"), id="a JWT never lives shorter than a minute"),
        pytest.param("jwt", 720, None, None, Lifetime(43_200, "app"), id="a JWT may live as long as 12 hours"),
        pytest.param("jwt", 721, None, None, Lifetime(43_200, "app"), id="a JWT never lives longer than 12 hours"),
    ],
)
def test_the_narrowest_setting_decides_how_long_an_access_token_lives(
    format: AccessTokenFormat, app: int | None, profile: int | None, org: int | None, lifetime: Lifetime
) -> None:
    assert access_token(format, app_minutes=app, profile_minutes=profile, org_minutes=org) == lifetime


@given(any_format, any_minutes, any_minutes, any_minutes)
def test_an_access_token_lives_within_the_bounds_of_its_format(
    format: AccessTokenFormat, app: int | None, profile: int | None, org: int | None
) -> None:
    least, most = BOUNDS_MINUTES[format]
    lifetime = access_token(format, app_minutes=app, profile_minutes=profile, org_minutes=org)
    assert least * 60 <= lifetime.seconds <= most * 60


@given(any_format, st.integers(-10, 2_000))
def test_what_may_be_saved_is_what_is_issued(format: AccessTokenFormat, minutes: int) -> None:
    issued = access_token(format, app_minutes=minutes, profile_minutes=None, org_minutes=None)
    assert (lifetimes.access_token_problem(format, minutes) is None) == (issued.seconds == minutes * 60)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (lifetimes.access_token_problem("opaque", 14), "An opaque access token lives 15 minutes to 24 hours, not 14 minutes."),
        (lifetimes.access_token_problem("opaque", 1_441), "An opaque access token lives 15 minutes to 24 hours, not 1,441 minutes."),
        (lifetimes.access_token_problem("opaque", 15), None),
        (lifetimes.access_token_problem("opaque", 1_440), None),
        (lifetimes.access_token_problem("jwt", 0), "A JWT access token lives 1 minute to 12 hours, not 0 minutes."),
        (lifetimes.access_token_problem("jwt", 721), "A JWT access token lives 1 minute to 12 hours, not 721 minutes."),
        (lifetimes.access_token_problem("jwt", 1), None),
        (lifetimes.access_token_problem("jwt", 720), None),
        (lifetimes.secret_overlap_problem(-1), "The old secret can live on for 0 to 720 hours (30 days), not -1."),
        (lifetimes.secret_overlap_problem(0), None),
        (lifetimes.secret_overlap_problem(lifetimes.DEFAULT_SECRET_OVERLAP_HOURS), None),
        (lifetimes.secret_overlap_problem(720), None),
        (lifetimes.secret_overlap_problem(721), "The old secret can live on for 0 to 720 hours (30 days), not 721."),
        (lifetimes.authorization_code_problem(0), "An authorization code lives 1 to 600 seconds (10 minutes), not 0."),
        (lifetimes.authorization_code_problem(1), None),
        (lifetimes.authorization_code_problem(lifetimes.DEFAULT_AUTHORIZATION_CODE_SECONDS), None),
        (lifetimes.authorization_code_problem(600), None),
        (lifetimes.authorization_code_problem(601), "An authorization code lives 1 to 600 seconds (10 minutes), not 601."),
    ],
)
def test_a_life_outside_its_bounds_cannot_be_saved_and_says_why(problem: str | None, words: str | None) -> None:
    assert problem == words


@pytest.mark.parametrize(
    ("text", "policy", "words"),
    [
        ("until_revoked", RefreshPolicy("until_revoked"), "lives until it is revoked"),
        ("immediately", RefreshPolicy("immediately"), "expires immediately"),
        ("idle:30:days", RefreshPolicy("idle", 30, "days"), "expires when it was not used for 30 days"),
        ("idle:1:hours", RefreshPolicy("idle", 1, "hours"), "expires when it was not used for 1 hour"),
        ("absolute:12:months", RefreshPolicy("absolute", 12, "months"), "expires 12 months after it was first given"),
        ("absolute:9999:days", RefreshPolicy("absolute", 9_999, "days"), "expires 9,999 days after it was first given"),
    ],
)
def test_a_refresh_token_policy_has_a_text_and_words(text: str, policy: RefreshPolicy, words: str) -> None:
    assert parse_refresh_policy(text) == policy
    assert str(policy) == text
    assert policy.words == words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "never",
        "idle",
        "idle:30",
        "idle:0:days",
        "idle:030:days",
        "idle:10000:days",
        "idle:30:weeks",
        "immediately:1:days",
        "IDLE:1:days",
        "idle:-1:days",
        "idle:1:days\n",
        " idle:1:days",
        "idle:١:days",
    ],
)
def test_what_is_no_refresh_token_policy(text: str) -> None:
    assert parse_refresh_policy(text) is None


@pytest.mark.parametrize(
    ("kind", "amount", "unit"),
    [
        ("until_revoked", 1, "days"),
        ("immediately", None, "days"),
        ("immediately", 1, None),
        ("idle", None, None),
        ("idle", 1, None),
        ("absolute", None, "days"),
        ("absolute", 0, "days"),
        ("absolute", 10_000, "days"),
    ],
)
def test_a_policy_whose_parts_do_not_fit_cannot_be_made(kind: Kind, amount: int | None, unit: Unit | None) -> None:
    with pytest.raises(ValueError, match="a refresh token policy"):
        RefreshPolicy(kind, amount, unit)


@given(any_policy)
def test_every_policy_reads_back_from_its_text(policy: RefreshPolicy) -> None:
    assert parse_refresh_policy(str(policy)) == policy


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("policy", "issued", "used", "end"),
    [
        pytest.param("until_revoked", "2026-01-31", "2026-02-01", None, id="until revoked never ends of itself"),
        pytest.param("immediately", "2026-01-31", None, "2026-01-31", id="immediately ends as it begins"),
        pytest.param("idle:30:days", "2026-01-01", None, "2026-01-31", id="idle counts from issue until the first use"),
        pytest.param("idle:30:days", "2026-01-01", "2026-01-20", "2026-02-19", id="idle counts from the last use"),
        pytest.param("idle:6:hours", "2026-01-01", "2026-01-01T20:00", "2026-01-02T02:00", id="hours run over midnight"),
        pytest.param("absolute:30:days", "2026-01-01", "2026-01-20", "2026-01-31", id="absolute counts from issue, whatever is used"),
        pytest.param("absolute:1:months", "2026-01-31", None, "2026-02-28", id="a month after the 31st is the last of February"),
        pytest.param("absolute:1:months", "2028-01-31", None, "2028-02-29", id="in a leap year the 29th"),
        pytest.param("absolute:2:months", "2026-01-31", None, "2026-03-31", id="and two months after it is the 31st again"),
        pytest.param("absolute:12:months", "2028-02-29", None, "2029-02-28", id="a year after a leap day is the 28th"),
        pytest.param("absolute:1:months", "2026-12-15T10:30", None, "2027-01-15T10:30", id="months run over the new year"),
        pytest.param("idle:11:months", "2026-01-01", "2026-01-31", "2026-12-31", id="eleven months end in December"),
    ],
)
def test_when_a_refresh_token_dies_of_itself(policy: str, issued: str, used: str | None, end: str | None) -> None:
    found = parse_refresh_policy(policy)
    assert found is not None
    assert expires_at(found, at(issued), at(used) if used else None) == (at(end) if end else None)


@given(any_policy, any_moment, st.integers(0, 10_000))
def test_using_a_refresh_token_never_shortens_its_life_and_lengthens_only_idle_ones(
    policy: RefreshPolicy, issued: datetime, days: int
) -> None:
    unused, used = expires_at(policy, issued, None), expires_at(policy, issued, issued + timedelta(days=days))
    if policy.kind == "idle":
        assert unused is not None
        assert used is not None
        assert issued < unused <= used
    else:
        assert unused == used


@pytest.mark.parametrize(
    ("used", "end"),
    [
        pytest.param(None, "2026-01-31", id="an unused one dies after 30 days"),
        pytest.param("2026-06-01", "2026-07-01", id="a used one lives 30 days longer"),
        pytest.param("2026-12-20", "2027-01-01", id="but never more than 365 days in all"),
    ],
)
def test_by_default_a_refresh_token_dies_after_30_idle_days_and_after_365(used: str | None, end: str) -> None:
    assert first_expiry(DEFAULT_REFRESH_POLICIES, at("2026-01-01"), at(used) if used else None) == at(end)
    assert [str(policy) for policy in DEFAULT_REFRESH_POLICIES] == ["idle:30:days", "absolute:365:days"]


def test_a_refresh_token_without_a_policy_that_ends_it_lives_until_it_is_revoked() -> None:
    for_ever = RefreshPolicy("until_revoked")
    assert first_expiry([for_ever], at("2026-01-01"), None) is None
    assert first_expiry([for_ever, RefreshPolicy("idle", 1, "days")], at("2026-01-01"), None) == at("2026-01-02")


def test_the_old_secret_lives_on_for_a_day_and_a_code_for_a_minute_unless_somebody_says_otherwise() -> None:
    assert (lifetimes.DEFAULT_SECRET_OVERLAP_HOURS, lifetimes.DEFAULT_AUTHORIZATION_CODE_SECONDS) == (24, 60)
