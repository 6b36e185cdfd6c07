"""Which passwords may be chosen."""

import pytest

from gatebridge.crypto.passwords import MAX_BYTES
from gatebridge.rules.password_checks import COMMONEST, LONGEST_BYTES, SHORTEST, password_problem

USERNAME, EMAIL = "dana.okafor@acme.example", "dana@mail.example"


def problem(password: str) -> str:
    return password_problem(password, username=USERNAME, email=EMAIL) or ""


@pytest.mark.parametrize(
    "password", ["a river of slow glass", "correct horse battery staple", "8ytes-ok", "ÄÖÜäöüßé", "🙂🙃" * 4 + "!", "xylophone" * 100]
)
def test_any_long_password_may_be_chosen(password: str) -> None:
    assert password_problem(password, username=USERNAME, email=EMAIL) is None


@pytest.mark.parametrize("password", ["", "short", "1234567", "e\u0301" * 7])
def test_a_short_one_may_not(password: str) -> None:
    assert f"at least {SHORTEST} characters" in problem(password)


def test_one_that_would_be_cut_may_not_and_the_limit_is_that_of_the_hasher() -> None:
    assert LONGEST_BYTES == MAX_BYTES
    assert "too long" in problem("long" * 256 + "!")
    assert "too long" in problem("çédé" * 128 + "!" * 129)
    assert problem("çédé" * 128 + "!" * 128) == ""


@pytest.mark.parametrize("password", [USERNAME, USERNAME.upper(), "Dana.Okafor", EMAIL, f" {EMAIL} ", "ｄａｎａ＠ｍａｉｌ．ｅｘａｍｐｌｅ"])
def test_neither_the_username_nor_the_address_may(password: str) -> None:
    assert "other than your username" in problem(password)


@pytest.mark.parametrize("password", ["password", "PassWord1", "1q2w3e4r", "Summer2026", "ｐａｓｓｗｏｒｄ"])
def test_none_of_those_that_are_tried_first_may(password: str) -> None:
    assert "tried first" in problem(password)


@pytest.mark.parametrize(
    "password", ["aaaaaaaa", "\u00e4" * 9, "AaAaAaAa", " " * 8, "a       ", "0" * 1024, "abababab", "123123123", "🙂" * 8]
)
def test_what_is_the_same_over_and_over_may_not(password: str) -> None:
    assert "over and over" in problem(password)


@pytest.mark.parametrize(
    "password",
    [
        *("12345678", "34567890123", "09876543", "abcdefgh", "ZYXWVUTS", "uvwxyzab"),
        *("qwertyuiop", "poiuytrewq", "hjklzxcv", "qwertzui", "azertyui"),
    ],
)
def test_what_stands_in_a_row_may_not(password: str) -> None:
    assert "follow one another" in problem(password)


@pytest.mark.parametrize("password", ["abcdabcd", "abcdefgi", "12345687", "aaaaaaab", "qwertasdfg"])
def test_what_is_a_little_more_than_a_row_may(password: str) -> None:
    assert problem(password) == ""


def test_every_common_one_is_long_enough_to_be_worth_listing_and_listed_as_it_is_compared() -> None:
    assert all(len(each) >= SHORTEST and each == each.casefold() for each in COMMONEST)


def test_who_has_neither_name_nor_address_is_asked_for_the_rest_all_the_same() -> None:
    assert password_problem("a river of slow glass") is None
    assert password_problem("password") is not None
