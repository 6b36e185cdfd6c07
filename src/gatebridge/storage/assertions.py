"""Assertions already used: each `jti` of a client buys one answer."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Moment, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

# The key is use, client and digest of the `jti`, so that one use cannot poison another (X-CA-06).
used_assertions = sa.Table(
    "used_assertions",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("use", sa.String(16), primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("digest", Digest, primary_key=True),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Index(None, "expires_at"),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class UsedAssertion:
    """One assertion to be used up: its use, its client, the digest of its `jti`, and how long it must be remembered."""

    org_id: str
    use: str
    app_id: str
    digest: bytes
    expires_at: datetime


def use_up(tx: Tx, used: UsedAssertion) -> bool:
    """Use the assertion up. False when somebody did before: then it is a replay."""
    inserted = tx.connection.execute(
        insert_new(tx.connection, used_assertions).values(
            org_id=used.org_id, use=used.use, app_id=used.app_id, digest=used.digest, expires_at=used.expires_at
        )
    )
    return bool(inserted.rowcount)


def purge(tx: Tx, before: datetime, limit: int) -> int:
    """Forget assertions that ran out before a moment; each could only be refused as expired by now."""
    table = used_assertions
    doomed = sa.select(table.c.org_id, table.c.use, table.c.app_id, table.c.digest).where(table.c.expires_at < before).limit(limit)
    key = sa.tuple_(table.c.org_id, table.c.use, table.c.app_id, table.c.digest)
    return int(tx.connection.execute(sa.delete(table).where(key.in_(doomed))).rowcount)
