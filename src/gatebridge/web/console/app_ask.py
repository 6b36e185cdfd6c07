"""Asking to be let into an app, from its own pages: for its developer, who may not say who uses it, and would have to be refused first."""

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.setup.ask_for_access import AskForAccess, ask_for_access
from gatebridge.storage import apps, installations
from gatebridge.storage.grants import OF_USERS
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_tabs, forms
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

TAB = "access"
PATH = f"{app_tabs.PATH}/access/ask"
LABELS = {"words": "What do you need it for?"}


def routes(house: House) -> list[Route]:
    place = app_tabs.PLACE
    return [shows(house, place, PATH, show), acts(house, place, PATH, ask, again)]


def address(visit: Visit, found: ListedApp, policies: AppPolicies) -> str:
    """Where the reader asks; empty where one decides oneself, nobody signs in to the app, or nobody has to be asked."""
    settings = apps.settings_of(visit.tx, found.app.org_id, found.app.id)
    signs_in = settings is not None and bool(settings.flows.intersection(OF_USERS))
    asks = policies.permitted_users is PermittedUsers.ADMIN_APPROVED and found.state is AppState.ACTIVE
    return app_tabs.address(found.app.id, "/access/ask") if signs_in and asks and not app_tabs.may_rule(visit.actor, found) else ""


def show(visit: Visit) -> Shown:
    """The form."""
    return _page(visit, Form(LABELS, {}))


def ask(visit: Visit) -> RedirectResponse:
    """Say it to those who decide."""
    found, _ = app_reading.installed(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    ask_for_access(visit.tx, visit.actor, AskForAccess(found.app.id, forms.text(visit.fields, "words")))
    return RedirectResponse(f"{app_tabs.address(found.app.id, '/access')}?said=asked", SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _page(visit, form) if form is not None else None


def _page(visit: Visit, form: Form) -> Shown:
    found, installation_id = app_reading.installed(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    policies = installations.policies_of(visit.tx, visit.org.id, installation_id) or AppPolicies(installation_id)
    values = {"form": form, "action": address(visit, found, policies), "back": app_tabs.address(found.app.id, "/access")}
    return app_tabs.shown(visit, found, TAB, "app/ask.html", values, page="Ask to be let in", status=form.status)
