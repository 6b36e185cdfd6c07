"""Second factors of users: authenticator apps (TOTP), passkeys (WebAuthn), and one-time recovery codes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.storage.dialects import Digest, Id, Moment, Text, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.people import users
from gatebridge.storage.tx import Tx

_WORKS = sa.text("confirmed_at IS NOT NULL")

factors = sa.Table(
    "factors",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # totp or passkey
    sa.Column("name", Text, nullable=False),
    sa.Column("sealed_seed", sa.LargeBinary),  # of TOTP, under the master key
    sa.Column("last_step", sa.BigInteger),  # of TOTP: the time step of the last code that was taken, so that none is taken twice
    sa.Column("credential_id", sa.LargeBinary),  # of a passkey, with what stands below it
    sa.Column("public_key", sa.LargeBinary),
    sa.Column("sign_count", sa.BigInteger),
    sa.Column("transports", sa.String(64), nullable=False, server_default=""),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("confirmed_at", Moment),  # none: begun, and not yet proven to work; it counts for nothing
    sa.Column("last_used_at", Moment),
    sa.UniqueConstraint("org_id", "credential_id"),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
    sa.Index(None, "org_id", "user_id"),
    # How many there are of each kind, and whether somebody has one, is told by the index.
    sa.Index("ix_factors_that_work", "org_id", "user_id", sqlite_where=_WORKS, postgresql_where=_WORKS),
)

recovery_codes = sa.Table(
    "recovery_codes",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("user_id", Id, primary_key=True),
    sa.Column("digest", Digest, primary_key=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
)


def insert(tx: Tx, factor: Factor) -> bool:
    """Keep a factor. False where the org has this passkey already, whosever it is."""
    values = {name: getattr(factor, name) for name in Factor.__slots__} | {"transports": " ".join(factor.transports)}
    kept = bool(tx.connection.execute(insert_new(tx.connection, factors).values(**values)).rowcount)
    if kept and factor.confirmed_at is not None:
        _count(tx, factor.org_id, factor.user_id)
    return kept


def seeds(tx: Tx, org_id: str, *, after: str, limit: int) -> list[tuple[str, bytes]]:
    """The factors of the org that have a sealed seed, with it, by ascending id behind `after`."""
    wanted = (factors.c.org_id == org_id, factors.c.id > after, factors.c.sealed_seed.is_not(None))
    found = sa.select(factors.c.id, factors.c.sealed_seed).where(*wanted).order_by(factors.c.id).limit(limit)
    return [(row.id, row.sealed_seed) for row in tx.connection.execute(found)]


def replace_seed(tx: Tx, org_id: str, factor_id: str, old: bytes, new: bytes) -> bool:
    """Keep the same seed under another seal. False when the factor is gone, or was sealed anew meanwhile."""
    here = (factors.c.org_id == org_id, factors.c.id == factor_id, factors.c.sealed_seed == old)
    return bool(tx.connection.execute(sa.update(factors).where(*here).values(sealed_seed=new)).rowcount)


def of_row(row: Any) -> Factor:
    return Factor(
        id=row.id,
        org_id=row.org_id,
        user_id=row.user_id,
        kind=FactorKind(row.kind),
        name=row.name,
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        last_used_at=row.last_used_at,
        sealed_seed=row.sealed_seed,
        last_step=row.last_step,
        credential_id=row.credential_id,
        public_key=row.public_key,
        sign_count=row.sign_count or 0,
        transports=tuple(row.transports.split()),
    )


def of_user(tx: Tx, org_id: str, user_id: str) -> list[Factor]:
    """The factors of a user that work, oldest first."""
    wanted = sa.select(factors).where(*_of_user(org_id, user_id), factors.c.confirmed_at.is_not(None))
    return [of_row(row) for row in tx.connection.execute(wanted.order_by(factors.c.id))]


def begun(tx: Tx, org_id: str, user_id: str, since: datetime) -> Factor | None:
    """The factor that a user began to set up at or after a moment and has not confirmed; None: there is none."""
    wanted = sa.select(factors).where(*_of_user(org_id, user_id), factors.c.confirmed_at.is_(None), factors.c.created_at >= since)
    row = tx.connection.execute(wanted.order_by(factors.c.id.desc()).limit(1)).one_or_none()
    return of_row(row) if row else None


def by_credential(tx: Tx, org_id: str, credential_id: bytes) -> Factor | None:
    """The passkey that calls itself so."""
    wanted = sa.select(factors).where(factors.c.org_id == org_id, factors.c.credential_id == credential_id)
    row = tx.connection.execute(wanted.where(factors.c.confirmed_at.is_not(None))).one_or_none()
    return of_row(row) if row else None


def confirm(tx: Tx, factor: Factor, *, name: str, step: int) -> bool:
    """A factor that was begun has shown that it works, by the code of this time step. False: it is gone, or confirmed already."""
    proven = sa.update(factors).where(*_one(factor.org_id, factor.id), factors.c.confirmed_at.is_(None))
    works = bool(tx.connection.execute(proven.values(confirmed_at=tx.now, last_used_at=tx.now, last_step=step, name=name)).rowcount)
    if works:
        _count(tx, factor.org_id, factor.user_id)
    return works


def take_step(tx: Tx, org_id: str, factor_id: str, step: int) -> bool:
    """Use up the code of a time step and all before it. False: it was taken before; of any number at once one wins (X-SE-10)."""
    later = sa.or_(factors.c.last_step.is_(None), factors.c.last_step < step)
    taken = sa.update(factors).where(*_one(org_id, factor_id), later, factors.c.confirmed_at.is_not(None))
    return bool(tx.connection.execute(taken.values(last_step=step, last_used_at=tx.now)).rowcount)


def count_signature(tx: Tx, factor: Factor, sign_count: int) -> bool:
    """Keep what a passkey counts. False: it was used meanwhile, so the count that was compared is not the one that stands."""
    counted = sa.update(factors).where(*_one(factor.org_id, factor.id), factors.c.sign_count == factor.sign_count)
    return bool(tx.connection.execute(counted.values(sign_count=sign_count, last_used_at=tx.now)).rowcount)


def remove(tx: Tx, org_id: str, user_id: str, factor_id: str) -> bool:
    """Forget a factor of a user, with its seed or key. False: there is none."""
    removed = bool(tx.connection.execute(sa.delete(factors).where(*_of_user(org_id, user_id), factors.c.id == factor_id)).rowcount)
    if removed:
        _count(tx, org_id, user_id)
    return removed


def remove_begun(tx: Tx, org_id: str, user_id: str) -> int:
    """Forget what a user began to set up and never confirmed."""
    return tx.connection.execute(sa.delete(factors).where(*_of_user(org_id, user_id), factors.c.confirmed_at.is_(None))).rowcount


def replace_recovery_codes(tx: Tx, org_id: str, user_id: str, digests: Iterable[bytes]) -> None:
    """Let these codes work once each, and none that was given before."""
    table = recovery_codes
    tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.user_id == user_id))
    rows = [{"org_id": org_id, "user_id": user_id, "digest": digest, "created_at": tx.now} for digest in digests]
    if rows:
        tx.connection.execute(sa.insert(table), rows)


def has_recovery_code(tx: Tx, org_id: str, user_id: str, digest: bytes) -> bool:
    """Whether this recovery code would work. Asking does not use it up."""
    return bool(tx.connection.execute(sa.select(sa.exists().where(*_unused(org_id, user_id, digest)))).scalar_one())


def use_recovery_code(tx: Tx, org_id: str, user_id: str, digest: bytes) -> bool:
    """Use up a recovery code. False: there is none, or it was used; of any number at once one wins."""
    used = sa.update(recovery_codes).where(*_unused(org_id, user_id, digest)).values(used_at=tx.now)
    return bool(tx.connection.execute(used).rowcount)


def recovery_codes_left(tx: Tx, org_id: str, user_id: str) -> int:
    table = recovery_codes
    left = sa.select(sa.func.count()).where(table.c.org_id == org_id, table.c.user_id == user_id, table.c.used_at.is_(None))
    return int(tx.connection.execute(left).scalar_one())


def forget_recovery_codes(tx: Tx, org_id: str) -> None:
    """Let no recovery code of anybody in this org work any more."""
    tx.connection.execute(sa.delete(recovery_codes).where(recovery_codes.c.org_id == org_id))


def _count(tx: Tx, org_id: str, user_id: str) -> None:
    """Keep at the user how many factors work, by which those without one are found. Counted anew: no number is off for long."""
    number = sa.select(sa.func.count()).where(*_of_user(org_id, user_id), factors.c.confirmed_at.is_not(None)).scalar_subquery()
    tx.connection.execute(sa.update(users).where(users.c.org_id == org_id, users.c.id == user_id).values(factor_count=number))


def _of_user(org_id: str, user_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return factors.c.org_id == org_id, factors.c.user_id == user_id


def _unused(org_id: str, user_id: str, digest: bytes) -> tuple[sa.ColumnElement[bool], ...]:
    table = recovery_codes
    return table.c.org_id == org_id, table.c.user_id == user_id, table.c.digest == digest, table.c.used_at.is_(None)


def _one(org_id: str, factor_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return factors.c.org_id == org_id, factors.c.id == factor_id
