"""Counting rows: one per org, window, reason and network, whose id stays that of the first."""

from datetime import timedelta

import pytest
from tests.records.seed import SmallOrg, make_org

from gatebridge.rules.ids import Prefix
from gatebridge.storage import strangers
from gatebridge.storage.database import Database


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def test_a_row_counts_up_and_keeps_the_id_of_the_first(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = strangers.count(tx, org.id, tx.now, "secret_wrong", "192.0.2.0/24", tx.new_id(Prefix.RECEIPT))
        second = strangers.count(tx, org.id, tx.now, "secret_wrong", "192.0.2.0/24", tx.new_id(Prefix.RECEIPT), 7)
        assert (first.count, second.count, second.id) == (1, 8, first.id)
        assert strangers.counted(tx, org.id, tx.now, "secret_wrong", "192.0.2.0/24") == 8


def test_org_window_reason_and_network_are_counted_apart(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        other = make_org(tx, "other")
        later = tx.now + timedelta(minutes=10)
        strangers.count(tx, org.id, tx.now, "secret_wrong", "192.0.2.0/24", tx.new_id(Prefix.RECEIPT))
        for org_id, window, reason, network in (
            (other.id, tx.now, "secret_wrong", "192.0.2.0/24"),
            (org.id, later, "secret_wrong", "192.0.2.0/24"),
            (org.id, tx.now, "client_unknown", "192.0.2.0/24"),
            (org.id, tx.now, "secret_wrong", "198.51.100.0/24"),
        ):
            assert strangers.counted(tx, org_id, window, reason, network) == 0
            assert strangers.count(tx, org_id, window, reason, network, tx.new_id(Prefix.RECEIPT)).count == 1


def test_the_purge_forgets_old_windows_of_one_org_the_oldest_first(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        other = make_org(tx, "other")
        for each in (org, other):
            for hours in (3, 2, 1):
                strangers.count(tx, each.id, tx.now - timedelta(hours=hours), "secret_wrong", "*", tx.new_id(Prefix.RECEIPT))
        assert strangers.purge(tx, org.id, tx.now - timedelta(hours=1), 1) == 1
        kept = [strangers.counted(tx, org.id, tx.now - timedelta(hours=hours), "secret_wrong", "*") for hours in (3, 2, 1)]
        assert kept == [0, 1, 1]
        assert strangers.purge(tx, org.id, tx.now - timedelta(hours=1), 10) == 1
        assert strangers.counted(tx, other.id, tx.now - timedelta(hours=3), "secret_wrong", "*") == 1
