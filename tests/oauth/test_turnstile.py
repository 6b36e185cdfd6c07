"""The turnstile: who waits together goes through together, and what happens to one of them happens to nobody else."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa
from tests.oauth.conftest import HouseMaker
from tests.oauth.door import Loop
from tests.oauth.requests import decision, token_request
from tests.oauth.tenants import TOKEN, Client, Tenant, make_tenant

from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.record import record as outcomes_recorded
from gatebridge.oauth.request import OAuthRequest
from gatebridge.setup.revoke import RevokeApp, revoke_app
from gatebridge.storage import tokens
from gatebridge.storage.facts import FactsReader
from gatebridge.web import turnstile as turnstiles
from gatebridge.web.turnstile import Decide, Turnstile, TurnstileFull, TurnstileShut

Result = Answer | BaseException


def together(loop: Loop, turnstile: Turnstile, requests: list[tuple[Decide, OAuthRequest]]) -> list[Result]:
    """Let these wait in front of a closed turnstile, open it, and return what each got, in order."""

    async def all_at_once() -> list[Result]:
        waiting = [asyncio.ensure_future(turnstile.pass_through(decide, request)) for decide, request in requests]
        await asyncio.sleep(0)  # each of them takes its place
        turnstile.start()
        return await asyncio.gather(*waiting, return_exceptions=True)

    results = loop.run(all_at_once())
    turnstile.stop(10)
    return results


def poisoned(_: FactsReader, __: OAuthRequest) -> Outcome:
    raise ZeroDivisionError("a defect in one decision")


@pytest.fixture
def app(acme: Tenant) -> Client:
    return acme.app()


def closed(acme: Tenant, **given: int) -> Turnstile:
    return Turnstile(acme.standing.database, **given)


def test_a_batch_is_answered_in_order_and_each_answer_is_recorded(acme: Tenant, app: Client, loop: Loop) -> None:
    decide, turnstile = decision(acme, TOKEN), closed(acme)
    requests = [token_request(acme, app, **({"scope": "bogus"} if number % 3 == 0 else {})) for number in range(32)]
    results = together(loop, turnstile, [(decide, request) for request in requests])
    assert [result.status for result in results if isinstance(result, Answer)] == [400 if n % 3 == 0 else 200 for n in range(32)]
    assert turnstile.counts.largest == 32
    assert [line.id for line in acme.history()] == [request.operation_id for request in requests]


def test_a_poisoned_request_fails_alone(acme: Tenant, app: Client, loop: Loop) -> None:
    decide = decision(acme, TOKEN)
    batch = [(decide, token_request(acme, app)), (poisoned, token_request(acme, app)), (decide, token_request(acme, app))]
    first, second, third = together(loop, closed(acme), batch)
    assert isinstance(second, ZeroDivisionError)
    assert [answer.status for answer in (first, third) if isinstance(answer, Answer)] == [200, 200]


def test_a_commit_that_fails_for_one_is_tried_again_one_by_one(acme: Tenant, app: Client, loop: Loop) -> None:
    decide, turnstile = decision(acme, TOKEN), closed(acme)
    good, twin = token_request(acme, app), token_request(acme, app)
    clash = replace(token_request(acme, app), operation_id=good.operation_id)  # the same primary key twice: no batch can hold both
    results = together(loop, turnstile, [(decide, good), (decide, clash), (decide, twin)])
    assert [isinstance(result, Answer) for result in results] == [True, False, True]
    assert isinstance(results[1], sa.exc.IntegrityError)
    assert turnstile.counts.retried == 3
    assert [line.id for line in acme.history()] == [good.operation_id, twin.operation_id]


def test_a_batch_that_gave_way_to_another_is_no_outage_and_is_tried_again(acme: Tenant, app: Client, loop: Loop) -> None:
    decide = decision(acme, TOKEN)
    batch = [(decide, token_request(acme, app)) for _ in range(3)]
    with failing(acme, "insert into access_tokens", error=psycopg.errors.DeadlockDetected("a circle"), times=1):
        results = together(loop, closed(acme), batch)
    assert [result.status for result in results if isinstance(result, Answer)] == [200, 200, 200]


def test_a_full_queue_turns_people_away_at_once(acme: Tenant, app: Client, loop: Loop) -> None:
    decide = decision(acme, TOKEN)
    results = together(loop, closed(acme, limit=2), [(decide, token_request(acme, app)) for _ in range(4)])
    assert [type(result) for result in results] == [Answer, Answer, TurnstileFull, TurnstileFull]


def test_stop_answers_everybody_who_waits_and_lets_nobody_in(acme: Tenant, app: Client, loop: Loop) -> None:
    decide, turnstile = decision(acme, TOKEN), closed(acme, batch=2)

    async def stopped_while_they_wait() -> list[Result]:
        waiting = [asyncio.ensure_future(turnstile.pass_through(decide, token_request(acme, app))) for _ in range(7)]
        await asyncio.sleep(0)
        turnstile.start()
        await asyncio.get_running_loop().run_in_executor(None, turnstile.stop, 10)
        late = turnstile.pass_through(decide, token_request(acme, app))
        return await asyncio.gather(*waiting, late, return_exceptions=True)

    results = loop.run(stopped_while_they_wait())
    assert [type(result) for result in results] == [Answer] * 7 + [TurnstileShut]


def test_a_full_and_a_shut_turnstile_are_503_with_retry_after_on_the_wire(own_house: HouseMaker) -> None:
    standing = own_house(limit=0)
    app = make_tenant(standing).app()
    full = app.token()
    standing.house.turnstile.stop(10)
    shut = app.token()
    for answer in (full, shut):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["error"] == "temporarily_unavailable"
        assert answer.headers["cache-control"] == "no-store"


def test_a_token_decided_before_a_revoke_and_written_after_it_is_dead(acme: Tenant, app: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    app.access_token()
    real = outcomes_recorded

    def revoke_in_between(tx: object, outcomes: object) -> object:
        # The facts were read and the token decided; nothing of it is written yet.
        monkeypatch.setattr(turnstiles, "record", real)
        revoke_app(tx, acme.admin, RevokeApp(app.id, "It leaks."))  # type: ignore[arg-type]
        return real(tx, outcomes)  # type: ignore[arg-type]

    monkeypatch.setattr(turnstiles, "record", revoke_in_between)
    token = app.access_token()
    answer = app.introspect(token)
    assert (answer.json(), acme.true_cause(answer)) == ({"active": False}, "token_ended")


@pytest.mark.parametrize("statement", ["insert into access_tokens", "insert into login_history"])
def test_X_RV_03_X_AU_01_a_failure_before_the_commit_leaves_nothing_behind(acme: Tenant, app: Client, statement: str) -> None:
    app.access_token()
    with failing(acme, statement):
        answer = app.token()
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    with acme.standing.database.snapshot() as tx:
        written = tx.connection.execute(sa.select(sa.func.count()).where(tokens.access_tokens.c.app_id == app.id)).scalar_one()
    assert (written, len(acme.history())) == (1, 1)
    assert app.token().status_code == 200


@pytest.mark.parametrize(
    "statement", ["update access_tokens", "update revocation_heads", "insert into revocations", "insert into login_history"]
)
def test_X_RV_03_a_revoke_that_could_not_be_written_is_503_and_the_retry_is_safe(acme: Tenant, app: Client, statement: str) -> None:
    token = app.access_token()
    app.revoke(app.access_token())
    with failing(acme, statement):
        assert app.revoke(token).status_code == 503
    assert app.introspect(token).json()["active"] is True
    assert app.revoke(token).status_code == 200
    assert app.introspect(token).json() == {"active": False}


@contextmanager
def failing(acme: Tenant, beginning: str, *, error: Exception | None = None, times: int = 1_000) -> Iterator[None]:
    """While the block lasts, the database breaks down at statements that begin so: the first few `times`, or every time."""
    left = [error or OSError("the disk is gone")] * times

    def break_down(_: object, __: object, statement: str, *___: object) -> None:
        if statement.lower().startswith(beginning) and left:
            raise left.pop()

    engine = acme.standing.database.engine
    sa.event.listen(engine, "before_cursor_execute", break_down)
    try:
        yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", break_down)
