"""Orgs. The host decides the org before anything else, so two of these queries carry no org: they find it."""

from typing import Any

import sqlalchemy as sa

from gatebridge.rules.orgs import Org, OrgSettings
from gatebridge.storage import rows
from gatebridge.storage.dialects import Id, Json, Moment, Text, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

orgs = sa.Table(
    "orgs",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("host", sa.String(255), nullable=False, unique=True),
    sa.Column("issuer", sa.String(512), nullable=False, unique=True),
    sa.Column("settings", Json, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("epoch_at", Moment),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
)


def insert(tx: Tx, org: Org) -> bool:
    """Add an org. False when another org already answers at its host or issues under its name."""
    inserted = tx.connection.execute(
        insert_new(tx.connection, orgs).values(
            id=org.id,
            name=org.name,
            kind=org.kind,
            host=org.host,
            issuer=org.issuer,
            settings=_stored(org.settings),
            epoch=org.epoch,
            version=org.version,
            created_at=org.created_at,
        )
    )
    return bool(inserted.rowcount)


def by_id(tx: Tx, org_id: str) -> Org | None:
    return _one(tx, sa.select(orgs).where(orgs.c.id == org_id))


def by_host(tx: Tx, host: str) -> Org | None:
    """The org that answers at this host, byte for byte."""
    return _one(tx, sa.select(orgs).where(orgs.c.host == host))


def first(tx: Tx) -> Org | None:
    """The org in which the installation itself is administered: the oldest. None: there is no org yet."""
    return _one(tx, sa.select(orgs).order_by(orgs.c.id).limit(1))


def list_page(tx: Tx, *, after: str | None, limit: int, search: str = "") -> list[Org]:
    """The orgs of the installation after the id `after`, oldest first, at most `limit`; `search` looks into names and hosts."""
    statement = sa.select(orgs).order_by(orgs.c.id).limit(limit)
    if after is not None:
        statement = statement.where(orgs.c.id > after)
    if search:
        statement = statement.where(sa.or_(*(column.icontains(search, autoescape=True) for column in (orgs.c.name, orgs.c.host))))
    return [rows.org(row) for row in tx.connection.execute(statement)]


def update(tx: Tx, org: Org) -> bool:
    """Write the name and the settings of an org over the version that it was read in. False when that version is no more."""
    updated = tx.connection.execute(
        sa.update(orgs)
        .where(orgs.c.id == org.id, orgs.c.version == org.version)
        .values(name=org.name, settings=_stored(org.settings), version=orgs.c.version + 1)
    )
    return bool(updated.rowcount)


def raise_epoch(tx: Tx, org_id: str) -> int | None:
    """End everything of an org at once. The new epoch, or None where there is no such org."""
    raised = sa.update(orgs).where(orgs.c.id == org_id).values(epoch=orgs.c.epoch + 1, epoch_at=tx.now).returning(orgs.c.epoch)
    return tx.connection.execute(raised).scalar_one_or_none()


def _one(tx: Tx, statement: sa.Select[Any]) -> Org | None:
    row = tx.connection.execute(statement).one_or_none()
    return rows.org(row) if row else None


def _stored(settings: OrgSettings) -> dict[str, object]:
    return {
        "session_minutes": settings.session_minutes,
        "trusted_ranges": rows.stored_ranges(settings.trusted_ranges),
        "trusted_ranges_only_waive": settings.trusted_ranges_only_waive,
        "custom_scopes": [list(scope) for scope in settings.custom_scopes],
        "scope_claims": [list(claim) for claim in settings.scope_claims],
        "device_flow": settings.device_flow,
        "user_agent_flow": settings.user_agent_flow,
        "timezone": settings.timezone,
        "monitored_ranges": rows.stored_ranges(settings.monitored_ranges),
        "ranges_on_every_request": settings.ranges_on_every_request,
        "verify_new_browsers": settings.verify_new_browsers,
        "required_level": settings.requirement.level,
        "level_action": settings.requirement.action,
        "lock_sessions_to_address": settings.lock_sessions_to_address,
        "session_absolute_hours": settings.session_absolute_hours,
        "max_sessions_per_user": settings.max_sessions_per_user,
        "reauthenticate_minutes": settings.reauthenticate_minutes,
    }
