"""A view is its address: what an address says of order, size and place, and what other addresses a view leads to."""

import pytest
from starlette.requests import Request

from gatebridge.web.console import listing
from gatebridge.web.console.listing import Filter, Sort, View

PATH = "/setup/things"
FILTERS = (Filter("q", "Find"), Filter("state", "State", (("", "Any"), ("open", "Open"))))
SORTS = (Sort("name", "Name"), Sort("seen", "Seen", "time"), Sort("count", "Count", "number"))


def view(query: str = "", sorts: tuple[Sort, ...] = SORTS) -> View:
    scope = {"type": "http", "path": PATH, "query_string": query.encode(), "headers": [(b"host", b"acme.example")], "server": None}
    return listing.read(Request(scope), FILTERS, PATH, sorts)


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("", ("name", False, "A to Z", "")),
        ("sort=name", ("name", False, "A to Z", "")),
        ("sort=-name", ("name", True, "Z to A", "-name")),
        ("sort=seen", ("seen", False, "oldest first", "seen")),
        ("sort=-seen", ("seen", True, "newest first", "-seen")),
        ("sort=-count", ("count", True, "most first", "-count")),
    ],
)
def test_an_address_says_the_order(query: str, order: tuple[str, bool, str, str]) -> None:
    asked = view(query)
    assert (asked.sort, asked.descending, asked.order, asked.ordered) == order


@pytest.mark.parametrize("said", ["mac", "--name", "-", "name,seen", "users.password_hash", "name desc", "NAME", "name\0"])
def test_X_HT_07_an_order_that_the_list_does_not_know_is_its_own(said: str) -> None:
    assert view(f"sort={said}").where() == PATH


def test_a_list_without_orders_has_none() -> None:
    asked = view("sort=name", ())
    assert (asked.sort, asked.ordered, asked.orders) == ("", "", ())


@pytest.mark.parametrize(
    ("query", "name", "address"),
    [
        ("", "seen", "?sort=-seen"),  # what is newest is wanted first
        ("", "name", "?sort=-name"),  # turned around
        ("sort=-name", "name", ""),
        ("sort=-seen", "seen", "?sort=seen"),
        ("q=a&after=7&size=50", "count", "?q=a&sort=-count&size=50"),  # from the beginning, and as narrow as before
    ],
)
def test_a_head_sorts_or_turns_around(query: str, name: str, address: str) -> None:
    assert view(query).sorting(name) == f"{PATH}{address}"


def test_every_other_address_keeps_the_order() -> None:
    asked = view("q=a&state=open&sort=seen")
    assert asked.without("q") == f"{PATH}?state=open&sort=seen"
    assert asked.sized(100) == f"{PATH}?q=a&state=open&sort=seen&size=100"
    assert asked.where(after="7") == f"{PATH}?q=a&state=open&sort=seen&after=7"
    assert asked.choosing(state="") == f"{PATH}?q=a&sort=seen"
    assert asked.at("export") == f"{PATH}/export?q=a&state=open&sort=seen"


def test_the_orders_stand_for_choice_with_the_lists_own_first_and_empty() -> None:
    assert view().orders[:3] == (("", "Name", "A to Z"), ("-name", "Name", "Z to A"), ("-seen", "Seen", "newest first"))


@pytest.mark.parametrize(
    ("query", "saved", "offered"),
    [
        ("q=a", None, ""),  # nothing can be kept of this list
        ("q=a", (), "/setup/saved-views/new?view=%2Fsetup%2Fthings%3Fq%3Da"),
        ("q=a", (("Mine", f"{PATH}?q=a"),), ""),
        ("", (), ""),  # the list as it is
        (f"q={'%E6%BC%A2' * 200}", (), ""),  # an address too long to be kept
    ],
)
def test_what_is_not_kept_yet_is_offered_to_be(query: str, saved: tuple[tuple[str, str], ...] | None, offered: str) -> None:
    asked = view(query)
    assert View(PATH, FILTERS, asked.chosen, saved=saved).keeping == offered
