"""Secrets and certificates of an org's apps by when they end, so that somebody renews them before their apps stop."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.ids import Prefix
from gatebridge.storage.apps import apps
from gatebridge.storage.credentials import certificates, secrets
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class EndingCredential:
    """A secret or certificate that nobody has retired, and when it ends or ended."""

    app_id: str
    app: str
    id: str
    name: str
    ends_at: datetime

    @property
    def is_certificate(self) -> bool:
        return self.id.startswith(Prefix.CERTIFICATE)


def page(tx: Tx, org_id: str, *, since: datetime, until: datetime, owner_id: str | None, limit: int) -> tuple[list[EndingCredential], int]:
    """Those that end between two moments, the soonest first, at most `limit`; and how many they are. `owner_id`: of this owner's apps."""
    ends = sa.union_all(
        _ending(org_id, secrets, secrets.c.expires_at, since, until), _ending(org_id, certificates, certificates.c.not_after, since, until)
    ).subquery("ends")
    own = sa.or_(apps.c.owner_id == owner_id, apps.c.backup_owner_id == owner_id) if owner_id is not None else sa.true()
    statement = (
        sa.select(ends.c.app_id, apps.c.label, ends.c.id, ends.c.name, ends.c.ends_at, sa.func.count().over())
        .join(apps, sa.and_(apps.c.org_id == org_id, apps.c.id == ends.c.app_id))
        .where(apps.c.deleted_at.is_(None), own)
        .order_by(ends.c.ends_at, ends.c.id)
        .limit(limit)
    )
    found = tx.connection.execute(statement).all()
    return [EndingCredential(*row[:5]) for row in found], found[0][5] if found else 0


def _ending(org_id: str, table: sa.Table, ends_at: sa.Column[Any], since: datetime, until: datetime) -> sa.Select[Any]:
    here = table.c
    wanted = (here.org_id == org_id, here.retired_at.is_(None), here.try_id.is_(None), ends_at >= since, ends_at < until)
    return sa.select(here.app_id, here.id, here.name, ends_at.label("ends_at")).where(*wanted)
