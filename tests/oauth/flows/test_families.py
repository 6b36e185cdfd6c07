"""Refresh families over time: other master keys, users who are stopped and come back, and a database that breaks down in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import sqlalchemy as sa
from tests.databases import MASTER_KEYS
from tests.oauth.flows.portal import PUBLIC, Portal, make_portal
from tests.oauth.tenants import Tenant

from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.crypto.secrets import digest
from gatebridge.oauth import families
from gatebridge.setup.stop_users import FreezeUser, UnfreezeUser, freeze_user, unfreeze_user
from gatebridge.storage import refresh_tokens

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
