"""Refresh families over time: other master keys, users who are stopped and come back, and a database that breaks down in between."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.oauth.client_keys import client_key
from tests.oauth.door import OFFICE, Loop
from tests.oauth.flows.portal import CALLBACK, PUBLIC, VERIFIER, Portal, make_portal
from tests.oauth.requests import decision, request_of
from tests.oauth.tenants import TOKEN, Tenant

from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.crypto.secrets import digest
from gatebridge.oauth import families
from gatebridge.oauth.outcome import Answer
from gatebridge.rules.apps import Dialect
from gatebridge.setup.stop_users import FreezeUser, UnfreezeUser, freeze_user, unfreeze_user
from gatebridge.storage import refresh_tokens
from gatebridge.web.turnstile import Turnstile

NEW_KEY = MasterKey(bytes(range(7, 39)))


@pytest.fixture
def spa(acme: Tenant) -> Portal:
    return make_portal(acme, "Spa", auth_methods=PUBLIC)


def test_a_retry_finds_the_successor_that_an_older_master_key_has_made(acme: Tenant, spa: Portal) -> None:
    first = spa.signed_in()["refresh_token"]
    second = spa.refresh(first).json()["refresh_token"]
    with acme.standing.database.snapshot() as tx:
        rotated = replace(tx, keys=MasterKeys(NEW_KEY, (MASTER_KEYS.current,)))
        parent = refresh_tokens.by_digest(tx, acme.org.id, digest(first))
        assert parent is not None
        assert families.again(rotated, parent, first).value == second
        assert families.successor(rotated, parent, first).value != second


def test_a_successor_carries_the_epochs_of_its_parent_and_its_own_generation(acme: Tenant, spa: Portal) -> None:
    first = spa.signed_in()["refresh_token"]
    second = spa.refresh(first).json()["refresh_token"]
    with acme.standing.database.snapshot() as tx:
        parent, child = (refresh_tokens.by_digest(tx, acme.org.id, digest(value)) for value in (first, second))
    assert parent is not None
    assert child is not None
    assert (child.epochs, child.generation, child.grant_id) == (parent.epochs, 1, parent.grant_id)


def test_X_RT_10_a_user_who_was_stopped_comes_back_without_any_old_family(acme: Tenant, spa: Portal) -> None:
    token = spa.signed_in()["refresh_token"]
    with acme.standing.database.transaction() as tx:
        freeze_user(tx, acme.admin, FreezeUser(acme.runner.id, "It looks odd."))
    with acme.standing.database.transaction() as tx:
        unfreeze_user(tx, acme.admin, UnfreezeUser(acme.runner.id, "It was a drill."))
    answer = spa.refresh(token)
    assert (answer.status_code, acme.true_cause(answer)) == (400, "refresh_ended")
    assert spa.redeem(spa.code()).status_code == 200


@pytest.mark.parametrize("statement", ["update refresh_tokens", "update grants", "insert into refresh_tokens", "insert into login_history"])
def test_a_rotation_that_could_not_be_written_is_503_and_the_same_token_may_be_sent_again(
    acme: Tenant, spa: Portal, statement: str
) -> None:
    token = spa.signed_in()["refresh_token"]
    with failing(acme, statement):
        answer = spa.refresh(token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert spa.refresh(token).status_code == 200


@pytest.mark.parametrize(
    "statement", ["update authorization_codes", "insert into grants", "insert into access_tokens", "insert into login_history"]
)
def test_a_redemption_that_could_not_be_written_is_503_and_the_code_is_still_good(acme: Tenant, spa: Portal, statement: str) -> None:
    code = spa.code()
    with failing(acme, statement):
        assert spa.redeem(code).status_code == 503
    assert spa.redeem(code).status_code == 200


# --- Two in one batch: neither could know of the other when it was decided ----------------------------------------------------


def in_one_batch(acme: Tenant, loop: Loop, forms: list[dict[str, str]], address: str = OFFICE) -> list[Answer]:
    """The answers to these token requests, which go through the turnstile together; the last one comes from `address`."""
    turnstile, decide = Turnstile(acme.standing.database), decision(acme, TOKEN)
    places = [OFFICE] * (len(forms) - 1) + [address]

    async def all_at_once() -> list[Answer]:
        requests = [request_of(acme, form, place) for form, place in zip(forms, places, strict=True)]
        waiting = [asyncio.ensure_future(turnstile.pass_through(decide, request)) for request in requests]
        await asyncio.sleep(0)
        turnstile.start()
        return await asyncio.gather(*waiting)

    answers = loop.run(all_at_once())
    turnstile.stop(10)
    assert turnstile.counts.batches == 1
    return answers


def refreshing(portal: Portal, token: str) -> dict[str, str]:
    return {"grant_type": "refresh_token", "refresh_token": token} | dict(portal.credentials)


def said(answer: Answer, name: str) -> object:
    assert answer.body is not None
    return answer.body[name]


def test_X_RT_01_who_loses_the_exchange_gets_the_same_successor_and_its_own_access_token(acme: Tenant, spa: Portal, loop: Loop) -> None:
    form = refreshing(spa, spa.signed_in()["refresh_token"])
    won, lost = in_one_batch(acme, loop, [form, form])
    assert [won.status, lost.status] == [200, 200]
    assert said(won, "refresh_token") == said(lost, "refresh_token")
    assert said(won, "access_token") != said(lost, "access_token")
    assert spa.live(str(said(lost, "access_token")))
    assert spa.refresh(str(said(won, "refresh_token"))).status_code == 200


def test_without_a_grace_the_loser_is_told_to_wait_and_the_family_lives(acme: Tenant, loop: Loop) -> None:
    spa = make_portal(acme, dialect=Dialect.SALESFORCE, auth_methods=PUBLIC)
    spa.policies(refresh_grace_seconds=0)
    form = refreshing(spa, spa.signed_in()["refresh_token"])
    won, lost = in_one_batch(acme, loop, [form, form])
    assert (won.status, lost.status, said(lost, "error")) == (200, 400, "invalid_grant")
    assert said(lost, "error_description") == "token request is already being processed"
    assert acme.history()[-1].reason == "refresh_in_progress"
    assert spa.refresh(str(said(won, "refresh_token"))).status_code == 200


def test_X_RT_02_std_SC_04_a_loser_from_another_network_is_a_second_user_and_ends_the_family(acme: Tenant, spa: Portal, loop: Loop) -> None:
    form = refreshing(spa, spa.signed_in()["refresh_token"])
    won, lost = in_one_batch(acme, loop, [form, form], address="198.51.100.7")
    assert (won.status, lost.status) == (200, 400)
    assert not spa.live(str(said(won, "access_token")))
    assert spa.refresh(str(said(won, "refresh_token"))).status_code == 400


def test_X_AC_02_who_loses_a_code_ends_what_the_winner_has_bought_in_the_same_breath(acme: Tenant, spa: Portal, loop: Loop) -> None:
    form = {"grant_type": "authorization_code", "code": spa.code(), "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    won, lost = in_one_batch(acme, loop, [form | dict(spa.credentials)] * 2)
    assert (won.status, lost.status, acme.history()[-1].reason) == (200, 400, "code_used")
    assert not spa.live(str(said(won, "access_token")))
    assert [each["kind"] for each in spa.guard.feed().json()["revocations"]] == ["grant"]


def test_a_loser_has_used_up_its_client_assertion_once(acme: Tenant, loop: Loop) -> None:
    keyed = make_portal(acme, key=client_key(clock=acme.standing.clock), rotate_refresh_tokens=True)
    form = {"grant_type": "refresh_token", "refresh_token": keyed.signed_in()["refresh_token"]}
    first, second = form | keyed.app.credentials, form | keyed.app.credentials
    assert [answer.status for answer in in_one_batch(acme, loop, [first, second])] == [200, 200]
    again = keyed.app.ask(second)
    assert (again.status_code, acme.true_cause(again)) == (401, "assertion_replayed")


@contextmanager
def failing(acme: Tenant, beginning: str) -> Iterator[None]:
    """While the block lasts, the database breaks down at statements that begin so."""

    def break_down(_: object, __: object, statement: str, *___: object) -> None:
        if statement.lower().startswith(beginning):
            raise OSError("the disk is gone")

    engine = acme.standing.database.engine
    sa.event.listen(engine, "before_cursor_execute", break_down)
    try:
        yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", break_down)
