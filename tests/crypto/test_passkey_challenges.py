"""Challenges of passkeys: each holds for what it was given out for, for ten minutes, and nobody else can make one."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from gatebridge.crypto import passkeys
from gatebridge.crypto.sealing import MasterKey, MasterKeys

KEYS = MasterKeys(MasterKey.generate(os.urandom))
NOW = datetime(2026, 3, 2, 12, 0, 0, 500_000, tzinfo=UTC)
BOUND = b"sign in|browser"


def test_a_challenge_holds_for_what_it_was_made_for_until_it_runs_out() -> None:
    value = passkeys.new_challenge(KEYS, os.urandom, NOW, BOUND)
    found = passkeys.read_challenge(KEYS, value, NOW, BOUND)
    assert found is not None
    assert found.value == value
    assert found.expires_at == (NOW + passkeys.LIFETIME).replace(microsecond=0)
    assert passkeys.read_challenge(KEYS, value, found.expires_at - timedelta(microseconds=1), BOUND) is not None
    assert passkeys.read_challenge(KEYS, value, found.expires_at, BOUND) is None


def test_two_challenges_are_never_the_same() -> None:
    assert len({passkeys.new_challenge(KEYS, os.urandom, NOW, BOUND) for _ in range(50)}) == 50


def test_one_that_an_older_master_key_made_still_holds() -> None:
    value = passkeys.new_challenge(KEYS, os.urandom, NOW, BOUND)
    newer = MasterKeys(MasterKey.generate(os.urandom), (KEYS.current,))
    assert passkeys.read_challenge(newer, value, NOW, BOUND) is not None
    assert passkeys.read_challenge(MasterKeys(newer.current), value, NOW, BOUND) is None


@pytest.mark.parametrize("place", [0, 16, 23, 24, 55])
def test_a_byte_that_was_changed_makes_it_nobodys(place: int) -> None:
    value = bytearray(passkeys.new_challenge(KEYS, os.urandom, NOW, BOUND))
    value[place] ^= 1
    assert passkeys.read_challenge(KEYS, bytes(value), NOW, BOUND) is None


@pytest.mark.parametrize("value", [b"", b"x", bytes(55), bytes(56), bytes(57)])
def test_what_is_none_is_none(value: bytes) -> None:
    assert passkeys.read_challenge(KEYS, value, NOW, BOUND) is None


@pytest.mark.parametrize("bound", [b"", b"prove|browser", b"sign in|other", b"sign in|browser "])
def test_for_anything_else_it_does_not_count(bound: bytes) -> None:
    assert passkeys.read_challenge(KEYS, passkeys.new_challenge(KEYS, os.urandom, NOW, BOUND), NOW, bound) is None


@pytest.mark.parametrize("answer", ["", "{", "[]", "1", '{"response": 1}', '{"id": "x", "response": {}}', "x" * 20_000])
def test_what_is_no_answer_is_refused_by_name(answer: str) -> None:
    party = passkeys.Party("acme.example", "Acme", "https://acme.example")
    for read in (
        lambda: passkeys.named_in(answer),
        lambda: passkeys.made(answer, party, b"challenge"),
        lambda: passkeys.signed(answer, party, b"challenge", public_key=b"", sign_count=0, verified=True),
    ):
        with pytest.raises(passkeys.PasskeyRefused):
            read()
