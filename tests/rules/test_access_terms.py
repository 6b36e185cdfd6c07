"""From where and for how long: the gates Network and Lifetime."""

import pytest
from tests.rules.facts_builder import ASKED_ABOUT, ASKING, ELSEWHERE, FACTS, OFFICE, PRESENTING, but, finding, ranges

from gatebridge.rules import access
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.network import Address, Range, Relaxation
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import network as network_reasons
from gatebridge.rules.verdict import State

DOORS = [pytest.param(ASKING, id="for a token"), pytest.param(ASKED_ABOUT, id="asked about"), pytest.param(PRESENTING, id="at our own API")]

HERE, THERE = ranges("192.0.2.0/24"), ranges("203.0.113.0/24")
OUTSIDE, UNKNOWN = network_reasons.ADDRESS_OUTSIDE_RANGES, network_reasons.ADDRESS_UNKNOWN


def network(
    profile: tuple[Range, ...] = (),
    org: tuple[Range, ...] = (),
    relaxation: Relaxation = Relaxation.ENFORCE,
    only_waive: bool = False,
) -> Facts:
    facts = but(but(FACTS, "standing.profile", login_ranges=profile), "policies", ip_relaxation=relaxation)
    return but(facts, "org.settings", trusted_ranges=org, trusted_ranges_only_waive=only_waive)


@pytest.mark.parametrize("attempt", DOORS)
@pytest.mark.parametrize(
    ("facts", "address", "reason"),
    [
        pytest.param(network(), ELSEWHERE, None, id="where nobody set a range, any address will do"),
        pytest.param(network(), None, None, id="where nobody set a range, the address need not be known"),
        pytest.param(network(profile=HERE), OFFICE, None, id="inside the profile's ranges"),
        pytest.param(network(profile=HERE), ELSEWHERE, OUTSIDE, id="outside the profile's ranges"),
        pytest.param(network(org=HERE), OFFICE, None, id="inside the org's ranges"),
        pytest.param(network(org=HERE), ELSEWHERE, OUTSIDE, id="outside the org's ranges"),
        pytest.param(network(profile=THERE, org=HERE), OFFICE, OUTSIDE, id="the profile's ranges count before the org's"),
        pytest.param(network(profile=HERE, org=THERE), OFFICE, None, id="whom the profile lets in the org does not keep out"),
        pytest.param(network(profile=HERE), None, UNKNOWN, id="an unknown address is in no range of the profile"),
        pytest.param(network(org=HERE), None, UNKNOWN, id="an unknown address is in no range of the org"),
        pytest.param(
            network(profile=HERE, relaxation=Relaxation.RELAX), ELSEWHERE, None, id="the app's policy relaxes the profile's ranges"
        ),
        pytest.param(network(org=HERE, relaxation=Relaxation.RELAX), ELSEWHERE, None, id="the app's policy relaxes the org's ranges"),
        pytest.param(network(profile=HERE, relaxation=Relaxation.RELAX), None, None, id="relaxed also for an unknown address"),
        pytest.param(
            network(profile=HERE, relaxation=Relaxation.RELAX_REFRESH),
            ELSEWHERE,
            OUTSIDE,
            id="relaxed for refreshing only: nobody refreshes",
        ),
        pytest.param(
            network(profile=HERE, relaxation=Relaxation.RELAX_ACTIVATED),
            ELSEWHERE,
            OUTSIDE,
            id="relaxed for devices only: there is no device",
        ),
        pytest.param(network(org=HERE, only_waive=True), ELSEWHERE, None, id="trusted ranges that only waive keep nobody out"),
        pytest.param(network(profile=HERE, org=HERE, only_waive=True), ELSEWHERE, OUTSIDE, id="the profile's ranges never only waive"),
    ],
)
def test_X_IP_04_the_network_gate_stands_at_every_use(
    facts: Facts, attempt: Attempt, address: Address | None, reason: Reason | None
) -> None:
    found = finding(Gate.NETWORK, facts, but(attempt, address=address))
    assert (found.state, found.reason) == (State.REFUSED if reason else State.PASSED, reason)


@pytest.mark.parametrize("relaxation", [each for each in Relaxation if each is not Relaxation.RELAX])
def test_X_IP_02_an_address_that_cannot_be_told_is_refused_where_a_range_applies(relaxation: Relaxation) -> None:
    facts = network(profile=HERE, relaxation=relaxation)
    assert finding(Gate.NETWORK, facts, but(ASKING, address=None)).reason is UNKNOWN


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (network(), "No range applies: neither the user's profile nor the org restricts addresses."),
        (network(profile=HERE), "192.0.2.10 is inside 192.0.2.0/24, one of the login ranges of the user's profile."),
        (network(org=THERE), "192.0.2.10 is in none of the org's trusted ranges."),
        (
            network(org=THERE, relaxation=Relaxation.RELAX),
            "192.0.2.10 is in none of the org's trusted ranges, but the app's IP relaxation lets it through: "
            "it relaxes the ranges for this app.",
        ),
    ],
)
def test_the_network_gate_says_which_rule_decided(facts: Facts, words: str) -> None:
    assert finding(Gate.NETWORK, facts, ASKING).words == words


@pytest.mark.parametrize(
    ("facts", "address", "compared"),
    [
        (network(), OFFICE, Compared("address", "192.0.2.10", None)),
        (network(profile=HERE + THERE), OFFICE, Compared("address", "192.0.2.10", "192.0.2.0/24, 203.0.113.0/24")),
        (network(profile=HERE), None, Compared("address", None, "192.0.2.0/24")),
    ],
)
def test_the_address_is_shown_beside_the_ranges_that_apply(facts: Facts, address: Address | None, compared: Compared) -> None:
    assert finding(Gate.NETWORK, facts, but(ASKING, address=address)).compared == (compared,)


@pytest.mark.parametrize("missing", ["policies", "standing"])
def test_X_AD_11_without_policies_or_user_no_ranges_can_be_told(missing: str) -> None:
    assert finding(Gate.NETWORK, but(FACTS, **{missing: None}), ASKING).state is State.UNREACHED


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
