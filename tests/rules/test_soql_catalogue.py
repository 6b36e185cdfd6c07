"""Which objects can be read, by whom, and what none of them holds."""

import re

import pytest

from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import sobjects as reasons
from gatebridge.rules.soql.catalogue import OBJECTS, find
from gatebridge.rules.soql.fields import right_field
from gatebridge.rules.soql.sobjects import FieldType, Reading, SObject

every_object = pytest.mark.parametrize("sobject", OBJECTS.values(), ids=OBJECTS.keys())

COMPARED = {FieldType.STRING, FieldType.PICKLIST, FieldType.EMAIL, FieldType.URL, FieldType.PHONE}


def test_the_objects_of_the_resource_surface_are_these() -> None:
    assert list(OBJECTS) == [
        "AuthSession",
        "ConnectedApplication",
        "LoginHistory",
        "OauthToken",
        "Organization",
        "PermissionSet",
        "PermissionSetAssignment",
        "Profile",
        "SetupAuditTrail",
        "User",
    ]
    assert [sobject.name for sobject in OBJECTS.values()] == list(OBJECTS)


@pytest.mark.parametrize(
    ("written", "found"),
    [("LoginHistory", "LoginHistory"), ("loginhistory", "LoginHistory"), ("USER", "User"), ("Users", None), ("", None), ("Account", None)],
)
def test_an_object_is_found_by_its_name_in_any_case(written: str, found: str | None) -> None:
    sobject = find(written)
    assert (sobject.name if sobject else None) == found


@pytest.mark.parametrize(("written", "found"), [("Id", "Id"), ("ID", "Id"), ("username", "Username"), ("Password", None)])
def test_a_field_is_found_by_its_name_in_any_case(written: str, found: str | None) -> None:
    field = OBJECTS["User"].field(written)
    assert (field.name if field else None) == found


ALL, OWN = Reading.ALL, Reading.OWN


@pytest.mark.parametrize(
    ("name", "rights", "reading"),
    [
        ("User", [], OWN),
        ("User", [Permission.MANAGE_USERS], ALL),
        ("User", [Permission.VIEW_SETUP], OWN),
        ("Organization", [], ALL),
        ("Profile", [], None),
        ("Profile", [Permission.VIEW_SETUP], ALL),
        ("Profile", [Permission.MANAGE_PROFILES_AND_PERMISSION_SETS], None),
        ("PermissionSet", [], None),
        ("PermissionSet", [Permission.VIEW_SETUP], ALL),
        ("PermissionSetAssignment", [], OWN),
        ("PermissionSetAssignment", [Permission.VIEW_SETUP], ALL),
        ("ConnectedApplication", [], None),
        ("ConnectedApplication", [Permission.VIEW_SETUP], ALL),
        ("OauthToken", [], OWN),
        ("OauthToken", [Permission.VIEW_OAUTH_USAGE], ALL),
        ("LoginHistory", [], OWN),
        ("LoginHistory", [Permission.MONITOR_LOGIN_HISTORY], ALL),
        ("LoginHistory", [Permission.VIEW_AUDIT_TRAIL, Permission.API_ENABLED], OWN),
        ("SetupAuditTrail", [], None),
        ("SetupAuditTrail", [Permission.VIEW_AUDIT_TRAIL], ALL),
        ("AuthSession", [], OWN),
        ("AuthSession", [Permission.MANAGE_USERS], ALL),
        ("AuthSession", [Permission.MANAGE_SECURITY], ALL),
    ],
)
def test_who_reads_what_of_an_object(name: str, rights: list[Permission], reading: Reading | None) -> None:
    assert OBJECTS[name].reading(rights) is reading


def test_compat_05_an_unknown_object_is_told_in_the_words_by_which_the_cli_tells_that_an_org_is_no_dev_hub() -> None:
    assert reasons.SOBJECT_UNKNOWN.salesforce_error == "INVALID_TYPE"
    assert reasons.SOBJECT_UNKNOWN.status == 400
    assert reasons.unknown("ScratchOrgInfo") == "sObject type 'ScratchOrgInfo' is not supported."


@every_object
def test_no_field_holds_what_lets_anybody_in(sobject: SObject) -> None:
    """A value that no field names cannot be asked for; the two that speak of a password or of secrets are a moment and a right."""
    secret = re.compile("secret|password|hash|digest|access_?token|refresh|delete|key|private|code", re.IGNORECASE)
    named = {field.name for field in sobject.fields if secret.search(field.name)}
    assert named <= {"LastPasswordChangeDate", "TimeZoneSidKey", "LocaleSidKey", "LanguageLocaleKey", "PostalCode"}


@every_object
def test_an_object_is_described_in_a_way_that_holds_together(sobject: SObject) -> None:
    names = [field.name.lower() for field in sobject.fields]
    assert len(set(names)) == len(names)
    assert names[0] == "id"
    assert sobject.own is None or sobject.field(sobject.own) is not None
    for field in sobject.fields:
        assert re.fullmatch(r"[A-Z][A-Za-z]{1,60}", field.name), field
        assert (field.length > 0) is (field.type not in (FieldType.BOOLEAN, FieldType.INT, FieldType.DATETIME)), field
        assert (field.type is FieldType.PICKLIST) is bool(field.values), field
        assert all(reference in OBJECTS for reference in field.references), field
        assert field.filterable is field.sortable is (field.type is not FieldType.TEXTAREA), field


def test_each_right_is_a_field_of_profiles_and_sets_called_as_in_salesforce() -> None:
    named = {right: right_field(right) for right in Permission}
    assert named[Permission.API_ENABLED] == "PermissionsApiEnabled"
    assert named[Permission.VIEW_SETUP] == "PermissionsViewSetup"
    assert named[Permission.MANAGE_USERS] == "PermissionsManageUsers"
    assert named[Permission.API_ONLY] == "PermissionsApiUserOnly"
    assert named[Permission.MANAGE_PROFILES_AND_PERMISSION_SETS] == "PermissionsManageProfilesPermissionsets"
    for name in ("Profile", "PermissionSet"):
        assert all(OBJECTS[name].field(field) for field in named.values())
