"""What came of the requests of one app in a span of days, and from where, counted over the newest lines of its history, in a few rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.storage.login_history import login_history
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import SETTLED_AFTER

MOST = 5_000


@dataclass(frozen=True, slots=True)
class Counted:
    """How many outcomes of one kind there were on one day, with the receipt and the moment of the newest."""

    day: int  # its place in the days that were asked for
    outcome: str
    reason: str | None
    flow: str | None
    credential_id: str | None
    number: int
    last_id: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class UserCounted:
    """How often a user was let through to the app, and when last."""

    user_id: str
    number: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AddressCounted:
    """How often the app came from an address, how often of that it was refused, and when it was there last."""

    address: str
    number: int
    refused: int
    last_at: datetime


def by_day(tx: Tx, org_id: str, app_id: str, starts: Sequence[datetime]) -> list[Counted]:
    """The outcomes since the first of these moments, each in the day that began last before it; at most `MOST` + 1 are looked at."""
    newest = _newest(org_id, app_id, starts[0])
    # Asked from the last day back, since most lines of a busy app are of its last days.
    day = sa.case(*((newest.c.at >= start, number) for number, start in reversed(list(enumerate(starts)))), else_=0)
    kind = (newest.c.outcome, newest.c.reason, newest.c.flow, newest.c.credential_id)
    statement = (
        sa.select(day.label("day"), *kind, sa.func.count(), sa.func.max(newest.c.id), sa.func.max(newest.c.at))
        .where(newest.c.at >= starts[0])
        .group_by(sa.text("day"), *kind)
    )
    return [Counted(*row) for row in tx.connection.execute(statement)]


def by_user(tx: Tx, org_id: str, app_id: str, since: datetime, limit: int) -> tuple[list[UserCounted], int]:
    """Who was let through since a moment, the latest first, at most `limit`; and how many they are, among the newest `MOST` lines."""
    newest = _newest(org_id, app_id, since)
    last = sa.func.max(newest.c.at)
    statement = (
        sa.select(newest.c.user_id, sa.func.count(), last, sa.func.count().over())
        .where(newest.c.at >= since, newest.c.outcome == "success", newest.c.user_id.is_not(None))
        .group_by(newest.c.user_id)
        .order_by(last.desc(), newest.c.user_id)
        .limit(limit)
    )
    found = tx.connection.execute(statement).all()
    return [UserCounted(*row[:3]) for row in found], found[0][3] if found else 0


def by_address(tx: Tx, org_id: str, app_id: str, since: datetime, limit: int) -> tuple[list[AddressCounted], int]:
    """From where the app came since a moment, the busiest address first, at most `limit`; and how many they are. Of the same lines."""
    newest = _newest(org_id, app_id, since)
    number, refused = sa.func.count(), sa.func.count(sa.case((newest.c.outcome == "refused", 1)))
    statement = (
        sa.select(newest.c.address, number, refused, sa.func.max(newest.c.at), sa.func.count().over())
        .where(newest.c.at >= since, newest.c.address != "")
        .group_by(newest.c.address)
        .order_by(number.desc(), newest.c.address)
        .limit(limit)
    )
    found = tx.connection.execute(statement).all()
    return [AddressCounted(*row[:4]) for row in found], found[0][4] if found else 0


def scopes_given(tx: Tx, org_id: str, app_id: str, since: datetime) -> dict[str, int]:
    """With which scopes tokens were given out since a moment, as they were given together, and how often. Of the same lines."""
    newest = _newest(org_id, app_id, since)
    wanted = (newest.c.at >= since, newest.c.outcome == "success", newest.c.scopes_given.is_not(None))
    statement = sa.select(newest.c.scopes_given, sa.func.count()).where(*wanted).group_by(newest.c.scopes_given)
    return {row[0]: row[1] for row in tx.connection.execute(statement)}


def _newest(org_id: str, app_id: str, since: datetime) -> sa.Subquery:
    lines: Any = login_history.c
    columns = (
        *(lines.id, lines.at, lines.outcome, lines.reason, lines.flow, lines.credential_id, lines.user_id, lines.address),
        lines.scopes_given,
    )
    return (
        sa.select(*columns)
        .where(lines.org_id == org_id, lines.app_id == app_id, lines.id >= ids.floor(Prefix.RECEIPT, since - SETTLED_AFTER))
        .order_by(lines.id.desc())
        .limit(MOST + 1)
        .subquery("newest")
    )
