"""Consumer secrets, stored as digests, and the certificates of apps."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from gatebridge.rules.apps import AppCertificate, ConsumerSecret
from gatebridge.storage import rows
from gatebridge.storage.dialects import Digest, Id, Json, Moment, Text, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("hint", sa.String(24), nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", Id, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("retired_at", Moment),
    sa.Column("try_id", Id),  # the run of Try it for which it was made
    sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"]),
)

certificates = sa.Table(
    "certificates",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("subject", Text, nullable=False),
    sa.Column("key_type", sa.String(40), nullable=False),
    sa.Column("algorithms", Json, nullable=False),
    sa.Column("public_pem", Text, nullable=False),
    sa.Column("not_before", Moment, nullable=False),
    sa.Column("not_after", Moment, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", Id, nullable=False),
    sa.Column("retired_at", Moment),
    sa.Column("try_id", Id),
    sa.UniqueConstraint("org_id", "app_id", "fingerprint"),
    sa.ForeignKeyConstraint(["org_id", "app_id"], ["apps.org_id", "apps.id"]),
)

# Of the few that the house made for a run of Try it, so that it finds them again without looking at all others.
for _table in (secrets, certificates):
    _made = _table.c.try_id.is_not(None)
    sa.Index(f"ix_{_table.name}_try", _table.c.org_id, _table.c.try_id, sqlite_where=_made, postgresql_where=_made)


def insert_secret(tx: Tx, org_id: str, secret: ConsumerSecret, digest: bytes) -> None:
    """Add a secret of an app, by its digest (`crypto.secrets.digest`)."""
    tx.connection.execute(
        sa.insert(secrets).values(
            org_id=org_id,
            app_id=secret.app_id,
            id=secret.id,
            name=secret.name,
            hint=secret.hint,
            digest=digest,
            created_at=secret.created_at,
            created_by=secret.created_by,
            expires_at=secret.expires_at,
            try_id=secret.try_id,
        )
    )


def secrets_of(tx: Tx, org_id: str, app_id: str) -> list[ConsumerSecret]:
    """The secrets that an app has or had, newest first. What clients prove themselves with is read with the facts (facts.py)."""
    statement = sa.select(secrets).where(secrets.c.org_id == org_id, secrets.c.app_id == app_id).order_by(secrets.c.id.desc())
    return [rows.secret(row) for row in tx.connection.execute(statement)]


def retire_secret(tx: Tx, org_id: str, app_id: str, secret_id: str) -> bool:
    """End a secret now. False when it was retired before."""
    retired = tx.connection.execute(
        sa.update(secrets)
        .where(secrets.c.org_id == org_id, secrets.c.app_id == app_id, secrets.c.id == secret_id, secrets.c.retired_at.is_(None))
        .values(retired_at=tx.now)
    )
    return bool(retired.rowcount)


def set_secret_expiry(tx: Tx, org_id: str, app_id: str, secret_id: str, expires_at: datetime | None) -> None:
    """Give a secret another end."""
    tx.connection.execute(
        sa.update(secrets)
        .where(secrets.c.org_id == org_id, secrets.c.app_id == app_id, secrets.c.id == secret_id)
        .values(expires_at=expires_at)
    )


def insert_certificate(tx: Tx, org_id: str, certificate: AppCertificate) -> bool:
    """Add a certificate of an app. False when one with its fingerprint is or was there."""
    added = tx.connection.execute(
        insert_new(tx.connection, certificates).values(
            org_id=org_id,
            app_id=certificate.app_id,
            id=certificate.id,
            name=certificate.name,
            fingerprint=certificate.fingerprint,
            subject=certificate.subject,
            key_type=certificate.key_type,
            algorithms=list(certificate.algorithms),
            public_pem=certificate.public_pem,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
            created_at=certificate.created_at,
            created_by=certificate.created_by,
            try_id=certificate.try_id,
        )
    )
    return bool(added.rowcount)


def certificates_of(tx: Tx, org_id: str, app_id: str) -> list[AppCertificate]:
    """The certificates that an app has or had, newest first."""
    statement = (
        sa.select(certificates).where(certificates.c.org_id == org_id, certificates.c.app_id == app_id).order_by(certificates.c.id.desc())
    )
    return [rows.certificate(row) for row in tx.connection.execute(statement)]


def retire_certificate(tx: Tx, org_id: str, app_id: str, certificate_id: str) -> bool:
    """End a certificate now. False when it was retired before."""
    retired = tx.connection.execute(
        sa.update(certificates)
        .where(
            certificates.c.org_id == org_id,
            certificates.c.app_id == app_id,
            certificates.c.id == certificate_id,
            certificates.c.retired_at.is_(None),
        )
        .values(retired_at=tx.now)
    )
    return bool(retired.rowcount)


def of_tries(tx: Tx, org_id: str, app_ids: Collection[str], try_ids: Collection[str]) -> list[str]:
    """The ids of the secrets and certificates of these apps that were made for these runs of Try it."""
    found: list[str] = []
    for table in (secrets, certificates):
        wanted = (table.c.org_id == org_id, table.c.app_id.in_(list(app_ids)), table.c.try_id.in_(list(try_ids)))
        found += tx.connection.scalars(sa.select(table.c.id).where(*wanted)).all()
    return found


def forget(tx: Tx, org_id: str, app_ids: Collection[str], try_ids: Collection[str]) -> None:
    """Delete what was made for these runs of Try it of these apps. What people made is only ever retired."""
    for table in (secrets, certificates):
        wanted = (table.c.org_id == org_id, table.c.app_id.in_(list(app_ids)), table.c.try_id.in_(list(try_ids)))
        tx.connection.execute(sa.delete(table).where(*wanted))
