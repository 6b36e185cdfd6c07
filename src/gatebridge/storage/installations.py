"""Installed apps, their policies, and which profiles and permission sets may use them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.apps import Installation
from gatebridge.rules.people import Assignment
from gatebridge.storage import rows
from gatebridge.storage.dialects import Id, Json, Moment, Text, for_update, insert_new, upsert
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

installations = sa.Table(
    "installations",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("epoch_at", Moment),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("installed_at", Moment, nullable=False),
    sa.Column("uninstalled_at", Moment),
    sa.Column("blocked_at", Moment),
    sa.Column("blocked_because", Text, nullable=False, server_default=""),
    sa.Column("holders_only", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("org_id", "app_id"),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("installation_id", Id, primary_key=True),
    sa.Column("permitted_users", sa.String(24), nullable=False),
    sa.Column("ip_relaxation", sa.String(32), nullable=False),
    sa.Column("access_token_minutes", sa.Integer),
    sa.Column("jwt_access_token_minutes", sa.Integer),
    sa.Column("run_as_user_id", Id),
    sa.Column("may_administer", sa.Boolean, nullable=False),
    sa.Column("refresh_policies", Json, nullable=False, server_default='["idle:30:days","absolute:365:days"]'),
    sa.Column("refresh_exception_reason", Text, nullable=False, server_default=""),
    sa.Column("refresh_exception_until", Moment),
    sa.Column("refresh_grace_seconds", sa.Integer, nullable=False, server_default="10"),
    sa.Column("authorization_code_seconds", sa.Integer),
    sa.Column("max_grants_per_user", sa.Integer),
    sa.Column("ip_ranges", Json, nullable=False, server_default="[]"),
    sa.Column("refresh_ranges", Json, nullable=False, server_default="[]"),
    sa.Column("monitored_ranges", Json, nullable=False, server_default="[]"),
    sa.Column("required_level", sa.String(16), nullable=False, server_default="standard"),
    sa.Column("level_action", sa.String(16), nullable=False, server_default="raise"),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.ForeignKeyConstraint(["org_id", "installation_id"], ["installations.org_id", "installations.id"]),
    sa.ForeignKeyConstraint(["org_id", "run_as_user_id"], ["users.org_id", "users.id"]),
)

# The holder is a profile or a permission set; its key prefix says which.
permits = sa.Table(
    "permits",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("installation_id", Id, primary_key=True),
    sa.Column("holder_id", Id, primary_key=True),
    sa.Column("expires_at", Moment),
    sa.ForeignKeyConstraint(["org_id", "installation_id"], ["installations.org_id", "installations.id"]),
    sa.Index(None, "org_id", "holder_id"),
)


def insert(tx: Tx, installation: Installation, granted: AppPolicies) -> bool:
    """Add an app's presence in an org, with its policies. False when it is or was there already."""
    added = tx.connection.execute(
        insert_new(tx.connection, installations).values(
            org_id=installation.org_id,
            id=installation.id,
            app_id=installation.app_id,
            epoch=installation.epoch,
            version=installation.version,
            installed_at=installation.installed_at,
            uninstalled_at=installation.uninstalled_at,
            holders_only=installation.holders_only,
        )
    )
    if not added.rowcount:
        return False
    tx.connection.execute(
        sa.insert(policies).values(
            org_id=installation.org_id, installation_id=installation.id, version=granted.version, **_policy_values(granted)
        )
    )
    return True


def by_app(tx: Tx, org_id: str, app_id: str, *, hold: bool = False) -> Installation | None:
    """The presence of an app in the org, also where it is blocked or was uninstalled. `hold`: nobody else changes it until the end."""
    statement = sa.select(installations).where(installations.c.org_id == org_id, installations.c.app_id == app_id)
    row = tx.connection.execute(for_update(statement, tx.connection) if hold else statement).one_or_none()
    return rows.installation(row) if row else None


def by_id(tx: Tx, org_id: str, installation_id: str) -> Installation | None:
    """The installation of this id in the org."""
    statement = sa.select(installations).where(installations.c.org_id == org_id, installations.c.id == installation_id)
    row = tx.connection.execute(statement).one_or_none()
    return rows.installation(row) if row else None


def orgs_with(tx: Tx, app_id: str) -> list[str]:
    """The ids, in order, of all orgs that have or had the app. For its owner, whose deletion ends its tokens in every one of them."""
    statement = sa.select(installations.c.org_id).where(installations.c.app_id == app_id).order_by(installations.c.org_id)
    return list(tx.connection.execute(statement).scalars())


def block(tx: Tx, org_id: str, installation_id: str, because: str) -> bool:
    """Let nothing of the app through in this org. False when it was blocked before."""
    return _changed(tx, org_id, installation_id, installations.c.blocked_at.is_(None), blocked_at=tx.now, blocked_because=because)


def unblock(tx: Tx, org_id: str, installation_id: str) -> bool:
    """False when it was not blocked."""
    return _changed(tx, org_id, installation_id, installations.c.blocked_at.is_not(None), blocked_at=None, blocked_because="")


