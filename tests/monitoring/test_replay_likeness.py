"""What a replay decides once for many: addresses between the same ends of ranges, and users of whom the gates see the same."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts_builder import APP, NOW, ORG, POLICIES, SERVICE_PROFILE, SYNC_SET, USER

from gatebridge.monitoring.replay_facts import ReplayFacts
from gatebridge.monitoring.replay_likeness import Likeness
from gatebridge.rules.drafts import Draft
from gatebridge.rules.network import Range, parse_address
from gatebridge.rules.people import Assignment, Standing, User, UserState
from gatebridge.storage.recorded_uses import Recorded

LINE = Recorded("token", "success", None, APP.id, USER.id, "client_credentials", None, "api", "", None, None, None, None, None)

small = st.integers(0, 40)


def likeness(draft: Draft, *people: Standing) -> Likeness:
    """What is alike under this draft, in an org of these people; nothing is read for it."""
    facts = ReplayFacts(SimpleNamespace(now=NOW), ORG, draft)  # type: ignore[arg-type]
    facts._people = {each.user.id: each for each in people}
    found = Likeness(facts)
    found.learn()
    return found


def a_range(version: int, ends: tuple[int, int]) -> Range:
    kind: Any = IPv4Address if version == 4 else IPv6Address
    return Range(kind(min(ends)), kind(max(ends)))


@given(st.lists(st.tuples(st.sampled_from([4, 6]), st.tuples(small, small)), max_size=4), small, small, st.sampled_from([4, 6]))
def test_addresses_of_one_place_are_in_the_same_ranges(
    spans: list[tuple[int, tuple[int, int]]], one: int, other: int, version: int
) -> None:
    ranges = tuple(a_range(*span) for span in spans)
    found = likeness(Draft(policies={APP.id: replace(POLICIES, ip_ranges=ranges)}))
    kind: Any = IPv4Address if version == 4 else IPv6Address
    texts = [str(kind(number)) for number in (one, other)]
    faces = [found.face(LINE._replace(user_id=None, address=text)) for text in texts]
    inside = [[each.contains(address) for each in ranges] for text in texts if (address := parse_address(text)) is not None]
    if faces[0] == faces[1]:
        assert inside[0] == inside[1]


def test_the_two_families_of_addresses_are_two_places() -> None:
    found = likeness(Draft())
    four, six, none = (found.face(LINE._replace(user_id=None, address=text)) for text in ("192.0.2.1", "2001:db8::1", "unknown"))
    assert len({four, six, none}) == 3


BOB = replace(USER, id="005000000000002", username="bob", first_name="Bob", email="bob@acme.example", epoch=9)


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (Standing(BOB, SERVICE_PROFILE), True),
        (Standing(replace(BOB, frozen=True), SERVICE_PROFILE), False),
        (Standing(replace(BOB, state=UserState.DEACTIVATED), SERVICE_PROFILE), False),
        (Standing(replace(BOB, profile_id="00e000000000002"), replace(SERVICE_PROFILE, id="00e000000000002")), False),
        (Standing(BOB, SERVICE_PROFILE, ((SYNC_SET, Assignment(SYNC_SET.id)),)), False),
    ],
    ids=["another name", "frozen", "deactivated", "another profile", "a permission set more"],
)
def test_users_are_alike_when_the_gates_see_the_same_of_them(other: Standing, alike: bool) -> None:
    found = likeness(Draft(), Standing(USER, SERVICE_PROFILE), other)
    faces = [found.face(LINE._replace(user_id=each)) for each in (USER.id, other.user.id)]
    assert (faces[0] == faces[1]) is alike


def test_who_is_drafted_by_name_is_a_kind_of_the_own() -> None:
    people: tuple[User, ...] = (USER, BOB)
    found = likeness(Draft(sets={BOB.id: ()}), *(Standing(each, SERVICE_PROFILE) for each in people))
    assert len({found.face(LINE._replace(user_id=each.id)) for each in people}) == 2
