"""What the seal keeps closed, and which master keys are refused."""

import base64
import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.crypto.sealing import (
    MasterKey,
    MasterKeyRefused,
    MasterKeys,
    SealBroken,
    derive,
    open_,
    seal,
    sealed_under,
)

OLD = MasterKey(hashlib.sha256(b"old").digest())
NEW = MasterKey(hashlib.sha256(b"new").digest())
KEYS = MasterKeys(NEW, (OLD,))


@given(st.binary(max_size=2000), st.text(max_size=20), st.text(max_size=20))
def test_what_was_sealed_opens_for_the_same_purpose_and_place(plaintext: bytes, purpose: str, context: str) -> None:
    sealed = seal(KEYS, purpose, plaintext, os.urandom, context=context)
    assert open_(KEYS, purpose, sealed, context=context) == plaintext


@given(st.data())
def test_a_sealed_value_with_any_bit_changed_does_not_open(data: st.DataObject) -> None:
    sealed = bytearray(seal(KEYS, "signing key", b"private", os.urandom))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        open_(KEYS, "signing key", bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 5, 17, 32, -1])
def test_a_sealed_value_that_was_cut_does_not_open(length: int) -> None:
    with pytest.raises(SealBroken):
        open_(KEYS, "signing key", seal(KEYS, "signing key", b"private", os.urandom)[:length])


@pytest.mark.parametrize(
    ("purpose", "context"),
    [
        pytest.param("totp seed", "org1", id="another_purpose"),
        pytest.param("signing key", "org2", id="another_place"),
        pytest.param("signing key", "", id="no_place"),
        pytest.param("signing ke", "yorg1", id="the_same_letters_cut_elsewhere"),
    ],
)
def test_a_sealed_value_opens_nowhere_else(purpose: str, context: str) -> None:
    sealed = seal(KEYS, "signing key", b"private", os.urandom, context="org1")
    with pytest.raises(SealBroken):
        open_(KEYS, purpose, sealed, context=context)


def test_X_SX_01_std_JW_05_a_sealed_value_does_not_hold_its_plaintext_and_differs_each_time() -> None:
    first, second = (seal(KEYS, "signing key", b"private" * 9, os.urandom) for _ in range(2))
    assert b"private" not in first
    assert first != second


def test_a_value_sealed_before_the_rotation_opens_after_it_and_is_known_to_need_sealing_anew() -> None:
    before = seal(MasterKeys(OLD), "signing key", b"private", os.urandom)
    assert open_(KEYS, "signing key", before) == b"private"
    assert sealed_under(before) == OLD.id != KEYS.current.id
    assert sealed_under(seal(KEYS, "signing key", b"private", os.urandom)) == NEW.id


def test_a_value_whose_master_key_is_gone_names_the_key_it_needs() -> None:
    with pytest.raises(SealBroken, match=OLD.id):
        open_(MasterKeys(NEW), "signing key", seal(MasterKeys(OLD), "signing key", b"private", os.urandom))


def test_subkeys_differ_by_purpose_and_by_key_and_stay_the_same() -> None:
    derived = {derive(key, purpose) for key in (OLD, NEW) for purpose in ("audit chain", "cursor")}
    assert len(derived) == 4
    assert all(len(subkey) == 32 for subkey in derived)
    assert derive(KEYS, "cursor") == derive(NEW, "cursor")


def test_the_subkey_of_a_known_master_key_never_changes_between_releases() -> None:
    assert derive(MasterKey(bytes(range(32))), "audit chain").hex() == "a8c3963a8fc588f5aee0d71533fa169dd30588ada9173e97eb0522e54028b0ad"


def test_a_value_sealed_by_an_earlier_release_opens_with_this_one() -> None:
    sealed = bytes.fromhex("019b0bcafa000000000000000000000000eb5504498142f596d1d76c97538950bb66ed7844b10e09")
    assert open_(MasterKeys(MasterKey(bytes(range(32)))), "signing key", sealed, context="org1") == b"private"


def test_X_SX_02_a_master_key_does_not_print_itself() -> None:
    shown = f"{KEYS!r} {KEYS}"
    assert NEW.id in shown
    for spelling in (NEW.raw.hex(), repr(NEW.raw), NEW.text()):
        assert spelling not in shown


@given(st.binary(min_size=32, max_size=32).map(lambda seed: hashlib.sha256(b"random" + seed).digest()))
def test_a_random_key_is_taken_in_every_spelling(raw: bytes) -> None:
    url = base64.urlsafe_b64encode(raw).decode()
    classic = base64.b64encode(raw).decode()
    for text in (url, url.rstrip("="), classic, classic.rstrip("="), raw.hex(), raw.hex().upper(), f" {url}\n", MasterKey(raw).text()):
        assert MasterKey.parse(text) == MasterKey(raw)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "0 bytes", id="nothing"),
        pytest.param("changeme", "6 bytes", id="a_word"),
        pytest.param(os.urandom(16).hex(), "24 bytes", id="128_bits_in_hex"),
        pytest.param(base64.b64encode(os.urandom(16)).decode(), "16 bytes", id="128_bits"),
        pytest.param(base64.b64encode(os.urandom(33)).decode(), "33 bytes", id="too_long"),
        pytest.param("correct horse battery staple", "neither", id="words"),
        pytest.param("A" * 41, "cut short", id="impossible_length"),
        pytest.param(base64.b64encode(os.urandom(32)).decode()[:42] + "B", "mistyped", id="unused_bits_set"),
        pytest.param("00" * 32, "one byte repeated", id="all_zero"),
        pytest.param("A" * 43, "one byte repeated", id="all_zero_in_base64"),
        pytest.param("ff" * 32, "one byte repeated", id="all_ones"),
        pytest.param("deadbeef" * 8, "pattern", id="deadbeef"),
        pytest.param("0123456789abcdef" * 4, "pattern", id="hex_digits_in_order"),
        pytest.param(bytes(range(32)).hex(), "counting", id="counting_up"),
        pytest.param(bytes(range(32, 0, -1)).hex(), "counting", id="counting_down"),
        pytest.param(base64.b64encode(b"this is my very own secret key!!").decode(), "readable", id="a_sentence"),
        pytest.param(hashlib.sha256(b"").hexdigest(), "obvious", id="the_hash_of_nothing"),
        pytest.param(hashlib.sha256(b"changeme").hexdigest(), "obvious", id="the_hash_of_changeme"),
    ],
)
def test_X_AD_10_a_short_known_or_example_key_is_refused_with_the_reason_and_the_way_out(text: str, words: str) -> None:
    with pytest.raises(MasterKeyRefused, match=words) as refused:
        MasterKey.parse(text)
    assert "openssl rand" in str(refused.value)
    assert len(text) < 8 or text not in str(refused.value)


def test_a_generated_key_is_accepted_when_it_is_read_back() -> None:
    made = MasterKey.generate(os.urandom)
    assert MasterKey.parse(made.text()) == made
    assert len(made.id) == 8


def test_the_same_master_key_is_not_given_twice() -> None:
    with pytest.raises(MasterKeyRefused, match="twice"):
        MasterKeys(NEW, (NEW,))
