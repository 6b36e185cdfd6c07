"""Which objects there are, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from gatebridge.rules.soql import objects_of_apps, objects_of_people, objects_of_records
from gatebridge.rules.soql.sobjects import SObject

_BY_NAME = {
    sobject.name: sobject
    for sobject in (
        objects_of_records.AUTH_SESSION,
        objects_of_apps.CONNECTED_APPLICATION,
        objects_of_records.LOGIN_HISTORY,
        objects_of_apps.OAUTH_TOKEN,
        objects_of_people.ORGANIZATION,
        objects_of_people.PERMISSION_SET,
        objects_of_people.PERMISSION_SET_ASSIGNMENT,
        objects_of_people.PROFILE,
        objects_of_records.SETUP_AUDIT_TRAIL,
        objects_of_people.USER,
    )
}
_BY_LOWER_NAME = {name.lower(): sobject for name, sobject in _BY_NAME.items()}

# In the order of their names, as they are listed.
OBJECTS: Mapping[str, SObject] = MappingProxyType(_BY_NAME)


def find(name: str) -> SObject | None:
    """The object of this name, in whatever case it is written."""
    return _BY_LOWER_NAME.get(name.lower())
