"""Saved views: what is a view of a list, and what it may be called."""

import pytest

from gatebridge.rules import saved_views

VIEW = "/setup/audit?event=setup%3Aapp%3Acreated&sort=time"


@pytest.mark.parametrize(
    ("address", "path"),
    [
        (VIEW, "/setup/audit"),
        ("/setup/apps/0H4000000000001AAA/changes?since=24h", "/setup/apps/0H4000000000001AAA/changes"),
        ("/setup/audit", ""),  # the list as it is
        ("/setup?q=a", ""),  # no list at all
        ("/setup/audit?q=a&after=7", ""),  # a place in a list
        ("/setup/audit?after=7", ""),
        ("/setup/audit?thereafter=7", "/setup/audit"),
        ("//elsewhere.example/setup/audit?q=a", ""),
        ("https://elsewhere.example/setup/audit?q=a", ""),
        ("/setup/../me?q=a", ""),
        ("/me/apps?q=a", ""),
        ("/setup/audit?q=a b", ""),
        ("/setup/audit?q=a\n", ""),
        (f"/setup/audit?q={'a' * 600}", ""),
        (f"/setup/{'a' * 61}?q=a", ""),  # no page of setup has such an address, and its column is no longer
        ("/setup/a/b/c/d?q=a", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_X_RU_14_only_a_view_of_a_list_in_setup_is_one(address: str, path: str) -> None:
    assert saved_views.path_of(address) == path


@pytest.mark.parametrize(
    ("name", "address", "fields"),
    [
        ("Refused at night", VIEW, []),
        ("", VIEW, ["name"]),
        ("a" * 41, VIEW, ["name"]),
        ("two\nlines", VIEW, ["name"]),
        ("", "/me", ["name", "view"]),
    ],
)
def test_a_view_has_a_name_of_one_line(name: str, address: str, fields: list[str]) -> None:
    assert [each.field for each in saved_views.problems(name, address)] == fields
