"""The columns of a query (`columns=true`), which the Salesforce CLI asks for after each query that found anything."""

import pytest
from tests.oauth.tenants import Tenant
from tests.salesforce.surface import Surface, refused, surface


@pytest.fixture
def sf(acme: Tenant) -> Surface:
    return surface(acme)


def test_each_column_is_told_in_the_order_of_the_query_by_its_own_name(sf: Surface) -> None:
    told = sf.told("/query?q=SELECT+username,+id,+isactive,+createddate+FROM+user&columns=true")
    columns = told.pop("columnMetadata")
    assert told == {"entityName": "User", "groupBy": False, "idSelected": True, "keyPrefix": "005"}
    assert [(each["columnName"], each["apexType"]) for each in columns] == [
        ("Username", "String"),
        ("Id", "Id"),
        ("IsActive", "Boolean"),
        ("CreatedDate", "Datetime"),
    ]
    assert {each["displayName"] == each["columnName"] for each in columns} == {True}
    assert [(each["booleanType"], each["textType"], each["numberType"]) for each in columns] == [
        (False, True, False),
        (False, False, False),
        (True, False, False),
        (False, False, False),
    ]
    assert {(each["aggregate"], tuple(each["joinColumns"])) for each in columns} == {(False, ())}


def test_a_query_that_only_counts_has_none(sf: Surface) -> None:
    told = sf.told("/query?q=SELECT+COUNT()+FROM+User&columns=true")
    assert (told["columnMetadata"], told["idSelected"]) == ([], False)


def test_whatever_is_wrong_with_the_query_is_wrong_with_its_columns(sf: Surface) -> None:
    refused(sf.get("/query?q=SELECT+Shoe+FROM+User&columns=true"), 400, "INVALID_FIELD")
    refused(sf.get("/query?q=SELECT+Id+FROM+Account&columns=true"), 400, "INVALID_TYPE")


def test_another_word_asks_for_records(sf: Surface) -> None:
    assert "records" in sf.told("/query?q=SELECT+Id+FROM+Organization&columns=false")
