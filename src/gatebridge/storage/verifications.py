"""Verifying somebody who is half signed in: codes by mail, the challenges of passkeys, and the browsers that a user has activated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.storage.dialects import Digest, Id, Json, Moment, insert_new
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

# What a browser has to answer before it goes on: a second step, or the challenge of a passkey. Bound to the browser, used once.
verifications = sa.Table(
    "verifications",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("digest", Digest, primary_key=True),  # of the name in the page's form, or of the challenge
    sa.Column("user_id", Id),  # none while nobody has said who it is: a passkey tells that itself
    sa.Column("browser", Digest, nullable=False),
    sa.Column("purpose", sa.String(24), nullable=False),
    sa.Column("secret", sa.LargeBinary),  # the keyed digest of the code that was mailed
    sa.Column("state", Json, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.Index(None, "org_id", "expires_at"),
)

activated_browsers = sa.Table(
    "activated_browsers",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("user_id", Id, primary_key=True),
    sa.Column("browser", Digest, primary_key=True),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("user_agent", sa.String(512), nullable=False, server_default=""),
    sa.Column("activated_at", Moment, nullable=False),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
)

SECOND_STEP = "second_step"
CHALLENGE = "challenge"


@dataclass(frozen=True, slots=True)
class Verification:
    """A sign-in that has shown the password and waits for its second step. `state` holds what the step needs and no secret."""

    org_id: str
    digest: bytes
    user_id: str
    browser: bytes
    state: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime
    secret: bytes | None = field(default=None, repr=False)
    tries: int = 0
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActivatedBrowser:
    """A browser that counts as the user's: somebody has shown more than the password in it."""

    browser: bytes = field(repr=False)
    method: str
    address: str
    user_agent: str
    activated_at: datetime


def insert(tx: Tx, found: Verification) -> None:
    values = {name: getattr(found, name) for name in Verification.__slots__} | {"state": dict(found.state)}
    tx.connection.execute(sa.insert(verifications).values(purpose=SECOND_STEP, **values))


def by_digest(tx: Tx, org_id: str, digest: bytes) -> Verification | None:
    """The second step of this name, whether it still waits or not."""
    row = tx.connection.execute(sa.select(verifications).where(*_step(org_id, digest))).one_or_none()
    if row is None:
        return None
    return Verification(
        org_id=row.org_id,
        digest=bytes(row.digest),
        user_id=row.user_id,
        browser=bytes(row.browser),
        state=row.state,
        created_at=row.created_at,
        expires_at=row.expires_at,
        secret=bytes(row.secret) if row.secret is not None else None,
        tries=row.tries,
        used_at=row.used_at,
    )


def expect(tx: Tx, org_id: str, digest: bytes, secret: bytes) -> None:
    """From now on the code with this digest is the one, and no tries were made at it."""
    tx.connection.execute(sa.update(verifications).where(*_waiting(tx, org_id, digest)).values(secret=secret, tries=0))


def take_code(tx: Tx, org_id: str, digest: bytes, secret: bytes, most: int) -> bool:
    """Use up the mailed code. False where it is not the one, was used, or was tried too often: of any number at once one wins."""
    right = sa.and_(verifications.c.secret == secret, verifications.c.tries < most)
    taken = sa.update(verifications).where(*_waiting(tx, org_id, digest), right).values(secret=None)
    return bool(tx.connection.execute(taken).rowcount)


def count_try(tx: Tx, org_id: str, digest: bytes) -> None:
    """One more wrong code."""
    tries = verifications.c.tries + 1
    tx.connection.execute(sa.update(verifications).where(*_waiting(tx, org_id, digest)).values(tries=tries))


def use(tx: Tx, org_id: str, digest: bytes) -> bool:
    """The second step is done. False: it was done before, or has run out; of any number at once one wins."""
    return bool(tx.connection.execute(sa.update(verifications).where(*_waiting(tx, org_id, digest)).values(used_at=tx.now)).rowcount)


def use_challenge(tx: Tx, org_id: str, digest: bytes, browser: bytes, user_id: str, expires_at: datetime) -> bool:
    """Use up a challenge that holds until this moment. False: it was used before. Of challenges that nobody answers nothing is stored."""
    values = {"org_id": org_id, "digest": digest, "user_id": user_id, "browser": browser, "purpose": CHALLENGE, "state": {}, "tries": 0}
    values |= {"created_at": tx.now, "expires_at": expires_at, "used_at": tx.now}
    return bool(tx.connection.execute(insert_new(tx.connection, verifications).values(**values)).rowcount)


def activated(tx: Tx, org_id: str, user_id: str, browser: bytes) -> bool:
    """Whether the user has activated this browser."""
    found = sa.exists().where(*_browsers(org_id, user_id), activated_browsers.c.browser == browser)
    return bool(tx.connection.execute(sa.select(found)).scalar_one())


def activate(tx: Tx, org_id: str, user_id: str, browser: ActivatedBrowser) -> bool:
    """Let the browser count as the user's. False: it does already."""
    values = {name: getattr(browser, name) for name in ActivatedBrowser.__slots__}
    new = insert_new(tx.connection, activated_browsers).values(org_id=org_id, user_id=user_id, **values)
    return bool(tx.connection.execute(new).rowcount)


def browsers_of(tx: Tx, org_id: str, user_id: str) -> list[ActivatedBrowser]:
    """The browsers that a user has activated, newest first."""
    wanted = sa.select(activated_browsers).where(*_browsers(org_id, user_id)).order_by(activated_browsers.c.activated_at.desc())
    return [
        ActivatedBrowser(bytes(row.browser), row.method, row.address, row.user_agent, row.activated_at)
        for row in tx.connection.execute(wanted)
    ]


def forget_browsers(tx: Tx, org_id: str, user_id: str) -> int:
    """Let no browser count as the user's any more. How many there were."""
    return tx.connection.execute(sa.delete(activated_browsers).where(*_browsers(org_id, user_id))).rowcount


def forget_all(tx: Tx, org_id: str) -> None:
    """Let nothing wait any more in this org, and no browser count as anybody's."""
    tx.connection.execute(sa.delete(verifications).where(verifications.c.org_id == org_id))
    tx.connection.execute(sa.delete(activated_browsers).where(activated_browsers.c.org_id == org_id))


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget what ran out before a moment, the oldest first, at most `limit` of it."""
    table = verifications
    doomed = (
        sa.select(table.c.digest).where(table.c.org_id == org_id, table.c.expires_at < before).order_by(table.c.expires_at).limit(limit)
    )
    return tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.digest.in_(doomed))).rowcount


def _step(org_id: str, digest: bytes) -> tuple[sa.ColumnElement[bool], ...]:
    table = verifications
    return table.c.org_id == org_id, table.c.digest == digest, table.c.purpose == SECOND_STEP


def _waiting(tx: Tx, org_id: str, digest: bytes) -> tuple[sa.ColumnElement[bool], ...]:
    return *_step(org_id, digest), verifications.c.used_at.is_(None), verifications.c.expires_at > tx.now


def _browsers(org_id: str, user_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return activated_browsers.c.org_id == org_id, activated_browsers.c.user_id == user_id
