"""When and from where: the gates Hours and Network."""

import pytest
from tests.rules.facts_builder import (
    ASKED_ABOUT,
    ASKING,
    AUTHORIZING,
    ELSEWHERE,
    FACTS,
    HELD,
    IDENTIFYING,
    OFFICE,
    PASSING,
    PEOPLE,
    PRESENTING,
    REDEEMING,
    REFRESHING,
    answer,
    but,
    finding,
    ranges,
)

from gatebridge.rules import access
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.hours import OpenHours
from gatebridge.rules.network import Address, Range, Relaxation
from gatebridge.rules.reasons import Compared, Reason
from gatebridge.rules.reasons import hours as hours_reasons
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
        (network(), "No range applies: neither app nor profile nor org restricts addresses."),
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


APP, REFRESH_LIST = network_reasons.ADDRESS_OUTSIDE_APP_RANGES, network_reasons.REFRESH_ADDRESS_REFUSED
ASKS_WHERE = [door for door in Door if Gate.NETWORK in access.GATES_AT[door]]


@pytest.mark.parametrize("door", ASKS_WHERE)
def test_X_IP_04_the_ranges_of_an_app_hold_at_every_door(door: Door) -> None:
    facts, attempt = PASSING[door]
    bound = but(facts, "policies", ip_ranges=HERE)
    assert answer(bound, but(attempt, address=OFFICE)) == "yes"
    assert finding(Gate.NETWORK, bound, but(attempt, address=ELSEWHERE)).reason is APP
    assert finding(Gate.NETWORK, bound, but(attempt, address=None)).reason is UNKNOWN


@pytest.mark.parametrize("door", ASKS_WHERE)
@pytest.mark.parametrize("relaxation", Relaxation)
def test_X_IP_04_the_list_for_refreshing_is_asked_where_a_refresh_token_is_presented_and_never_relaxed(
    door: Door, relaxation: Relaxation
) -> None:
    facts, attempt = PASSING[door]
    listed = but(facts, "policies", refresh_ranges=HERE, ip_relaxation=relaxation)
    assert finding(Gate.NETWORK, listed, but(attempt, address=ELSEWHERE)).reason is (REFRESH_LIST if door is Door.REFRESH else None)
    assert answer(listed, but(attempt, address=OFFICE)) == "yes"


def relaxed_for_devices(facts: Facts) -> Facts:
    return but(but(facts, "policies", ip_relaxation=Relaxation.RELAX_ACTIVATED), "standing.profile", login_ranges=THERE)


@pytest.mark.parametrize(
    ("facts", "attempt", "record"),
    [
        pytest.param(PEOPLE, AUTHORIZING, "session", id="the browser of the session, at the authorization endpoint"),
        pytest.param(HELD, REFRESHING, "grant", id="the browser of the approval, at a refresh"),
        pytest.param(HELD, IDENTIFYING, "grant", id="the browser of the approval, for a live token"),
    ],
)
def test_an_activated_device_passes_where_the_app_relaxes_for_it(facts: Facts, attempt: Attempt, record: str) -> None:
    relaxed = relaxed_for_devices(facts)
    assert finding(Gate.NETWORK, relaxed, attempt).reason is OUTSIDE
    assert finding(Gate.NETWORK, but(relaxed, record, activated=True), attempt).state is State.PASSED


def test_a_code_tells_whether_it_was_approved_at_an_activated_device() -> None:
    relaxed = relaxed_for_devices(PEOPLE)
    assert finding(Gate.NETWORK, but(relaxed, "session", activated=True), REDEEMING).reason is OUTSIDE
    assert finding(Gate.NETWORK, relaxed, but(REDEEMING, "code", activated=True)).state is State.PASSED


@pytest.mark.parametrize("missing", ["session", "grant"])
def test_without_a_session_or_a_grant_no_device_is_activated(missing: str) -> None:
    relaxed = but(relaxed_for_devices(HELD), **{missing: None})
    assert finding(Gate.NETWORK, relaxed, AUTHORIZING if missing == "session" else IDENTIFYING).reason is OUTSIDE


@pytest.mark.parametrize(
    ("everywhere", "used_from", "reason"),
    [
        pytest.param(True, ELSEWHERE, OUTSIDE, id="used outside, where each use is judged"),
        pytest.param(True, OFFICE, None, id="used inside"),
        pytest.param(True, None, None, id="nobody says where it is used"),
        pytest.param(False, ELSEWHERE, None, id="the org does not judge each use"),
    ],
)
def test_X_IP_04_a_token_is_judged_where_it_is_used_if_the_org_says_so(
    everywhere: bool, used_from: Address | None, reason: Reason | None
) -> None:
    facts = but(network(profile=HERE), "org.settings", ranges_on_every_request=everywhere)
    found = finding(Gate.NETWORK, facts, but(ASKED_ABOUT, used_from=used_from))
    assert (found.state, found.reason) == (State.REFUSED if reason else State.PASSED, reason)


