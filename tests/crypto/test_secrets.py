"""What a value of ours looks like, and what never becomes visible of it."""

import base64
import json
import logging
import os
import pickle
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.crypto import secrets
from gatebridge.crypto.secrets import Kind, Secret

ORG = "00D0000000AbC12"
DIALECTS = ["standard", "salesforce"]
MAKERS: dict[str, Callable[[], str]] = {
    **{kind.name.lower(): partial(secrets.new, kind, os.urandom) for kind in Kind},
    "access_token_standard": lambda: secrets.opaque_access_token(ORG, "standard", os.urandom),
    "access_token_salesforce": lambda: secrets.opaque_access_token(ORG, "salesforce", os.urandom),
}


@pytest.mark.parametrize("kind", Kind)
def test_a_new_value_begins_with_its_prefix_and_is_base_62_after_it(kind: Kind) -> None:
    assert re.fullmatch(rf"{kind.value}[0-9A-Za-z]{{49}}", secrets.new(kind, os.urandom))


def test_std_G_09_a_value_has_at_least_256_bits_besides_prefix_and_checksum() -> None:
    assert secrets.BODY_LENGTH * log2(62) >= 256
    assert secrets.SALESFORCE_BODY_LENGTH * log2(62) >= 256


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_a_value_travels_in_urls_headers_and_auth_urls_without_escaping(make: Callable[[], str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._!-]+", make())


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_std_G_09_two_values_are_never_the_same(make: Callable[[], str]) -> None:
    assert len({make() for _ in range(2000)}) == 2000


def test_every_character_of_the_alphabet_is_as_likely_as_the_others() -> None:
    counted = Counter("".join(secrets.new(Kind.REFRESH_TOKEN, os.urandom)[4:47] for _ in range(20_000)))
    expected = 20_000 * 43 / 62
    # Six standard deviations: chance fails this once in some ten million runs, a bias of one part in thirty always.
    assert max(abs(counted[character] - expected) for character in secrets.ALPHABET) < 6 * expected**0.5


def test_bytes_that_would_bias_the_choice_are_thrown_away() -> None:
    draws = iter([b"\xff" * 55, b"\x00" * 55])
    assert secrets.new(Kind.CONSUMER_KEY, lambda count: next(draws)[:count]).startswith("gbk_" + "0" * 43)


def test_a_broken_source_of_randomness_stops_instead_of_looping() -> None:
    with pytest.raises(RuntimeError):
        secrets.new(Kind.CONSUMER_KEY, lambda count: b"\xff" * count)


@given(st.sampled_from(Kind), st.binary(min_size=64, max_size=64))
def test_what_was_made_looks_right_as_its_kind_and_as_no_other(kind: Kind, seed: bytes) -> None:
    value = secrets.new(kind, lambda count: bytes(byte % 248 for byte in seed[:count]))
    assert [other for other in Kind if secrets.looks_right(other, value)] == [kind]


@given(st.integers(0, 52), st.sampled_from(secrets.ALPHABET))
def test_one_wrong_character_is_told_from_a_wrong_secret(place: int, typed: str) -> None:
    value = secrets.new(Kind.CONSUMER_SECRET, os.urandom)
    mistyped = value[:place] + typed + value[place + 1 :]
    assert secrets.looks_right(Kind.CONSUMER_SECRET, mistyped) is (mistyped == value)


GOOD = secrets.new(Kind.CONSUMER_SECRET, lambda count: bytes(range(count)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("gbs_", id="the_prefix_alone"),
        pytest.param(GOOD[:-1], id="the_last_character_missing"),
        pytest.param(GOOD + "0", id="one_character_more"),
        pytest.param(GOOD + "\n", id="a_newline_at_the_end"),
        pytest.param(" " + GOOD, id="a_blank_in_front"),
        pytest.param(GOOD.upper(), id="other_case"),
        pytest.param(GOOD[:10] + "-" + GOOD[11:], id="a_character_outside_the_alphabet"),
        pytest.param(GOOD[:10] + "\u0661" + GOOD[11:], id="a_digit_of_another_script"),
        pytest.param(GOOD[:10] + "\ud800" + GOOD[11:], id="half_a_character"),
    ],
)
def test_what_was_never_handed_out_does_not_look_right(text: str) -> None:
    assert secrets.looks_right(Kind.CONSUMER_SECRET, GOOD)
    assert not secrets.looks_right(Kind.CONSUMER_SECRET, text)


def test_an_opaque_access_token_is_spelled_as_its_dialect_wants() -> None:
    assert re.fullmatch(rf"gba_{ORG}_[0-9A-Za-z]{{49}}", secrets.opaque_access_token(ORG, "standard", os.urandom))
    assert re.fullmatch(rf"{ORG}!AQ[0-9A-Za-z]{{94}}", secrets.opaque_access_token(ORG, "salesforce", os.urandom))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_access_token_tells_its_org(dialect: str) -> None:
    assert secrets.access_token_org(secrets.opaque_access_token(ORG, dialect, os.urandom)) == ORG


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_access_token_put_under_another_org_is_not_one(dialect: str) -> None:
    token = secrets.opaque_access_token(ORG, dialect, os.urandom)
    assert secrets.access_token_org(token.replace(ORG, "00D0000000AbC13")) is None


@pytest.mark.parametrize("text", ["", "gba_", "a.b.c", "gbr_" + "0" * 49, f"{ORG}!AQ", f"{ORG}!" + "é" * 96, f"gba_{ORG}_" + "0" * 49])
def test_other_texts_are_of_no_org(text: str) -> None:
    assert secrets.access_token_org(text) is None


def test_an_access_token_is_not_made_for_an_id_of_18_characters_or_an_unknown_dialect() -> None:
    with pytest.raises(ValueError, match="15-character"):
        secrets.opaque_access_token(ORG + "AAA", "standard", os.urandom)
    with pytest.raises(ValueError, match="dialect"):
        secrets.opaque_access_token(ORG, "klingon", os.urandom)


def test_the_successor_of_a_refresh_token_is_the_same_each_time_and_looks_right() -> None:
    first = secrets.new(Kind.REFRESH_TOKEN, os.urandom)
    assert secrets.refresh_successor(b"k" * 32, first) == secrets.refresh_successor(b"k" * 32, first) != first
    assert secrets.looks_right(Kind.REFRESH_TOKEN, secrets.refresh_successor(b"k" * 32, first))


def test_the_successor_differs_by_key_and_by_what_was_presented() -> None:
    assert len({secrets.refresh_successor(key, token) for key in (b"k" * 32, b"l" * 32) for token in ("gbr_a", "gbr_b")}) == 4


def test_a_short_key_for_successors_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        secrets.refresh_successor(b"", "gbr_a")


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_X_SX_01_std_G_09_what_is_stored_does_not_hold_what_was_handed_out(make: Callable[[], str]) -> None:
    value = make()
    stored = secrets.digest(value)
    assert len(stored) == 32
    assert value.encode() not in stored
    assert value not in base64.b64encode(stored).decode()


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_X_SX_01_a_list_shows_none_of_the_random_characters(make: Callable[[], str]) -> None:
    value = make()
    prefix, last = secrets.hint(value).split("…")
    assert value.startswith(prefix)
    assert len(last) == 4
    assert value.endswith(last)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("gbs_" + "a" * 45 + "WXYZ", "gbs_…WXYZ"),
        (f"gba_{ORG}_" + "a" * 45 + "WXYZ", "gba_…WXYZ"),
        (f"{ORG}!AQ" + "a" * 90 + "WXYZ", f"{ORG}!AQ…WXYZ"),
        ("3MVG9" + "a" * 76 + "WXYZ", "…WXYZ"),
        ("hunter2", "…"),
        ("", "…"),
    ],
)
def test_a_hint_lets_the_owner_know_the_value_again(value: str, shown: str) -> None:
    assert secrets.hint(value) == shown


