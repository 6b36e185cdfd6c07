"""Signing keys in the database: newest first, retired before removed, each of one org."""

from datetime import datetime, timedelta

import pytest
from tests.records.seed import SmallOrg, make_org

from gatebridge.rules.ids import Prefix
from gatebridge.storage import signing_keys
from gatebridge.storage.database import Database
from gatebridge.storage.signing_keys import StoredKey
from gatebridge.storage.tx import Tx


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def add(tx: Tx, org: SmallOrg, signs_from: datetime | None = None) -> StoredKey:
    key_id = tx.new_id(Prefix.SIGNING_KEY)
    key = StoredKey(org.id, key_id, "ES256", {"kty": "EC", "kid": key_id}, b"sealed", tx.now, signs_from or tx.now)
    signing_keys.insert(tx, key)
    return key


def test_the_published_keys_come_newest_first_as_they_were_stored(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = add(tx, org)
        later = add(tx, org, tx.now + timedelta(minutes=15))
        assert signing_keys.published(tx, org.id) == [later, first]


def test_another_org_has_none_of_them_and_ends_none(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        key, other = add(tx, org), make_org(tx, "other")
        assert signing_keys.published(tx, other.id) == []
        assert not signing_keys.retire(tx, other.id, key.id)


def test_a_key_is_retired_once_stays_published_and_only_then_can_be_removed(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        key = add(tx, org)
        assert not signing_keys.remove(tx, org.id, key.id)
        assert [signing_keys.retire(tx, org.id, key.id), signing_keys.retire(tx, org.id, key.id)] == [True, False]
        assert [each.retired_at for each in signing_keys.published(tx, org.id)] == [tx.now]
        assert [signing_keys.remove(tx, org.id, key.id), signing_keys.remove(tx, org.id, key.id)] == [True, False]
        assert signing_keys.published(tx, org.id) == []


def test_the_installation_can_sign_once_some_key_is_due(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        assert signing_keys.that_sign(tx, 9) == []
        add(tx, org, tx.now + timedelta(minutes=15))
        assert signing_keys.that_sign(tx, 9) == []
        due, later = add(tx, org), add(tx, org)
        assert [key.id for key in signing_keys.that_sign(tx, 9)] == [later.id, due.id]
        assert [key.id for key in signing_keys.that_sign(tx, 1)] == [later.id]
        signing_keys.retire(tx, org.id, later.id)
        assert [key.id for key in signing_keys.that_sign(tx, 9)] == [due.id]
