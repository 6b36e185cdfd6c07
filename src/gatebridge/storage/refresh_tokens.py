"""Refresh tokens, by the digest of their value. Of a family that rotates every generation is kept, so that a reuse is known as one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.grants import Epochs, RefreshToken
from gatebridge.storage import exercised_scopes, leases
from gatebridge.storage.dialects import Digest, Id, Moment
from gatebridge.storage.grants import grants
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

FAMILIES = 200  # that are forgotten together

refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("digest", Digest, primary_key=True),
    sa.Column("grant_id", Id, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("installation_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("org_epoch", sa.BigInteger, nullable=False),
    sa.Column("app_epoch", sa.BigInteger, nullable=False),
    sa.Column("installation_epoch", sa.BigInteger, nullable=False),
    sa.Column("user_epoch", sa.BigInteger, nullable=False),
    sa.Column("grant_epoch", sa.BigInteger, nullable=False),
    sa.Column("used_at", Moment),
    sa.Column("used_from", sa.String(64), nullable=False, server_default=""),
    # Two successors of one token would be two leaves of one family; the index forbids what no code would do (X-RT-01).
    sa.UniqueConstraint("org_id", "grant_id", "generation"),
    sqlite_with_rowid=False,
)


def insert_many(tx: Tx, new: Sequence[tuple[RefreshToken, bytes]]) -> None:
    """Record refresh tokens, each with the digest of its value, in one statement."""
    tx.connection.execute(sa.insert(refresh_tokens), [_values(token, digest) for token, digest in new])


def _values(token: RefreshToken, digest: bytes) -> dict[str, object]:
    return {
        "org_id": token.org_id,
        "digest": digest,
        "grant_id": token.grant_id,
        "generation": token.generation,
        "app_id": token.app_id,
        "installation_id": token.installation_id,
        "user_id": token.user_id,
        "issued_at": token.issued_at,
        "org_epoch": token.epochs.org,
        "app_epoch": token.epochs.app,
        "installation_epoch": token.epochs.installation,
        "user_epoch": token.epochs.user,
        "grant_epoch": token.epochs.grant,
        "used_from": "",
    }


_next = refresh_tokens.alias("next_one")
_BY_DIGEST = (
    sa.select(refresh_tokens, (_next.c.used_at.is_not(None)).label("successor_used"))
    .outerjoin(
        _next,
        sa.and_(
            _next.c.org_id == refresh_tokens.c.org_id,
            _next.c.grant_id == refresh_tokens.c.grant_id,
            _next.c.generation == refresh_tokens.c.generation + 1,
        ),
    )
    .where(refresh_tokens.c.org_id == sa.bindparam("org_id"), refresh_tokens.c.digest == sa.bindparam("digest"))
)
_EXCHANGE = (
    sa.update(refresh_tokens)
    .where(
        refresh_tokens.c.org_id == sa.bindparam("of_org"),
        refresh_tokens.c.digest == sa.bindparam("presented"),
        refresh_tokens.c.used_at.is_(None),
    )
    .values(used_at=sa.bindparam("moment"), used_from=sa.bindparam("address"))
)


def by_digest(tx: Tx, org_id: str, digest: bytes) -> RefreshToken | None:
    row = tx.connection.execute(_BY_DIGEST, {"org_id": org_id, "digest": digest}).one_or_none()
    return _of_row(row) if row else None


def _of_row(row: Any) -> RefreshToken:
    return RefreshToken(
        org_id=row.org_id,
        grant_id=row.grant_id,
        app_id=row.app_id,
        installation_id=row.installation_id,
        user_id=row.user_id,
        generation=row.generation,
        issued_at=row.issued_at,
        epochs=Epochs(row.org_epoch, row.app_epoch, row.installation_epoch, row.user_epoch, row.grant_epoch),
        used_at=row.used_at,
        used_from=row.used_from,
        successor_used=bool(row.successor_used),
    )


def exchange(tx: Tx, org_id: str, digest: bytes, address: str) -> bool:
    """Give the token up for its successor. False when somebody did before: one caller wins."""
    values = {"of_org": org_id, "presented": digest, "moment": tx.now, "address": address}
    return bool(tx.connection.execute(_EXCHANGE, values).rowcount)


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget the refresh tokens of grants that ended before a moment, and of which scopes those made use. How many tokens there were.

    At most `limit` tokens; so many are told too where others may be left. Grants stay, and each is looked at once: the next time goes on
    behind the last.
    """
    table, name = refresh_tokens, f"families:{org_id}"
    reached = leases.lock_progress(tx, name)
    over = sa.select(grants.c.id, grants.c.ended_at).where(grants.c.org_id == org_id, grants.c.ended_at < before)
    if reached:
        at = datetime.fromisoformat(str(reached["ended_at"]))
        over = over.where(grants.c.ended_at >= at, sa.or_(grants.c.ended_at > at, grants.c.id > str(reached["grant"])))
    ended = tx.connection.execute(over.order_by(grants.c.ended_at, grants.c.id).limit(FAMILIES)).all()
    if not ended:
        return 0
    grant_ids = [row.id for row in ended]
    theirs = sa.select(table.c.digest).where(table.c.org_id == org_id, table.c.grant_id.in_(grant_ids))
    doomed = theirs.order_by(table.c.grant_id, table.c.generation).limit(limit)  # in the order of the index, so that it is read by it
    gone = tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.digest.in_(doomed))).rowcount
    if gone == limit:
        return gone
    exercised_scopes.forget(tx, org_id, grant_ids)
    leases.set_progress(tx, name, {"ended_at": ended[-1].ended_at.isoformat(), "grant": ended[-1].id})
    return gone if len(ended) < FAMILIES else limit
