"""Orgs as they are kept."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.setup.stage import add_org

from gatebridge.rules.ids import Prefix
from gatebridge.rules.network import Range
from gatebridge.rules.orgs import Org, OrgSettings
from gatebridge.storage import orgs
from gatebridge.storage.database import Database

OFFICE = Range(ip_address("192.0.2.0"), ip_address("192.0.2.255"), "Office")
SETTINGS = OrgSettings(
    session_minutes=30, trusted_ranges=(OFFICE,), trusted_ranges_only_waive=True, custom_scopes=(("crm_read", "Read your CRM data"),)
)


@pytest.fixture
def acme(database: Database) -> Org:
    with database.transaction() as tx:
        return add_org(tx, "Acme")


def test_an_org_comes_back_as_it_was_kept(database: Database, acme: Org) -> None:
    with database.transaction() as tx:
        assert orgs.update(tx, replace(acme, name="Acme Ltd", settings=SETTINGS))
    with database.snapshot() as tx:
        assert orgs.by_id(tx, acme.id) == replace(acme, name="Acme Ltd", settings=SETTINGS, version=2)


def test_an_org_is_found_by_its_host_byte_for_byte(database: Database, acme: Org) -> None:
    with database.snapshot() as tx:
        assert orgs.by_host(tx, acme.host) == acme
        assert orgs.by_host(tx, acme.host.upper()) is None
        assert orgs.by_host(tx, acme.host + ".") is None


def test_there_is_no_first_org_in_an_empty_installation(database: Database) -> None:
    with database.snapshot() as tx:
        assert orgs.first(tx) is None


def test_the_first_org_stays_the_first(database: Database, acme: Org) -> None:
    with database.transaction() as tx:
        add_org(tx, "Aaa")
        assert orgs.first(tx) == acme


def test_one_host_and_one_issuer_lead_to_one_org(database: Database, acme: Org) -> None:
    with database.transaction() as tx:
        same_host = replace(acme, id=tx.new_id(Prefix.ORG), issuer="https://else.example.com")
        same_issuer = replace(acme, id=tx.new_id(Prefix.ORG), host="else.example.com")
        assert not orgs.insert(tx, same_host)
        assert not orgs.insert(tx, same_issuer)
        assert orgs.list_page(tx, after=None, limit=10) == [acme]


def test_X_AD_09_an_org_is_written_over_the_version_that_was_read_only(database: Database, acme: Org) -> None:
    with database.transaction() as tx:
        assert orgs.update(tx, replace(acme, name="Mine"))
        assert not orgs.update(tx, replace(acme, name="Yours"))
        found = orgs.by_id(tx, acme.id)
    assert found is not None
    assert (found.name, found.version) == ("Mine", 2)


def test_raising_the_epoch_of_one_org_leaves_others_alone(database: Database, acme: Org) -> None:
    with database.transaction() as tx:
        other = add_org(tx, "Other")
        assert [orgs.raise_epoch(tx, acme.id), orgs.raise_epoch(tx, acme.id)] == [1, 2]
        assert orgs.by_id(tx, other.id) == other


def test_there_is_no_epoch_where_there_is_no_org(database: Database, acme: Org) -> None:
    with database.transaction() as tx:
        assert orgs.raise_epoch(tx, "00D000000000000") is None


def test_a_list_goes_on_after_the_last_id_and_searches_names_and_hosts(database: Database, acme: Org) -> None:
    with database.transaction() as tx:
        other, third = add_org(tx, "Other"), add_org(tx, "Third_100%")
        assert orgs.list_page(tx, after=None, limit=2) == [acme, other]
        assert orgs.list_page(tx, after=other.id, limit=2) == [third]
        assert orgs.list_page(tx, after=None, limit=9, search="OTHER.local") == [other]
        assert orgs.list_page(tx, after=None, limit=9, search="_100%") == [third]
        assert orgs.list_page(tx, after=None, limit=9, search="%") == [third]
