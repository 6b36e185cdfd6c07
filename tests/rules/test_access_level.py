"""The gate Session as far as it asks how sure a sign-in makes us, at every door at which somebody may have signed in, or nobody."""

from collections.abc import Callable

import pytest
from tests.rules.facts_builder import (
    ASKED_ABOUT,
    ASKING,
    ASSERTING,
    AUTHORIZING,
    FACTS,
    HELD,
    IDENTIFYING,
    PEOPLE,
    PRESENTING,
    REDEEMING,
    REFRESHING,
    SESSION,
    answer,
    but,
    finding,
)

from gatebridge.rules.facts import Approving, Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.reasons import Compared
from gatebridge.rules.verdict import State

HIGH = Requirement(Level.HIGH)
BLOCK = Requirement(Level.HIGH, LevelAction.BLOCK)
WISHING = but(AUTHORIZING, approving=Approving(level=Level.HIGH))

# Whoever may require a level.
BY: dict[str, Callable[[Facts, Requirement], Facts]] = {
    "the org": lambda facts, wanted: but(facts, "org.settings", requirement=wanted),
    "the user's profile": lambda facts, wanted: but(facts, "standing.profile", requirement=wanted),
    "the app's policies": lambda facts, wanted: but(facts, "policies", requirement=wanted),
}
by_anybody = pytest.mark.parametrize("who", BY)

SIGNED_IN = but(HELD, "grant", authenticated_at=SESSION.authenticated_at)


@by_anybody
@pytest.mark.parametrize(
    ("facts", "attempt", "reason"),
    [
        pytest.param(PEOPLE, AUTHORIZING, "level_too_low", id="at a browser"),
        pytest.param(PEOPLE, REDEEMING, "level_too_low", id="with a code"),
        pytest.param(SIGNED_IN, REFRESHING, "level_too_low", id="with a refresh token"),
        pytest.param(SIGNED_IN, IDENTIFYING, "level_too_low", id="at userinfo"),
        pytest.param(FACTS, ASKED_ABOUT, "level_too_low", id="at introspection, for a token of a service"),
        pytest.param(FACTS, PRESENTING, "level_too_low", id="at our own API, for a token of a service"),
        pytest.param(FACTS, ASKING, "level_needs_user", id="for itself"),
        pytest.param(PEOPLE, ASSERTING, "level_needs_user", id="by an assertion"),
    ],
)
def test_std_SU_02_what_hangs_from_too_low_a_level_ends_with_the_requirement(who: str, facts: Facts, attempt: Attempt, reason: str) -> None:
    assert answer(facts, attempt) == "yes"
    assert answer(BY[who](facts, HIGH), attempt) == reason
    assert who in finding(Gate.SESSION, BY[who](facts, HIGH), attempt).words


@by_anybody
@pytest.mark.parametrize(
    ("facts", "attempt"),
    [
        pytest.param(but(PEOPLE, "session", level=Level.HIGH), AUTHORIZING, id="at a browser"),
        pytest.param(PEOPLE, but(REDEEMING, "code", level=Level.HIGH), id="with a code"),
        pytest.param(but(SIGNED_IN, "grant", level=Level.HIGH), REFRESHING, id="with a refresh token"),
        pytest.param(but(SIGNED_IN, "grant", level=Level.HIGH), IDENTIFYING, id="with a token"),
    ],
)
@pytest.mark.parametrize("wanted", [HIGH, BLOCK], ids=["raise", "block"])
def test_who_signed_in_with_a_second_factor_goes_on(who: str, facts: Facts, attempt: Attempt, wanted: Requirement) -> None:
    assert answer(BY[who](facts, wanted), attempt) == "yes"


@by_anybody
def test_where_it_is_block_nobody_at_the_browser_is_asked_for_more(who: str) -> None:
    assert answer(BY[who](PEOPLE, BLOCK), AUTHORIZING) == "level_blocked"


def test_a_code_counts_by_the_level_at_which_it_was_approved_whatever_the_session_reached_since() -> None:
    raised_since = but(but(PEOPLE, "session", level=Level.HIGH), "policies", requirement=HIGH)
    assert answer(raised_since, REDEEMING) == "level_too_low"


@pytest.mark.parametrize(
    ("facts", "attempt", "said"),
    [
        pytest.param(PEOPLE, WISHING, "level_too_low", id="and can be raised to it"),
        pytest.param(but(PEOPLE, "session", level=Level.HIGH), WISHING, "yes", id="and was raised to it"),
        pytest.param(but(PEOPLE, "policies", requirement=BLOCK), WISHING, "level_blocked", id="which is blocked anyway"),
        pytest.param(but(PEOPLE, session=None), WISHING, "login_required", id="of a user who has not signed in"),
    ],
)
def test_a_request_may_wish_for_a_level(facts: Facts, attempt: Attempt, said: str) -> None:
    assert answer(facts, attempt) == said


def test_X_SE_07_neither_a_yes_nor_a_denial_at_the_consent_page_stands_in_for_a_step_up() -> None:
    wanted = but(PEOPLE, "policies", requirement=HIGH)
    for pressed in (Approving(approved=True), Approving(denied=True)):
        assert finding(Gate.SESSION, wanted, but(AUTHORIZING, approving=pressed)).state is State.REFUSED


def test_the_gate_shows_the_level_that_was_reached_beside_the_one_that_is_wanted() -> None:
    wanted = but(SIGNED_IN, "policies", requirement=HIGH)
    assert finding(Gate.SESSION, wanted, REFRESHING).compared == (Compared("level", "standard", "high"),)
    assert finding(Gate.SESSION, but(PEOPLE, "policies", requirement=HIGH), AUTHORIZING).compared == (
        Compared("level", "standard", "high"),
    )
    # Nobody signed in for what a service holds.
    assert finding(Gate.SESSION, but(FACTS, "policies", requirement=HIGH), PRESENTING).compared == (Compared("level", None, "high"),)
    assert finding(Gate.SESSION, FACTS, PRESENTING).words == "no level is required"
    assert (
        finding(Gate.SESSION, but(but(wanted, "grant", level=Level.HIGH)), REFRESHING).words == "high, as is required by the app's policies"
    )


@pytest.mark.parametrize(
    ("facts", "attempt"),
    [
        pytest.param(but(FACTS, grant=None), PRESENTING, id="the grant of a token"),
        pytest.param(PEOPLE, but(REDEEMING, code=None), id="the code"),
        pytest.param(but(FACTS, policies=None), PRESENTING, id="the policies"),
        pytest.param(but(FACTS, standing=None), PRESENTING, id="the user"),
    ],
)
def test_X_AD_11_without_what_it_would_look_at_the_gate_denies(facts: Facts, attempt: Attempt) -> None:
    assert finding(Gate.SESSION, but(facts, "org.settings", requirement=HIGH), attempt).state is State.UNREACHED
