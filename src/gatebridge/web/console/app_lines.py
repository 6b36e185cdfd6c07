"""What the list of apps tells of each of them, read for a page of it, or a thousand, at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatebridge.monitoring import exposures
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.exposed.kinds import Subject
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
    tx, org_id, app_ids = visit.tx, visit.org.id, [each.app.id for each in apps]
    judged = {each.app.id: each for each in exposures.of_apps(tx, visit.org, app_ids)}
    # What an app in use was judged by is not read once more.
    others = [each.app for each in apps if each.app.id not in judged]
    # What another org holds of its own app is its own business.
    own = [app for app in others if app.org_id == org_id]
    owners = names.of_users(tx, org_id, {app.owner_id for app in own}) if own else {}
    flows, ends = app_columns.flows_of(tx, [app.id for app in others]), app_columns.ends_of(tx, org_id, [app.id for app in own])
    used, users = usage.of_apps(tx, org_id, app_ids), app_columns.users_of(tx, org_id, app_ids, tx.now - LATELY)

    def line(each: ListedApp) -> Line:
        app, found = each.app, judged.get(each.app.id)
        subject = found.subject if found is not None else None
        owner = subject.owner.name if subject is not None and subject.owner is not None else owners.get(app.owner_id, "")
        its_flows = subject.settings.flows if subject is not None else flows.get(app.id, ())
        return Line(
            each,
            TONES[each.state],
            owner,
            tuple(flow for flow in FLOWS if flow in its_flows),
            found.grade if found is not None else "",
            len(found.exposures) if found is not None else 0,
            used.get(app.id),
            users.get(app.id),
            _first_end(subject) if subject is not None else ends.get(app.id),
        )

    return [line(each) for each in apps]


def _first_end(subject: Subject) -> datetime | None:
    """When the first of the secrets and certificates that an app is judged by ends."""
    ending = (*(each.expires_at for each in subject.secrets), *(each.not_after for each in subject.certificates))
    return min((at for at in ending if at is not None), default=None)
