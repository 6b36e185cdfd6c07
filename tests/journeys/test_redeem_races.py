"""Codes and refresh tokens redeemed by many at once, on two nodes with two workers each: one winner, and no family is lost."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import Any, TypeVar

import httpx
import pytest
import sqlalchemy as sa
from tests.fuzz.requests import TIMES
from tests.oauth.door import event_loop
from tests.oauth.flows.portal import PUBLIC, Portal, make_portal
from tests.oauth.houses import Standing, SteppedClock, standing_house
from tests.oauth.tenants import REVOKE, Tenant, make_tenant

from gatebridge.crypto.secrets import digest
from gatebridge.setup.revoke import RevokeGrant, revoke_grant
from gatebridge.storage.codes import authorization_codes
from gatebridge.storage.grants import grants
from gatebridge.storage.refresh_tokens import refresh_tokens

Found = TypeVar("Found")

# How many are raced for, and by how many; `make fuzz` races for a hundred of each.
CODES, REDEEMERS = 25 * min(TIMES, 4), 40
FAMILIES, REFRESHERS = 25 * min(TIMES, 4), 50
ROUNDS = 50  # of each kind of revoke
VERIFIERS: tuple[dict[str, str], ...] = ({}, {"code_verifier": "x" * 43})


@pytest.fixture
def nodes(database_url: str) -> Iterator[tuple[Standing, Standing]]:
    with event_loop() as loop, ExitStack() as stack:
        clock = SteppedClock()
        yield tuple(stack.enter_context(standing_house(database_url, loop, clock, workers=2)) for _ in range(2))  # type: ignore[misc]


@pytest.fixture
def acme(nodes: tuple[Standing, Standing]) -> Tenant:
    return make_tenant(nodes[0])


@pytest.fixture
def spa(acme: Tenant) -> Portal:
    return make_portal(acme, "Spa", auth_methods=PUBLIC)


def at_once(pool: ThreadPoolExecutor, many: int, work: Callable[[int], Found]) -> list[Found]:
    barrier = Barrier(many, timeout=30)

    def run(number: int) -> Found:
        barrier.wait()
        return work(number)

    return list(pool.map(run, range(many)))


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def rows(acme: Tenant, statement: Any) -> list[Any]:
    with acme.standing.database.snapshot() as tx:
        return list(tx.connection.execute(statement))


def leaves(acme: Tenant) -> dict[str, int]:
    """How many unused refresh tokens each family has."""
    wanted = sa.select(refresh_tokens.c.grant_id, sa.func.count()).where(refresh_tokens.c.used_at.is_(None))
    return {row[0]: row[1] for row in rows(acme, wanted.group_by(refresh_tokens.c.grant_id))}


@pytest.mark.timeout(300 * TIMES)
def test_X_AC_02_std_CG_04_SC_13_codes_redeemed_by_forty_each_have_one_winner_each(
    acme: Tenant, spa: Portal, nodes: tuple[Standing, Standing]
) -> None:
    spa.policies(max_grants_per_user=100)
    at = [spa.at(node) for node in nodes]
    with ThreadPoolExecutor(REDEEMERS) as pool:
        for _ in range(CODES):
            code = spa.code()
            answers = at_once(pool, REDEEMERS, lambda number, code=code: at[number % 2].redeem(code))  # type: ignore[misc]
            assert statuses(answers) == {200: 1, 400: REDEEMERS - 1}
            assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
            # Every loser was a second redemption, so what the winner got is dead (RFC 6749 section 4.1.2).
            (won,) = [answer.json() for answer in answers if answer.status_code == 200]
            assert not spa.live(won["access_token"])
    bought = [row.grant_id for row in rows(acme, authorization_codes.select())]
    assert len(set(bought)) == CODES
    made = rows(acme, sa.select(grants.c.id, grants.c.ended_at).where(grants.c.flow == "web_server"))
    assert {row.id for row in made} == set(bought)
    assert all(row.ended_at is not None for row in made)
    assert len(spa.guard.feed().json()["revocations"]) == CODES


@pytest.mark.timeout(300 * TIMES)
def test_X_RT_01_refresh_tokens_used_by_fifty_each_have_one_successor_each_and_no_family_is_lost(
    acme: Tenant, spa: Portal, nodes: tuple[Standing, Standing]
) -> None:
    spa.policies(max_grants_per_user=100)
    at = [spa.at(node) for node in nodes]
    newest: list[str] = []
    with ThreadPoolExecutor(REFRESHERS) as pool:
        for _ in range(FAMILIES):
            token = spa.signed_in()["refresh_token"]
            answers = at_once(pool, REFRESHERS, lambda number, token=token: at[number % 2].refresh(token))  # type: ignore[misc]
            assert statuses(answers) == {200: REFRESHERS}
            successors = {answer.json()["refresh_token"] for answer in answers}
            assert len(successors) == 1
            assert len({answer.json()["access_token"] for answer in answers}) == REFRESHERS
            assert spa.live(answers[-1].json()["access_token"])
            newest.extend(successors)
    assert set(leaves(acme).values()) == {1}
    assert len(leaves(acme)) == FAMILIES
    assert {spa.refresh(token).status_code for token in newest} == {200}
    assert set(leaves(acme).values()) == {1}


def test_without_a_grace_one_wins_and_the_others_hear_that_they_were_late(
    acme: Tenant, spa: Portal, nodes: tuple[Standing, Standing]
) -> None:
    spa.policies(refresh_grace_seconds=0)
    at = [spa.at(node) for node in nodes]
    with ThreadPoolExecutor(REFRESHERS) as pool:
        for _ in range(10):
            token = spa.signed_in()["refresh_token"]
            answers = at_once(pool, REFRESHERS, lambda number, token=token: at[number % 2].refresh(token))  # type: ignore[misc]
            assert statuses(answers) == {200: 1, 400: REFRESHERS - 1}
    assert set(leaves(acme).values()) == {1}
    assert {line.reason for line in acme.history() if line.reason} <= {"refresh_in_progress", "refresh_reused", "refresh_ended"}


def test_a_code_that_is_burnt_and_redeemed_at_once_is_one_of_the_two(acme: Tenant, spa: Portal, nodes: tuple[Standing, Standing]) -> None:
    at = [spa.at(node) for node in nodes]
    with ThreadPoolExecutor(2) as pool:
        for _ in range(50):
            code = spa.code()
            good, bad = at_once(pool, 2, lambda number, code=code: at[number].redeem(code, VERIFIERS[number]))  # type: ignore[misc]
            assert bad.status_code == 400
            assert good.status_code in (200, 400)
            assert good.status_code == 400 or spa.live(good.json()["access_token"])


@pytest.mark.timeout(300 * TIMES)
@pytest.mark.parametrize("by", ["the client", "an admin"])
def test_X_RT_07_after_a_revoke_is_acknowledged_nothing_that_was_refreshed_beside_it_is_alive(
    acme: Tenant, spa: Portal, nodes: tuple[Standing, Standing], by: str
) -> None:
    at, here = [spa.at(node) for node in nodes], acme.standing.database
    with ThreadPoolExecutor(4) as pool:
        for _ in range(ROUNDS):
            answer = spa.redeem(spa.code())
            token = answer.json()["refresh_token"]
            (grant_id,) = rows(acme, sa.select(refresh_tokens.c.grant_id).where(refresh_tokens.c.digest == digest(token)))[0]

            def work(number: int, token: str = token, grant_id: str = grant_id) -> httpx.Response | None:
                if number:
                    return at[number % 2].refresh(token)
                if by == "the client":
                    ended = at[0].app.post(REVOKE, {"client_id": spa.app.consumer_key, "token": token})
                    assert ended.status_code == 200
                    return None
                with here.transaction() as tx:
                    revoke_grant(tx, acme.admin, RevokeGrant(grant_id, "A laptop was lost."))
                return None

            for got in at_once(pool, 4, work):
                if got is not None and got.status_code == 200:
                    assert not spa.live(got.json()["access_token"])
                    assert spa.refresh(got.json()["refresh_token"]).status_code == 400
            assert not spa.live(answer.json()["access_token"])
