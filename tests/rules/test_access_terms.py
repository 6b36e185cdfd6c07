"""For how long: the gate Lifetime."""

import pytest
from tests.rules.facts_builder import ASKING, FACTS, but, finding

from gatebridge.rules import access
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.facts import Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.verdict import State


def lives(
    app: int | None = None, profile: int | None = None, org: int | None = None, *, jwt: int | None = None, format: TokenFormat
) -> Facts:
    facts = but(but(FACTS, "settings", access_token_format=format), "policies", access_token_minutes=app, jwt_access_token_minutes=jwt)
    return but(but(facts, "standing.profile", session_minutes=profile), "org.settings", session_minutes=org)


OPAQUE, JWT = TokenFormat.OPAQUE, TokenFormat.JWT


@pytest.mark.parametrize(
    ("facts", "lifetime", "words"),
    [
        pytest.param(lives(30, 60, 90, format=OPAQUE), Lifetime(1_800, "app"), "30 min, by the app", id="the app's policy decides first"),
        pytest.param(lives(None, 60, 90, format=OPAQUE), Lifetime(3_600, "profile"), "60 min, by the profile", id="then the profile"),
        pytest.param(lives(None, None, 90, format=OPAQUE), Lifetime(5_400, "org"), "90 min, by the org", id="then the org"),
        pytest.param(lives(format=OPAQUE), Lifetime(7_200, "default"), "120 min, by the default", id="and two hours else"),
        pytest.param(lives(jwt=5, format=OPAQUE), Lifetime(7_200, "default"), "120 min, by the default", id="a JWT's policy is for JWTs"),
        pytest.param(lives(30, 60, 90, jwt=5, format=JWT), Lifetime(300, "app"), "5 min, by the app", id="a JWT has a policy of its own"),
        pytest.param(lives(30, 60, 90, format=JWT), Lifetime(900, "default"), "15 min, by the default", id="and lives 15 minutes else"),
    ],
)
def test_the_nearest_setting_decides_how_long_a_token_lives(facts: Facts, lifetime: Lifetime, words: str) -> None:
    verdict = access.decide(facts, ASKING)
    assert (verdict.reason, verdict.lifetime) == (None, lifetime)
    assert finding(Gate.LIFETIME, facts, ASKING).words == words


def test_a_life_can_be_told_also_where_the_user_is_missing() -> None:
    facts = but(lives(None, None, 90, format=OPAQUE), standing=None)
    assert finding(Gate.LIFETIME, facts, ASKING).words == "90 min, by the org"


@pytest.mark.parametrize("missing", ["settings", "policies"])
def test_X_AD_11_without_settings_or_policies_no_life_can_be_told(missing: str) -> None:
    assert finding(Gate.LIFETIME, but(FACTS, **{missing: None}), ASKING).state is State.UNREACHED
