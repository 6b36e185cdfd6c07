"""Users, what they may do by profile and permission sets, and for how long."""

from datetime import datetime

import pytest
from tests.rules.facts_builder import A_MOMENT, NOW, ORG, SERVICE_PROFILE, SYNC_SET, USER, but

from gatebridge.rules.people import Assignment, CustomPermission, PermissionSet, Standing, UserState
from gatebridge.rules.permissions import Permission


@pytest.mark.parametrize(
    ("expires_at", "holds"),
    [
        pytest.param(None, True, id="without an end, for ever"),
        pytest.param(NOW + A_MOMENT, True, id="in its last moment"),
        pytest.param(NOW, False, id="not at its end"),
        pytest.param(NOW - A_MOMENT, False, id="not after its end"),
    ],
)
def test_an_assignment_holds_until_its_end(expires_at: datetime | None, holds: bool) -> None:
    assert Assignment("0PS000000000001", expires_at).holds(NOW) is holds


@pytest.mark.parametrize(
    ("one", "other", "outlasts"),
    [
        pytest.param(None, None, True, id="for good, and for good"),
        pytest.param(None, NOW, True, id="for good, and until a moment"),
        pytest.param(NOW, None, False, id="until a moment, and for good"),
        pytest.param(NOW, NOW, True, id="both until the same moment"),
        pytest.param(NOW, NOW + A_MOMENT, False, id="until a moment, and until a later one"),
    ],
)
def test_an_assignment_that_ends_no_earlier_outlasts_the_other(one: datetime | None, other: datetime | None, outlasts: bool) -> None:
    assert Assignment("0PS000000000001", one).outlasts(Assignment("0PS000000000001", other)) is outlasts


def test_the_states_of_a_user_are_called_as_they_are_stored_and_sent() -> None:
    assert [str(state) for state in UserState] == ["invited", "active", "deactivated"]


def a_set(*rights: Permission) -> PermissionSet:
    return but(SYNC_SET, permissions=frozenset(rights))


FOR_EVER, ENDED = Assignment(SYNC_SET.id), Assignment(SYNC_SET.id, NOW)
API, USERS, AUDIT = Permission.API_ENABLED, Permission.MANAGE_USERS, Permission.VIEW_AUDIT_TRAIL


@pytest.mark.parametrize(
    ("sets", "rights"),
    [
        pytest.param((), {API}, id="the profile's rights alone"),
        pytest.param(((a_set(USERS), FOR_EVER),), {API, USERS}, id="a permission set adds to them"),
        pytest.param(((a_set(), FOR_EVER),), {API}, id="and never takes away"),
        pytest.param(((a_set(USERS), FOR_EVER), (a_set(AUDIT, API), FOR_EVER)), {API, USERS, AUDIT}, id="several add up"),
        pytest.param(((a_set(USERS), ENDED),), {API}, id="one whose assignment has ended adds nothing"),
        pytest.param(((a_set(USERS), ENDED), (a_set(AUDIT), FOR_EVER)), {API, AUDIT}, id="the others stay"),
    ],
)
def test_a_user_may_do_what_profile_and_permission_sets_give_at_that_moment(
    sets: tuple[tuple[PermissionSet, Assignment], ...], rights: set[Permission]
) -> None:
    assert Standing(USER, SERVICE_PROFILE, sets).permissions(NOW) == rights


def test_of_whom_nothing_else_is_said_nothing_else_is_told() -> None:
    assert (USER.locale, USER.timezone) == ("en_US", "UTC")
    assert {USER.phone, USER.street, USER.city, USER.region, USER.postal_code, USER.country} == {""}


def test_whoever_is_made_anew_is_in_the_first_version() -> None:
    right = CustomPermission("0CP000000000001", ORG.id, "Approve", "Approve", "", NOW)
    assert {each.version for each in (USER, SERVICE_PROFILE, SYNC_SET, right)} == {1}


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Ada", "Byron", "Ada Byron"),
        ("", "Byron", "Byron"),
        ("Ada", "", "Ada"),
        ("", "", "sync@acme.example"),
    ],
)
def test_a_user_is_called_by_name_and_by_username_where_there_is_none(first: str, last: str, name: str) -> None:
    assert but(USER, first_name=first, last_name=last).name == name


@pytest.mark.parametrize(
    ("first", "last", "sorted_by"),
    [
        pytest.param("Ada", "Lovelace", "ada lovelace", id="whatever the case of its letters"),
        pytest.param("Éva", "Dvořák", "eva dvorak", id="an accent moves nobody behind Z"),
        pytest.param("", "Straße", "strasse", id="a letter that stands for two is two"),
        pytest.param("", "", "sync@acme.example", id="who has no name, by the username"),
        pytest.param("玲", "王", "玲 王", id="letters of any script stay"),
    ],
)
def test_a_user_is_sorted_by_what_is_read(first: str, last: str, sorted_by: str) -> None:
    assert but(USER, first_name=first, last_name=last, username="Sync@acme.example").sort_name == sorted_by


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("sync@acme", True),
        ("ops@mail.example", True),
        ("eva dvorak", True),
        ("va dvo", True),
        ("dvorak eva", False),
        ("example eva", False),  # no text reaches from one of the three into the next
    ],
)
def test_a_user_is_found_by_username_e_mail_and_name(typed: str, found: bool) -> None:
    who = but(USER, username="Sync@Acme.example", email="Ops@mail.example", first_name="Éva", last_name="Dvořák")
    assert (typed in who.found_by) is found


def test_what_a_user_is_sorted_and_found_by_fits_into_an_index() -> None:
    longest = but(USER, username="u" * 120, email="e" * 254, first_name="王" * 80, last_name="玲" * 80)
    assert longest.found_by.endswith(longest.sort_name)
    assert longest.sort_name == longest.name
    # One letter that stands for a whole sentence.
    swollen = but(longest, first_name="\ufdfa" * 80, last_name="\ufdfa" * 80)
    assert (len(swollen.sort_name.encode()), len(swollen.found_by.encode())) == (799, 1_700)


@pytest.mark.parametrize(
    ("custom", "names"),
    [
        ((), set()),
        ((("invoices", "Read your invoices"), ("orders", "Read your orders")), {"invoices", "orders"}),
    ],
)
def test_an_org_knows_its_custom_scopes_by_name(custom: tuple[tuple[str, str], ...], names: set[str]) -> None:
    assert but(ORG, "settings", custom_scopes=custom).custom_scopes == names
