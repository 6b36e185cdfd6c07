"""The describe calls: what objects there are, and of which fields they consist, as Salesforce's clients read it."""

from typing import Any

import pytest
from tests.oauth.tenants import Tenant
from tests.salesforce.surface import ROOT, rights, surface

from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.rules.soql.catalogue import OBJECTS
from gatebridge.rules.soql.sobjects import SObject
from gatebridge.salesforce import describe

every_object = pytest.mark.parametrize("sobject", OBJECTS.values(), ids=OBJECTS.keys())

# What everybody who may use APIs reads: the own org, and the own records.
FOR_EVERYBODY = {"AuthSession", "LoginHistory", "OauthToken", "Organization", "PermissionSetAssignment", "User"}


def named(told: Any) -> set[str]:
    return {each["name"] for each in told["sobjects"]}


def test_the_global_describe_lists_what_the_user_may_read_and_every_address_in_it_answers(acme: Tenant) -> None:
    sf = surface(acme)
    told = sf.told("/sobjects")
    assert (told["encoding"], told["maxBatchSize"]) == ("UTF-8", 200)
    assert named(told) >= FOR_EVERYBODY
    assert "SetupAuditTrail" not in named(told)
    for each in told["sobjects"]:
        assert sf.told(each["urls"]["sobject"])["objectDescribe"] == each
        full = sf.told(each["urls"]["describe"])
        assert full.items() >= each.items()
        assert sf.query(f"SELECT {','.join(field['name'] for field in full['fields'])} FROM {each['name']} LIMIT 1")["done"] is True
    rights(acme, *EVERY_POWER)
    assert named(sf.told("/sobjects")) == set(OBJECTS)
    rights(acme, Permission.API_ENABLED)
    assert named(sf.told("/sobjects")) == named(told)


def test_a_record_has_the_fields_that_its_describe_lists(acme: Tenant) -> None:
    sf = surface(acme)
    record = sf.told(f"/sobjects/User/{acme.runner.id}")
    assert [field["name"] for field in sf.told("/sobjects/user/describe")["fields"]] == list(record)[1:]
    for field in sf.told("/sobjects/User/describe")["fields"]:
        value = record[field["name"]]
        assert value is not None or field["nillable"], field["name"]
        assert isinstance(value, bool) == (field["type"] == "boolean"), field["name"]


@every_object
def test_it_says_of_nothing_that_it_can_be_written(sobject: SObject) -> None:
    told: Any = describe.described(sobject, "51.0")
    writes = ("createable", "updateable", "deletable", "undeletable", "mergeable", "triggerable")
    assert not any(told[name] for name in writes)
    assert not any(field[name] for field in told["fields"] for name in ("createable", "updateable", "custom", "calculated"))
    assert told["queryable"] is True


@every_object
def test_every_member_that_jsforce_declares_is_there_and_of_its_type(sobject: SObject) -> None:
    told: Any = describe.described(sobject, "51.0")
    lists = ("actionOverrides", "childRelationships", "fields", "namedLayoutInfos", "recordTypeInfos", "supportedScopes")
    assert all(isinstance(told[name], list) for name in lists)
    assert isinstance(told["urls"], dict)
    truths = {name for name, value in told.items() if isinstance(value, bool)}
    assert truths == {
        *("activateable", "createable", "custom", "customSetting", "deepCloneable", "deletable", "deprecatedAndHidden", "feedEnabled"),
        *("hasSubtypes", "idEnabled", "isInterface", "isSubtype", "layoutable", "mergeable", "mruEnabled", "queryable", "replicateable"),
        *("retrieveable", "searchable", "triggerable", "undeletable", "updateable", "compactLayoutable", "searchLayoutable"),
    }
    for field in told["fields"]:
        assert {name for name, value in field.items() if isinstance(value, int) and not isinstance(value, bool)} == {
            *("byteLength", "digits", "length", "precision", "scale")
        }
        assert field["soapType"].split(":")[0] in ("tns", "xsd")
        assert (field["type"] == "reference") >= bool(field["referenceTo"])
        assert all(target in OBJECTS for target in field["referenceTo"])
        assert field["restrictedPicklist"] == bool(field["picklistValues"])


@every_object
def test_it_has_at_most_one_name_and_its_id_comes_first(sobject: SObject) -> None:
    fields: Any = describe.described(sobject, "51.0")["fields"]
    assert sum(field["nameField"] for field in fields) <= 1
    assert (fields[0]["name"], fields[0]["type"], fields[0]["soapType"]) == ("Id", "id", "tns:ID")


@every_object
def test_no_field_holds_what_lets_anybody_in(sobject: SObject) -> None:
    """`DeleteToken` of OauthToken among them: it would end an access by being known (docs/decisions/0028)."""
    secret = (
        "accesstoken",
        "requesttoken",
        "deletetoken",
        "secret",
        "digest",
        "hash",
        "passwordhash",
        "consumersecret",
        "privatekey",
        "seed",
    )
    names = {field.name.lower() for field in sobject.fields}
    assert not names & set(secret)
    assert not [name for name in names if "secret" in name or "token" in name.removesuffix("id")]


def test_records_without_an_id_have_no_address() -> None:
    about: Any = describe.basic(OBJECTS["PermissionSetAssignment"], "51.0")["objectDescribe"]
    assert (about["keyPrefix"], about["retrieveable"], about["idEnabled"]) == (None, False, False)
    assert about["urls"] == {
        "sobject": f"{ROOT}/sobjects/PermissionSetAssignment",
        "describe": f"{ROOT}/sobjects/PermissionSetAssignment/describe",
    }


def test_the_name_of_a_user_is_the_name_and_its_prefix_the_one_of_its_ids() -> None:
    told: Any = describe.described(OBJECTS["User"], "51.0")
    assert told["keyPrefix"] == "005"
    assert [field["name"] for field in told["fields"] if field["nameField"]] == ["Name"]
    by_name = {field["name"]: field for field in told["fields"]}
    assert (by_name["Id"]["type"], by_name["Id"]["length"], by_name["Id"]["idLookup"]) == ("id", 18, True)
    assert by_name["ProfileId"]["referenceTo"] == ["Profile"]
    assert by_name["Email"]["soapType"] == "xsd:string"
    assert by_name["CreatedDate"]["soapType"] == "xsd:dateTime"
