"""The revocation feed: what was ended, in an order without gaps, for resource servers that check tokens themselves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from gatebridge.storage.apps import app_directory
from gatebridge.storage.dialects import Id, Moment, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

revocations = sa.Table(
    "revocations",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),  # token, grant, user_of_app, app, user, org
    sa.Column("token_id", Id),
    sa.Column("grant_id", Id),
    sa.Column("app_id", Id),
    sa.Column("user_id", Id),
)

# One row per org, locked by whoever adds an entry: a reader that has seen number 7 has seen all up to 7.
revocation_heads = sa.Table(
    "revocation_heads",
    metadata,
    sa.Column("org_id", Id, sa.ForeignKey("orgs.id"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)

Kind = Literal["token", "grant", "user_of_app", "app", "user", "org"]


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of the feed: everything issued up to `at` that the ids name together has ended; an id that is None narrows nothing."""

    org_id: str
    sequence: int  # from 1, without gaps, in the order in which the revokes became true
    at: datetime
    kind: Kind
    token_id: str | None
    grant_id: str | None
    app_id: str | None
    user_id: str | None
    consumer_key: str | None = None  # of the app, as its tokens name it


def append(
    tx: Tx,
    org_id: str,
    kind: Kind,
    *,
    token_id: str | None = None,
    grant_id: str | None = None,
    app_id: str | None = None,
    user_id: str | None = None,
) -> int:
    """Add one entry and return its number. Whoever adds the next one waits until this transaction has ended.

    Call it before the audit line is written, as every verb does: two transactions that take the two heads in different order would
    wait for each other.
    """
    sequence = _next(tx, org_id)
    if sequence is None:
        tx.connection.execute(insert_new(tx.connection, revocation_heads).values(org_id=org_id, sequence=0))
        sequence = _next(tx, org_id)
    entry = {
        "org_id": org_id,
        "sequence": sequence,
        "at": tx.now,
        "kind": kind,
        "token_id": token_id,
        "grant_id": grant_id,
        "app_id": app_id,
        "user_id": user_id,
    }
    tx.connection.execute(_INSERT, entry)
    assert sequence is not None  # noqa: S101 - the head was inserted above, by us or by somebody else
    return sequence


_INSERT = sa.insert(revocations)
_RAISE = (
    sa.update(revocation_heads)
    .where(revocation_heads.c.org_id == sa.bindparam("of_org"))
    .values(sequence=revocation_heads.c.sequence + 1)
    .returning(revocation_heads.c.sequence)
)


def _next(tx: Tx, org_id: str) -> int | None:
    return tx.connection.execute(_RAISE, {"of_org": org_id}).scalar_one_or_none()


def since(tx: Tx, org_id: str, after: int, limit: int) -> list[Revocation]:
    """The entries after number `after`, in order, at most `limit` of them."""
    statement = (
        sa.select(revocations, app_directory.c.consumer_key)
        .outerjoin(app_directory, app_directory.c.app_id == revocations.c.app_id)
        .where(revocations.c.org_id == org_id, revocations.c.sequence > after)
        .order_by(revocations.c.sequence)
        .limit(limit)
    )
    return [_of_row(row) for row in tx.connection.execute(statement)]


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget entries from before a moment, the oldest first, at most `limit` of them. How many went.

    No token lives that could still be theirs. They come in the order of their time, so a look at the oldest is enough.
    """
    oldest = sa.select(revocations.c.sequence).where(revocations.c.org_id == org_id).order_by(revocations.c.sequence).limit(limit)
    doomed = sa.delete(revocations).where(
        revocations.c.org_id == org_id, revocations.c.sequence.in_(oldest.scalar_subquery()), revocations.c.at < before
    )
    return tx.connection.execute(doomed).rowcount


def head(tx: Tx, org_id: str) -> int:
    """The number of the newest entry, 0 when nothing was ever ended."""
    found = tx.connection.execute(sa.select(revocation_heads.c.sequence).where(revocation_heads.c.org_id == org_id)).scalar_one_or_none()
    return found or 0


def _of_row(row: Any) -> Revocation:
    return Revocation(
        org_id=row.org_id,
        sequence=row.sequence,
        at=row.at,
        kind=row.kind,
        token_id=row.token_id,
        grant_id=row.grant_id,
        app_id=row.app_id,
        user_id=row.user_id,
        consumer_key=row.consumer_key,
    )
