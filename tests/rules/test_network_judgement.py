"""Which ranges let a request through: the app's, the user's, those for refreshing, and those that are only monitored."""

from dataclasses import replace
from ipaddress import IPv4Address, ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.test_network import a_range, any_address, any_range

from gatebridge.rules.network import Address, Judgement, NetworkPolicy, Range, Relaxation, Rule, judge

HOME, OFFICE, CAFE = IPv4Address("198.51.100.7"), IPv4Address("192.0.2.7"), IPv4Address("203.0.113.7")
HOME_6, CAFE_6 = ip_address("2001:db8:1::7"), ip_address("2001:db8:2::7")
PROFILE = (a_range("192.0.2.0/24", "Office"),)
TRUSTED = (a_range("198.51.100.0/24"),)
CLOUD = (a_range("198.51.100.0/28"), a_range("2001:db8:1::/48"))


def judged(
    address: Address | None, *, refreshing: bool = False, activated: bool = False, only_waive: bool = False, **policy: Any
) -> Judgement:
    """The judgement where profile and org have ranges, unless `policy` says otherwise."""
    said: dict[str, Any] = {"profile": PROFILE, "org": TRUSTED, "trusted_only_waive": only_waive} | policy
    return judge(address, NetworkPolicy(**said), refreshing=refreshing, activated=activated)


def alone(address: Address | None, **how: Any) -> Judgement:
    """The judgement where neither profile nor org has ranges."""
    return judged(address, **{"profile": (), "org": ()} | how)


INSIDE_PROFILE = Judgement(
    True, Rule.PROFILE_RANGES, PROFILE, "192.0.2.7 is inside 192.0.2.0/24 (Office), one of the login ranges of the user's profile."
)
OUTSIDE_PROFILE = Judgement(False, Rule.PROFILE_RANGES, PROFILE, "203.0.113.7 is in none of the login ranges of the user's profile.")
UNREAD = Judgement(
    False, Rule.PROFILE_RANGES, PROFILE, "The address could not be read, so it is in none of the login ranges of the user's profile."
)
NO_EFFECT = Judgement(True, Rule.NO_EFFECT, (), "No range applies: neither app nor profile nor org restricts addresses.")


def relaxed(why: str, outside: str = "203.0.113.7 is in none") -> Judgement:
    words = f"{outside} of the login ranges of the user's profile, but the app's IP relaxation lets it through: {why}."
    return Judgement(True, Rule.RELAXED, PROFILE, words)


@pytest.mark.parametrize(
    ("judgement", "expected"),
    [
        pytest.param(judged(OFFICE), INSIDE_PROFILE, id="inside the profile's ranges goes on"),
        pytest.param(judged(CAFE), OUTSIDE_PROFILE, id="outside the profile's ranges is refused"),
        pytest.param(judged(HOME).allowed, False, id="the org's ranges do not help where the profile has its own"),
        pytest.param(
            judged(HOME, profile=()),
            Judgement(True, Rule.TRUSTED_RANGES, TRUSTED, "198.51.100.7 is inside 198.51.100.0/24, one of the org's trusted ranges."),
            id="without profile ranges the org's count, and inside goes on",
        ),
        pytest.param(
            judged(CAFE, profile=()),
            Judgement(False, Rule.TRUSTED_RANGES, TRUSTED, "203.0.113.7 is in none of the org's trusted ranges."),
            id="without profile ranges the org's count, and outside is refused",
        ),
        pytest.param(judged(CAFE, profile=(), only_waive=True), NO_EFFECT, id="trusted ranges that only waive refuse nobody"),
        pytest.param(judged(CAFE, only_waive=True), OUTSIDE_PROFILE, id="the org's switch leaves profile ranges as they are"),
        pytest.param(judged(CAFE, profile=(), org=()), NO_EFFECT, id="without any range there is no effect"),
        pytest.param(judged(CAFE, relaxation=Relaxation.RELAX), relaxed("it relaxes the ranges for this app"), id="relaxed goes on"),
        pytest.param(judged(OFFICE, relaxation=Relaxation.RELAX), INSIDE_PROFILE, id="relaxation is not named where it changed nothing"),
        pytest.param(judged(CAFE, profile=(), org=(), relaxation=Relaxation.RELAX), NO_EFFECT, id="nothing to relax is still no effect"),
        pytest.param(
            judged(CAFE, relaxation=Relaxation.RELAX_REFRESH, refreshing=True),
            relaxed("it relaxes the ranges when a refresh token is used"),
            id="relaxed for refresh goes on at a refresh",
        ),
        pytest.param(
            judged(CAFE, relaxation=Relaxation.RELAX_REFRESH, activated=True),
            OUTSIDE_PROFILE,
            id="relaxed for refresh is enforced elsewhere, also from an activated device",
        ),
        pytest.param(
            judged(CAFE, relaxation=Relaxation.RELAX_ACTIVATED, activated=True),
            relaxed("it relaxes the ranges for activated devices"),
            id="relaxed for activated devices goes on from one",
        ),
        pytest.param(
            judged(CAFE, relaxation=Relaxation.RELAX_ACTIVATED, refreshing=True),
            OUTSIDE_PROFILE,
            id="relaxed for activated devices is enforced from others, also at a refresh",
        ),
        pytest.param(
            judged(CAFE, refreshing=True, activated=True), OUTSIDE_PROFILE, id="enforced is enforced at a refresh from an activated device"
        ),
    ],
)
def test_the_ip_relaxation_row_of_the_defaults(judgement: object, expected: object) -> None:
    assert judgement == expected


