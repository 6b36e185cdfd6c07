"""Invitations: what a new user proves to be the invited one with. Only the digest of a token is here, and it works once."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from gatebridge.storage.people import invitations
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Invitation:
    """That a user was invited. `digest` is that of the token in the mail."""

    org_id: str
    id: str
    user_id: str
    digest: bytes
    created_at: datetime
    expires_at: datetime


def insert(tx: Tx, invitation: Invitation) -> None:
    tx.connection.execute(
        sa.insert(invitations).values(
            org_id=invitation.org_id,
            id=invitation.id,
            user_id=invitation.user_id,
            digest=invitation.digest,
            created_at=invitation.created_at,
            expires_at=invitation.expires_at,
        )
    )


def user_of(tx: Tx, org_id: str, digest: bytes) -> str | None:
    """The user whose invitation this is, if it still works; it is not used up by asking."""
    wanted = sa.select(invitations.c.user_id).where(
        invitations.c.org_id == org_id,
        invitations.c.digest == digest,
        invitations.c.used_at.is_(None),
        invitations.c.expires_at > tx.now,
    )
    return tx.connection.execute(wanted).scalar_one_or_none()


def use(tx: Tx, org_id: str, digest: bytes) -> str | None:
    """Use up the invitation with this digest. The id of its user, or None when it is unknown, has run out or was used: one caller wins."""
    used = (
        sa.update(invitations)
        .where(
            invitations.c.org_id == org_id,
            invitations.c.digest == digest,
            invitations.c.used_at.is_(None),
            invitations.c.expires_at > tx.now,
        )
        .values(used_at=tx.now)
        .returning(invitations.c.user_id)
    )
    return tx.connection.execute(used).scalar_one_or_none()


def withdraw(tx: Tx, org_id: str, user_id: str) -> int:
    """Let no invitation of this user work any more. How many there were."""
    ended = (
        sa.update(invitations)
        .where(invitations.c.org_id == org_id, invitations.c.user_id == user_id, invitations.c.used_at.is_(None))
        .values(used_at=tx.now)
    )
    return tx.connection.execute(ended).rowcount
