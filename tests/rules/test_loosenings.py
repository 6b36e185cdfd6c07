"""Loosenings, as one-line truths: for what they answer, and how far ahead they may end."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.rules.exposed_app import CLOSED, subject

from gatebridge.rules import exposures
from gatebridge.rules.loosenings import LONGEST, Loosening, Outcome, end_problem

NOW = CLOSED.now
DAY = timedelta(days=1)
(GRACE,) = exposures.of(subject(policies=replace(CLOSED.policies, refresh_grace_seconds=60)))
LOOSENING = Loosening(
    id="0LO000000000001",
    org_id=CLOSED.app.org_id,
    app_id=CLOSED.app.id,
    exposure="refresh_grace",
    value="60",
    reason="Its line is bad.",
    ends_at=NOW + DAY,
    created_at=NOW - DAY,
    created_by="005000000000001",
)


@pytest.mark.parametrize(
    ("changes", "answers"),
    [
        pytest.param({}, True, id="the exposure that was accepted, before the end"),
        pytest.param({"ends_at": NOW}, False, id="at its end it counts no more"),
        pytest.param({"closed_at": NOW, "outcome": Outcome.WITHDRAWN}, False, id="nor when it was taken back"),
        pytest.param({"exposure": "code_long"}, False, id="not for another exposure"),
        pytest.param({"value": "20"}, False, id="not for a wider setting"),
    ],
)
def test_for_what_a_loosening_answers(changes: dict[str, Any], answers: bool) -> None:
    assert replace(LOOSENING, **changes).answers_for(GRACE, NOW) is answers


@pytest.mark.parametrize(
    ("ends_at", "allowed"),
    [(NOW, False), (NOW + timedelta(microseconds=1), True), (NOW + LONGEST, True), (NOW + LONGEST + DAY, False)],
    ids=["now", "in a moment", "in two years", "later"],
)
def test_when_a_loosening_may_end(ends_at: datetime, allowed: bool) -> None:
    assert (end_problem(ends_at, NOW) is None) is allowed


def test_what_is_shown_beside_the_exposure() -> None:
    shown = LOOSENING.accepted
    assert (shown.reason, shown.ends_at, shown.by, shown.loosening_id) == (
        LOOSENING.reason,
        LOOSENING.ends_at,
        LOOSENING.created_by,
        LOOSENING.id,
    )
