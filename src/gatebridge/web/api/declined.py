"""A refused API request gets its line in the login history, in a transaction of its own: the one it was refused in is rolled back."""

from dataclasses import replace
from typing import Any

import structlog

from gatebridge.oauth.bearer import EVENT, BearerRefused
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules.actors import Actor
from gatebridge.rules.reasons import Refused
from gatebridge.storage import orgs
from gatebridge.storage.dialects import is_outage
from gatebridge.storage.login_history import HistoryLine
from gatebridge.web.house import House

log = structlog.get_logger("gatebridge.web")

# Who may not, and who is nobody. A wrong field is no matter of security, and would only hide the others.
RECORDED = frozenset({401, 403})


def record(house: House, scope: dict[str, Any], refused: Refused) -> str | None:
    """Write the line, and return the id under which it is found. None: nothing worth a line, or no database to write it to."""
    if refused.reason.status not in RECORDED and not isinstance(refused, BearerRefused):
        return None
    return write(house, scope, refused, EVENT)


def write(house: House, scope: dict[str, Any], refused: Refused, event: str) -> str | None:
    """Write the line in any case, of this event unless the refusal brings its own line. None: there is no database to write it to."""
    try:
        with house.database.transaction() as tx:
            org = orgs.by_host(tx, scope["gatebridge.host"])
            if org is None:
                return None
            request = {"method": scope["method"], "path": scope["path"]}
            if isinstance(refused, BearerRefused):
                line = refused.entry.line
                findings = line.receipt.get("findings", [])
                entry = replace(refused.entry, line=replace(line, receipt={"findings": findings, "request": request}))
            else:
                entry = _entry(tx.now, org.id, event, scope, refused, request)
            return history.write(tx, [entry])[0]
    except Exception as error:
        if not is_outage(error):
            raise
        # The refusal stands without its line: turning it into 503 would tell a stranger more than 401 does.
        log.warning("unrecorded", operation_id=scope["gatebridge.operation_id"], reason=refused.reason.code)
        return None


def _entry(now: Any, org_id: str, event: str, scope: dict[str, Any], refused: Refused, said: dict[str, str | None]) -> HistoryEntry:
    actor: Actor | None = scope.get("gatebridge.actor")
    address = scope.get("gatebridge.address")
    line = HistoryLine(
        org_id=org_id,
        id=scope["gatebridge.operation_id"],
        at=now,
        event=event,
        outcome="refused",
        reason=refused.reason.code,
        status=refused.reason.status,
        address=str(address) if address is not None else "unknown",
        user_agent="",
        receipt=history.receipt((), said),
        app_id=(actor.app_id or "") if actor else "",
        user_id=actor.user_id if actor else None,
    )
    return HistoryEntry(line, folds=actor is None)
