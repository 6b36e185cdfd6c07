"""Acts that only so many are let through of, such as wrong passwords, mails that are asked for, and requests of strangers.

Counted in windows, by who does them and from where, with the locks that come of it; in the database, so that every node knows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from gatebridge.rules.lockouts import Limit
from gatebridge.storage.dialects import Id, Moment, upsert
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

# The table has the name of what was counted first: a migration only adds, and nodes of the release before read it still.
limited_acts = sa.Table(
    "sign_in_failures",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),  # see Kind
    sa.Column("key", sa.String(255), primary_key=True),  # by whom or from where, such as a canonical username, known or not, or a network
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("first_at", Moment, nullable=False),
    sa.Column("last_at", Moment, nullable=False),
    sa.Column("locked_until", Moment),
    sa.Index(None, "org_id", "last_at"),
)

# user and address: wrong passwords and factors, under a username and from a network. connect: wrong codes of devices, in a session, by a
# user, from a network, in an org. mailed: codes by mail. forgot: links for a new password. reports: of something odd. waiting: requests
# that are kept for strangers.
Kind = Literal["user", "address", "connect", "mailed", "forgot", "reports", "waiting"]


@dataclass(frozen=True, slots=True)
class Counted:
    """How often it was done since the window began, and until when nobody is let in, if so."""

    count: int
    first_at: datetime
    locked_until: datetime | None

    def locks(self, now: datetime) -> bool:
        return self.locked_until is not None and now < self.locked_until


_OF = sa.select(limited_acts).where(
    limited_acts.c.org_id == sa.bindparam("org_id"),
    limited_acts.c.kind == sa.bindparam("kind"),
    limited_acts.c.key == sa.bindparam("key"),
)


def of(tx: Tx, org_id: str, kind: Kind, key: str) -> Counted | None:
    """What is counted under this key, also of a window that is over; None: nothing."""
    row = tx.connection.execute(_OF, {"org_id": org_id, "kind": kind, "key": key}).one_or_none()
    return Counted(row._mapping["count"], row.first_at, row.locked_until) if row else None


def count(tx: Tx, org_id: str, kind: Kind, key: str, *, window: timedelta, most: int, lock: timedelta) -> Counted:
    """Count one more, in a new window where the last one is over; at `most` within one the key is locked for `lock`."""
    values = {
        "org_id": org_id,
        "kind": kind,
        "key": key,
        "count": 1,
        "first_at": tx.now,
        "last_at": tx.now,
        "locked_until": tx.now + lock if most <= 1 else None,
        "window_began": tx.now - window,
        "most": most,
        "until": tx.now + lock,
    }
    row = tx.connection.execute(_counting(tx.connection.dialect.name), values).one()
    return Counted(row.counted, row.first_at, row.locked_until)


def one_too_many(tx: Tx, org_id: str, kind: Kind, key: str, limit: Limit) -> bool:
    """Count one more, and tell whether that is more than the limit lets through."""
    counted = count(tx, org_id, kind, key, window=limit.window, most=limit.most + 1, lock=limit.window)
    return limit.exceeded(counted.count)


@cache
def _counting(dialect: str) -> Any:
    table = limited_acts
    statement = upsert(dialect, table)
    new = statement.excluded
    over = table.c.first_at < sa.bindparam("window_began", type_=Moment)
    counted = sa.case((over, 1), else_=table.c.count + 1)
    unlocked = sa.or_(table.c.locked_until.is_(None), table.c.locked_until <= new.last_at)
    # Trying on during a lock makes it no longer: nobody is to be kept out for ever by a stranger who never stops.
    locks = sa.and_(unlocked, counted >= sa.bindparam("most", type_=sa.Integer))
    return (
        statement.values({column: sa.bindparam(column.name) for column in table.c})
        .on_conflict_do_update(
            index_elements=["org_id", "kind", "key"],
            set_={
                "count": counted,
                "first_at": sa.case((over, new.first_at), else_=table.c.first_at),
                "last_at": new.last_at,
                "locked_until": sa.case((locks, sa.bindparam("until", type_=Moment)), else_=table.c.locked_until),
            },
        )
        .returning(table.c.count.label("counted"), table.c.first_at, table.c.locked_until)
    )


def clear(tx: Tx, org_id: str, kind: Kind, key: str) -> None:
    """Forget what was counted under this key, and its lock."""
    table = limited_acts
    tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, table.c.kind == kind, table.c.key == key))


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget what was last counted before a moment, the oldest first, at most `limit` of them."""
    table = limited_acts
    key = sa.tuple_(table.c.kind, table.c.key)
    doomed = sa.select(table.c.kind, table.c.key).where(table.c.org_id == org_id, table.c.last_at < before).order_by(table.c.last_at)
    return tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id, key.in_(doomed.limit(limit)))).rowcount
