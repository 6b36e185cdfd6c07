"""The last day of an org: how many requests were let through and refused in each hour, and why most of them were."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from gatebridge.records.change import permit
from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import Permission
from gatebridge.storage import last_hours
from gatebridge.storage.last_hours import Cause
from gatebridge.storage.tx import Tx

HOURS = 24


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour, by its beginning."""

    start: datetime
    granted: int
    refused: int


@dataclass(frozen=True, slots=True)
class LastDay:
    """The hour that runs and the 23 before it. Not `exact`: in some hour more came than was counted."""

    hours: tuple[Hour, ...]
    causes: tuple[Cause, ...]
    exact: bool

    @property
    def granted(self) -> int:
        return sum(hour.granted for hour in self.hours)

    @property
    def refused(self) -> int:
        return sum(hour.refused for hour in self.hours)


def of_org(tx: Tx, actor: Actor, zone: tzinfo) -> LastDay:
    """The last 24 hours, as hours begin in this zone. Raises Refused."""
    permit(actor, Permission.MONITOR_LOGIN_HISTORY)
    # Back from the hour that runs; where clocks are put forward or back meanwhile, an hour is an hour all the same.
    runs = tx.now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(tx.now.tzinfo)
    starts = [runs - timedelta(hours=back) for back in reversed(range(HOURS))]
    spans = last_hours.counted(tx, actor.org_id, starts)
    hours = tuple(Hour(start, span.all - span.refused, span.refused) for start, span in zip(starts, spans, strict=True))
    return LastDay(hours, tuple(last_hours.causes(tx, actor.org_id, starts[0])), all(span.exact for span in spans))
