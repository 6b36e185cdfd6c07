"""An app: how its gates are set, what it is exposed in, who answers for it, and whether it was shown to work."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.routing import Route

from gatebridge.monitoring import exposures, validation
from gatebridge.monitoring.exposures import AppExposures
from gatebridge.rules import gates_as_set
from gatebridge.rules.gates_as_set import GateAsSet, Presence
from gatebridge.rules.ids import Prefix
from gatebridge.rules.validation import Validation
from gatebridge.storage import names, profiles
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web import told
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_contain, app_stop, app_tabs, app_ways, strip
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House

PLACE = app_tabs.PLACE
PATH = app_tabs.PATH
SAID = {
    "saved": "Who it is, is saved.",
    "twice": "It was registered already: this was its form once more, and nothing of it was saved. If nobody has kept the secret that the "
    "first answer showed, add another among the credentials, and retire that one.",
    "picture": "What stands for it is saved.",
    "transferred": "It has other owners now.",
    "accepted": "Somebody answers for that exposure now.",
    "withdrawn": "Nobody answers for that exposure any more.",
}


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PATH, show)]


def show(visit: Visit) -> Shown:
    """The app, for who may see it."""
    found = app_reading.visible(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    judged = exposures.of_app(visit.tx, visit.org, found.app.id)
    gates = _gates(visit, found, judged)
    own = found.app.org_id == visit.org.id
    found_in = judged.exposures if judged is not None else ()
    review_on = found.app.review_on
    people = {found.app.owner_id, found.app.backup_owner_id, *(each.accepted.by for each in found_in if each.accepted is not None)}
    values: Mapping[str, object] = {
        "gates": strip.as_set(gates, lambda gate: app_ways.of_gate(visit, found, gate)),
        "sentence": gates_as_set.counted(gates) if gates else "",
        "exposures": [app_ways.weighed(visit, found, each) for each in found_in],
        "grade": judged.grade if judged is not None else "",
        "people": names.of_users(visit.tx, visit.org.id, {each for each in people if each}),
        "validation": _validation(visit, found) if own else None,
        "flows": FLOWS,
        "review": told.day(datetime.fromisoformat(review_on)) if review_on else "",
        "overdue": bool(review_on) and review_on < visit.tx.now.astimezone(visit.moments.zone).date().isoformat(),
        "acts": _acts(visit, found),
        "may_edit": app_tabs.may_edit(visit.actor, found),
        "may_try": app_tabs.opens(visit, found, "try"),
        "sees_receipts": app_tabs.sees_receipts(visit.actor, found),
        "may_rule": app_tabs.may_rule(visit.actor, found),
        "said": (SAID | app_stop.SAID).get(visit.request.query_params.get("said", ""), ""),
    }
    return app_tabs.shown(visit, found, "overview", "app/overview.html", values)


def address_of(app_id: str) -> str:
    """The page of an app."""
    return app_tabs.address(app_id)


def _gates(visit: Visit, found: ListedApp, judged: AppExposures | None) -> Sequence[GateAsSet]:
    """None of an app that was never here: nobody has set anything for it."""
    here = found.installation
    if judged is None or here is None:
        return ()
    presence = Presence(
        in_use=here.in_use(visit.tx.now),
        blocked=here.blocked_at is not None,
        profiles_with_hours=profiles.with_hours(visit.tx, visit.org.id),
    )
    return gates_as_set.of(judged.subject, presence, judged.exposures)


def _acts(visit: Visit, found: ListedApp) -> list[tuple[str, str]]:
    """The menu: what can be done with the app, for who may do any of it."""
    may = app_tabs.may_edit(visit.actor, found) or app_tabs.may_rule(visit.actor, found)
    named = [(act.name, act.ending) for act in app_tabs.ACTS if may and act.stands_for(found, visit.org.id)]
    named += [(app_contain.NAME, app_contain.ENDING)] if app_tabs.may_rule(visit.actor, found) else []
    named += [(stop.name, f"/{stop.word}") for stop in app_stop.offered(visit, found)]
    return [(name, app_tabs.address(found.app.id, ending)) for name, ending in named]


def _validation(visit: Visit, found: ListedApp) -> Validation | None:
    return validation.of_app(visit.tx, found.app) if found.app.deleted_at is None else None
