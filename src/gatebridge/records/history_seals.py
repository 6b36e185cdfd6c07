"""The seal on the login history: a line of the audit chain for each hour that had lines, with a digest over all of them (ADR 0038).

Nothing is written beside the line, so a crash leaves a stretch sealed or not, and whoever seals next finds out by the chain.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from gatebridge.records.change import Target, record_change
from gatebridge.rules import history_seals
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.events import Event
from gatebridge.rules.history_seals import Held, Seal
from gatebridge.storage import audit_trail, login_history
from gatebridge.storage.tx import Tx

# What is digested of a line, in this order: all of it. No column of a line is ever changed; one that is added needs a format of its own.
COLUMNS = (
    *("id", "at", "event", "outcome", "reason", "app_id", "installation_id", "grant_id", "user_id", "flow", "scopes_asked", "scopes_given"),
    *("address", "user_agent", "auth_method", "credential_id", "would_refuse", "status", "receipt"),
)
CHUNK = 5_000
MANY = 2 * history_seals.MOST_LINES  # more than any seal holds, and enough to see that some were put in

_canonical = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=datetime.isoformat).encode


def held(tx: Tx, org_id: str, behind_id: str, up_to_id: str, most: int = MANY) -> Held:
    """What a stretch holds now, or the first `most` lines of it. Some 20 microseconds a line."""
    digest = sha256()
    lines, first_id, last_id = 0, None, None
    for row in _rows(tx, org_id, behind_id, up_to_id, most):
        digest.update(_canonical(row).encode("utf-8", "surrogatepass") + b"\n")
        lines, first_id, last_id = lines + 1, first_id or row[0], row[0]
    return Held(lines, first_id, last_id, digest.hexdigest())


def newest(tx: Tx, org_id: str, event: Event) -> str | None:
    """Up to which id the history was sealed, or removed; None: never yet."""
    lines = audit_trail.page(tx, org_id, limit=1, event=event)
    return up_to(lines[0]) if lines else None


def up_to(line: audit_trail.AuditLine) -> str:
    """The last id of which a line of one of the two events tells, in any format."""
    return next(str(each["after"]) for each in line.changes if each["field"] == "up_to_id")


def next_seal(tx: Tx, org_id: str) -> Seal | None:
    """The seal that is to be written next; None: nothing has to be sealed now. It only reads, so nobody who writes waits for it."""
    if login_history.first_id_behind(tx, org_id, history_seals.BEGINNING) is None:
        return None  # and so the whole trail of an org is never searched for a seal that is not there
    behind_id = newest(tx, org_id, Event.LOGIN_HISTORY_SEALED) or history_seals.BEGINNING
    up_to_id = history_seals.stretch_end(behind_id, login_history.first_id_behind(tx, org_id, behind_id), tx.now)
    if up_to_id is None:
        return None
    found = held(tx, org_id, behind_id, up_to_id, history_seals.MOST_LINES)
    if found.lines == history_seals.MOST_LINES and found.last_id is not None:
        up_to_id = found.last_id
    return Seal(behind_id, up_to_id, found)


def write(tx: Tx, org_id: str, seal: Seal) -> bool:
    """Write the seal, unless another node was first. Of two nodes that seal at once one waits here for the other."""
    audit_trail.lock_head(tx, org_id)
    if (newest(tx, org_id, Event.LOGIN_HISTORY_SEALED) or history_seals.BEGINNING) != seal.behind_id:
        return False
    record_change(tx, _house(org_id), Event.LOGIN_HISTORY_SEALED, _target("until", seal.up_to_id), None, history_seals.told(seal))
    return True


def forget(tx: Tx, org_id: str, limit: int, keep: timedelta) -> int:
    """Remove at most `limit` lines that were kept for long enough and are sealed, and tell how many there were.

    The trail tells of it first, once a day: what is missing is then known to have been removed by the house.
    """
    up_to_id = history_seals.expires_up_to(tx.now, keep)
    oldest_id = login_history.first_id_behind(tx, org_id, history_seals.BEGINNING)
    if oldest_id is None or oldest_id > up_to_id or (newest(tx, org_id, Event.LOGIN_HISTORY_SEALED) or "") < up_to_id:
        return 0
    if (newest(tx, org_id, Event.LOGIN_HISTORY_EXPIRED) or "") < up_to_id:
        said = {"up_to_id": up_to_id, "lines": login_history.count(tx, org_id, up_to_id), "kept_for_days": keep.days}
        record_change(tx, _house(org_id), Event.LOGIN_HISTORY_EXPIRED, _target("before", up_to_id), None, said)
    return login_history.forget(tx, org_id, up_to_id, limit)


def _rows(tx: Tx, org_id: str, behind_id: str, up_to_id: str, most: int) -> Iterator[tuple[Any, ...]]:
    left = most
    while left > 0:
        rows = login_history.stretch(tx, org_id, behind_id, up_to_id, COLUMNS, min(CHUNK, left))
        yield from map(tuple, rows)
        if len(rows) < min(CHUNK, left):
            return
        behind_id, left = rows[-1].id, left - len(rows)


def _target(words: str, id15: str) -> Target:
    return Target("login_history", id15, f"Login History {words} {history_seals.end_of(id15):%Y-%m-%d %H:%M} UTC")


def _house(org_id: str) -> Actor:
    return Actor(ActorKind.HOUSE, org_id, "Gatebridge", frozenset())