@pytest.mark.parametrize(
    ("judgement", "expected"),
    [
        pytest.param(judged(None), UNREAD, id="an unknown address is refused where ranges apply"),
        pytest.param(judged(None, profile=()).allowed, False, id="also where the org's ranges apply"),
        pytest.param(
            judged(None, profile=(a_range("0.0.0.0/0"), a_range("::/0"))).allowed, False, id="also where every address would be let in"
        ),
        pytest.param(judged(None, profile=(), org=()), NO_EFFECT, id="an unknown address goes on where no range applies"),
        pytest.param(
            judged(None, relaxation=Relaxation.RELAX),
            relaxed("it relaxes the ranges for this app", "The address could not be read, so it is in none"),
            id="an unknown address goes on where the ranges are relaxed",
        ),
    ],
)
def test_X_IP_02_an_address_that_cannot_be_read_never_opens_a_range(judgement: object, expected: object) -> None:
    assert judgement == expected


@pytest.mark.parametrize(
    ("judgement", "rule"),
    [
        pytest.param(alone(HOME, app=CLOUD), Rule.APP_RANGES, id="inside the app's ranges goes on"),
        pytest.param(alone(HOME_6, app=CLOUD), Rule.APP_RANGES, id="also in IPv6"),
        pytest.param(judged(HOME, profile=(), app=CLOUD), Rule.TRUSTED_RANGES, id="inside the app's ranges and the org's goes on"),
        pytest.param(alone(CAFE, app=CLOUD, relaxation=Relaxation.RELAX), Rule.RELAXED, id="relaxed waives the app's ranges"),
        pytest.param(judged(CAFE, app=CLOUD, relaxation=Relaxation.RELAX), Rule.RELAXED, id="and with them those of the user"),
        pytest.param(judged(HOME, app=CLOUD, relaxation=Relaxation.RELAX), Rule.RELAXED, id="inside the app's, relaxed waives the user's"),
        pytest.param(
            judged(CAFE, app=CLOUD, relaxation=Relaxation.RELAX_REFRESH, refreshing=True), Rule.RELAXED, id="relaxed at a refresh as well"
        ),
        pytest.param(
            judged(HOME, app=CLOUD, relaxation=Relaxation.RELAX_ACTIVATED),
            Rule.APP_RANGES,
            id="relaxed for activated devices, the app's ranges stand in for the user's",
        ),
        pytest.param(
            alone(HOME, app=CLOUD, relaxation=Relaxation.RELAX_ACTIVATED), Rule.APP_RANGES, id="also where there are none to stand in for"
        ),
        pytest.param(alone(HOME, refresh=CLOUD, refreshing=True), Rule.REFRESH_RANGES, id="a refresh from a listed address goes on"),
        pytest.param(
            judged(OFFICE, refresh=PROFILE, refreshing=True), Rule.PROFILE_RANGES, id="and is held against all other ranges beside"
        ),
        pytest.param(alone(CAFE, refresh=CLOUD), Rule.NO_EFFECT, id="the list is for refreshing and says nothing else"),
    ],
)
def test_what_the_ranges_of_an_app_let_through(judgement: Judgement, rule: Rule) -> None:
    assert (judgement.allowed, judgement.rule) == (True, rule)


