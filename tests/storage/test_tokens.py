"""Access tokens in the database: found by digest or id in their own org, ended once, purged oldest first."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.records.seed import SmallOrg, add_grant, add_token, make_org

from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.ids import Prefix
from gatebridge.storage import tokens
from gatebridge.storage.database import Database
from gatebridge.storage.tokens import NewToken


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def test_a_token_is_read_back_as_it_was_recorded(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        token = add_token(tx, org, add_grant(tx, org))
    with database.snapshot() as tx:
        assert tokens.by_id(tx, org.id, token.id) == token
        assert tokens.by_digests(tx, org.id, [token.id.encode().ljust(32), bytes(32)]) == {token.id.encode().ljust(32): token}


def test_a_jwt_has_no_digest_and_is_found_by_its_id_alone(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        token = add_token(tx, org, add_grant(tx, org))
        jwts = [replace(token, id=tx.new_id(Prefix.RECEIPT), format=TokenFormat.JWT) for _ in range(2)]
        tokens.insert_many(tx, [NewToken(jwt, None) for jwt in jwts])  # two without digest do not clash
        assert tokens.by_id(tx, org.id, jwts[1].id) == jwts[1]


def test_another_org_finds_nothing(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        token, other = add_token(tx, org, add_grant(tx, org)), make_org(tx, "other")
        assert tokens.by_id(tx, other.id, token.id) is None
        assert tokens.by_digests(tx, other.id, [token.id.encode().ljust(32)]) == {}
        assert not tokens.end(tx, other.id, token.id)


def test_two_tokens_cannot_have_one_digest(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        token = add_token(tx, org, add_grant(tx, org))
    twin = replace(token, id=token.id[:-1] + "z")
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as tx:
        tokens.insert_many(tx, [NewToken(twin, token.id.encode().ljust(32))])


def test_a_token_is_ended_once(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        token = add_token(tx, org, add_grant(tx, org))
        assert [tokens.end(tx, org.id, token.id), tokens.end(tx, org.id, token.id)] == [True, False]
        ended = tokens.by_id(tx, org.id, token.id)
        assert ended is not None
        assert ended.ended_at == tx.now


def test_the_purge_takes_the_expired_ones_oldest_first_and_no_more_than_asked(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        grant = add_grant(tx, org)
        old = [add_token(tx, org, grant) for _ in range(3)]
        later = tx.now + timedelta(hours=2, microseconds=1)
        first_of_later = tx.new_id(Prefix.RECEIPT)
        spared = add_token(tx, org, grant)
        assert tokens.purge(tx, org.id, tx.now, first_of_later, 10) == 0  # none has expired
        assert tokens.purge(tx, org.id, later, first_of_later, 2) == 2
        assert [tokens.by_id(tx, org.id, token.id) is None for token in (*old, spared)] == [True, True, False, False]
        assert tokens.purge(tx, org.id, later, first_of_later, 10) == 1
        assert tokens.by_id(tx, org.id, spared.id) == spared
