"""The signing keys of each org; the private half is sealed under the master key."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.storage.dialects import Blob, Id, Json, Moment
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),  # the `kid`
    sa.Column("algorithm", sa.String(8), nullable=False),
    sa.Column("public_jwk", Json, nullable=False),
    sa.Column("sealed", Blob, nullable=False),
    sa.Column("created_at", Moment, nullable=False),  # published from here on
    sa.Column("signs_from", Moment, nullable=False),  # one cache life later, unless it is the first
    sa.Column("retired_at", Moment),  # signs no more, is published until the last token is over
    sa.Column("removed_at", Moment),
)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One signing key of an org, its private half sealed."""

    org_id: str
    id: str
    algorithm: str
    public_jwk: Mapping[str, str]
    sealed: bytes
    created_at: datetime
    signs_from: datetime
    retired_at: datetime | None = None
    removed_at: datetime | None = None


def of_row(row: Any) -> StoredKey:
    return StoredKey(
        org_id=row.org_id,
        id=row.id,
        algorithm=row.algorithm,
        public_jwk=row.public_jwk,
        sealed=row.sealed,
        created_at=row.created_at,
        signs_from=row.signs_from,
        retired_at=row.retired_at,
        removed_at=row.removed_at,
    )


def insert(tx: Tx, key: StoredKey) -> None:
    tx.connection.execute(
        sa.insert(signing_keys).values(
            org_id=key.org_id,
            id=key.id,
            algorithm=key.algorithm,
            public_jwk=dict(key.public_jwk),
            sealed=key.sealed,
            created_at=key.created_at,
            signs_from=key.signs_from,
        )
    )


def published(tx: Tx, org_id: str) -> list[StoredKey]:
    """The keys of an org that are in its JWKS: not removed, newest first."""
    statement = (
        sa.select(signing_keys)
        .where(signing_keys.c.org_id == org_id, signing_keys.c.removed_at.is_(None))
        .order_by(signing_keys.c.signs_from.desc(), signing_keys.c.id.desc())
    )
    return [of_row(row) for row in tx.connection.execute(statement)]


def all_of(tx: Tx, org_id: str) -> list[StoredKey]:
    """Every key that the org ever had and still keeps, removed or not."""
    return [of_row(row) for row in tx.connection.execute(sa.select(signing_keys).where(signing_keys.c.org_id == org_id))]


def replace_sealed(tx: Tx, org_id: str, key_id: str, old: bytes, new: bytes) -> bool:
    """Keep the same private key under another seal. False when it was sealed anew meanwhile."""
    here = (signing_keys.c.org_id == org_id, signing_keys.c.id == key_id, signing_keys.c.sealed == old)
    return bool(tx.connection.execute(sa.update(signing_keys).where(*here).values(sealed=new)).rowcount)


def ever_had(tx: Tx, org_id: str, algorithm: str) -> bool:
    """Whether the org has, or once had, a key of this algorithm."""
    wanted = sa.select(sa.literal(1)).where(signing_keys.c.org_id == org_id, signing_keys.c.algorithm == algorithm).limit(1)
    return tx.connection.execute(wanted).first() is not None


def retire(tx: Tx, org_id: str, key_id: str) -> bool:
    """Let a key sign no more; it stays published. False when it was retired before."""
    retired = tx.connection.execute(
        sa.update(signing_keys)
        .where(signing_keys.c.org_id == org_id, signing_keys.c.id == key_id, signing_keys.c.retired_at.is_(None))
        .values(retired_at=tx.now)
    )
    return bool(retired.rowcount)


def remove(tx: Tx, org_id: str, key_id: str) -> bool:
    """Take a retired key out of the JWKS. False when it still signs, or was removed before."""
    removed = tx.connection.execute(
        sa.update(signing_keys)
        .where(
            signing_keys.c.org_id == org_id,
            signing_keys.c.id == key_id,
            signing_keys.c.retired_at.is_not(None),
            signing_keys.c.removed_at.is_(None),
        )
        .values(removed_at=tx.now)
    )
    return bool(removed.rowcount)


def that_sign(tx: Tx, most: int) -> list[StoredKey]:
    """Keys that sign now, of whichever org, the newest first. None: nothing was set up yet. For the readiness of the whole installation."""
    signs = sa.select(signing_keys).where(signing_keys.c.retired_at.is_(None), signing_keys.c.signs_from <= tx.now)
    ordered = signs.order_by(signing_keys.c.signs_from.desc(), signing_keys.c.id.desc()).limit(most)
    return [of_row(row) for row in tx.connection.execute(ordered)]
