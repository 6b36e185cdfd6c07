"""When a signing key signs, and how long it stays published."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts_builder import NOW

from gatebridge.rules.app_checks import MOST_ID_TOKEN_MINUTES
from gatebridge.rules.lifetimes import BOUNDS_MINUTES
from gatebridge.rules.signing_keys import JWKS_CACHE, LONGEST_TOKEN, removable_from, signs_from

any_span = st.timedeltas(timedelta(0), timedelta(days=400))


def test_the_first_key_of_its_algorithm_signs_at_once() -> None:
    assert signs_from(NOW, first=True) == NOW


def test_X_TK_13_every_later_key_is_published_for_a_cache_life_before_it_signs() -> None:
    assert signs_from(NOW, first=False) == NOW + timedelta(minutes=15)


@given(any_span)
def test_X_TK_13_who_cached_the_keys_before_a_key_was_made_asks_again_before_it_signs(since: timedelta) -> None:
    cached_at = NOW - since
    assert cached_at + JWKS_CACHE <= signs_from(NOW, first=False)


def test_X_TK_13_a_retired_key_stays_for_the_longest_token_and_a_cache_life() -> None:
    assert removable_from(NOW) == NOW + timedelta(hours=12, minutes=15)


@given(any_span, st.timedeltas(timedelta(minutes=1), LONGEST_TOKEN))
def test_X_TK_13_no_token_outlives_the_publication_of_its_key(before: timedelta, life: timedelta) -> None:
    issued = NOW - before
    assert issued + life + JWKS_CACHE <= removable_from(retired_at=NOW)


def test_the_longest_token_is_the_longest_that_an_app_may_be_given() -> None:
    assert timedelta(minutes=max(BOUNDS_MINUTES["jwt"][1], MOST_ID_TOKEN_MINUTES)) == LONGEST_TOKEN
