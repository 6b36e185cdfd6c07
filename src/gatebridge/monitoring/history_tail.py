"""Following the login history as it grows: at each look, what has come since the look before.

A line gets its id when the request comes in and is there for readers a little later, when its transaction has committed. So what came last
does not say that everything before it is known: of the last moments a follower knows line by line what it has seen.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatebridge.monitoring import receipts
from gatebridge.monitoring.login_history import HistoryFilter, narrowed
from gatebridge.monitoring.receipts import Receipt
from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.storage import history_reading
from gatebridge.storage.tx import Tx

# A line that takes longer than this to be recorded is found by whoever opens the list anew.
LATE = timedelta(seconds=30)
LOOKED_AT = 200  # of the newest lines, at each look
MOST = 50  # lines that one look brings


@dataclass(frozen=True, slots=True)
class Seen:
    """What a follower knows: everything up to the receipt `upto`, and of the last moments those in `lately`, whatever may still come."""

    upto: str
    lately: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class News:
    """What one look brought, newest first. `skipped`: so much came at once that the older part of it was left out."""

    receipts: tuple[Receipt, ...]
    skipped: bool
    seen: Seen


def begin(tx: Tx, actor: Actor, wanted: HistoryFilter, after: str | None) -> Seen:
    """Follow from behind the receipt that is the newest of a list; None: of an empty one. Raises Refused."""
    permit(actor, Permission.MONITOR_LOGIN_HISTORY)
    if after is None:
        return Seen(_floor(tx.now))
    return Seen(after, frozenset(each for each in _newest(tx, actor, wanted, min(after, _floor(tx.now))) if each <= after))


def look(tx: Tx, actor: Actor, wanted: HistoryFilter, seen: Seen) -> News:
    """What there is now that was not there at the look before. Raises Refused, as soon as the actor may not read it any more."""
    permit(actor, Permission.MONITOR_LOGIN_HISTORY)
    floor = _floor(tx.now)
    found = _newest(tx, actor, wanted, min(seen.upto, floor))
    fresh = [each for each in found if each not in seen.lately]
    lines = history_reading.of_ids(tx, actor.org_id, fresh[:MOST]) if fresh else []
    lately = frozenset(each for each in (*seen.lately, *found) if each > floor)
    return News(tuple(receipts.of_lines(tx, actor.org_id, lines)), len(fresh) > MOST, Seen(max([seen.upto, *found]), lately))


def _newest(tx: Tx, actor: Actor, wanted: HistoryFilter, after: str) -> list[str]:
    return history_reading.newest_ids(tx, actor.org_id, after=after, limit=LOOKED_AT, **narrowed(wanted))


def _floor(now: datetime) -> str:
    return ids.floor(Prefix.RECEIPT, now - LATE)
