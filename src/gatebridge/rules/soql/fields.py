"""How the fields of the catalogue are written down: one short line each."""

from gatebridge.rules.permissions import SENTENCES, Permission
from gatebridge.rules.soql.sobjects import Field, FieldType

ID = Field("Id", FieldType.ID, "Id", length=18)
CREATED = Field("CreatedDate", FieldType.DATETIME, "Created Date")

# Where Salesforce has the same right, the field is called as there.
_SALESFORCE_NAMES = {
    Permission.API_ONLY: "ApiUserOnly",
    Permission.MANAGE_PROFILES_AND_PERMISSION_SETS: "ManageProfilesPermissionsets",
}


def text(name: str, label: str, length: int, *, type: FieldType = FieldType.STRING, nullable: bool = False) -> Field:
    """A text of at most `length` characters, compared without regard to the case of A to Z."""
    return Field(name, type, label, nullable=nullable, length=length)


def long_text(name: str, label: str, length: int = 32_000) -> Field:
    """What is read and neither compared nor sorted by."""
    return Field(name, FieldType.TEXTAREA, label, nullable=True, length=length, filterable=False, sortable=False)


def picklist(name: str, label: str, *values: str, nullable: bool = False) -> Field:
    """One of these values."""
    return Field(name, FieldType.PICKLIST, label, nullable=nullable, length=40, values=values)


def boolean(name: str, label: str) -> Field:
    """True or false, and never empty."""
    return Field(name, FieldType.BOOLEAN, label)


def moment(name: str, label: str, *, nullable: bool = False) -> Field:
    """A time, shown and compared to the millisecond."""
    return Field(name, FieldType.DATETIME, label, nullable=nullable)


def reference(name: str, label: str, *objects: str, nullable: bool = False) -> Field:
    """The id of a record of one of these objects, of 15 characters inside and 18 outside."""
    return Field(name, FieldType.REFERENCE, label, nullable=nullable, length=18, references=objects)


def right_field(right: Permission) -> str:
    """The name of the field that says whether a profile or a permission set gives a right, such as PermissionsApiEnabled."""
    return "Permissions" + _SALESFORCE_NAMES.get(right, right.value.title().replace("_", ""))


RIGHTS = tuple(boolean(right_field(right), SENTENCES[right]) for right in Permission)
