"""Links for choosing a new password: only the digest of what stands in the mail is here, and it works once."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Moment
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

password_resets = sa.Table(
    "password_resets",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.UniqueConstraint("org_id", "digest"),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
    sa.Index(None, "org_id", "user_id"),
)


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """That a user asked for a link. `digest` is that of the token in the mail."""

    org_id: str
    id: str
    user_id: str
    digest: bytes
    created_at: datetime
    expires_at: datetime


def insert(tx: Tx, reset: PasswordReset) -> None:
    tx.connection.execute(
        sa.insert(password_resets).values(
            org_id=reset.org_id,
            id=reset.id,
            user_id=reset.user_id,
            digest=reset.digest,
            created_at=reset.created_at,
            expires_at=reset.expires_at,
        )
    )


def user_of(tx: Tx, org_id: str, digest: bytes) -> str | None:
    """The user whose link this is, if it still works; it is not used up by asking."""
    return tx.connection.execute(sa.select(password_resets.c.user_id).where(*_working(tx, org_id, digest))).scalar_one_or_none()


def use(tx: Tx, org_id: str, digest: bytes) -> str | None:
    """Use up the link with this digest. The id of its user, or None when it is unknown, has run out or was used: one caller wins."""
    used = sa.update(password_resets).where(*_working(tx, org_id, digest)).values(used_at=tx.now).returning(password_resets.c.user_id)
    return tx.connection.execute(used).scalar_one_or_none()


def _working(tx: Tx, org_id: str, digest: bytes) -> tuple[sa.ColumnElement[bool], ...]:
    table = password_resets
    return table.c.org_id == org_id, table.c.digest == digest, table.c.used_at.is_(None), table.c.expires_at > tx.now


def withdraw(tx: Tx, org_id: str, user_id: str) -> int:
    """Let no link of this user work any more. How many there were."""
    table = password_resets
    ended = sa.update(table).where(table.c.org_id == org_id, table.c.user_id == user_id, table.c.used_at.is_(None)).values(used_at=tx.now)
    return tx.connection.execute(ended).rowcount


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget links that ran out before a moment, the oldest first, at most `limit` of them."""
    table = password_resets
    doomed = sa.select(table.c.id).where(table.c.org_id == org_id, table.c.expires_at < before).order_by(table.c.id).limit(limit)
    return tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.id.in_(doomed))).rowcount
