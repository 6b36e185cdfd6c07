"""Authorization codes, by the digest of their value. Each buys one thing, once."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.grants import AuthorizationCode, Epochs
from gatebridge.rules.levels import Level
from gatebridge.rules.lifetimes import MOST_AUTHORIZATION_CODE_SECONDS
from gatebridge.storage import device_codes
from gatebridge.storage.dialects import Digest, Id, Moment, Text
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

authorization_codes = sa.Table(
    "authorization_codes",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("installation_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("session_id", Id, nullable=False),
    sa.Column("callback", Text, nullable=False),
    sa.Column("callback_sent", sa.Boolean, nullable=False),
    sa.Column("challenge", sa.String(128)),
    sa.Column("nonce", Text),
    sa.Column("scopes", Text, nullable=False),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("methods", sa.String(64), nullable=False),
    sa.Column("authenticated_at", Moment, nullable=False),
    sa.Column("tells_auth_time", sa.Boolean, nullable=False),
    sa.Column("org_epoch", sa.BigInteger, nullable=False),
    sa.Column("app_epoch", sa.BigInteger, nullable=False),
    sa.Column("installation_epoch", sa.BigInteger, nullable=False),
    sa.Column("user_epoch", sa.BigInteger, nullable=False),
    sa.Column("issued_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("activated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("userinfo_claims", Text, nullable=False, server_default=""),
    sa.Column("id_token_claims", Text, nullable=False, server_default=""),
    sa.Column("used_at", Moment),
    sa.Column("grant_id", Id),  # what it bought; none where it was only burnt
    sa.UniqueConstraint("org_id", "digest"),
    sqlite_with_rowid=False,
)


def insert(tx: Tx, code: AuthorizationCode, digest: bytes) -> None:
    tx.connection.execute(
        sa.insert(authorization_codes).values(
            org_id=code.org_id,
            id=code.id,
            digest=digest,
            app_id=code.app_id,
            installation_id=code.installation_id,
            user_id=code.user_id,
            session_id=code.session_id,
            callback=code.callback,
            callback_sent=code.callback_sent,
            challenge=code.challenge,
            nonce=code.nonce,
            scopes=" ".join(code.scopes),
            level=code.level,
            methods=" ".join(code.methods),
            authenticated_at=code.authenticated_at,
            tells_auth_time=code.tells_auth_time,
            org_epoch=code.epochs.org,
            app_epoch=code.epochs.app,
            installation_epoch=code.epochs.installation,
            user_epoch=code.epochs.user,
            issued_at=code.issued_at,
            expires_at=code.expires_at,
            address=code.address,
            activated=code.activated,
            userinfo_claims=" ".join(code.userinfo_claims),
            id_token_claims=" ".join(code.id_token_claims),
        )
    )


def of_row(row: Any) -> AuthorizationCode:
    return AuthorizationCode(
        id=row.id,
        org_id=row.org_id,
        app_id=row.app_id,
        installation_id=row.installation_id,
        user_id=row.user_id,
        session_id=row.session_id,
        callback=row.callback,
        callback_sent=row.callback_sent,
        challenge=row.challenge,
        nonce=row.nonce,
        scopes=tuple(row.scopes.split()),
        level=Level(row.level),
        methods=tuple(row.methods.split()),
        authenticated_at=row.authenticated_at,
        tells_auth_time=row.tells_auth_time,
        epochs=Epochs(row.org_epoch, row.app_epoch, row.installation_epoch, row.user_epoch, 0),
        issued_at=row.issued_at,
        expires_at=row.expires_at,
        address=row.address,
        activated=row.activated,
        userinfo_claims=tuple(row.userinfo_claims.split()),
        id_token_claims=tuple(row.id_token_claims.split()),
        used_at=row.used_at,
        grant_id=row.grant_id,
    )


_BY_DIGEST = sa.select(authorization_codes).where(
    authorization_codes.c.org_id == sa.bindparam("org_id"), authorization_codes.c.digest == sa.bindparam("digest")
)
_USE = (
    sa.update(authorization_codes)
    .where(
        authorization_codes.c.org_id == sa.bindparam("of_org"),
        authorization_codes.c.id == sa.bindparam("code_id"),
        authorization_codes.c.used_at.is_(None),
    )
    .values(used_at=sa.bindparam("moment"), grant_id=sa.bindparam("bought"))
)


def by_digest(tx: Tx, org_id: str, digest: bytes) -> AuthorizationCode | None:
    row = tx.connection.execute(_BY_DIGEST, {"org_id": org_id, "digest": digest}).one_or_none()
    return of_row(row) if row else None


def redeem(tx: Tx, org_id: str, code_id: str, grant_id: str) -> bool:
    """Use the code up for this grant. False when somebody did before: one caller wins."""
    return _use(tx, org_id, code_id, grant_id)


def burn(tx: Tx, org_id: str, code_id: str) -> bool:
    """Use the code up for nothing, because somebody tried it without its verifier. False when it was used before."""
    return _use(tx, org_id, code_id, None)


def _use(tx: Tx, org_id: str, code_id: str, grant_id: str | None) -> bool:
    values = {"of_org": org_id, "code_id": code_id, "moment": tx.now, "bought": grant_id}
    return bool(tx.connection.execute(_USE, values).rowcount)


def burn_of_user(tx: Tx, org_id: str, installation_id: str, user_id: str) -> int:
    """Use up for nothing what an app has not redeemed yet of one user, in a browser or at a device. How many codes there were."""
    table = authorization_codes
    # Ids are in the order of time, so only the newest rows are looked at: none older is still good for anything.
    oldest = ids.floor(ids.Prefix.AUTHORIZATION_CODE, tx.now - timedelta(seconds=2 * MOST_AUTHORIZATION_CODE_SECONDS))
    wanted = (table.c.org_id == org_id, table.c.id >= oldest, table.c.installation_id == installation_id, table.c.user_id == user_id)
    burnt = sa.update(table).where(*wanted, table.c.used_at.is_(None), table.c.expires_at > tx.now).values(used_at=tx.now)
    return tx.connection.execute(burnt).rowcount + device_codes.burn_of_user(tx, org_id, installation_id, user_id)


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget codes that expired before a moment, the oldest first, at most `limit`. Until then a used one is known as used (CG-05)."""
    table = authorization_codes
    # Ids are in the order of time, so that those of the last day are not looked at each time.
    old = (table.c.org_id == org_id, table.c.id < ids.floor(ids.Prefix.AUTHORIZATION_CODE, before), table.c.expires_at < before)
    doomed = sa.select(table.c.id).where(*old).order_by(table.c.id).limit(limit)
    return tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.id.in_(doomed))).rowcount
