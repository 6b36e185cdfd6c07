"""Where each object's records are, by its name in the catalogue."""

from collections.abc import Mapping
from types import MappingProxyType

from gatebridge.storage.sobjects import apps, people, records
from gatebridge.storage.sobjects.sources import Maker

SOURCES: Mapping[str, Maker] = MappingProxyType(
    {
        "AuthSession": records.of_sessions,
        "ConnectedApplication": apps.of_apps,
        "LoginHistory": records.of_login_history,
        "OauthToken": apps.of_grants,
        "Organization": people.of_orgs,
        "PermissionSet": people.of_permission_sets,
        "PermissionSetAssignment": people.of_assignments,
        "Profile": people.of_profiles,
        "SetupAuditTrail": records.of_audit_trail,
        "User": people.of_users,
    }
)