@pytest.mark.parametrize(
    ("judgement", "rule"),
    [
        pytest.param(alone(CAFE, app=CLOUD), Rule.APP_RANGES, id="outside the app's ranges"),
        pytest.param(alone(CAFE_6, app=CLOUD), Rule.APP_RANGES, id="also in IPv6"),
        pytest.param(alone(None, app=CLOUD), Rule.APP_RANGES, id="an address that could not be read"),
        pytest.param(judged(OFFICE, app=CLOUD), Rule.APP_RANGES, id="inside the user's ranges and outside the app's"),
        pytest.param(judged(HOME, app=CLOUD), Rule.PROFILE_RANGES, id="inside the app's ranges and outside the user's"),
        pytest.param(
            judged(OFFICE, app=CLOUD, relaxation=Relaxation.RELAX_ACTIVATED, activated=True),
            Rule.APP_RANGES,
            id="where the app has ranges, an activated device outside them",
        ),
        pytest.param(judged(CAFE, app=CLOUD, relaxation=Relaxation.RELAX_REFRESH), Rule.APP_RANGES, id="relaxed for refreshing, elsewhere"),
        *(
            pytest.param(
                judged(OFFICE, refresh=CLOUD, relaxation=each, refreshing=True, activated=True),
                Rule.REFRESH_RANGES,
                id=f"a refresh from an address that is not listed, with {each}",
            )
            for each in Relaxation
        ),
        pytest.param(alone(None, refresh=CLOUD, refreshing=True), Rule.REFRESH_RANGES, id="a refresh from nobody knows where"),
    ],
)
def test_what_the_ranges_of_an_app_refuse(judgement: Judgement, rule: Rule) -> None:
    assert (judgement.allowed, judgement.rule) == (False, rule)


@pytest.mark.parametrize(
    ("judgement", "words"),
    [
        (alone(CAFE, app=CLOUD), "203.0.113.7 is in none of the app's own ranges."),
        (
            alone(CAFE, refresh=CLOUD, refreshing=True),
            "203.0.113.7 is in none of the addresses from which the app may use a refresh token.",
        ),
        (
            alone(HOME, refresh=CLOUD, refreshing=True),
            "198.51.100.7 is inside 198.51.100.0/28, one of the addresses from which the app may use a refresh token.",
        ),
        (
            judged(OFFICE, refresh=PROFILE, refreshing=True),
            "192.0.2.7 is inside 192.0.2.0/24 (Office), one of the addresses from which the app may use a refresh token. "
            "192.0.2.7 is inside 192.0.2.0/24 (Office), one of the login ranges of the user's profile.",
        ),
        (judged(CAFE, refresh=(a_range("203.0.113.7"),), refreshing=True), OUTSIDE_PROFILE.words),
        (
            judged(HOME, profile=(), app=CLOUD),
            "198.51.100.7 is inside 198.51.100.0/28, one of the app's own ranges. "
            "198.51.100.7 is inside 198.51.100.0/24, one of the org's trusted ranges.",
        ),
        (
            judged(HOME, app=CLOUD, relaxation=Relaxation.RELAX_ACTIVATED),
            "198.51.100.7 is inside 198.51.100.0/28, one of the app's own ranges. "
            "By the app's IP relaxation they count instead of the login ranges of the user's profile.",
        ),
    ],
)
def test_the_words_name_every_list_that_had_a_say(judgement: Judgement, words: str) -> None:
    assert judgement.words == words


