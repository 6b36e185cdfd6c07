"""Users, the org, profiles, permission sets and who holds them."""

import sqlalchemy as sa

from gatebridge.rules.orgs import OrgKind
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.soql.fields import right_field
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import permission_set_assignments, permission_sets, profiles, users
from gatebridge.storage.sobjects.columns import Column, Plain, Same, Sql, Text, Told, Yes
from gatebridge.storage.sobjects.sources import Source
from gatebridge.storage.tx import Tx


def of_users(_: Tx, org_id: str) -> Source:
    user = users.c
    full_name = sa.func.trim(user.first_name + " " + user.last_name)
    columns: dict[str, Column] = {
        "Id": Plain(user.id),
        "Username": Text(user.username),
        "LastName": optional(user.last_name),
        "FirstName": optional(user.first_name),
        "Name": Text(sa.case((full_name == "", user.username), else_=full_name)),
        "Email": Text(user.email),
        "MobilePhone": optional(user.phone),
        "Street": optional(user.street),
        "City": optional(user.city),
        "State": optional(user.region),
        "PostalCode": optional(user.postal_code),
        "Country": optional(user.country),
        "IsActive": Yes(user.state == UserState.ACTIVE),
        "IsFrozen": Yes(user.frozen.is_(True)),
        "ProfileId": Plain(user.profile_id),
        "UserType": Same("Standard"),
        "TimeZoneSidKey": Text(user.timezone),
        "LocaleSidKey": Text(user.locale),
        "LanguageLocaleKey": Text(user.locale),
        "FederationIdentifier": optional(sa.func.coalesce(user.external_id, "")),
        "LastPasswordChangeDate": nullable(user.password_changed_at),
        "CreatedDate": Plain(user.created_at),
        "LastModifiedDate": Plain(sa.func.coalesce(user.updated_at, user.created_at)),
    }
    return Source(users, (user.org_id == org_id,), columns, (user.id,), user.id)


def of_orgs(_: Tx, org_id: str) -> Source:
    org = orgs.c
    kind = sa.case((org.kind == OrgKind.SANDBOX, "Sandbox"), (org.kind == OrgKind.DEVELOPER, "Developer Edition"), else_="Production")
    columns: dict[str, Column] = {
        "Id": Plain(org.id),
        "Name": Text(org.name),
        "OrganizationType": Text(kind),
        "IsSandbox": Yes(org.kind == OrgKind.SANDBOX),
        "InstanceName": Text(org.host),
        "NamespacePrefix": Same(None),
        "TrialExpirationDate": Same(None),
        "CreatedDate": Plain(org.created_at),
    }
    return Source(orgs, (org.id == org_id,), columns, (org.id,), org.id)


def of_profiles(_: Tx, org_id: str) -> Source:
    profile = profiles.c
    columns: dict[str, Column] = {
        "Id": Plain(profile.id),
        "Name": Text(profile.name),
        "Description": Told(str, profile.description),
        "UserType": Same("Standard"),
        "CreatedDate": Plain(profile.created_at),
    }
    columns |= _rights(profile.permissions)
    return Source(profiles, (profile.org_id == org_id,), columns, (profile.id,), profile.id)


def of_permission_sets(_: Tx, org_id: str) -> Source:
    held = permission_sets.c
    columns: dict[str, Column] = {
        "Id": Plain(held.id),
        "Name": Text(held.api_name),
        "Label": Text(held.label),
        "Description": Told(str, held.description),
        "IsCustom": Same(True),
        "IsOwnedByProfile": Same(False),
        "CreatedDate": Plain(held.created_at),
    }
    columns |= _rights(held.permissions)
    return Source(permission_sets, (held.org_id == org_id,), columns, (held.id,), held.id)


def of_assignments(tx: Tx, org_id: str) -> Source:
    held = permission_set_assignments.c
    columns: dict[str, Column] = {
        "Id": Same(None),
        "PermissionSetId": Plain(held.permission_set_id),
        "AssigneeId": Plain(held.user_id),
        "ExpirationDate": nullable(held.expires_at),
        "IsActive": Yes(sa.func.coalesce(held.expires_at > tx.now, sa.true())),
    }
    return Source(permission_set_assignments, (held.org_id == org_id,), columns, (held.user_id, held.permission_set_id), None)


def optional(text: Sql) -> Text:
    """A text that is empty where nobody said anything."""
    return Text(text, text == "")


def nullable(moment: Sql) -> Plain:
    return Plain(moment, moment.is_(None))


def _rights(permissions: Sql) -> dict[str, Column]:
    """One field for each right. The names of the rights stand in quotes in a list, and none is looked for that is not in the catalogue."""
    listed = sa.cast(permissions, sa.Text)
    return {right_field(right): Yes(listed.contains(f'"{right.value}"', autoescape=True)) for right in Permission}
