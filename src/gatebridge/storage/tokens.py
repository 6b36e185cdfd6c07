"""Access tokens, opaque ones by the digest of their value, JWTs by their id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.grants import AccessToken, Epochs
from gatebridge.storage.dialects import Digest, Id, Moment, Text
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

# Rows lie in the order of issue, so that adding one touches the end of the table and purging the old ones touches its
# beginning. There are no foreign keys: parents are never deleted, and checking them would cost a look-up per token.
access_tokens = sa.Table(
    "access_tokens",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("digest", Digest),  # none for a JWT
    sa.Column("grant_id", Id, nullable=False),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("installation_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("flow", sa.String(24), nullable=False),
    sa.Column("format", sa.String(8), nullable=False),
    sa.Column("scopes", Text, nullable=False),
    sa.Column("audience", Text, nullable=False),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("org_epoch", sa.BigInteger, nullable=False),
    sa.Column("app_epoch", sa.BigInteger, nullable=False),
    sa.Column("installation_epoch", sa.BigInteger, nullable=False),
    sa.Column("user_epoch", sa.BigInteger, nullable=False),
    sa.Column("grant_epoch", sa.BigInteger, nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("ended_at", Moment),
    sa.UniqueConstraint("org_id", "digest"),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token about to be recorded, and the digest of its value; None for a JWT, which is found by its id."""

    token: AccessToken
    digest: bytes | None


def insert_many(tx: Tx, new: Sequence[NewToken]) -> None:
    """Record tokens in one statement."""
    tx.connection.execute(sa.insert(access_tokens), [_values(each.token, each.digest) for each in new])


def _values(token: AccessToken, digest: bytes | None) -> dict[str, object]:
    return {
        "org_id": token.org_id,
        "id": token.id,
        "digest": digest,
        "grant_id": token.grant_id,
        "app_id": token.app_id,
        "installation_id": token.installation_id,
        "user_id": token.user_id,
        "flow": token.flow,
        "format": token.format,
        "scopes": " ".join(token.scopes),
        "audience": token.audience,
        "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "org_epoch": token.epochs.org,
        "app_epoch": token.epochs.app,
        "installation_epoch": token.epochs.installation,
        "user_epoch": token.epochs.user,
        "grant_epoch": token.epochs.grant,
        "address": token.address,
    }


def of_row(row: Any) -> AccessToken:
    return AccessToken(
        id=row.id,
        org_id=row.org_id,
        grant_id=row.grant_id,
        app_id=row.app_id,
        installation_id=row.installation_id,
        user_id=row.user_id,
        flow=Flow(row.flow),
        format=TokenFormat(row.format),
        scopes=tuple(row.scopes.split()),
        audience=row.audience,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        epochs=Epochs(row.org_epoch, row.app_epoch, row.installation_epoch, row.user_epoch, row.grant_epoch),
        address=row.address,
        ended_at=row.ended_at,
    )


_COLUMNS = [column for column in access_tokens.c if column is not access_tokens.c.digest]


# As pairs: for an org and a list of digests SQLite, which takes an org for small, reads all tokens of the org instead of the index.
_BY_DIGESTS = sa.select(access_tokens.c.digest, *_COLUMNS).where(
    sa.tuple_(access_tokens.c.org_id, access_tokens.c.digest).in_(sa.bindparam("wanted", expanding=True))
)
_BY_ID = sa.select(*_COLUMNS).where(access_tokens.c.org_id == sa.bindparam("org_id"), access_tokens.c.id == sa.bindparam("id"))


def by_digests(tx: Tx, org_id: str, digests: Sequence[bytes]) -> dict[bytes, AccessToken]:
    """The opaque tokens of an org whose values have these digests, in one statement."""
    found = tx.connection.execute(_BY_DIGESTS, {"wanted": [(org_id, digest) for digest in digests]})
    return {bytes(row.digest): of_row(row) for row in found}


def by_id(tx: Tx, org_id: str, token_id: str) -> AccessToken | None:
    row = tx.connection.execute(_BY_ID, {"org_id": org_id, "id": token_id}).one_or_none()
    return of_row(row) if row else None


_END = (
    sa.update(access_tokens)
    .where(
        access_tokens.c.org_id == sa.bindparam("of_org"), access_tokens.c.id == sa.bindparam("token_id"), access_tokens.c.ended_at.is_(None)
    )
    .values(ended_at=sa.bindparam("moment"))
)


def end(tx: Tx, org_id: str, token_id: str) -> bool:
    """End one token. False when there is none, or when it had been ended before."""
    return bool(tx.connection.execute(_END, {"of_org": org_id, "token_id": token_id, "moment": tx.now}).rowcount)


def purge(tx: Tx, org_id: str, before: datetime, first_id: str, limit: int) -> int:
    """Delete tokens that expired before a moment, the oldest first, at most `limit` of those issued before `first_id`."""
    doomed = (
        sa.select(access_tokens.c.id)
        .where(access_tokens.c.org_id == org_id, access_tokens.c.id < first_id, access_tokens.c.expires_at < before)
        .order_by(access_tokens.c.id)
        .limit(limit)
    )
    deleted = tx.connection.execute(sa.delete(access_tokens).where(access_tokens.c.org_id == org_id, access_tokens.c.id.in_(doomed)))
    return int(deleted.rowcount)
