"""Reading the login history: page by page, newest or oldest first; what is newer than a line; and one line by the id of its receipt."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.storage.apps import apps
from gatebridge.storage.installations import installations
from gatebridge.storage.login_history import HistoryLine, login_history
from gatebridge.storage.strangers import stranger_counts
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import SETTLED_AFTER

_COLUMNS = [login_history.c[name] for name in HistoryLine.__slots__]


@dataclass(frozen=True, slots=True)
class Folded:
    """Refusals of strangers that have no line of their own: how many of one kind came from one network in one window."""

    org_id: str
    id: str  # the receipt's id that was answered to each of them
    window_start: datetime
    reason: str
    network: str  # `*`: from anywhere, after the org's limit of the day
    count: int  # of all in the window, those with a line of their own included
    last_at: datetime


class Narrowed(TypedDict, total=False):
    """Which lines are wanted; what is not said, or None, narrows nothing. `since` is included, `until` is not.

    `would_refuse`: only those that a monitored rule would have refused, or only the others.
    """

    app_id: str | None
    user_id: str | None
    outcome: str | None
    reasons: Collection[str] | None
    since: datetime | None
    until: datetime | None
    would_refuse: bool | None
    address: str | None
    flow: str | None


def page(
    tx: Tx, org_id: str, *, before: str | None = None, limit: int, oldest_first: bool = False, **narrowed: Unpack[Narrowed]
) -> list[HistoryLine]:
    """The lines before the id `before`, newest first, that fit; or, the oldest first, those behind it."""
    order = login_history.c.id if oldest_first else login_history.c.id.desc()
    beyond = () if before is None else (login_history.c.id > before if oldest_first else login_history.c.id < before,)
    many = len(narrowed.get("reasons") or ()) > 1 and narrowed.get("app_id") is None and narrowed.get("user_id") is None
    if many:
        firsts = sorted(_of_each_reason(tx, org_id, narrowed, beyond, order, limit), reverse=not oldest_first)
        fitting = [login_history.c.org_id == org_id, login_history.c.id.in_(firsts[:limit])]
    else:
        fitting = [*_wanted(org_id, narrowed), *beyond]
    return [_of_row(row) for row in tx.connection.execute(sa.select(*_COLUMNS).where(*fitting).order_by(order).limit(limit))]


def _of_each_reason(
    tx: Tx, org_id: str, narrowed: Narrowed, beyond: Iterable[sa.ColumnElement[bool]], order: sa.ColumnElement[str], limit: int
) -> list[str]:
    """The ids of the first lines of each of the reasons. The index has the lines of one of them in their order; asked for many at once, a
    database may read through all refusals for a rare one.
    """
    firsts = [
        sa.select(login_history.c.id).where(*_wanted(org_id, narrowed | {"reasons": (reason,)}), *beyond).order_by(order).limit(limit)
        for reason in sorted(narrowed.get("reasons") or ())
    ]
    return list(tx.connection.scalars(sa.union_all(*(sa.select(first.subquery().c.id) for first in firsts))))


def newest_ids(tx: Tx, org_id: str, *, after: str, limit: int, **narrowed: Unpack[Narrowed]) -> list[str]:
    """The ids of the newest lines with an id behind `after` that fit, newest first, at most `limit`."""
    wanted = [*_wanted(org_id, narrowed), login_history.c.id > after]
    return list(tx.connection.scalars(sa.select(login_history.c.id).where(*wanted).order_by(login_history.c.id.desc()).limit(limit)))


def of_ids(tx: Tx, org_id: str, receipt_ids: Collection[str]) -> list[HistoryLine]:
    """The lines whose receipts have these ids, newest first."""
    wanted = (login_history.c.org_id == org_id, login_history.c.id.in_(list(receipt_ids)))
    return [_of_row(row) for row in tx.connection.execute(sa.select(*_COLUMNS).where(*wanted).order_by(login_history.c.id.desc()))]


def by_id(tx: Tx, org_id: str, receipt_id: str) -> HistoryLine | None:
    """The line whose receipt has this id, or None."""
    statement = sa.select(*_COLUMNS).where(login_history.c.org_id == org_id, login_history.c.id == receipt_id)
    row = tx.connection.execute(statement).one_or_none()
    return _of_row(row) if row else None


def by_id_elsewhere(tx: Tx, org_id: str, owner_id: str, receipt_id: str) -> HistoryLine | None:
    """The line of this id in another org that uses an app which this user of this org owns, as owner or backup owner, or None."""
    owned = sa.select(apps.c.id).where(apps.c.org_id == org_id, sa.or_(apps.c.owner_id == owner_id, apps.c.backup_owner_id == owner_id))
    elsewhere = sa.select(installations.c.org_id).where(installations.c.app_id.in_(owned), installations.c.org_id != org_id)
    statement = sa.select(*_COLUMNS).where(
        login_history.c.org_id.in_(elsewhere), login_history.c.id == receipt_id, login_history.c.app_id.in_(owned)
    )
    row = tx.connection.execute(statement).one_or_none()
    return _of_row(row) if row else None


def folded_by_id(tx: Tx, org_id: str, receipt_id: str) -> Folded | None:
    """The counting row that was answered as this receipt, or None."""
    columns = [stranger_counts.c[name] for name in Folded.__slots__]
    row = tx.connection.execute(
        sa.select(*columns).where(stranger_counts.c.org_id == org_id, stranger_counts.c.id == receipt_id)
    ).one_or_none()
    return Folded(*row) if row else None


def _of_row(row: Any) -> HistoryLine:
    return HistoryLine(**dict(zip(HistoryLine.__slots__, row, strict=True)))


def _wanted(org_id: str, narrowed: Narrowed) -> list[sa.ColumnElement[bool]]:
    wanted = [login_history.c.org_id == org_id]
    equal = ((name, narrowed.get(name)) for name in ("app_id", "user_id", "outcome", "address", "flow"))
    wanted += [login_history.c[name] == value for name, value in equal if value is not None]
    reasons, would_refuse = narrowed.get("reasons"), narrowed.get("would_refuse")
    since, until = narrowed.get("since"), narrowed.get("until")
    if reasons is not None:
        # Said so, the index of refusals serves.
        wanted += [login_history.c.outcome == "refused", login_history.c.reason.in_(sorted(reasons))]
    if would_refuse is not None:
        wanted.append(login_history.c.would_refuse.is_not(None) if would_refuse else login_history.c.would_refuse.is_(None))
    # The index is by id, and an id is minted a little before the moment of its line; so the ids bound the search, the moments decide.
    if since is not None:
        wanted += [login_history.c.id >= ids.floor(Prefix.RECEIPT, since - SETTLED_AFTER), login_history.c.at >= since]
    if until is not None:
        wanted += [login_history.c.id < ids.floor(Prefix.RECEIPT, until + SETTLED_AFTER), login_history.c.at < until]
    return wanted
