"""Recorded decisions for a replay: what the lines of the history say of each request, without their receipts, chunk by chunk."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.storage.grants import grants
from gatebridge.storage.login_history import login_history
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import SETTLED_AFTER

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Lines:
    """Which lines are wanted: of these events, not before `since`, perhaps of one app or one user."""

    events: tuple[str, ...]
    since: datetime
    app_id: str | None = None
    user_id: str | None = None


class Recorded(NamedTuple):
    """What a line says about its request, but for when it came. What the grant's approval was is there where the line hangs from one."""

    event: str
    outcome: str
    reason: str | None
    app_id: str
    user_id: str | None
    flow: str | None
    scopes_asked: str | None
    scopes_given: str | None
    address: str
    auth_method: str | None
    grant_flow: str | None
    grant_scopes: str | None
    grant_level: str | None
    grant_activated: bool | None


_OF_LINE = tuple(name for name in Recorded._fields if not name.startswith("grant_"))
_OF_GRANT = tuple(name.removeprefix("grant_") for name in Recorded._fields if name.startswith("grant_"))


def count(tx: Tx, org_id: str, wanted: Lines, most: int) -> int:
    """How many lines there are, at most `most`."""
    found = sa.select(sa.literal(1)).select_from(login_history).where(*_wanted(org_id, wanted)).limit(most).subquery()
    return int(tx.connection.execute(sa.select(sa.func.count()).select_from(found)).scalar_one())


def chunks(tx: Tx, org_id: str, wanted: Lines, most: int, size: int = CHUNK) -> Iterator[list[tuple[datetime, Recorded]]]:
    """The newest `most` lines, newest first, in chunks: when each came, and what it says."""
    history = login_history.c
    of_grant = sa.and_(grants.c.org_id == history.org_id, grants.c.id == history.grant_id)
    statement = (
        sa.select(
            history.id,
            history.at,
            *(history[name] for name in _OF_LINE),
            *(grants.c[name].label(f"of_grant_{name}") for name in _OF_GRANT),
        )
        .select_from(login_history.outerjoin(grants, of_grant))
        .where(*_wanted(org_id, wanted))
        .order_by(history.id.desc())
    )
    before: str | None = None
    left = most
    while left > 0:
        page = statement if before is None else statement.where(history.id < before)
        rows = tx.connection.execute(page.limit(min(size, left))).all()
        if rows:
            yield [(row.at, Recorded._make(row[2:])) for row in rows]
        if len(rows) < size:
            return
        before, left = rows[-1].id, left - len(rows)


def _wanted(org_id: str, wanted: Lines) -> list[sa.ColumnElement[bool]]:
    history = login_history.c
    # The index is by id, and an id is minted a little before the moment of its line; so the id bounds the search, the moment decides.
    found = [
        history.org_id == org_id,
        history.id >= ids.floor(Prefix.RECEIPT, wanted.since - SETTLED_AFTER),
        history.at >= wanted.since,
        history.event.in_(wanted.events),
    ]
    narrowed = (("app_id", wanted.app_id), ("user_id", wanted.user_id))
    return found + [history[name] == value for name, value in narrowed if value is not None]
