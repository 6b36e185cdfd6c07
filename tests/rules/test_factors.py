"""Second factors: what a sign-in still asks for, and how what is typed is read."""

from datetime import timedelta

import pytest
from tests.rules.facts_builder import NOW

from gatebridge.rules import factors
from gatebridge.rules.factors import Step, next_step
from gatebridge.rules.levels import NOTHING_REQUIRED, Level, LevelAction, Requirement

HIGH, STANDARD, BLOCKING = Requirement(Level.HIGH), NOTHING_REQUIRED, Requirement(Level.HIGH, LevelAction.BLOCK)


@pytest.mark.parametrize(
    ("has_factor", "required", "verify", "activated", "step"),
    [
        (False, STANDARD, False, False, Step.NONE),
        (False, STANDARD, False, True, Step.NONE),
        (False, STANDARD, True, False, Step.MAIL),
        (False, STANDARD, True, True, Step.NONE),
        (False, HIGH, False, False, Step.MAIL),
        (False, HIGH, False, True, Step.ENROL),
        (False, HIGH, True, False, Step.MAIL),
        (False, HIGH, True, True, Step.ENROL),
        (False, BLOCKING, False, True, Step.BLOCKED),
        (False, BLOCKING, True, False, Step.BLOCKED),
        *(
            (True, required, verify, activated, Step.FACTOR)
            for required in (STANDARD, HIGH, BLOCKING)
            for verify in (0, 1)
            for activated in (0, 1)
        ),
    ],
)
def test_what_comes_after_the_password(has_factor: bool, required: Requirement, verify: bool, activated: bool, step: Step) -> None:
    assert next_step(has_factor=has_factor, required=required, verify_new_browsers=verify, activated=activated) is step


@pytest.mark.parametrize(
    ("has_factor", "required", "activated", "step"),
    [
        (False, STANDARD, False, Step.NONE),
        (False, STANDARD, True, Step.NONE),
        (False, HIGH, False, Step.MAIL),  # for setting up a factor the browser must be the user's
        (False, HIGH, True, Step.ENROL),
        (False, BLOCKING, False, Step.BLOCKED),
        (True, STANDARD, False, Step.FACTOR),
    ],
)
def test_a_trusted_network_waives_the_mailed_code_and_nothing_else(
    has_factor: bool, required: Requirement, activated: bool, step: Step
) -> None:
    found = next_step(has_factor=has_factor, required=required, verify_new_browsers=True, activated=activated, waived=True)
    assert found is step


@pytest.mark.parametrize(("typed", "is_code"), [("123456", True), ("000000", True)])
def test_six_digits_are_a_code(typed: str, is_code: bool) -> None:
    assert (factors.app_code(typed) == typed) is is_code


NO_CODES = ("", "12345", "1234567", " 123456", "123456 ", "123 456", "123456\n", "+12345", "-12345", "12345a", "１２３４５６", "١٢٣٤٥٦")


@pytest.mark.parametrize("typed", NO_CODES)
def test_X_SE_10_nothing_else_is_one_and_nothing_is_trimmed(typed: str) -> None:
    assert factors.app_code(typed) is None


@pytest.mark.parametrize(
    ("typed", "code"), [("12345678", "12345678"), ("1234567", None), (" 12345678", None), ("123456789", None), ("1234567x", None)]
)
def test_a_mailed_code_is_eight_digits(typed: str, code: str | None) -> None:
    assert factors.mailed_code(typed) == code


KEPT = "0123456789abcdef"


@pytest.mark.parametrize("typed", [KEPT, "0123-4567-89ab-cdef", "0123 4567 89AB CDEF", " 0123456789ABCDEF "])
def test_a_recovery_code_may_be_typed_with_hyphens_blanks_and_capitals(typed: str) -> None:
    assert factors.recovery_code(typed) == KEPT


@pytest.mark.parametrize("typed", ["", KEPT[:-1], KEPT + "0", "0123456789abcdei", "123456", "0123_4567_89ab_cdef", "0123456789abcde١"])
def test_nothing_else_is_a_recovery_code(typed: str) -> None:
    assert factors.recovery_code(typed) is None


def test_a_recovery_code_is_shown_as_it_may_be_typed() -> None:
    assert factors.shown_recovery_code(KEPT) == "0123-4567-89ab-cdef"
    assert factors.recovery_code(factors.shown_recovery_code(KEPT)) == KEPT


def test_no_letter_of_a_recovery_code_is_taken_for_another() -> None:
    assert len(set(factors.RECOVERY_ALPHABET)) == 32
    assert not set("ilou") & set(factors.RECOVERY_ALPHABET)


def test_a_step_is_half_a_minute() -> None:
    here = factors.step_of(NOW)
    assert factors.step_of(NOW + timedelta(seconds=30)) == here + 1
    assert list(factors.steps_around(NOW)) == [here - 1, here, here + 1]


@pytest.mark.parametrize(("step", "last", "taken"), [(5, None, False), (5, 4, False), (5, 5, True), (4, 5, True)])
def test_X_SE_10_a_code_is_taken_once_and_none_before_it(step: int, last: int | None, taken: bool) -> None:
    assert factors.was_taken(step, last) is taken


@pytest.mark.parametrize(
    ("host", "rp_id"), [("acme.example", "acme.example"), ("localhost:8443", "localhost"), ("[::1]:80", "[::1]"), ("a.b:1.c", "a.b:1.c")]
)
def test_passkeys_belong_to_the_host_without_its_port(host: str, rp_id: str) -> None:
    assert factors.rp_id(host) == rp_id


@pytest.mark.parametrize(
    ("required", "has_factor", "shut_out"),
    [
        (BLOCKING, False, True),
        (BLOCKING, True, False),
        (HIGH, False, False),
        (Requirement(Level.STANDARD, LevelAction.BLOCK), False, False),
    ],
)
def test_X_AD_12_who_has_no_factor_is_shut_out_where_nobody_is_asked_for_one(
    required: Requirement, has_factor: bool, shut_out: bool
) -> None:
    assert (factors.lock_out_problem(required, has_factor=has_factor) is not None) is shut_out
