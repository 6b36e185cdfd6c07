"""Refresh tokens: one successor each, every generation kept while its family lives."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.records.seed import UNRAISED, ManualClock, SmallOrg
from tests.storage.people_flows import HERE, a_grant, a_refresh_token, at_once, digest, undone

from gatebridge.rules.grants import RefreshToken
from gatebridge.storage import grants, refresh_tokens
from gatebridge.storage.database import Database


def test_refresh_tokens_come_back_as_they_were_kept(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        grant = a_grant(tx, acme)
        new = [
            (
                RefreshToken(acme.id, grant.id, acme.app_id, acme.installation_id, acme.user_id, number, tx.now, UNRAISED),
                digest(str(number)),
            )
            for number in range(3)
        ]
        refresh_tokens.insert_many(tx, new)
        assert [refresh_tokens.by_digest(tx, acme.id, digest(str(number))) for number in range(4)] == [*(token for token, _ in new), None]


def test_X_AD_01_another_org_sees_and_exchanges_nothing(timed: Database, acme: SmallOrg, other: SmallOrg) -> None:
    with timed.transaction() as tx:
        grant = a_grant(tx, acme)
        token = a_refresh_token(tx, grant)
        grants.end(tx, acme.id, grant.id, "revoked")
        assert refresh_tokens.by_digest(tx, other.id, digest("refresh")) is None
        assert not refresh_tokens.exchange(tx, other.id, digest("refresh"), HERE)
        assert refresh_tokens.purge(tx, other.id, tx.now + timedelta(days=1), 10) == 0
        assert refresh_tokens.by_digest(tx, acme.id, digest("refresh")) == token


def test_X_RT_01_of_many_who_exchange_one_token_at_once_one_wins(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        token = a_refresh_token(tx, a_grant(tx, acme))

    def exchange(number: int) -> bool:
        with timed.transaction() as tx:
            return refresh_tokens.exchange(tx, acme.id, digest("refresh"), f"192.0.2.{number}")

    answers = at_once(8, exchange)
    assert sum(answers) == 1
    with timed.snapshot() as tx:
        used_from = f"192.0.2.{answers.index(True)}"
        assert refresh_tokens.by_digest(tx, acme.id, digest("refresh")) == replace(token, used_at=tx.now, used_from=used_from)


def test_X_RT_01_an_exchange_that_was_undone_was_none(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        token = a_refresh_token(tx, a_grant(tx, acme))
    assert undone(timed, lambda tx: refresh_tokens.exchange(tx, acme.id, digest("refresh"), HERE))
    with timed.transaction() as tx:
        assert refresh_tokens.by_digest(tx, acme.id, digest("refresh")) == token
        assert refresh_tokens.exchange(tx, acme.id, digest("refresh"), HERE)


def test_X_RT_01_one_token_has_no_two_successors(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        grant = a_grant(tx, acme)
        a_refresh_token(tx, grant, "leaf", 1)
        a_refresh_token(tx, a_grant(tx, acme), "of another family", 1)
    with pytest.raises(sa.exc.IntegrityError), timed.transaction() as tx:
        a_refresh_token(tx, grant, "another leaf", 1)


def test_X_RT_02_a_token_tells_whether_the_one_after_it_was_used(timed: Database, acme: SmallOrg) -> None:
    with timed.transaction() as tx:
        grant, beside = a_grant(tx, acme), a_grant(tx, acme)
        for number in range(3):
            a_refresh_token(tx, grant, str(number), number)
            a_refresh_token(tx, beside, f"beside {number}", number)
        seen = []
        for number in range(3):
            assert refresh_tokens.exchange(tx, acme.id, digest(str(number)), HERE)
            family = [refresh_tokens.by_digest(tx, acme.id, digest(str(each))) for each in range(3)]
            seen.append([token is not None and token.successor_used for token in family])
        assert seen == [[False, False, False], [True, False, False], [True, True, False]]
        first = refresh_tokens.by_digest(tx, acme.id, digest("beside 0"))
        assert first is not None
        assert not first.successor_used


def test_the_purge_forgets_the_tokens_of_grants_that_ended_before(timed: Database, acme: SmallOrg, clock: ManualClock) -> None:
    with timed.transaction() as tx:
        ended, live = a_grant(tx, acme), a_grant(tx, acme)
        for number in range(3):
            a_refresh_token(tx, ended, f"ended {number}", number)
            a_refresh_token(tx, live, f"live {number}", number)
        grants.end(tx, acme.id, ended.id, "revoked")
    clock.advance(days=1)
    with timed.transaction() as tx:
        assert refresh_tokens.purge(tx, acme.id, clock.now - timedelta(days=1), 10) == 0
        assert [refresh_tokens.purge(tx, acme.id, clock.now, 2) for _ in range(3)] == [2, 1, 0]
        assert refresh_tokens.by_digest(tx, acme.id, digest("ended 0")) is None
        assert refresh_tokens.by_digest(tx, acme.id, digest("live 0")) is not None