@pytest.mark.parametrize(
    ("judgement", "would"),
    [
        pytest.param(alone(CAFE, monitored_app=CLOUD), Rule.APP_RANGES, id="outside the monitored ranges of the app"),
        pytest.param(alone(CAFE, monitored_profile=PROFILE), Rule.PROFILE_RANGES, id="outside those of the profile"),
        pytest.param(alone(CAFE, monitored_org=TRUSTED), Rule.TRUSTED_RANGES, id="outside those of the org"),
        pytest.param(alone(None, monitored_org=TRUSTED), Rule.TRUSTED_RANGES, id="an address that could not be read"),
        pytest.param(
            alone(HOME, refresh=CLOUD, refreshing=True, monitored_app=PROFILE), Rule.APP_RANGES, id="a refresh that its list lets through"
        ),
        pytest.param(judged(HOME, profile=(), monitored_profile=PROFILE), Rule.PROFILE_RANGES, id="the profile's count before the org's"),
        pytest.param(judged(HOME, profile=TRUSTED, monitored_profile=CLOUD[1:]), Rule.PROFILE_RANGES, id="a narrower list is tried out"),
        pytest.param(alone(HOME, app=TRUSTED, monitored_app=CLOUD[1:]), Rule.APP_RANGES, id="also of the app"),
        pytest.param(judged(OFFICE, monitored_org=CLOUD), None, id="a profile with ranges does not look at the org's"),
        pytest.param(judged(HOME, profile=(), monitored_profile=CLOUD), None, id="inside the monitored ranges"),
        pytest.param(alone(CAFE, monitored_app=CLOUD, relaxation=Relaxation.RELAX), None, id="what the app's relaxation would waive"),
        pytest.param(alone(CAFE, monitored_org=TRUSTED, only_waive=True), None, id="trusted ranges that only waive"),
        pytest.param(
            judged(HOME, app=CLOUD, relaxation=Relaxation.RELAX_ACTIVATED, monitored_profile=PROFILE),
            None,
            id="the app's own ranges, where they count instead",
        ),
        pytest.param(judged(CAFE, monitored_app=CLOUD), None, id="what is refused is refused, and there is nothing to try out"),
        pytest.param(judged(OFFICE), None, id="nothing is monitored"),
    ],
)
def test_monitored_ranges_tell_what_they_would_refuse(judgement: Judgement, would: Rule | None) -> None:
    assert (judgement.would_refuse.rule if judgement.would_refuse is not None else None) is would


@pytest.mark.parametrize("relaxation", [Relaxation.RELAX_REFRESH, Relaxation.RELAX_ACTIVATED])
def test_nothing_is_relaxed_for_a_request_of_which_nothing_is_said(relaxation: Relaxation) -> None:
    assert not judge(CAFE, NetworkPolicy(relaxation, profile=PROFILE)).allowed


def test_trusted_ranges_refuse_unless_the_org_says_that_they_only_waive() -> None:
    assert not judge(CAFE, NetworkPolicy(org=TRUSTED)).allowed


def test_what_is_stored_of_a_policy_and_told_of_a_judgement_has_its_names() -> None:
    assert [str(each) for each in Relaxation] == ["enforce", "enforce_relax_refresh", "relax_activated_devices", "relax"]
    assert [str(each) for each in Rule] == ["no_effect", "refresh_ranges", "app_ranges", "profile_ranges", "trusted_ranges", "relaxed"]


LISTS = st.lists(any_range, max_size=3).map(tuple)
SOME_ADDRESS = st.one_of(st.none(), any_address, st.sampled_from([HOME, OFFICE, CAFE]))
POLICIES = st.builds(
    NetworkPolicy,
    relaxation=st.sampled_from(Relaxation),
    app=LISTS,
    refresh=LISTS,
    profile=LISTS,
    org=LISTS,
    trusted_only_waive=st.booleans(),
    monitored_app=LISTS,
    monitored_profile=LISTS,
    monitored_org=LISTS,
)


@given(SOME_ADDRESS, st.lists(any_range, max_size=4), st.lists(any_range, max_size=4), st.booleans())
def test_enforced_ranges_let_through_exactly_what_they_contain(
    address: Address | None, profile: list[Range], org: list[Range], only_waive: bool
) -> None:
    judgement = judge(address, NetworkPolicy(profile=tuple(profile), org=tuple(org), trusted_only_waive=only_waive))
    applying = profile or ([] if only_waive else org)
    assert judgement.ranges == tuple(applying)
    assert judgement.allowed == (not applying or (address is not None and any(found.contains(address) for found in applying)))


@given(SOME_ADDRESS, POLICIES, st.booleans(), st.booleans())
def test_no_relaxation_ever_refuses_what_enforcing_lets_through(
    address: Address | None, policy: NetworkPolicy, refreshing: bool, activated: bool
) -> None:
    enforced = judge(address, replace(policy, relaxation=Relaxation.ENFORCE), refreshing=refreshing, activated=activated)
    assert judge(address, policy, refreshing=refreshing, activated=activated).allowed or not enforced.allowed


@given(SOME_ADDRESS, POLICIES, st.booleans(), st.booleans())
def test_what_is_monitored_changes_no_answer(address: Address | None, policy: NetworkPolicy, refreshing: bool, activated: bool) -> None:
    unwatched = replace(policy, monitored_app=(), monitored_profile=(), monitored_org=())
    watched = judge(address, policy, refreshing=refreshing, activated=activated)
    assert replace(watched, would_refuse=None) == judge(address, unwatched, refreshing=refreshing, activated=activated)
