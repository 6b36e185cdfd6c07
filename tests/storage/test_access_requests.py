"""The request queue: counted, decided once, and read page by page with the names of what it is about."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.setup.conftest import stage
from tests.setup.stage import Stage

from gatebridge.rules.access_requests import QUIET, AccessRequest, RequestKind, RequestState
from gatebridge.storage import access_requests
from gatebridge.storage.access_requests import Decision, ListedRequest, Wanted
from gatebridge.storage.tx import Tx

__all__ = ["stage"]


@pytest.fixture
def wanted(stage: Stage) -> Wanted:
    made = stage.app()
    return Wanted(stage.other.id, RequestKind.APP, made.app.id, stage.otto.user_id, "api id", "web_server", "192.0.2.10")


def count_up(stage: Stage, wanted: Wanted, times: int = 1) -> bool:
    with stage.database.transaction() as tx:
        return access_requests.count_up(tx, wanted, times)


def newest(stage: Stage, wanted: Wanted) -> AccessRequest:
    found = stage.read(lambda tx: access_requests.latest(tx, wanted.org_id, wanted.kind, wanted.app_id, wanted.user_id))
    assert found is not None
    return found


def decide(stage: Stage, request: AccessRequest, state: RequestState, reason: str = "") -> bool:
    with stage.database.transaction() as tx:
        return access_requests.decide(tx, request.org_id, request.id, Decision(state, "operator", reason))


def page(stage: Stage, **said: object) -> list[ListedRequest]:
    query: Callable[[Tx], list[ListedRequest]] = lambda tx: access_requests.page(tx, stage.other.id, **{"limit": 50} | said)  # type: ignore[arg-type]  # noqa: E731
    return stage.read(query)


def test_what_is_tried_again_is_counted_on_the_open_request(stage: Stage, wanted: Wanted) -> None:
    assert count_up(stage, wanted)
    stage.clock.forward(minutes=5)
    assert not count_up(stage, replace(wanted, address="198.51.100.7", scopes="api"), times=3)
    found = newest(stage, wanted)
    assert (found.count, found.address, found.scopes, found.words) == (4, "198.51.100.7", ("api",), "")
    assert found.last_at - found.first_at == timedelta(minutes=5)
    assert (found.state, found.user_id, found.flow) == (RequestState.OPEN, stage.otto.user_id, "web_server")


def test_the_words_of_a_user_stay_when_a_program_tries_again(stage: Stage, wanted: Wanted) -> None:
    count_up(stage, replace(wanted, words="I need it."))
    count_up(stage, wanted)
    assert newest(stage, wanted).words == "I need it."


@pytest.mark.parametrize("other", [{"user_id": None}, {"kind": RequestKind.USER}, {"app_id": "0H4000000000009"}])
def test_another_user_app_or_kind_is_another_request(stage: Stage, wanted: Wanted, other: dict[str, object]) -> None:
    assert count_up(stage, wanted)
    assert count_up(stage, replace(wanted, **other))  # type: ignore[arg-type]
    assert len(page(stage)) == 2


def test_after_a_no_the_same_is_counted_for_a_while_and_then_asked_anew(stage: Stage, wanted: Wanted) -> None:
    count_up(stage, wanted)
    first = newest(stage, wanted)
    assert decide(stage, first, RequestState.REFUSED, "Not this one.")
    stage.clock.now += QUIET - timedelta(seconds=1)
    assert not count_up(stage, wanted)
    assert (newest(stage, wanted).id, newest(stage, wanted).count) == (first.id, 2)
    stage.clock.forward(seconds=1)
    assert count_up(stage, wanted)
    assert newest(stage, wanted).id != first.id


@pytest.mark.parametrize("state", [RequestState.APPROVED, RequestState.BLOCKED])
def test_after_any_other_decision_the_same_is_a_new_request(stage: Stage, wanted: Wanted, state: RequestState) -> None:
    count_up(stage, wanted)
    decide(stage, newest(stage, wanted), state)
    assert count_up(stage, wanted)


def test_a_request_is_decided_once(stage: Stage, wanted: Wanted) -> None:
    count_up(stage, wanted)
    request = newest(stage, wanted)
    assert decide(stage, request, RequestState.REFUSED, "No.")
    assert not decide(stage, request, RequestState.APPROVED)
    found = newest(stage, wanted)
    assert (found.state, found.reason, found.decided_by, found.decided_at) == (RequestState.REFUSED, "No.", "operator", stage.clock.now)


def test_of_many_at_once_one_opens_it_and_all_are_counted(stage: Stage, wanted: Wanted) -> None:
    with ThreadPoolExecutor(8) as many:
        opened = list(many.map(lambda _: count_up(stage, wanted), range(8)))
    assert sum(opened) == 1
    assert newest(stage, wanted).count == 8


def test_of_many_deciders_at_once_one_wins(stage: Stage, wanted: Wanted) -> None:
    count_up(stage, wanted)
    request = newest(stage, wanted)
    with ThreadPoolExecutor(8) as many:
        won = list(many.map(lambda _: decide(stage, request, RequestState.REFUSED), range(8)))
    assert sum(won) == 1


def test_all_open_requests_for_an_app_are_decided_together(stage: Stage, wanted: Wanted) -> None:
    count_up(stage, wanted)
    count_up(stage, replace(wanted, user_id=None))
    count_up(stage, replace(wanted, kind=RequestKind.USER))
    with stage.database.transaction() as tx:
        answered = access_requests.decide_all(tx, wanted.org_id, wanted.app_id, Decision(RequestState.APPROVED, "operator"))
    assert [request.user_id for request in answered] == [stage.otto.user_id, None]
    assert [each.request.kind for each in page(stage, state=RequestState.OPEN)] == [RequestKind.USER]


def test_a_page_names_app_publisher_user_and_decider_though_the_app_was_never_here(stage: Stage, wanted: Wanted) -> None:
    count_up(stage, wanted)
    with stage.database.transaction() as tx:
        decision = Decision(RequestState.REFUSED, stage.otto.id, "No.")
        access_requests.decide(tx, wanted.org_id, newest(stage, wanted).id, decision)
    (found,) = page(stage)
    assert (found.app, found.publisher, found.of_this_org) == ("Nightly Job", "Acme", False)
    assert (found.user, found.username, found.decided_by) == ("Otto", "otto", "Otto")


def test_a_page_shows_who_is_nobody_as_nobody(stage: Stage, wanted: Wanted) -> None:
    count_up(stage, replace(wanted, user_id=None))
    decide(stage, newest(stage, replace(wanted, user_id=None)), RequestState.REFUSED)
    (found,) = page(stage)
    assert (found.user, found.username, found.decided_by) == ("", "", "operator")


def test_pages_go_back_from_the_newest_and_fit_every_filter(stage: Stage, wanted: Wanted) -> None:
    users = [f"00500000000000{number}" for number in range(5)]
    for user_id in users:
        count_up(stage, replace(wanted, user_id=user_id))
    first = page(stage, limit=2)
    rest = page(stage, after=first[-1].request.id)
    assert [each.request.user_id for each in (*first, *rest)] == users[::-1]
    decide(stage, first[0].request, RequestState.REFUSED)
    assert len(page(stage, state=RequestState.OPEN)) == 4
    assert [each.request.user_id for each in page(stage, user_id=users[1])] == [users[1]]
    assert page(stage, kind=RequestKind.USER) == page(stage, app_id="0H4000000000009") == []


def test_X_AD_01_another_orgs_requests_are_not_there(stage: Stage, wanted: Wanted) -> None:
    count_up(stage, wanted)
    request = newest(stage, wanted)
    assert stage.read(lambda tx: access_requests.by_id(tx, stage.org.id, request.id)) is None
    assert stage.read(lambda tx: access_requests.page(tx, stage.org.id, limit=5)) == []
