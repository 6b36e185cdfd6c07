"""What the list of apps tells of each of them, read for a page of it, or a thousand, at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatebridge.monitoring import exposures
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.exposures import grade
from gatebridge.storage import app_columns, names, usage
from gatebridge.storage.app_columns import Users
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.storage.usage import Usage
from gatebridge.web.console.desk import Visit
from gatebridge.web.console.login_history import FLOWS

TONES = {AppState.ACTIVE: "good", AppState.BLOCKED: "bad", AppState.UNINSTALLED: "", AppState.DELETED: ""}
IN_USE = {AppState.ACTIVE, AppState.BLOCKED}
LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Line:
    """One app of the list."""

    found: ListedApp
    tone: str
    for_holders: bool  # nobody installed it, and who may use apps that are not installed uses it
    owner: str
    flows: tuple[Flow, ...]
    grade: str  # of its exposures; empty where it is not in use
    exposures: int
    usage: Usage | None
    users: Users | None  # of the last 30 days
    ends_at: datetime | None  # the first of its secrets and certificates


def of(visit: Visit, apps: Sequence[ListedApp]) -> list[Line]:
    """The lines of these apps; no more statements for many than for one."""
    tx, org_id, app_ids = visit.tx, visit.org.id, [each.app.id for each in apps]
    weights = exposures.weighed(tx, visit.org, [each.app.id for each in apps if each.state in IN_USE])
    # What another org holds of its own app is its own business.
    own = [each.app for each in apps if each.app.org_id == org_id]
    owners = names.of_users(tx, org_id, {app.owner_id for app in own}) if own else {}
    flows, ends = app_columns.flows_of(tx, app_ids), app_columns.ends_of(tx, org_id, [app.id for app in own])
    used, users = usage.of_apps(tx, org_id, app_ids), app_columns.users_of(tx, org_id, app_ids, tx.now - LATELY)

    def line(each: ListedApp) -> Line:
        app_id, weight = each.app.id, weights.get(each.app.id)
        its_flows = flows.get(app_id, ())
        return Line(
            each,
            TONES[each.state],
            each.state is AppState.UNINSTALLED and each.installation is not None and each.installation.holders_only,
            owners.get(each.app.owner_id, ""),
            tuple(flow for flow in FLOWS if flow in its_flows),
            grade(weight.weight) if weight is not None else "",
            weight.exposures if weight is not None else 0,
            used.get(app_id),
            users.get(app_id),
            ends.get(app_id),
        )

    return [line(each) for each in apps]
