"""Browser sessions, by the digest of the cookie's value."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.levels import Level
from gatebridge.rules.sessions import Session
from gatebridge.storage.dialects import Digest, Id, Moment, Text
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("digest", Digest, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("methods", sa.String(64), nullable=False),
    sa.Column("authenticated_at", Moment, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("last_seen_at", Moment, nullable=False),
    sa.Column("org_epoch", sa.BigInteger, nullable=False),
    sa.Column("user_epoch", sa.BigInteger, nullable=False),
    sa.Column("browser", Digest),  # the digest of the browser's own cookie: where this user signed in before is no stranger's place
    sa.Column("address", sa.String(64), nullable=False, server_default=""),
    sa.Column("user_agent", sa.String(512), nullable=False, server_default=""),
    sa.Column("activated", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("ended_at", Moment),
    sa.Column("ended_because", Text, nullable=False, server_default=""),
    sa.Column("began_under", sa.String(8), nullable=False, server_default=""),  # the id of the master key that names it to apps
    sa.Column("line_id", Id),  # the first of the sessions that this one continues, at one browser; None: it continues none
    sa.UniqueConstraint("org_id", "digest"),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
    sa.Index(None, "org_id", "user_id", "id"),
)

# Admins look at those that may be alive, by when they were seen.
_OPEN = sessions.c.ended_at.is_(None)
sa.Index("ix_sessions_seen", sessions.c.org_id, sessions.c.last_seen_at, sessions.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)

# Few sessions continue another one; when one of them ends, those before it are looked for.
_CONTINUES = sessions.c.line_id.is_not(None)
sa.Index("ix_sessions_line", sessions.c.org_id, sessions.c.line_id, sqlite_where=_CONTINUES, postgresql_where=_CONTINUES)


def line(org_id: str, session_id: str) -> sa.CompoundSelect[Any]:
    """The ids of a session and of those in the line with it, for use inside another statement: three ways in, each by an index."""
    here, other = sessions.alias(), sessions.alias()
    itself = (here.c.org_id == org_id, here.c.id == session_id)
    in_line = sa.and_(other.c.org_id == here.c.org_id, other.c.line_id == here.c.line_id)
    return sa.union_all(
        sa.select(here.c.id).where(*itself),
        sa.select(here.c.line_id).where(*itself, here.c.line_id.is_not(None)),
        sa.select(other.c.id).join_from(here, other, in_line).where(*itself),
    )


def insert(tx: Tx, session: Session, digest: bytes, browser: bytes | None = None, continues: str | None = None) -> None:
    """Begin a session. `browser` is the digest of the cookie that tells this browser from others.

    `continues` is the session in whose place it stands: the same user at the same browser, who has proven to be it once more.
    """
    tx.connection.execute(
        sa.insert(sessions).values(
            org_id=session.org_id,
            id=session.id,
            digest=digest,
            user_id=session.user_id,
            level=session.level,
            methods=" ".join(session.methods),
            authenticated_at=session.authenticated_at,
            created_at=session.created_at,
            last_seen_at=session.last_seen_at,
            org_epoch=session.org_epoch,
            user_epoch=session.user_epoch,
            browser=browser,
            address=session.address,
            user_agent=session.user_agent,
            activated=session.activated,
            ended_because="",
            began_under=tx.keys.current.id,
            line_id=_first_of(session.org_id, continues) if continues is not None else None,
        )
    )


def _first_of(org_id: str, session_id: str) -> sa.ScalarSelect[Any]:
    here = sessions.alias()
    wanted = sa.select(sa.func.coalesce(here.c.line_id, here.c.id)).where(here.c.org_id == org_id, here.c.id == session_id)
    return wanted.scalar_subquery()


def of_row(row: Any) -> Session:
    return Session(
        id=row.id,
        org_id=row.org_id,
        user_id=row.user_id,
        level=Level(row.level),
        methods=tuple(row.methods.split()),
        authenticated_at=row.authenticated_at,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        org_epoch=row.org_epoch,
        user_epoch=row.user_epoch,
        address=row.address,
        user_agent=row.user_agent,
        activated=row.activated,
        ended_at=row.ended_at,
        ended_because=row.ended_because,
    )


_BY_DIGEST = sa.select(sessions).where(sessions.c.org_id == sa.bindparam("org_id"), sessions.c.digest == sa.bindparam("digest"))
_BY_ID = sa.select(sessions).where(sessions.c.org_id == sa.bindparam("org_id"), sessions.c.id == sa.bindparam("id"))


def by_digest(tx: Tx, org_id: str, digest: bytes) -> Session | None:
    row = tx.connection.execute(_BY_DIGEST, {"org_id": org_id, "digest": digest}).one_or_none()
    return of_row(row) if row else None


def by_id(tx: Tx, org_id: str, session_id: str) -> Session | None:
    row = tx.connection.execute(_BY_ID, {"org_id": org_id, "id": session_id}).one_or_none()
    return of_row(row) if row else None


def began_under(tx: Tx, org_id: str, session_id: str) -> str | None:
    """The id of the master key that was the current one when a session began; None when the session is forgotten."""
    wanted = sa.select(sessions.c.began_under).where(sessions.c.org_id == org_id, sessions.c.id == session_id)
    return tx.connection.execute(wanted).scalar_one_or_none()


def ids_in_line(tx: Tx, org_id: str, session_id: str) -> list[str]:
    """A session and those that it continues, newest first: one sign-in after another of one user at one browser."""
    return sorted(set(tx.connection.execute(line(org_id, session_id)).scalars()), reverse=True)


def live_of_user(tx: Tx, org_id: str, user_id: str) -> list[Session]:
    """The sessions of a user that nobody has ended, newest first; whether one is too old by now is for the rules to say."""
    wanted = sa.select(sessions).where(sessions.c.org_id == org_id, sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
    return [of_row(row) for row in tx.connection.execute(wanted.order_by(sessions.c.id.desc()))]


def known_browser(tx: Tx, org_id: str, user_id: str, browser: bytes) -> bool:
    """Whether this user ever signed in at this browser."""
    found = sa.exists().where(sessions.c.org_id == org_id, sessions.c.user_id == user_id, sessions.c.browser == browser)
    return bool(tx.connection.execute(sa.select(found)).scalar_one())


def seen(tx: Tx, org_id: str, session_id: str) -> None:
    """The session is in use at this moment."""
    tx.connection.execute(sa.update(sessions).where(sessions.c.org_id == org_id, sessions.c.id == session_id).values(last_seen_at=tx.now))


def raise_level(tx: Tx, org_id: str, session_id: str, digest: bytes, level: Level, methods: tuple[str, ...], activated: bool) -> bool:
    """The session goes on under a new value, at this level. False when there is none, or when it was ended."""
    live = sa.update(sessions).where(sessions.c.org_id == org_id, sessions.c.id == session_id, sessions.c.ended_at.is_(None))
    raised = live.values(digest=digest, level=level, methods=" ".join(methods), activated=activated, last_seen_at=tx.now)
    return bool(tx.connection.execute(raised).rowcount)


def end(tx: Tx, org_id: str, session_id: str, because: str) -> bool:
    """End one session. False when there is none, or when it had been ended before."""
    return bool(_end(tx, because, sessions.c.org_id == org_id, sessions.c.id == session_id))


def end_of_user(tx: Tx, org_id: str, user_id: str, because: str, but: str | None = None) -> int:
    """End every session of a user, or every one but the session `but`. How many there were."""
    wanted = [sessions.c.org_id == org_id, sessions.c.user_id == user_id]
    return _end(tx, because, *wanted, *([sessions.c.id != but] if but is not None else []))


def _end(tx: Tx, because: str, *which: sa.ColumnElement[bool]) -> int:
    ended = sa.update(sessions).where(*which, sessions.c.ended_at.is_(None)).values(ended_at=tx.now, ended_because=because)
    return tx.connection.execute(ended).rowcount


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget sessions that were ended or last used before a moment, the oldest first, at most `limit` of them."""
    over = sa.func.coalesce(sessions.c.ended_at, sessions.c.last_seen_at) < before
    # Ids are in the order of time, so that the many younger ones are not looked at each time.
    old = sessions.c.id < ids.floor(ids.Prefix.SESSION, before)
    doomed = sa.select(sessions.c.id).where(sessions.c.org_id == org_id, old, over).order_by(sessions.c.id).limit(limit)
    return tx.connection.execute(sa.delete(sessions).where(sessions.c.org_id == org_id, sessions.c.id.in_(doomed))).rowcount
