"""Contain an app: one page for an incident, with how far the app reaches, what is done, the evidence, and what comes afterwards."""

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.monitoring import app_reach, exposures
from gatebridge.records.change import permit
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.contain_app import CONTAINS, ContainApp, contain_app, containable
from gatebridge.storage.listed_apps import AppState, ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_stop, app_tabs, forms, login_history
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import YES, Form
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

TAB = "overview"
NAME, _, ENDING = app_stop.CONTAIN
PATH = f"{app_tabs.PATH}{ENDING}"
LABELS = {"end_credentials": "End its secrets and certificates", "tell": "Tell who has to know", "reason": "Why"}
LABELS |= {"confirm": app_stop.LABELS["confirm"]}
CHOSEN = {"end_credentials": YES, "tell": YES}
SAID = "It is contained. Whoever was to be told gets a mail, and the audit trail has what it came to."


def routes(house: House) -> list[Route]:
    return [shows(house, app_tabs.PLACE, PATH, show), acts(house, app_tabs.PLACE, PATH, do, again)]


def show(visit: Visit) -> Shown:
    """How far the app reaches, and what would be done: asked before it is."""
    return _form(visit, _found(visit), Form(LABELS, CHOSEN))


def do(visit: Visit) -> RedirectResponse:
    """Do it, where the name was typed in."""
    found = _found(visit)
    if forms.text(visit.fields, "confirm") != found.app.api_name:
        raise forms.wrong("confirm", app_stop.NOT_THE_NAME)
    ends, tells = (visit.fields.get(name) == YES for name in CHOSEN)
    contain_app(visit.tx, visit.actor, ContainApp(found.app.id, forms.text(visit.fields, "reason"), ends, tells))
    return RedirectResponse(f"{app_tabs.address(found.app.id, ENDING)}?said=contained", SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _form(visit, _found(visit), form) if form is not None else None


def _found(visit: Visit) -> ListedApp:
    """The app, for who may contain it as it stands. Raises Refused."""
    permit(visit.actor, CONTAINS)
    found = app_reading.visible(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    if not app_tabs.may_rule(visit.actor, found):
        raise Refused(setup_reasons.STATE_CONFLICT, detail=f"This app is {found.state}, so there is nothing to contain.")
    return found


def _form(visit: Visit, found: ListedApp, form: Form) -> Shown:
    at_hand = containable(visit.tx, visit.actor, found.app.id)
    names = [*(each.name for each in at_hand.secrets), *(each.name for each in at_hand.certificates)]
    named = ", ".join(names)
    judged = exposures.of_app(visit.tx, visit.org, found.app.id)
    values = {
        "form": form,
        "held": found.state is AppState.BLOCKED,
        "reach": app_reach.of_app(visit.tx, visit.actor, found.app.id, visit.moments.zone),
        "credentials": len(names),
        "ends": f"For good: {named}.",
        "left": f"{named}.",
        "may_end": bool(names) and Permission.ROTATE_CONSUMER_CREDENTIALS in visit.actor.permissions,
        "tells": at_hand.told,
        "history": login_history.PLACE.path if login_history.PLACE.opens(visit.actor.permissions) else "",
        "exposures": len(judged.exposures) if judged is not None else 0,
        "said": SAID if visit.request.query_params.get("said") == "contained" else "",
    }
    return app_tabs.shown(visit, found, TAB, "app/contain.html", values, page=NAME, status=form.status)
