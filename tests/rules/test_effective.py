"""What all settings together come to, and whose setting it is."""

from typing import Any

import pytest
from tests.rules.facts_builder import ORG, SERVICE_PROFILE, but, ranges

from gatebridge.rules import effective
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.effective import Chosen, LevelEffect, Link
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.lifetimes import AccessTokenFormat
from gatebridge.rules.network import NetworkPolicy, Relaxation, Rule

POLICIES = AppPolicies("0HI000000000001")
HERE, THERE = ranges("192.0.2.0/24"), ranges("2001:db8::/32")
LISTED = " A refresh token is taken only from the addresses that are listed for it, whatever is relaxed."
PROFILES, TRUSTED, OWN = "the login ranges of the user's profile", "the org's trusted ranges", "the app's own ranges"
NOTHING = "No effect: neither the app nor the user's profile has ranges, and the org has no trusted ranges."
ONLY_WAIVE = "No effect: neither the app nor the user's profile has ranges, and the org's trusted ranges only waive verification."


def in_force(relaxation: Relaxation = Relaxation.ENFORCE, **lists: Any) -> tuple[Rule, str]:
    found = effective.network(NetworkPolicy(relaxation, **lists))
    assert found.monitored == ""
    return found.rule, found.words


@pytest.mark.parametrize("relaxation", Relaxation)
def test_X_IP_04_a_mode_that_has_no_effect_says_so(relaxation: Relaxation) -> None:
    assert in_force(relaxation) == (Rule.NO_EFFECT, NOTHING)
    assert in_force(relaxation, org=HERE, trusted_only_waive=True) == (Rule.NO_EFFECT, ONLY_WAIVE)
    assert in_force(relaxation, refresh=HERE) == (Rule.REFRESH_RANGES, NOTHING + LISTED)


@pytest.mark.parametrize(
    ("found", "rule", "words"),
    [
        pytest.param(in_force(profile=HERE, org=THERE), Rule.PROFILE_RANGES, f"Only addresses in {PROFILES}.", id="the profile's"),
        pytest.param(in_force(org=HERE), Rule.TRUSTED_RANGES, f"Only addresses in {TRUSTED}.", id="the org's"),
        pytest.param(in_force(app=HERE), Rule.APP_RANGES, f"Only addresses in {OWN}.", id="the app's"),
        pytest.param(
            in_force(app=HERE, profile=THERE),
            Rule.APP_RANGES,
            f"Only addresses in {OWN} and in {PROFILES}.",
            id="the app's and the profile's",
        ),
        pytest.param(in_force(org=HERE, refresh=THERE), Rule.TRUSTED_RANGES, f"Only addresses in {TRUSTED}.{LISTED}", id="and a list"),
        pytest.param(
            in_force(Relaxation.RELAX, app=HERE, org=THERE),
            Rule.RELAXED,
            f"Relaxed: any address is let in, also one that is not in {OWN} and in {TRUSTED}.",
            id="relaxed",
        ),
        pytest.param(
            in_force(Relaxation.RELAX_REFRESH, app=HERE),
            Rule.APP_RANGES,
            f"Only addresses in {OWN}, except where a refresh token is used.",
            id="relaxed for refreshing",
        ),
        pytest.param(
            in_force(Relaxation.RELAX_ACTIVATED, org=HERE),
            Rule.TRUSTED_RANGES,
            f"Only addresses in {TRUSTED}, except from a device that the user has activated.",
            id="relaxed for activated devices",
        ),
        pytest.param(
            in_force(Relaxation.RELAX_ACTIVATED, app=HERE, profile=THERE),
            Rule.APP_RANGES,
            f"Only addresses in {OWN}, which count instead of {PROFILES}.",
            id="relaxed for activated devices, where the app has ranges",
        ),
        pytest.param(
            in_force(Relaxation.RELAX_ACTIVATED, app=HERE), Rule.APP_RANGES, f"Only addresses in {OWN}.", id="and nobody else has any"
        ),
    ],
)
def test_the_network_rule_in_words(found: tuple[Rule, str], rule: Rule, words: str) -> None:
    assert found == (rule, words)