def uninstall(tx: Tx, org_id: str, installation_id: str) -> bool:
    """Take the app out of use in this org; policies and permits stay for the record. False when it was out of use before."""
    return _changed(tx, org_id, installation_id, in_use(tx.now), uninstalled_at=tx.now)


def reinstall(tx: Tx, org_id: str, installation_id: str, until: datetime | None = None) -> bool:
    """Put an uninstalled app back in use, blocked if it was blocked, for good or until a moment. False when it is in use."""
    gone = sa.not_(in_use(tx.now))
    return _changed(tx, org_id, installation_id, gone, uninstalled_at=until, installed_at=tx.now, holders_only=False)


def prolong(tx: Tx, org_id: str, installation_id: str, until: datetime | None) -> bool:
    """Let an app that is in use until a moment be so until another one, or for good. False when it is out of use, or had no end."""
    ends = installations.c.uninstalled_at > tx.now
    return _changed(tx, org_id, installation_id, ends, uninstalled_at=until)


def in_use(now: datetime) -> sa.ColumnElement[bool]:
    """That an app is installed at this moment. The column may lie ahead (`Installation.in_use`)."""
    return sa.or_(installations.c.uninstalled_at.is_(None), installations.c.uninstalled_at > now)


def policies_of(tx: Tx, org_id: str, installation_id: str) -> AppPolicies | None:
    """The policies of an installed app."""
    statement = sa.select(policies).where(policies.c.org_id == org_id, policies.c.installation_id == installation_id)
    row = tx.connection.execute(statement).one_or_none()
    return rows.policies(row) if row else None


def update_policies(tx: Tx, org_id: str, granted: AppPolicies) -> bool:
    """Save the policies as the version after `granted.version`. False when that is not the one that stands."""
    saved = tx.connection.execute(
        sa.update(policies)
        .where(
            policies.c.org_id == org_id,
            policies.c.installation_id == granted.installation_id,
            policies.c.version == granted.version,
        )
        .values(version=granted.version + 1, **_policy_values(granted))
    )
    return bool(saved.rowcount)


def permits_of(tx: Tx, org_id: str, installation_id: str) -> list[Assignment]:
    """Which profiles and permission sets may use the app, those run out too, in the order of their ids."""
    statement = (
        sa.select(permits).where(permits.c.org_id == org_id, permits.c.installation_id == installation_id).order_by(permits.c.holder_id)
    )
    return [rows.permit(row) for row in tx.connection.execute(statement)]


def put_permit(tx: Tx, org_id: str, installation_id: str, permit: Assignment) -> None:
    """Let a profile or permission set use the app, until the end given; a permit that is there already gets this end."""
    statement = upsert(tx.connection.dialect.name, permits).values(
        org_id=org_id, installation_id=installation_id, holder_id=permit.holder_id, expires_at=permit.expires_at
    )
    key = [permits.c.org_id, permits.c.installation_id, permits.c.holder_id]
    tx.connection.execute(statement.on_conflict_do_update(index_elements=key, set_={"expires_at": permit.expires_at}))


def remove_permit(tx: Tx, org_id: str, installation_id: str, holder_id: str) -> bool:
    """False when the holder had no permit."""
    removed = tx.connection.execute(
        sa.delete(permits).where(permits.c.org_id == org_id, permits.c.installation_id == installation_id, permits.c.holder_id == holder_id)
    )
    return bool(removed.rowcount)


def remove_permits(tx: Tx, org_id: str, installation_id: str) -> None:
    """Let no profile and no permission set use the app any more."""
    tx.connection.execute(sa.delete(permits).where(permits.c.org_id == org_id, permits.c.installation_id == installation_id))


def _changed(tx: Tx, org_id: str, installation_id: str, only_if: sa.ColumnElement[bool], **values: datetime | str | bool | None) -> bool:
    changed = tx.connection.execute(
        sa.update(installations)
        .where(installations.c.org_id == org_id, installations.c.id == installation_id, only_if)
        .values(version=installations.c.version + 1, **values)
    )
    return bool(changed.rowcount)


def _policy_values(granted: AppPolicies) -> dict[str, Any]:
    return {
        "permitted_users": granted.permitted_users,
        "ip_relaxation": granted.ip_relaxation,
        "access_token_minutes": granted.access_token_minutes,
        "jwt_access_token_minutes": granted.jwt_access_token_minutes,
        "run_as_user_id": granted.run_as_user_id,
        "may_administer": granted.may_administer,
        "refresh_policies": [str(policy) for policy in granted.refresh_policies],
        "refresh_exception_reason": granted.refresh_exception_reason,
        "refresh_exception_until": granted.refresh_exception_until,
        "refresh_grace_seconds": granted.refresh_grace_seconds,
        "authorization_code_seconds": granted.authorization_code_seconds,
        "max_grants_per_user": granted.max_grants_per_user,
        "ip_ranges": rows.stored_ranges(granted.ip_ranges),
        "refresh_ranges": rows.stored_ranges(granted.refresh_ranges),
        "monitored_ranges": rows.stored_ranges(granted.monitored_ranges),
        "required_level": granted.requirement.level,
        "level_action": granted.requirement.action,
    }
