"""Installed apps, and what they have of whom."""

import sqlalchemy as sa

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.storage.apps import app_directory, apps
from gatebridge.storage.grants import grants
from gatebridge.storage.installations import in_use, installations, policies
from gatebridge.storage.sobjects.columns import Column, Labelled, Plain, Text, Told, Yes
from gatebridge.storage.sobjects.people import nullable, optional
from gatebridge.storage.sobjects.sources import Source
from gatebridge.storage.tx import Tx


def of_apps(tx: Tx, org_id: str) -> Source:
    """The apps that are installed now; their settings are in the org that owns them."""
    app, installed = apps.c, installations.c
    table = (
        installations.join(app_directory, app_directory.c.app_id == installed.app_id)
        .join(apps, sa.and_(app.org_id == app_directory.c.org_id, app.id == app_directory.c.app_id))
        .join(policies, sa.and_(policies.c.org_id == installed.org_id, policies.c.installation_id == installed.id))
    )
    columns: dict[str, Column] = {
        "Id": Plain(installed.app_id),
        "Name": Text(app.label),
        "DeveloperName": Text(app.api_name),
        "Description": Told(str, app.description),
        "ContactEmail": Text(app.contact_email),
        "InfoUrl": optional(app.info_url),
        "OptionsAllowAdminApprovedUsersOnly": Yes(policies.c.permitted_users == PermittedUsers.ADMIN_APPROVED),
        "IsBlocked": Yes(installed.blocked_at.is_not(None)),
        "CreatedDate": Plain(app.created_at),
        "InstalledDate": Plain(installed.installed_at),
    }
    where = (installed.org_id == org_id, in_use(tx.now), app.deleted_at.is_(None))
    return Source(table, where, columns, (installed.app_id,), installed.app_id)


def of_grants(tx: Tx, org_id: str) -> Source:
    """What apps have of users and what has not ended: one record for each approval, sign-in, assertion or device."""
    grant = grants.c
    columns: dict[str, Column] = {
        "Id": Plain(grant.id),
        "AppName": Labelled(grant.app_id, lambda: labels(tx, org_id)),
        "ConnectedApplicationId": Plain(grant.app_id),
        "UserId": Plain(grant.user_id),
        "Flow": Text(grant.flow),
        "Scopes": Told(str, grant.scopes),
        "SourceIp": optional(grant.address),
        "CreatedDate": Plain(grant.created_at),
        "LastUsedDate": nullable(grant.last_used_at),
    }
    return Source(grants, (grant.org_id == org_id, grant.ended_at.is_(None)), columns, (grant.id,), grant.id)


def labels(tx: Tx, org_id: str) -> dict[str, str]:
    """The label of each app that the org owns or ever installed, by the app's id; of others an org knows nothing."""
    here = sa.and_(installations.c.app_id == apps.c.id, installations.c.org_id == org_id)
    statement = (
        sa.select(apps.c.id, apps.c.label)
        .select_from(app_directory)
        .join(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
        .outerjoin(installations, here)
        .where(sa.or_(apps.c.org_id == org_id, installations.c.id.is_not(None)))
    )
    return {row.id: row.label for row in tx.connection.execute(statement)}
