"""The codes of a device: how they are spelled, typed, numbered and waited for."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from itertools import count

import pytest
from tests.rules.facts_builder import NOW, WAITING_DEVICE, but

from gatebridge.rules import device_codes
from gatebridge.rules.device_codes import LETTERS, Confirmation


def drawn(number: int) -> bytes:
    return sha256(str(number).encode()).digest()


def source() -> Callable[[int], bytes]:
    """A source of bytes that is the same in every run."""
    numbers = count()
    return lambda length: drawn(next(numbers))[:length]


def test_std_DV_03_a_code_has_eight_letters_of_twenty_and_no_vowel() -> None:
    random = source()
    codes = [device_codes.new_code(random) for _ in range(500)]
    assert {len(code) for code in codes} == {8}
    assert set("".join(codes)) == set(LETTERS)
    assert len(LETTERS) == 20
    assert not set("AEIOU01") & set(LETTERS)
    assert len(set(codes)) == 500


def test_no_letter_is_likelier_than_another() -> None:
    every_byte = bytes(range(256))
    found = Counter(LETTERS[byte % len(LETTERS)] for byte in every_byte if byte < 240)
    assert set(found.values()) == {12}


def test_bytes_that_would_make_a_letter_likelier_are_drawn_again() -> None:
    draws = iter([b"\xff" * 8, b"\xf0\x00" * 4, bytes(8)])
    assert device_codes.new_code(lambda _: next(draws)) == "B" * 8


def test_a_source_that_gives_nothing_usable_makes_no_code() -> None:
    with pytest.raises(RuntimeError, match="no usable bytes"):
        device_codes.new_code(lambda length: b"\xff" * length)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("WDJB-MJHT", "WDJBMJHT"),
        ("wdjb-mjht", "WDJBMJHT"),
        ("  wdjb mjht ", "WDJBMJHT"),
        ("W.D.J.B/M_J_H_T", "WDJBMJHT"),
        ("ＷＤＪＢＭＪＨＴ", "WDJBMJHT"),
        ("WDJB–MJHT", "WDJBMJHT"),
        ("WDJB-MJH", None),
        ("WDJB-MJHTT", None),
        ("WDJB-MJHA", None),
        ("WDJB-MJH0", None),
        ("", None),
        ("-" * 57 + "WDJBMJHT", None),
        ("-" * 56 + "WDJBMJHT", "WDJBMJHT"),
    ],
)
def test_std_DV_03_a_code_is_typed_in_any_case_and_with_anything_between_its_letters(text: str, code: str | None) -> None:
    assert device_codes.typed(text) == code


def test_a_code_is_shown_in_two_halves_and_typed_as_it_is_shown() -> None:
    assert device_codes.shown("WDJBMJHT") == "WDJB-MJHT"
    assert device_codes.typed(device_codes.shown("WDJBMJHT")) == "WDJBMJHT"


def test_a_number_has_two_digits() -> None:
    random = source()
    numbers = {device_codes.new_number(random) for _ in range(2_000)}
    assert numbers == {str(number) for number in range(10, 100)}


@pytest.mark.parametrize("number", ["10", "47", "99"])
def test_the_number_stands_among_two_others_at_any_place(number: str) -> None:
    offered = [device_codes.choices(number, drawn(each)) for each in range(300)]
    assert {len(set(each)) for each in offered} == {3}
    assert all(number in each and all(other.isdecimal() and len(other) == 2 for other in each) for each in offered)
    assert {each.index(number) for each in offered} == {0, 1, 2}


def test_the_same_request_always_offers_the_same_numbers() -> None:
    """Else the one that stays when the page is opened twice would be the right one."""
    assert device_codes.choices("47", drawn(1)) == device_codes.choices("47", drawn(1))


def test_a_number_is_not_offered_twice_nor_beside_itself() -> None:
    assert device_codes.choices("10", bytes([0, 0, 90, 1, 91, 2])) == ("10", "11", "12")


@pytest.mark.parametrize(
    ("number", "by_link", "confirmation"),
    [
        ("47", False, Confirmation.NUMBER),
        ("47", True, Confirmation.NUMBER),
        ("", True, Confirmation.RETYPED),
        ("", False, Confirmation.TYPED),
    ],
)
def test_where_no_number_is_shown_a_code_that_a_link_brought_is_typed_once_more(
    number: str, by_link: bool, confirmation: Confirmation
) -> None:
    assert but(WAITING_DEVICE, number=number, by_link=by_link).confirmation is confirmation


@pytest.mark.parametrize(
    ("since", "interval", "too_soon"),
    [
        pytest.param(None, 5, False, id="the first question comes at once"),
        pytest.param(0.0, 5, True, id="two at one moment"),
        pytest.param(3.9, 5, True, id="a second and more too soon"),
        pytest.param(4.0, 5, False, id="what the network may take off is forgiven"),
        pytest.param(5.0, 5, False, id="as it was told"),
        pytest.param(8.9, 10, True, id="as it was told at first, and no more"),
        pytest.param(9.0, 10, False, id="as it was told since"),
    ],
)
def test_std_DV_02_a_device_asks_no_oftener_than_it_was_told(since: float | None, interval: int, too_soon: bool) -> None:
    polled_at = None if since is None else NOW - timedelta(seconds=since)
    assert but(WAITING_DEVICE, polled_at=polled_at, interval_seconds=interval).too_soon(NOW) is too_soon


def test_X_DV_03_the_guesses_of_a_whole_org_hit_any_of_its_devices_less_than_once_in_five_thousand_times() -> None:
    codes = len(LETTERS) ** device_codes.LENGTH
    chance = device_codes.MOST_WRONG_IN_ORG * device_codes.MOST_WAITING_IN_ORG / codes
    assert chance < 1 / 5_000
    assert device_codes.MOST_WRONG_IN_SESSION == 5
    assert device_codes.LIFETIME.total_seconds() == 600
