"""What a request costs in statements, pinned: a batch of 32 of one client costs hardly more than a single request."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from tests.oauth.door import Loop
from tests.oauth.requests import decision, request_of, token_request
from tests.oauth.tenants import INTROSPECT, REVOKE, TOKEN, Client, Tenant

from gatebridge.oauth.outcome import Answer
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.web.turnstile import Turnstile


@contextmanager
def counted(acme: Tenant) -> Iterator[list[str]]:
    """Every statement that the database is sent, but for beginning and ending transactions and asking for the time."""
    seen: list[str] = []
    engine = acme.standing.database.engine

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith(("BEGIN", "SELECT clock")):
            seen.append(" ".join(statement.split())[:60])

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def cost(acme: Tenant, loop: Loop, path: str, requests: list[OAuthRequest]) -> tuple[int, int]:
    """How many statements read and how many write, for these requests in one batch, all of which must succeed."""
    turnstile, decide = Turnstile(acme.standing.database), decision(acme, path)

    async def all_at_once() -> list[Answer]:
        waiting = [asyncio.ensure_future(turnstile.pass_through(decide, request)) for request in requests]
        await asyncio.sleep(0)
        turnstile.start()
        return await asyncio.gather(*waiting)

    with counted(acme) as seen:
        answers = loop.run(all_at_once())
        turnstile.stop(10)
    assert {answer.status for answer in answers} == {200}
    assert turnstile.counts.batches == 1
    reads = sum(statement.startswith("SELECT") for statement in seen)
    return reads, len(seen) - reads


@pytest.fixture
def app(acme: Tenant) -> Client:
    app = acme.app()
    app.access_token()  # the grant is there, as it is for every request but the first
    return app


SIZES = pytest.mark.parametrize("size", [1, 32])


@SIZES
def test_a_token_costs_eight_reads_and_two_writes_alone_and_in_a_batch(acme: Tenant, app: Client, loop: Loop, size: int) -> None:
    # org; app; permits; user with profile; permission sets; grant; secrets; certificates. Then: token; line.
    assert cost(acme, loop, TOKEN, [token_request(acme, app) for _ in range(size)]) == (8, 2)


@SIZES
def test_a_jwt_costs_one_read_more_for_the_keys(acme: Tenant, loop: Loop, size: int) -> None:
    signed = acme.app("Signed", access_token_format=TokenFormat.JWT)
    signed.access_token()
    assert cost(acme, loop, TOKEN, [token_request(acme, signed) for _ in range(size)]) == (9, 2)


@SIZES
def test_an_active_introspection_writes_nothing_and_reads_its_tokens_in_one_statement(
    acme: Tenant, app: Client, loop: Loop, size: int
) -> None:
    tokens = [app.access_token() for _ in range(size)]
    requests = [request_of(acme, app.credentials | {"token": token}) for token in tokens]
    # As for a token, and: all tokens; the app and permits of the token; the grant.
    assert cost(acme, loop, INTROSPECT, requests) == (12, 0)


def test_a_revocation_ends_one_row_and_tells_one_entry(acme: Tenant, app: Client, loop: Loop) -> None:
    app.revoke(app.access_token())  # the head of the feed is there
    requests = [request_of(acme, app.credentials | {"token": app.access_token()})]
    # Ended; the head moved; the entry; the line.
    assert cost(acme, loop, REVOKE, requests) == (12, 4)
