"""Under which names wrong passwords are counted, and how many of other things are let through."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules import lockouts
from gatebridge.rules.lockouts import LONGEST_NAME, Keys, Limit, canonical, keys

NAME = "dana@acme.example"
HOME = bytes(range(32))


@pytest.mark.parametrize(
    "spelled",
    [
        "DANA@ACME.EXAMPLE",
        "  dana@acme.example\t\n",
        "dana @acme.example",
        "dana\0@acme.example",
        "da\u200bna@acme.example",
        "da\u00adna@acme.example",
        "\u202edana@acme.example",
        "ｄａｎａ＠ａｃｍｅ．ｅｘａｍｐｌｅ",
        "dana@acme.example\u3000",
        "\ufeffdana@acme.example",
    ],
)
def test_X_BF_04_one_name_in_many_spellings_is_one_name(spelled: str) -> None:
    assert canonical(spelled) == NAME


@pytest.mark.parametrize(
    ("one", "other"), [("straße", "STRASSE"), ("ﬁn", "fin"), ("é", "E\u0301"), ("Å", "å"), ("\u0740\u00ad\u08d1", "\u08d1\u0740")]
)
def test_X_BF_04_what_is_folded_apart_is_folded_together(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


def test_different_names_are_counted_apart() -> None:
    assert canonical("dana@acme.example") != canonical("dina@acme.example")


@given(st.text(max_size=300))
def test_a_canonical_name_is_its_own_and_fits_its_column(text: str) -> None:
    once = canonical(text)
    assert len(once) <= LONGEST_NAME
    assert canonical(once) == once
    assert not {" ", "\0"} & set(once)


def test_long_names_do_not_all_become_one() -> None:
    assert canonical("a" * 500) != canonical("b" * 500)
    assert len(canonical("a" * (LONGEST_NAME + 1))) == 64
    assert canonical("a" * LONGEST_NAME) == "a" * LONGEST_NAME


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.10", "192.0.2.0/24"), ("2001:db8:7:1::1", "2001:db8:7::/48"), ("::ffff:192.0.2.10", "192.0.2.0/24"), ("", "unknown")],
)
def test_an_address_is_counted_with_its_neighbours(address: str, network: str) -> None:
    assert keys(NAME, address, None) == Keys(NAME, network)


def test_X_BF_06_a_browser_that_is_known_is_counted_apart() -> None:
    known = keys(NAME, "192.0.2.10", HOME)
    assert known.user == f"{NAME} {HOME.hex()}"
    assert known.user != keys(NAME, "192.0.2.10", bytes(32)).user
    assert len(keys("x" * 500, "", HOME).user) <= 255


def test_a_limit_lets_so_many_through_and_not_one_more() -> None:
    assert [Limit(3).exceeded(counted) for counted in (1, 3, 4)] == [False, False, True]


def test_ten_for_a_user_and_a_hundred_for_a_network_lock_for_a_quarter_of_an_hour() -> None:
    assert (lockouts.MOST_FOR_USER, lockouts.MOST_FOR_ADDRESS) == (10, 100)
    assert lockouts.WINDOW == lockouts.LOCK == timedelta(minutes=15)


def test_few_messages_are_sent_to_one_user_and_few_reports_come_from_one() -> None:
    limits = (lockouts.MAILED_CODES, lockouts.PASSWORD_LINKS, lockouts.REPORTS)
    assert [(limit.most, limit.window) for limit in limits] == [(most, timedelta(minutes=15)) for most in (3, 3, 5)]
