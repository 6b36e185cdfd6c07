"""Runs of Try it: which steps each flow has, how each can be made to fail, and when a run has shown what it was to show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gatebridge.rules import tries
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow
from gatebridge.rules.gates import Gate
from gatebridge.rules.tries import FAILINGS, STEPS, WORDS, Done, Expected, Kept, Outcome, Step, Try, Wrong

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECRET = AppSettings("app", scopes=("api", "openid"))
KEYED = replace(SECRET, auth_methods=frozenset({ClientAuthMethod.PRIVATE_KEY_JWT}))
PUBLIC = replace(SECRET, auth_methods=frozenset({ClientAuthMethod.NONE}))
PANEL = replace(PUBLIC, flows=frozenset({Flow.DEVICE, Flow.REFRESH_TOKEN}))
RUN = Try("0TR1", "00D1", "0H41", "0051", Flow.CLIENT_CREDENTIALS, Expected.REFUSAL, NOW, NOW + timedelta(minutes=10))


@pytest.mark.parametrize("flow", Flow)
def test_every_flow_has_steps_and_a_way_to_fail_in_one_of_them(flow: Flow) -> None:
    assert {each.step for each in FAILINGS[flow]} <= set(STEPS[flow])
    assert tries.failings(KEYED if flow is Flow.JWT_BEARER else PUBLIC, flow)
    assert set(STEPS[flow]) <= WORDS.keys()


@pytest.mark.parametrize(
    ("settings", "flow", "wrongs"),
    [
        pytest.param(SECRET, Flow.CLIENT_CREDENTIALS, [Wrong.SECRET, Wrong.SCOPE], id="a secret where the app shows one"),
        pytest.param(KEYED, Flow.CLIENT_CREDENTIALS, [Wrong.KEY, Wrong.SCOPE], id="a key where it signs"),
        pytest.param(SECRET, Flow.JWT_BEARER, [Wrong.KEY, Wrong.SCOPE], id="an assertion is always signed"),
        pytest.param(PUBLIC, Flow.WEB_SERVER, [Wrong.VERIFIER, Wrong.SCOPE], id="a public app shows nothing but its verifier"),
        pytest.param(SECRET, Flow.REFRESH_TOKEN, [Wrong.TOKEN, Wrong.SECRET, Wrong.SCOPE], id="a refresh token first"),
    ],
)
def test_an_app_can_be_made_to_fail_by_what_it_sends(settings: AppSettings, flow: Flow, wrongs: list[Wrong]) -> None:
    assert [each.wrong for each in tries.failings(settings, flow)] == wrongs


@pytest.mark.parametrize(
    ("settings", "flow", "scopes", "steps"),
    [
        pytest.param(SECRET, Flow.CLIENT_CREDENTIALS, None, ["token", "introspection"], id="a job asks for a token and about it"),
        pytest.param(SECRET, Flow.JWT_BEARER, None, ["token"], id="an assertion proves the app here and not at introspection"),
        pytest.param(KEYED, Flow.JWT_BEARER, None, ["token", "introspection"], id="but a key that proves the app does"),
        pytest.param(
            SECRET, Flow.WEB_SERVER, None, ["authorization", "token", "userinfo", "introspection"], id="with openid it asks who it is"
        ),
        pytest.param(SECRET, Flow.WEB_SERVER, ("api",), ["authorization", "token", "introspection"], id="without it does not"),
        pytest.param(PUBLIC, Flow.REFRESH_TOKEN, ("api",), ["authorization", "token", "refresh"], id="a public app may not introspect"),
        pytest.param(PANEL, Flow.REFRESH_TOKEN, ("api",), ["device", "token", "refresh"], id="what has no browser begins as a device"),
        pytest.param(
            replace(PANEL, flows=PANEL.flows | {Flow.WEB_SERVER}),
            Flow.REFRESH_TOKEN,
            ("api",),
            ["authorization", "token", "refresh"],
            id="and what has one, at it",
        ),
        pytest.param(SECRET, Flow.DEVICE, ("api",), ["device", "token", "introspection"], id="a device asks for its codes first"),
        pytest.param(PUBLIC, Flow.USER_AGENT, ("api",), ["authorization"], id="the legacy form has its token at once"),
    ],
)
def test_a_whole_run_goes_as_far_as_the_app_can(
    settings: AppSettings, flow: Flow, scopes: tuple[str, ...] | None, steps: list[str]
) -> None:
    assert [step.value for step in tries.steps(settings, flow, scopes, None)] == steps


def test_a_run_that_is_to_fail_goes_as_far_as_what_is_wrong() -> None:
    by_wrong = {each.wrong: each for each in tries.failings(SECRET, Flow.WEB_SERVER)}
    assert tries.steps(SECRET, Flow.WEB_SERVER, None, by_wrong[Wrong.SCOPE]) == (Step.AUTHORIZATION,)
    assert tries.steps(SECRET, Flow.WEB_SERVER, None, by_wrong[Wrong.VERIFIER]) == (Step.AUTHORIZATION, Step.TOKEN)


@pytest.mark.parametrize(
    ("expected", "wrong", "outcome", "gate", "shown"),
    [
        (Expected.SUCCESS, None, Outcome.SUCCESS, None, True),
        (Expected.SUCCESS, None, Outcome.REFUSED, Gate.PERMITTED, False),
        (Expected.REFUSAL, Wrong.SECRET, Outcome.REFUSED, Gate.CLIENT, True),
        (Expected.REFUSAL, Wrong.SECRET, Outcome.REFUSED, Gate.APP, False),
        (Expected.REFUSAL, Wrong.SCOPE, Outcome.REFUSED, Gate.CLIENT, False),
        (Expected.REFUSAL, Wrong.SECRET, Outcome.REFUSED, None, False),
        (Expected.REFUSAL, Wrong.SECRET, Outcome.SUCCESS, None, False),
    ],
)
def test_a_run_has_shown_something_when_it_ends_as_meant_and_for_the_cause_that_was_meant(
    expected: Expected, wrong: Wrong | None, outcome: Outcome, gate: Gate | None, shown: bool
) -> None:
    assert tries.as_expected(replace(RUN, expected=expected), wrong, outcome, gate) is shown


def test_the_next_step_is_the_first_that_is_not_done_and_none_after_a_refusal() -> None:
    kept = Kept((Step.TOKEN, Step.INTROSPECTION))
    assert kept.next is Step.TOKEN
    assert replace(kept, done=(Done(Step.TOKEN, Outcome.SUCCESS),)).next is Step.INTROSPECTION
    assert replace(kept, done=(Done(Step.TOKEN, Outcome.REFUSED),)).next is None
    assert replace(kept, done=(Done(Step.TOKEN, Outcome.SUCCESS), Done(Step.INTROSPECTION, Outcome.SUCCESS))).next is None


def test_a_step_is_under_way_for_half_a_minute_and_then_counts_as_lost() -> None:
    kept = Kept((Step.TOKEN,), under_way=NOW)
    assert not Kept((Step.TOKEN,)).busy(NOW)
    assert kept.busy(NOW + timedelta(seconds=29))
    assert not kept.busy(NOW + timedelta(seconds=30))


def test_a_run_is_over_when_it_was_ended_or_its_time_is() -> None:
    assert not RUN.over(NOW + timedelta(minutes=9))
    assert RUN.over(NOW + timedelta(minutes=10))
    assert replace(RUN, ended_at=NOW).over(NOW)


def test_what_a_run_keeps_is_never_printed() -> None:
    kept = Kept((), secret="s-1", key="k-1", state="t-1", verifier="v-1", nonce="n-1", access_token="a-1", refresh_token="r-1")
    assert not any(each in repr(kept) for each in ("s-1", "k-1", "t-1", "v-1", "n-1", "a-1", "r-1"))
