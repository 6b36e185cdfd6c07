"""How many requests an org had in each of some spans of time, and why those were refused: counted in the indexes of its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.storage.dialects import Id
from gatebridge.storage.login_history import login_history
from gatebridge.storage.tx import Tx

MOST = 20_000  # that are counted of one span
MOST_REFUSED = 1_000  # of which it is looked at why

_LINES: Any = login_history.c
# Written out, so that every plan of the statement may use the index of refusals.
_REFUSED = _LINES.outcome == sa.literal_column("'refused'")
_END = f"{Prefix.RECEIPT}~"  # behind every id


@dataclass(frozen=True, slots=True)
class Span:
    """What was counted of one span. Not `exact`: there was more."""

    all: int
    refused: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """How often a reason refused, and the newest receipt of it."""

    reason: str
    number: int
    last_id: str


def counted(tx: Tx, org_id: str, starts: Sequence[datetime]) -> list[Span]:
    """How many requests came in the spans that begin at these moments, each until the next; the last one goes on."""
    edges = [*(ids.floor(Prefix.RECEIPT, start) for start in starts), _END]
    given = [(place, edges[place], edges[place + 1]) for place in range(len(starts))]
    named = sa.values(sa.column("place", sa.Integer), sa.column("first", Id), sa.column("behind", Id)).data(given)
    spans = named.cte("spans")
    statement = sa.select(spans.c.place, _within(spans, org_id), _within(spans, org_id, _REFUSED))
    found = {place: Span(min(all_, MOST), min(refused, MOST), all_ <= MOST) for place, all_, refused in tx.connection.execute(statement)}
    return [found[place] for place in range(len(starts))]


def causes(tx: Tx, org_id: str, since: datetime) -> list[Cause]:
    """Why the newest `MOST_REFUSED` requests since a moment were refused, the most frequent reason first."""
    newest = (
        sa.select(_LINES.id, _LINES.reason)
        .where(_LINES.org_id == org_id, _REFUSED, _LINES.id >= ids.floor(Prefix.RECEIPT, since))
        .order_by(_LINES.id.desc())
        .limit(MOST_REFUSED)
        .subquery()
    )
    number, last = sa.func.count(), sa.func.max(newest.c.id)
    statement = sa.select(newest.c.reason, number, last).group_by(newest.c.reason).order_by(number.desc(), newest.c.reason)
    return [Cause(*row) for row in tx.connection.execute(statement)]


def _within(spans: Any, org_id: str, *wanted: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
    """How many lines lie in a span; no more than `MOST` + 1 are looked at."""
    here = (_LINES.org_id == org_id, _LINES.id >= spans.c.first, _LINES.id < spans.c.behind)
    first = sa.select(_LINES.id).where(*here, *wanted).correlate(spans).limit(MOST + 1).subquery()
    return sa.select(sa.func.count()).select_from(first).scalar_subquery()
