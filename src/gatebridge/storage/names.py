"""What the ids in a record are called: apps with their owners, users, secrets and certificates. One statement for many ids."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from gatebridge.storage.apps import app_directory, apps, known_everywhere
from gatebridge.storage.credentials import certificates, secrets
from gatebridge.storage.installations import in_use, installations
from gatebridge.storage.matching import one_of
from gatebridge.storage.orgs import orgs
from gatebridge.storage.people import permission_sets, profiles, users
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class NamedApp:
    """An app as one org knows it: its label, and who answers for it, perhaps in another org."""

    id: str
    label: str
    org_id: str  # the owning org
    owner_id: str
    backup_owner_id: str | None
    installation_id: str | None  # in the org that asks; None where it is not, or was never, installed
    publisher: str  # the name of the owning org; empty where that is the one that asks

    def owned_by(self, org_id: str, user_id: str | None) -> bool:
        """Whether this user of this org is the owner or the backup owner."""
        return user_id is not None and org_id == self.org_id and user_id in (self.owner_id, self.backup_owner_id)


def of_apps(tx: Tx, org_id: str, app_ids: Collection[str]) -> dict[str, NamedApp]:
    """The apps of these ids that the org owns or ever installed, or that every org knows; others are not there."""
    if not app_ids:
        return {}
    here = sa.and_(installations.c.app_id == apps.c.id, installations.c.org_id == org_id)
    statement = (
        sa.select(
            *(apps.c.id, apps.c.label, apps.c.org_id, apps.c.owner_id, apps.c.backup_owner_id),
            *(installations.c.id.label("installation_id"), orgs.c.name.label("publisher")),
        )
        .select_from(app_directory)
        .join(orgs, orgs.c.id == app_directory.c.org_id)
        .join(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
        .outerjoin(installations, here)
        .where(
            one_of(tx.connection, app_directory.c.app_id, app_ids),
            sa.or_(apps.c.org_id == org_id, installations.c.id.is_not(None), known_everywhere),
        )
    )
    return {row.id: NamedApp(*row[:6], publisher=row.publisher if row.org_id != org_id else "") for row in tx.connection.execute(statement)}


def of_users(tx: Tx, org_id: str, user_ids: Collection[str]) -> dict[str, str]:
    """The names of these users of the org: as people know them, or the username where a service user has none."""
    if not user_ids:
        return {}
    statement = sa.select(users.c.id, users.c.username, users.c.first_name, users.c.last_name).where(
        users.c.org_id == org_id, one_of(tx.connection, users.c.id, user_ids)
    )
    return {row.id: f"{row.first_name} {row.last_name}".strip() or row.username for row in tx.connection.execute(statement)}


def of_holders(tx: Tx, org_id: str, holder_ids: Collection[str]) -> dict[str, str]:
    """The names of these profiles and permission sets of the org, for showing which of them may use an app."""
    if not holder_ids:
        return {}
    of_profiles = sa.select(profiles.c.id, profiles.c.name).where(
        profiles.c.org_id == org_id, one_of(tx.connection, profiles.c.id, holder_ids)
    )
    of_sets = sa.select(permission_sets.c.id, permission_sets.c.label).where(
        permission_sets.c.org_id == org_id, one_of(tx.connection, permission_sets.c.id, holder_ids)
    )
    return {row.id: row.name for row in tx.connection.execute(of_profiles.union_all(of_sets))}


def of_credentials(tx: Tx, named_apps: Collection[NamedApp]) -> dict[str, str]:
    """The names of all secrets and certificates of these apps, retired ones too."""
    if not named_apps:
        return {}
    owned = [(app.org_id, app.id) for app in named_apps]
    of_secrets = sa.select(secrets.c.id, secrets.c.name).where(sa.tuple_(secrets.c.org_id, secrets.c.app_id).in_(owned))
    of_certificates = sa.select(certificates.c.id, certificates.c.name).where(
        sa.tuple_(certificates.c.org_id, certificates.c.app_id).in_(owned)
    )
    return {row.id: row.name for row in tx.connection.execute(of_secrets.union_all(of_certificates))}


def older_neighbours(tx: Tx, org_id: str, app_id: str) -> list[tuple[str, str, str]]:
    """Id, label and owning org of every app that is in use in the org and was there before this one, in the order in which they came."""
    this = sa.select(installations.c.id).where(installations.c.org_id == org_id, installations.c.app_id == app_id).scalar_subquery()
    statement = (
        sa.select(apps.c.id, apps.c.label, apps.c.org_id)
        .select_from(installations)
        .join(app_directory, app_directory.c.app_id == installations.c.app_id)
        .join(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
        .where(installations.c.org_id == org_id, installations.c.id < this)
        .where(in_use(tx.now), apps.c.deleted_at.is_(None))
        .order_by(installations.c.id)
    )
    return [(row.id, row.label, row.org_id) for row in tx.connection.execute(statement)]


def in_use_here(tx: Tx, org_id: str) -> list[tuple[str, str, str]]:
    """Id, label and owning org of every app that is in use in the org, the oldest first."""
    statement = (
        sa.select(apps.c.id, apps.c.label, apps.c.org_id)
        .select_from(installations)
        .join(app_directory, app_directory.c.app_id == installations.c.app_id)
        .join(apps, sa.and_(apps.c.org_id == app_directory.c.org_id, apps.c.id == app_directory.c.app_id))
        .where(installations.c.org_id == org_id, in_use(tx.now), apps.c.deleted_at.is_(None))
        .order_by(installations.c.id)
    )
    return [(row.id, row.label, row.org_id) for row in tx.connection.execute(statement)]


def of_orgs(tx: Tx) -> dict[str, str]:
    """Every org of the installation, by id: for the worker, which serves them all."""
    return {row.id: row.name for row in tx.connection.execute(sa.select(orgs.c.id, orgs.c.name))}
