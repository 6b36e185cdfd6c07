"""Requests: when the same may be asked again, until when an approval may hold, and what tells an admin something."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.rules.facts_builder import A_MOMENT, NOW

from gatebridge.rules.access_requests import FARTHEST, QUIET, AccessRequest, RequestKind, RequestState, end_problem, words_problem

OPEN = AccessRequest("0RQ000000000001", "00D000000000001", RequestKind.USER, "0H4000000000001", None, RequestState.OPEN, NOW, NOW)


@pytest.mark.parametrize(
    ("state", "decided", "again"),
    [
        pytest.param(RequestState.OPEN, False, False, id="an open request is only said anew"),
        pytest.param(RequestState.APPROVED, True, False, id="after a yes that ran out nothing keeps anybody from asking"),
        pytest.param(RequestState.REFUSED, True, True, id="after a no there is a while in which nobody is asked"),
        pytest.param(RequestState.REFUSED, False, False, id="a record without a moment keeps nobody from it"),
        pytest.param(RequestState.BLOCKED, True, False, id="a blocked app is refused by its block"),
    ],
)
def test_when_the_same_may_be_asked_again(state: RequestState, decided: bool, again: bool) -> None:
    request = replace(OPEN, state=state, decided_at=NOW if decided else None)
    assert request.asked_again_from == (NOW + QUIET if again else None)


@pytest.mark.parametrize(
    ("ends", "needed", "problem"),
    [
        pytest.param(None, False, None, id="an app may be installed for good"),
        pytest.param(None, True, "Say until when", id="a user may not be let in for good"),
        pytest.param(A_MOMENT, True, None, id="a moment ahead"),
        pytest.param(timedelta(0), True, "must be in the future", id="now is over"),
        pytest.param(-A_MOMENT, False, "must be in the future", id="a moment ago is over"),
        pytest.param(FARTHEST, True, None, id="as far ahead as may be"),
        pytest.param(FARTHEST + A_MOMENT, True, "within 2 years", id="farther than anybody thinks"),
    ],
)
def test_until_when_an_approval_may_hold(ends: timedelta | None, needed: bool, problem: str | None) -> None:
    found = end_problem(NOW + ends if ends is not None else None, NOW, needed=needed)
    assert found is None if problem is None else problem in (found or "")


@pytest.mark.parametrize(
    ("words", "fine"),
    [
        pytest.param("I close the books at month's end.", True, id="a sentence"),
        pytest.param("First line.\nSecond line.", True, id="two lines"),
        pytest.param("", False, id="nothing"),
        pytest.param(" ... ", False, id="marks alone"),
        pytest.param("a" * 513, False, id="too long"),
        pytest.param("please\x00", False, id="a character that shows nothing"),
        pytest.param("please\u202e", False, id="one that turns the text around"),
    ],
)
def test_words_say_something_that_can_be_read(words: str, fine: bool) -> None:
    assert (words_problem(words) is None) == fine
