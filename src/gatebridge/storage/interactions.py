"""Authorization requests that wait for their user, by the digest of the name that stands in the address of the pages."""

from datetime import datetime

import sqlalchemy as sa

from gatebridge.rules.authorization import Interaction
from gatebridge.storage.dialects import Digest, Id, Json, Moment
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

interactions = sa.Table(
    "interactions",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("digest", Digest, primary_key=True),
    sa.Column("browser", Digest, nullable=False),
    sa.Column("parameters", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("finished_at", Moment),
    sa.Index(None, "org_id", "expires_at"),
)

# In place of a browser's digest, until the first browser opens the request.
NOBODYS = bytes(32)


def insert(tx: Tx, interaction: Interaction, digest: bytes) -> None:
    tx.connection.execute(
        sa.insert(interactions).values(
            org_id=interaction.org_id,
            digest=digest,
            browser=interaction.browser,
            parameters=dict(interaction.parameters),
            created_at=interaction.created_at,
            expires_at=interaction.expires_at,
        )
    )


def by_digest(tx: Tx, org_id: str, digest: bytes) -> Interaction | None:
    wanted = sa.select(interactions).where(interactions.c.org_id == org_id, interactions.c.digest == digest)
    row = tx.connection.execute(wanted).one_or_none()
    if row is None:
        return None
    return Interaction(row.org_id, bytes(row.browser), row.parameters, row.created_at, row.expires_at, row.finished_at)


def claim(tx: Tx, org_id: str, digest: bytes, browser: bytes) -> bool:
    """The request that was nobody's is this browser's now. False when another one was first."""
    claimed = (
        sa.update(interactions)
        .where(interactions.c.org_id == org_id, interactions.c.digest == digest, interactions.c.browser == NOBODYS)
        .values(browser=browser)
    )
    return bool(tx.connection.execute(claimed).rowcount)


def finish(tx: Tx, org_id: str, digest: bytes) -> bool:
    """The request has its answer. False when it had one before: one question gets one answer."""
    finished = (
        sa.update(interactions)
        .where(interactions.c.org_id == org_id, interactions.c.digest == digest, interactions.c.finished_at.is_(None))
        .values(finished_at=tx.now)
    )
    return bool(tx.connection.execute(finished).rowcount)


def forget_all(tx: Tx, org_id: str) -> int:
    """Forget every request of the org, answered or not. How many there were."""
    return tx.connection.execute(sa.delete(interactions).where(interactions.c.org_id == org_id)).rowcount


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget requests that ran out before a moment, the oldest first, at most `limit` of them."""
    doomed = (
        sa.select(interactions.c.digest)
        .where(interactions.c.org_id == org_id, interactions.c.expires_at < before)
        .order_by(interactions.c.expires_at)
        .limit(limit)
    )
    return tx.connection.execute(sa.delete(interactions).where(interactions.c.org_id == org_id, interactions.c.digest.in_(doomed))).rowcount
