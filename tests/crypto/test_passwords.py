"""What is done with a password, how long, and how many at a time."""

import os
import statistics
import threading
import time

import argon2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebridge.crypto.passwords import MAX_BYTES, HasherBusy, PasswordHasher, PasswordTooLong

CHEAP = PasswordHasher(2, random=os.urandom, memory_kib=64, passes=1)


@given(st.text(max_size=200))
@settings(max_examples=50)
def test_a_password_opens_its_own_hash(password: str) -> None:
    assert CHEAP.verify(CHEAP.hash(password), password)


@given(st.text(max_size=50), st.text(max_size=50))
@settings(max_examples=50)
def test_another_password_does_not(password: str, other: str) -> None:
    assert not CHEAP.verify(CHEAP.hash(password + "a"), other + "b")


def test_the_stored_text_is_argon2id_holds_no_password_and_differs_each_time() -> None:
    first, second = CHEAP.hash("correct horse"), CHEAP.hash("correct horse")
    assert first.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert "horse" not in first
    assert first != second


def test_the_default_cost_is_64_mib_and_three_passes() -> None:
    assert PasswordHasher(1, random=os.urandom).hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=1$")


@pytest.mark.parametrize(
    ("stored_for", "typed", "opens"),
    [
        ("Café", "Cafe\u0301", True),
        ("a" * 79 + "b", "a" * 79 + "c", False),
        ("a" * 1023 + "b", "a" * 1023 + "c", False),
        ("pass\0word", "pass\0wurd", False),
        ("pass\0word", "pass", False),
        ("Password", "password", False),
        ("password", "password ", False),
        ("pass\ud800", "pass\ud800", True),
        ("", "", True),
    ],
)
def test_X_BF_08_every_character_counts(stored_for: str, typed: str, opens: bool) -> None:
    assert CHEAP.verify(CHEAP.hash(stored_for), typed) is opens


@pytest.mark.parametrize("password", ["a" * (MAX_BYTES + 1), "é" * (MAX_BYTES // 2 + 1), "a" * 1_000_000])
def test_X_BF_07_a_password_over_1024_bytes_is_refused_before_any_hashing(password: str) -> None:
    slow = PasswordHasher(1, random=os.urandom)
    begin = time.perf_counter()
    with pytest.raises(PasswordTooLong):
        slow.hash(password)
    assert not any(slow.verify(stored, password) for stored in (None, CHEAP.hash("x")) for _ in range(100))
    # Two hundred real checks at this cost take over ten seconds.
    assert time.perf_counter() - begin < 1


def test_X_BF_07_a_password_of_1024_bytes_is_taken() -> None:
    assert CHEAP.verify(CHEAP.hash("é" * 512), "é" * 512)


def test_X_BF_07_who_finds_no_free_turn_is_told_so_instead_of_waiting_on() -> None:
    inside, leave = threading.Event(), threading.Event()

    def random(count: int) -> bytes:
        if inside_now:
            inside.set()
            leave.wait(30)
        return os.urandom(count)

    inside_now = False
    hasher = PasswordHasher(1, random=random, memory_kib=64, passes=1, patience=0.01)
    inside_now = True
    other = threading.Thread(target=hasher.hash, args=("x",))
    other.start()
    assert inside.wait(30)
    with pytest.raises(HasherBusy):
        hasher.verify(None, "x")
    leave.set()
    other.join(30)
    assert hasher.verify(None, "x") is False


def test_X_BF_02_an_unknown_user_costs_the_same_work_and_is_refused() -> None:
    hasher = PasswordHasher(1, random=os.urandom, memory_kib=8192, passes=1)
    stored = hasher.hash("right")

    def took(what: str | None) -> float:
        begin = time.perf_counter()
        assert hasher.verify(what, "wrong") is False
        return time.perf_counter() - begin

    samples = [(took(stored), took(None)) for _ in range(31)]
    known, unknown = (statistics.median(column) for column in zip(*samples, strict=True))
    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize(
    "stored",
    ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", CHEAP.hash("x")[:-5]],
    ids=["empty", "a letter", "a beginning", "of another kind", "cut short"],
)
def test_what_is_no_hash_admits_nobody(stored: str) -> None:
    assert not any(CHEAP.verify(stored, password) for password in ("", "x"))


def test_a_hash_of_other_costs_still_opens_and_is_known_to_need_renewal() -> None:
    older = argon2.PasswordHasher(time_cost=1, memory_cost=32, parallelism=1).hash("x")
    assert CHEAP.verify(older, "x")
    assert CHEAP.needs_rehash(older)
    assert not CHEAP.needs_rehash(CHEAP.hash("x"))
