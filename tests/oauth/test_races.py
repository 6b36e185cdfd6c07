"""Many at once, through two nodes where the database allows two writers: one winner, one grant, and nobody stuck."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import httpx
import pytest
import sqlalchemy as sa
from tests.oauth.client_keys import client_key
from tests.oauth.conftest import HouseMaker
from tests.oauth.flows.portal import PUBLIC, make_portal
from tests.oauth.houses import Standing
from tests.oauth.tenants import REVOKE, TOKEN, Tenant, make_tenant

from gatebridge.rules.ids import Prefix
from gatebridge.setup.revoke import RevokeUserOfApp, revoke_user_of_app
from gatebridge.storage import strangers
from gatebridge.storage.grants import grants, live_of_user
from gatebridge.storage.tokens import access_tokens

Found = TypeVar("Found")
MANY = 50


def at_once(work: Callable[[int], Found]) -> list[Found]:
    """Fifty threads that begin at the same moment."""
    barrier = Barrier(MANY, timeout=30)

    def run(number: int) -> Found:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(run, range(MANY)))


@pytest.fixture
def nodes(own_house: HouseMaker) -> tuple[Standing, Standing]:
    """Two nodes on one database, in small batches, so that many transactions meet."""
    return own_house(workers=4, batch=4), own_house(workers=4, batch=4)


@pytest.fixture
def acme(nodes: tuple[Standing, Standing]) -> Tenant:
    return make_tenant(nodes[0])


def statuses(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
def test_X_CA_05_one_assertion_redeemed_fifty_times_at_once_has_one_winner(
    acme: Tenant, nodes: tuple[Standing, Standing], path: str
) -> None:
    app = acme.app("Keyed", key=client_key(clock=acme.standing.clock))
    form = {"grant_type": "client_credentials", "token": "x"} | app.credentials
    answers = at_once(lambda number: app.at(nodes[number % 2]).post(path, form))
    assert statuses(answers) == {200: 1, 401: MANY - 1}
    told = Counter(line.reason for line in acme.history())
    assert told["assertion_replayed"] == 20  # and the others are counted: whoever replays has proven nothing


def test_fifty_first_tokens_at_once_hang_from_one_grant(acme: Tenant, nodes: tuple[Standing, Standing]) -> None:
    app = acme.app()
    answers = at_once(lambda number: app.at(nodes[number % 2]).token())
    assert statuses(answers) == {200: MANY}
    with acme.standing.database.snapshot() as tx:
        made = tx.connection.execute(sa.select(grants.c.id)).scalars().all()
        hung = tx.connection.execute(sa.select(access_tokens.c.grant_id).distinct()).scalars().all()
    assert len(made) == 1
    assert made == hung
    assert {line.grant_id for line in acme.history()} == set(made)
    assert all(app.introspect(answer.json()["access_token"]).json()["active"] for answer in answers[::10])


def test_one_token_ended_fifty_times_at_once_is_told_once(acme: Tenant, nodes: tuple[Standing, Standing]) -> None:
    app = acme.app()
    token = app.access_token()
    answers = at_once(lambda number: app.at(nodes[number % 2]).revoke(token))
    assert statuses(answers) == {200: MANY}
    assert app.feed().json()["cursor"] == "1"


def test_fifty_revokes_at_once_are_numbered_without_a_gap(acme: Tenant, nodes: tuple[Standing, Standing]) -> None:
    app = acme.app()
    tokens = [app.access_token() for _ in range(MANY)]
    at_once(lambda number: app.at(nodes[number % 2]).revoke(tokens[number]))
    assert [each["sequence"] for each in app.feed().json()["revocations"]] == list(range(1, MANY + 1))


def test_X_AC_02_one_code_redeemed_fifty_times_at_once_has_one_winner_and_buys_nothing(
    acme: Tenant, nodes: tuple[Standing, Standing]
) -> None:
    spa = make_portal(acme, "Spa", auth_methods=PUBLIC)
    code = spa.code()
    answers = at_once(lambda number: spa.at(nodes[number % 2]).redeem(code))
    assert statuses(answers) == {200: 1, 400: MANY - 1}
    (won,) = (answer.json() for answer in answers if answer.status_code == 200)
    assert (spa.live(won["access_token"]), spa.refresh(won["refresh_token"]).status_code) == (False, 400)
    assert [each["kind"] for each in spa.guard.feed().json()["revocations"]] == ["grant"]


def test_X_RV_01_what_is_redeemed_while_its_user_ends_it_is_dead_when_the_revoke_has_returned(
    acme: Tenant, nodes: tuple[Standing, Standing]
) -> None:
    spa = make_portal(acme, "Spa", auth_methods=PUBLIC)
    codes, family = [spa.code() for _ in range(MANY // 2)], spa.signed_in()["refresh_token"]

    def work(number: int) -> httpx.Response | None:
        if number == MANY // 2:
            with nodes[0].database.transaction() as tx:
                revoke_user_of_app(tx, acme.admin, RevokeUserOfApp(spa.app.id, spa.user.id))
            return None
        node = spa.at(nodes[number % 2])
        return node.redeem(codes[number]) if number < MANY // 2 else node.refresh(family)

    answers = [answer for answer in at_once(work) if answer is not None]
    assert statuses(answers).keys() <= {200, 400}
    assert not [answer for answer in answers if answer.status_code == 200 and spa.live(answer.json()["access_token"])]
    with acme.standing.database.snapshot() as tx:
        assert live_of_user(tx, acme.org.id, spa.user.id, spa.app.installation_id) == []


def test_fifty_strangers_at_once_are_all_counted(acme: Tenant, nodes: tuple[Standing, Standing]) -> None:
    app = acme.app()
    answers = at_once(lambda number: app.at(nodes[number % 2]).token(client_secret="wrong"))
    assert statuses(answers) == {401: MANY}
    with acme.standing.database.transaction() as tx:
        window = tx.now.replace(minute=tx.now.minute // 10 * 10, second=0, microsecond=0)
        counted = strangers.count(tx, acme.org.id, window, "secret_mistyped", "192.0.2.0/24", tx.new_id(Prefix.RECEIPT)).count
    assert (counted, len(acme.history())) == (MANY + 1, 20)


def test_strangers_of_many_kinds_at_once_do_not_block_each_other(acme: Tenant, nodes: tuple[Standing, Standing]) -> None:
    app = acme.app()
    wrong = ({"client_secret": "wrong"}, {"client_id": "gbk_nobody"}, {"client_secret": ""}, {"client_assertion": "x"})

    def guess(number: int) -> httpx.Response:
        # Each transaction counts several kinds from several networks, and each takes them in another order.
        return app.at(nodes[number % 2]).token(wrong[number * 7 % 4], address=f"10.0.{number % 5}.1")

    for _ in range(3):
        assert set(statuses(at_once(guess))) <= {400, 401}
    assert [node.house.turnstile.counts.retried for node in nodes] == [0, 0]  # none of them stood in another's way