def test_monitored_ranges_tell_which_rule_would_hold() -> None:
    found = effective.network(NetworkPolicy(monitored_app=HERE))
    assert (found.rule, found.monitored) == (Rule.NO_EFFECT, f"Only addresses in {OWN}.")


@pytest.mark.parametrize(
    ("format", "set_by", "chosen"),
    [
        ("opaque", (30, 60, 90), Chosen(30, "app", (Link("app", 30), Link("profile", 60), Link("org", 90), Link("default", 120)))),
        ("opaque", (None, 60, 90), Chosen(60, "profile", (Link("app", None), Link("profile", 60), Link("org", 90), Link("default", 120)))),
        ("opaque", (None, None, 90), Chosen(90, "org", (Link("app", None), Link("profile", None), Link("org", 90), Link("default", 120)))),
        (
            "opaque",
            (None, None, None),
            Chosen(120, "default", (Link("app", None), Link("profile", None), Link("org", None), Link("default", 120))),
        ),
        ("jwt", (5, 60, 90), Chosen(5, "app", (Link("app", 5), Link("default", 15)))),
        ("jwt", (None, 60, 90), Chosen(15, "default", (Link("app", None), Link("default", 15)))),
    ],
)
def test_the_life_of_an_access_token_is_shown_with_its_chain(
    format: AccessTokenFormat, set_by: tuple[int | None, int | None, int | None], chosen: Chosen
) -> None:
    assert effective.access_token(format, *set_by) == chosen


@pytest.mark.parametrize(
    ("profile", "org", "value", "source"), [(30, 60, 30, "profile"), (None, 60, 60, "org"), (None, None, 120, "default")]
)
def test_the_rest_of_a_session_is_shown_with_its_chain(profile: int | None, org: int | None, value: int, source: str) -> None:
    found = effective.session_minutes(but(ORG, "settings", session_minutes=org), but(SERVICE_PROFILE, session_minutes=profile))
    assert (found.value, found.source) == (value, source)
    assert [link.source for link in found.chain] == ["profile", "org", "default"]


def test_the_numbers_of_an_org_are_its_own_or_the_defaults() -> None:
    own = but(ORG, "settings", session_minutes=30, session_absolute_hours=8, reauthenticate_minutes=5)
    numbers = (effective.session_minutes, effective.session_absolute_hours, effective.reauthenticate_minutes)
    assert [(found.value, found.source) for found in (number(own) for number in numbers)] == [(30, "org"), (8, "org"), (5, "org")]
    assert [(found.value, found.source) for found in (number(ORG) for number in numbers)] == [
        (120, "default"),
        (24, "default"),
        (60, "default"),
    ]


def test_the_level_is_shown_with_who_requires_it() -> None:
    assert effective.level(ORG) == LevelEffect(Level.STANDARD, None, "nobody")
    wanting = but(SERVICE_PROFILE, requirement=Requirement(Level.HIGH, LevelAction.BLOCK))
    assert effective.level(ORG, wanting, POLICIES) == LevelEffect(Level.HIGH, LevelAction.BLOCK, "the user's profile")


def test_profiles_for_which_the_same_holds_stand_together() -> None:
    bound = but(SERVICE_PROFILE, name="Sales", login_ranges=HERE)
    profiles = (SERVICE_PROFILE, bound, but(SERVICE_PROFILE, name="Support"), but(bound, name="Field", login_ranges=THERE))
    found = effective.of_app(ORG, POLICIES, profiles)
    assert [(each.profiles, each.network.rule) for each in found] == [
        (("Service", "Support"), Rule.NO_EFFECT),
        (("Sales", "Field"), Rule.PROFILE_RANGES),
    ]
