"""The feed of revocations: its order, and what is forgotten of it."""

from datetime import timedelta

from tests.records.seed import make_org

from gatebridge.storage import revocations
from gatebridge.storage.database import Database


def test_the_oldest_entries_are_forgotten_and_the_count_goes_on(timed: Database) -> None:
    with timed.transaction() as tx:
        org, other = make_org(tx), make_org(tx, "other")
        for number in range(5):
            revocations.append(tx, org.id, "user", user_id=f"00500000000000{number}")
        revocations.append(tx, other.id, "org")
        now = tx.now
    with timed.transaction() as tx:
        assert revocations.purge(tx, org.id, now, 10) == 0, "from before the moment, and not of it"
        assert revocations.purge(tx, org.id, now + timedelta(seconds=1), 2) == 2
        assert [each.sequence for each in revocations.since(tx, org.id, 0, 10)] == [3, 4, 5]
        assert revocations.purge(tx, org.id, now + timedelta(seconds=1), 10) == 3
        assert revocations.append(tx, org.id, "org") == 6
        assert [each.sequence for each in revocations.since(tx, other.id, 0, 10)] == [1]
