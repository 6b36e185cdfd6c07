"""What the list of apps tells of each of them, read for a page of it, or a thousand, at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatebridge.monitoring import exposures
from gatebridge.rules.app_settings import Flow
from gatebridge.storage import app_columns, names, usage
from gatebridge.storage.app_columns import Users
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.storage.usage import Usage
from gatebridge.web.console.desk import Visit
from gatebridge.web.console.login_history import FLOWS

TONES = {AppState.ACTIVE: "good", AppState.BLOCKED: "bad", AppState.UNINSTALLED: "", AppState.DELETED: ""}
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Line:
    """One app of the list."""

    found: ListedApp
    tone: str
    owner: str
    flows: tuple[Flow, ...]
    grade: str  # of its exposures; empty where it is not in use
    exposures: int
    usage: Usage | None
    users: Users | None  # of the last 30 days
    ends_at: datetime | None  # the first of its secrets and certificates


def of(visit: Visit, apps: Sequence[ListedApp]) -> list[Line]:
    """The lines of these apps; no more statements for many than for one."""
    app_ids = [each.app.id for each in apps]
    own = [each.app for each in apps if each.app.org_id == visit.org.id]
    judged = {each.app.id: each for each in exposures.of_apps(visit.tx, visit.org, app_ids)}
    owners = names.of_users(visit.tx, visit.org.id, {app.owner_id for app in own})
    used = usage.of_apps(visit.tx, visit.org.id, app_ids)
    users = app_columns.users_of(visit.tx, visit.org.id, app_ids, visit.tx.now - LATELY)
    flows = app_columns.flows_of(visit.tx, app_ids)
    # What another org holds of its own app is its own business.
    ends = app_columns.ends_of(visit.tx, visit.org.id, [app.id for app in own])
    return [
        Line(
            each,
            TONES[each.state],
            owners.get(each.app.owner_id, ""),
            tuple(flow for flow in FLOWS if flow in flows.get(each.app.id, ())),
            judged[each.app.id].grade if each.app.id in judged else "",
            len(judged[each.app.id].exposures) if each.app.id in judged else 0,
            used.get(each.app.id),
            users.get(each.app.id),
            ends.get(each.app.id),
        )
        for each in apps
    ]
