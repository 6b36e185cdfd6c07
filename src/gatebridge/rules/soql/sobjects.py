"""What an object of the resource surface is (wire.md): the setup objects, under the names that Salesforce gives them.

Here stands what can be read and who may; from which columns it comes is `storage/sobjects/`. Which objects there are is `catalogue`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission


class FieldType(StrEnum):
    """What a field holds. The value is what Salesforce's `describe` calls it."""

    ID = "id"
    REFERENCE = "reference"  # the id of another record
    STRING = "string"
    TEXTAREA = "textarea"  # long; neither compared nor sorted by
    PICKLIST = "picklist"
    EMAIL = "email"
    URL = "url"
    PHONE = "phone"
    BOOLEAN = "boolean"
    INT = "int"
    DATETIME = "datetime"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object."""

    name: str
    type: FieldType
    label: str
    nullable: bool = False
    length: int = 0  # of a text, in characters
    references: tuple[str, ...] = ()  # the objects whose ids it may hold
    values: tuple[str, ...] = ()  # of a picklist, all that there are
    filterable: bool = True
    sortable: bool = True


class Reading(StrEnum):
    """Which records of an object somebody may read."""

    ALL = "all"
    OWN = "own"  # those that are about oneself


@dataclass(frozen=True, slots=True)
class SObject:
    """One object: its fields in the order in which they are shown, and who may read it."""

    name: str
    label: str
    plural: str
    prefix: Prefix | None  # with which its ids begin; None: its records have none, and their Id is empty
    fields: tuple[Field, ...]
    needs: tuple[Permission, ...] = ()  # one of these, to read all its records; none: everybody who may use APIs at all
    own: str | None = None  # the field that names a user: without such a right, one reads the records that are about oneself

    def field(self, name: str) -> Field | None:
        """The field of this name, in whatever case it is written."""
        return next((field for field in self.fields if field.name.lower() == name.lower()), None)

    def reading(self, rights: Collection[Permission]) -> Reading | None:
        """What a user with these rights may read of it; None: nothing, and then there is no such object for that user."""
        if not self.needs or any(right in rights for right in self.needs):
            return Reading.ALL
        return Reading.OWN if self.own is not None else None
