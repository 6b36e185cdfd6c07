"""The login history: every sign-in and token outcome of an org, newest first; each line opens its receipt."""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.monitoring import receipts
from gatebridge.monitoring.receipts import Receipt
from gatebridge.records.change import permit
from gatebridge.rules import reasons
from gatebridge.rules.actors import Actor
from gatebridge.rules.gates import Gate
from gatebridge.rules.permissions import Permission
from gatebridge.storage import history_reading
from gatebridge.storage.history_reading import Narrowed
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class HistoryFilter:
    """Which lines are wanted; None narrows nothing. `since` is included, `until` is not."""

    app_id: str | None = None
    user_id: str | None = None
    outcome: str | None = None  # success or refused
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    would_refuse: bool | None = None  # whether a monitored rule would have refused what went through
    gate: Gate | None = None  # refusals at this gate
    address: str | None = None
    flow: str | None = None


def page(
    tx: Tx, actor: Actor, wanted: HistoryFilter, *, before: str | None = None, limit: int = 50, oldest_first: bool = False
) -> list[Receipt]:
    """The outcomes before the receipt `before` (None: from the newest), at most `limit`; or, the oldest first, those behind it.

    Raises Refused. The next page begins at the id of the last receipt of this one; fewer than `limit` are the last page.
    """
    permit(actor, Permission.MONITOR_LOGIN_HISTORY)
    lines = history_reading.page(tx, actor.org_id, before=before, limit=limit, oldest_first=oldest_first, **narrowed(wanted))
    return receipts.of_lines(tx, actor.org_id, lines)


def narrowed(wanted: HistoryFilter) -> Narrowed:
    """The filter as the history is read by it."""
    return {
        "app_id": wanted.app_id,
        "user_id": wanted.user_id,
        "outcome": wanted.outcome,
        "reasons": _reasons(wanted),
        "since": wanted.since,
        "until": wanted.until,
        "would_refuse": wanted.would_refuse,
        "address": wanted.address,
        "flow": wanted.flow,
    }


def _reasons(wanted: HistoryFilter) -> frozenset[str] | None:
    """The codes of the reasons that are wanted; None for whatever came of it."""
    if wanted.gate is None:
        return frozenset({wanted.reason}) if wanted.reason is not None else None
    at_gate = frozenset(code for code, reason in reasons.REASONS.items() if reason.gate is wanted.gate)
    return at_gate if wanted.reason is None else at_gate & {wanted.reason}
