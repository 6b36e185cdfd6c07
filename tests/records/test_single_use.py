"""Whoever comes second is told so, on both databases: by the row count of one statement."""

from datetime import timedelta

from tests.records.seed import add_grant, make_org

from gatebridge.storage import assertions, grants
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.database import Database


def test_an_assertion_is_used_up_once(database: Database) -> None:
    with database.transaction() as tx:
        org = make_org(tx)
        used = UsedAssertion(org.id, "client", org.app_id, b"j" * 32, tx.now + timedelta(minutes=5))
        assert [assertions.use_up(tx, used), assertions.use_up(tx, used)] == [True, False]


def test_a_second_live_service_grant_is_not_made(database: Database) -> None:
    with database.transaction() as tx:
        org = make_org(tx)
        grant = add_grant(tx, org)
        assert not grants.insert_if_first(tx, grant)
