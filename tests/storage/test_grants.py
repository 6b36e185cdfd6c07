"""Grants in the database: one live service grant per installation and run-as user, ended once."""

from dataclasses import replace

import pytest
from tests.records.seed import SmallOrg, add_grant, make_org

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.storage import grants
from gatebridge.storage.database import Database


@pytest.fixture
def org(database: Database) -> SmallOrg:
    with database.transaction() as tx:
        return make_org(tx)


def test_the_live_service_grant_is_found_by_installation_and_user(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        grant = add_grant(tx, org)
        assert grants.shared_grant(tx, org.id, org.installation_id, org.user_id, Flow.CLIENT_CREDENTIALS) == grant
        assert grants.by_id(tx, org.id, grant.id) == grant
        assert grants.shared_grant(tx, org.id, org.installation_id, org.owner_id, Flow.CLIENT_CREDENTIALS) is None


def test_each_run_as_user_has_a_service_grant_and_none_has_two(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = add_grant(tx, org)
        second = add_grant(tx, org, org.owner_id)
        assert first.id != second.id
        assert not grants.insert_if_first(tx, replace(first, id=tx.new_id(Prefix.GRANT)))


def test_grants_of_other_flows_do_not_exclude_each_other(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = add_grant(tx, org)
        for _ in range(2):
            assert grants.insert_if_first(tx, replace(first, id=tx.new_id(Prefix.GRANT), flow=Flow.WEB_SERVER))
        assert len(grants.live_of_user(tx, org.id, org.user_id, org.installation_id)) == 3


def test_an_ended_grant_makes_room_for_the_next_one(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        first = add_grant(tx, org)
        assert [grants.end(tx, org.id, first.id, "revoked"), grants.end(tx, org.id, first.id, "revoked")] == [True, False]
        ended = grants.by_id(tx, org.id, first.id)
        assert ended is not None
        assert (ended.ended_at, ended.epoch) == (tx.now, 1)
        assert grants.shared_grant(tx, org.id, org.installation_id, org.user_id, Flow.CLIENT_CREDENTIALS) is None
        assert add_grant(tx, org).id != first.id


def test_another_org_sees_and_ends_nothing(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        grant, other = add_grant(tx, org), make_org(tx, "other")
        assert grants.by_id(tx, other.id, grant.id) is None
        assert grants.shared_grant(tx, other.id, org.installation_id, org.user_id, Flow.CLIENT_CREDENTIALS) is None
        assert grants.live_of_user(tx, other.id, org.user_id) == []
        assert not grants.end(tx, other.id, grant.id, "theirs")


def test_an_app_has_grants_from_the_first_one_on_even_when_it_has_ended(database: Database, org: SmallOrg) -> None:
    with database.transaction() as tx:
        assert not grants.any_of_app(tx, org.app_id)
        grants.end(tx, org.id, add_grant(tx, org).id, "revoked")
        assert grants.any_of_app(tx, org.app_id)