@pytest.mark.parametrize(
    "show",
    [
        pytest.param(repr, id="repr"),
        pytest.param(str, id="str"),
        pytest.param(lambda secret: f"{secret}", id="format"),
        pytest.param(lambda secret: f"{secret!r:>30}", id="format_of_repr"),
        pytest.param(lambda secret: "%s %r" % (secret, secret), id="percent"),  # noqa: UP031
        pytest.param(lambda secret: repr({"secret": [secret]}), id="inside_a_container"),
        pytest.param(lambda secret: logging.LogRecord("x", 20, "", 0, "got %s", (secret,), None).getMessage(), id="log"),
        pytest.param(lambda secret: str(ValueError(secret)), id="exception"),
        pytest.param(lambda secret: json.dumps({"s": secret}, default=str), id="json_with_default_str"),
    ],
)
def test_X_SX_02_a_secret_prints_as_three_stars_wherever_it_is_printed(show: Callable[[Secret], str]) -> None:
    shown = show(Secret("gbs_canary"))
    assert "***" in shown
    assert "canary" not in shown


def test_X_SX_02_a_secret_is_not_pickled_and_has_no_dict_to_dump() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("gbs_canary"))
    with pytest.raises(TypeError):
        vars(Secret("gbs_canary"))


def test_a_secret_gives_its_text_to_who_asks_and_equals_the_same_secret_only() -> None:
    assert Secret("a").reveal() == "a"
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


@pytest.mark.parametrize(
    ("a", "b", "equal"), [(b"", b"", True), (b"a", b"a", True), (b"a", b"b", False), (b"a", b"aa", False), (b"", b"a", False)]
)
def test_X_CA_01_the_compare_is_right(a: bytes, b: bytes, equal: bool) -> None:
    assert secrets.same(a, b) is equal


def test_X_CA_01_the_time_of_the_compare_does_not_tell_where_the_difference_is() -> None:
    stored = os.urandom(64 * 1024)
    early = bytes([stored[0] ^ 1]) + stored[1:]
    late = stored[:-1] + bytes([stored[-1] ^ 1])

    def took(other: bytes) -> int:
        begin = time.perf_counter_ns()
        secrets.same(stored, other)
        return time.perf_counter_ns() - begin

    samples = [(took(early), took(late)) for _ in range(401)]
    early_median, late_median = (statistics.median(column) for column in zip(*samples, strict=True))
    # A compare that stops at the first difference is over a hundred times faster on the early one; noise is far below a factor of two.
    assert early_median * 2 > late_median