def test_where_it_is_used_excuses_nothing_about_where_it_was_issued() -> None:
    facts = but(network(profile=HERE), "org.settings", ranges_on_every_request=True)
    found = finding(Gate.NETWORK, facts, but(ASKED_ABOUT, address=ELSEWHERE, used_from=OFFICE))
    assert (found.reason, found.compared) == (OUTSIDE, (Compared("address", "198.51.100.7", "192.0.2.0/24"),))


def test_what_is_compared_says_whether_it_is_the_address_of_the_use() -> None:
    facts = but(network(profile=HERE), "org.settings", ranges_on_every_request=True)
    found = finding(Gate.NETWORK, facts, but(ASKED_ABOUT, used_from=ELSEWHERE))
    assert found.compared == (Compared("client_address", "198.51.100.7", "192.0.2.0/24"),)


@pytest.mark.parametrize("door", ASKS_WHERE)
@pytest.mark.parametrize(
    ("where", "reason"), [("policies", APP), ("standing.profile", OUTSIDE), ("org.settings", OUTSIDE)], ids=["app", "profile", "org"]
)
def test_monitored_ranges_are_recorded_and_change_nothing(door: Door, where: str, reason: Reason) -> None:
    facts, attempt = PASSING[door]
    watched = but(facts, where, monitored_ranges=HERE)
    outside, inside = (finding(Gate.NETWORK, watched, but(attempt, address=each)) for each in (ELSEWHERE, OFFICE))
    assert (outside.state, outside.reason, outside.would_refuse) == (State.PASSED, None, reason)
    assert (inside.state, inside.would_refuse) == (State.PASSED, None)
    assert finding(Gate.NETWORK, watched, but(attempt, address=None)).would_refuse is UNKNOWN


def test_a_monitored_finding_shows_what_it_would_be_held_against() -> None:
    watched = but(FACTS, "policies", monitored_ranges=HERE)
    found = finding(Gate.NETWORK, watched, but(ASKING, address=ELSEWHERE))
    assert found.words == (
        "No range applies: neither app nor profile nor org restricts addresses. "
        "Monitored ranges would refuse it: 198.51.100.7 is in none of the app's own ranges."
    )
    assert found.compared == (
        Compared("address", "198.51.100.7", None),
        Compared("address, monitored", "198.51.100.7", "192.0.2.0/24"),
    )


# NOW is a Sunday at noon in UTC, and one o'clock in Berlin.
SUNDAYS, SUNDAY_MORNINGS = (OpenHours(6, 8 * 60, 18 * 60),), (OpenHours(6, 8 * 60, 12 * 60 + 30),)


def within(*spans: OpenHours, timezone: str = "UTC", facts: Facts = FACTS) -> Facts:
    return but(but(facts, "standing.profile", login_hours=spans), "org.settings", timezone=timezone)


@pytest.mark.parametrize("door", [door for door in Door if Gate.HOURS in access.GATES_AT[door]])
def test_login_hours_are_asked_at_every_door_where_the_network_is(door: Door) -> None:
    assert Gate.NETWORK in access.GATES_AT[door]
    facts, attempt = PASSING[door]
    assert answer(within(*SUNDAYS, facts=facts), attempt) == "yes"
    assert answer(within(OpenHours(6, 8 * 60, 12 * 60), facts=facts), attempt) == "outside_hours"


@pytest.mark.parametrize(
    ("facts", "state", "words"),
    [
        (within(), State.PASSED, "No login hours: the user's profile is open at any time."),
        (within(*SUNDAYS), State.PASSED, "It is Sunday 12:00 in UTC, within the login hours of the user's profile."),
        (
            within(*SUNDAY_MORNINGS, timezone="Europe/Berlin"),
            State.REFUSED,
            "It is Sunday 13:00 in Europe/Berlin, outside the login hours of the user's profile.",
        ),
        (within(*SUNDAYS, timezone="Mars/Base"), State.REFUSED, "Nobody here knows the time zone Mars/Base."),
    ],
    ids=["no hours", "within", "outside", "X-AD-11: a time zone that nobody knows"],
)
def test_the_hours_gate_says_what_time_it_is_there(facts: Facts, state: State, words: str) -> None:
    found = finding(Gate.HOURS, facts, ASKING)
    assert (found.state, found.words) == (state, words)
    assert found.reason is (hours_reasons.OUTSIDE_HOURS if state is State.REFUSED else None)


def test_the_time_is_shown_beside_the_hours() -> None:
    found = finding(Gate.HOURS, within(*SUNDAY_MORNINGS, timezone="Europe/Berlin"), ASKING)
    assert found.compared == (Compared("time", "Sunday 13:00 in Europe/Berlin", "Sunday 08:00 to 12:30"),)


def test_without_a_user_no_hours_can_be_told() -> None:
    assert finding(Gate.HOURS, but(FACTS, standing=None), ASKING).state is State.UNREACHED
