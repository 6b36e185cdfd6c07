"""Used assertions: once per use, client and `jti`, remembered as long as they could be replayed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.records.seed import SmallOrg, make_org

from gatebridge.storage import assertions
from gatebridge.storage.assertions import UsedAssertion
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def used(tx: Tx, org: SmallOrg) -> UsedAssertion:
    return UsedAssertion(org.id, "client_auth", org.app_id, b"j" * 32, tx.now + timedelta(minutes=2))


def test_X_CA_05_the_second_use_is_told_from_the_first_also_in_a_later_transaction(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        assert assertions.use_up(tx, used(tx, org))
        assert not assertions.use_up(tx, used(tx, org))
    with database.transaction() as tx:
        assert not assertions.use_up(tx, used(tx, org))


def test_X_CA_05_what_was_rolled_back_was_not_used(database: Database, org: SmallOrg) -> None:
    def use_and_fail() -> None:
        with database.transaction() as tx:
            assert assertions.use_up(tx, used(tx, org))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    with database.transaction() as tx:
        assert assertions.use_up(tx, used(tx, org))


def test_X_CA_06_use_client_org_and_jti_are_kept_apart(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = used(tx, org)
        others = [
            replace(first, use="jwt_bearer"),
            replace(first, app_id="0H4000000000009"),
            replace(first, org_id="00D000000000009"),
            replace(first, digest=b"k" * 32),
        ]
        assert all(assertions.use_up(tx, each) for each in (first, *others))


def test_the_purge_forgets_only_what_has_run_out(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = used(tx, org)
        later = replace(first, digest=b"k" * 32, expires_at=first.expires_at + timedelta(minutes=1))
        assertions.use_up(tx, first)
        assertions.use_up(tx, later)
        assert assertions.purge(tx, first.expires_at, 10) == 0
        assert assertions.purge(tx, first.expires_at + timedelta(microseconds=1), 10) == 1
        assert [assertions.use_up(tx, first), assertions.use_up(tx, later)] == [True, False]
