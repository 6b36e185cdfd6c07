"""Validated: a success and an intended refusal of every flow, and nothing from before the settings were changed."""

from datetime import UTC, datetime, timedelta

import pytest

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.validation import Proof, judge, next_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
JOB, WEB = Flow.CLIENT_CREDENTIALS, Flow.WEB_SERVER
NEW, OLD = Proof("0Ya2", NOW), Proof("0Ya1", NOW - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("flows", "successes", "refusals", "validated", "missing"),
    [
        pytest.param({JOB}, {JOB: NEW}, {JOB: NEW}, True, None, id="both are there"),
        pytest.param({JOB}, {}, {JOB: NEW}, False, (JOB, False), id="the success is missing"),
        pytest.param({JOB}, {JOB: NEW}, {}, False, (JOB, True), id="the refusal is missing"),
        pytest.param({JOB}, {JOB: OLD}, {JOB: NEW}, False, (JOB, False), id="a success of the settings before counts for nothing"),
        pytest.param({JOB}, {JOB: NEW}, {JOB: OLD}, False, (JOB, True), id="nor does a refusal"),
        pytest.param({JOB, WEB}, {JOB: NEW}, {JOB: NEW}, False, (WEB, False), id="one flow of two is not all"),
        pytest.param({JOB}, {JOB: NEW, WEB: NEW}, {JOB: NEW}, True, None, id="a flow that is not enabled is not asked for"),
        pytest.param(set(), {}, {}, False, None, id="an app without any flow has shown nothing"),
    ],
)
def test_an_app_is_validated_by_what_each_of_its_flows_has_shown_since(
    flows: set[Flow], successes: dict[Flow, Proof], refusals: dict[Flow, Proof], validated: bool, missing: tuple[Flow, bool] | None
) -> None:
    found = judge(NOW, flows, successes, refusals)
    assert (found.validated, next_of(found)) == (validated, missing)
    assert [each.flow for each in found.flows] == [flow for flow in Flow if flow in flows]
