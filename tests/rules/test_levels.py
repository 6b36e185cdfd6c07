"""How sure a sign-in must make us: who requires a level, what counts where several do, and what a request may wish for."""

import pytest
from tests.rules.facts_builder import ORG, POLICIES, SERVICE_PROFILE, but

from gatebridge.rules.levels import NOTHING_REQUIRED, Level, LevelAction, Requirement, required, wished

HIGH, STANDARD = Level.HIGH, Level.STANDARD
RAISE, BLOCK = Requirement(HIGH, LevelAction.RAISE), Requirement(HIGH, LevelAction.BLOCK)
# A block that stands beside no level blocks nothing: it was left over when the level was taken away.
LEFT_OVER = Requirement(STANDARD, LevelAction.BLOCK)


@pytest.mark.parametrize(
    ("reached", "wanted", "is_enough"), [(HIGH, HIGH, True), (HIGH, STANDARD, True), (STANDARD, STANDARD, True), (STANDARD, HIGH, False)]
)
def test_a_level_reaches_itself_and_what_is_below_it(reached: Level, wanted: Level, is_enough: bool) -> None:
    assert reached.reaches(wanted) is is_enough


@pytest.mark.parametrize(
    ("org", "profile", "app", "found", "who"),
    [
        (NOTHING_REQUIRED, NOTHING_REQUIRED, NOTHING_REQUIRED, NOTHING_REQUIRED, "nobody"),
        (RAISE, NOTHING_REQUIRED, NOTHING_REQUIRED, RAISE, "the org"),
        (NOTHING_REQUIRED, RAISE, NOTHING_REQUIRED, RAISE, "the user's profile"),
        (NOTHING_REQUIRED, NOTHING_REQUIRED, RAISE, RAISE, "the app's policies"),
        (NOTHING_REQUIRED, NOTHING_REQUIRED, BLOCK, BLOCK, "the app's policies"),
        (BLOCK, NOTHING_REQUIRED, RAISE, BLOCK, "the org and the app's policies"),
        (RAISE, RAISE, BLOCK, BLOCK, "the org and the user's profile and the app's policies"),
        (LEFT_OVER, RAISE, LEFT_OVER, RAISE, "the user's profile"),
        (LEFT_OVER, LEFT_OVER, LEFT_OVER, NOTHING_REQUIRED, "nobody"),
    ],
)
def test_the_highest_level_counts_and_one_block_is_enough(
    org: Requirement, profile: Requirement, app: Requirement, found: Requirement, who: str
) -> None:
    asked = required(but(ORG, "settings", requirement=org), but(SERVICE_PROFILE, requirement=profile), but(POLICIES, requirement=app))
    assert asked == (found, who)


def test_who_is_not_known_yet_requires_nothing() -> None:
    assert required(ORG, None, None) == (NOTHING_REQUIRED, "nobody")
    assert required(but(ORG, "settings", requirement=RAISE), None, None) == (RAISE, "the org")


@pytest.mark.parametrize(
    ("acr_values", "level"),
    [
        ("urn:gatebridge:level:high", HIGH),
        ("urn:gatebridge:level:standard", STANDARD),
        ("urn:gatebridge:level:high urn:gatebridge:level:standard", HIGH),
        ("urn:gatebridge:level:standard urn:gatebridge:level:high", STANDARD),
        ("phr urn:gatebridge:level:high", HIGH),
        ("phr", None),
        ("URN:GATEBRIDGE:LEVEL:HIGH", None),
        ("high", None),
        ("", None),
    ],
)
def test_std_AZ_21_AZ_23_a_request_wishes_for_the_first_level_that_is_one_of_ours(acr_values: str, level: Level | None) -> None:
    assert wished(acr_values) is level
