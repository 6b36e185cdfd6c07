"""Try it: what was shown of each flow of an app, and the form that begins a run of one."""

from collections.abc import Mapping

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.monitoring import validation
from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules import ids, tries
from gatebridge.rules import validation as rules
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.tries import Expected, Wrong
from gatebridge.setup.try_flow import StartTry, start_try
from gatebridge.storage import apps
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_tabs, forms
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

TAB = "try"
PATH = f"{app_tabs.PATH}/try"
LABELS = {
    "flow": "Which flow",
    "expected": "What it is to end with",
    "wrong": "What is sent wrongly",
    "scopes": "Scopes",
    "user": "For whom",
}
# How a run of each flow goes, for whoever chooses one.
GOES = {
    Flow.WEB_SERVER: "You sign in and approve at a browser; the app exchanges the code for tokens.",
    Flow.REFRESH_TOKEN: "As the web server flow, or that of a device, and then the app refreshes its tokens.",
    Flow.USER_AGENT: "You sign in and approve at a browser; the token comes back in its address.",
    Flow.DEVICE: "The device asks for a code; you enter it at a browser and approve.",
    Flow.JWT_BEARER: "The app signs that it acts for a user, with a key that is made for the run.",
    Flow.CLIENT_CREDENTIALS: "The app asks for a token of its own, as its run-as user.",
}
EXPECTED = (
    (Expected.SUCCESS.value, "It works", "Every step goes through, and the token is used once."),
    (Expected.REFUSAL.value, "It is refused, on purpose", "Something is sent wrongly, and the gate that must say no does."),
)
WRONGLY = {
    Wrong.SECRET: "A secret that was never handed out",
    Wrong.KEY: "An assertion that another key has signed",
    Wrong.VERIFIER: "A verifier that does not fit the challenge",
    Wrong.TOKEN: "A refresh token that was never handed out",
    Wrong.DEVICE_CODE: "A device code that was never handed out",
    Wrong.SCOPE: "A scope that does not exist",
}
ENDED = "The run is over. Its credential, and every token and grant that it had got, have ended."


def routes(house: House) -> list[Route]:
    return [shows(house, app_tabs.PLACE, PATH, show), acts(house, app_tabs.PLACE, PATH, begin, again)]


def show(visit: Visit) -> Shown:
    """The form, for who may make credentials of the app; what to try next is chosen already."""
    found, settings = found_for_trying(visit)
    signed_in_lately(visit.tx, visit.actor)
    missing = rules.next_of(validation.of_app(visit.tx, found.app))
    query = visit.request.query_params
    flow, refusal = missing if missing is not None else (next(iter(_flows(settings)), ("", ""))[0], False)
    values = {
        "flow": query.get("flow", str(flow)),
        "expected": query.get("expected", (Expected.REFUSAL if refusal else Expected.SUCCESS).value),
    }
    return _page(visit, found, settings, Form(LABELS, values))


def begin(visit: Visit) -> RedirectResponse:
    """Begin a run, and go to its page."""
    app_id = visit.id_in_path("app_id", Prefix.APP)
    app_reading.own(visit.tx, visit.actor, app_id)
    run = start_try(visit.tx, visit.actor, _command(app_id, visit.fields))
    return RedirectResponse(address_of(app_id, run.id), SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was chosen."""
    found, settings = found_for_trying(visit)
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _page(visit, found, settings, form) if form is not None else None


def found_for_trying(visit: Visit) -> tuple[ListedApp, AppSettings]:
    """The app of the address, of this org, for who may make credentials. Raises Refused."""
    permit(visit.actor, Permission.ROTATE_CONSUMER_CREDENTIALS)
    found = app_reading.own(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    settings = apps.settings_of(visit.tx, visit.org.id, found.app.id)
    if settings is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found, settings


def address_of(app_id: str, try_id: str) -> str:
    """The page of a run."""
    return f"{app_tabs.address(app_id, '/try')}/{ids.long(try_id)}"


def _command(app_id: str, fields: Mapping[str, str]) -> StartTry:
    """What the form asks for. Raises Refused for what is not among its choices."""
    flow = next((flow for flow in Flow if flow.value == fields.get("flow")), None)
    if flow is None:
        raise forms.wrong("flow", "Choose the flow that is to be tried.")
    expected = Expected.REFUSAL if fields.get("expected") == Expected.REFUSAL else Expected.SUCCESS
    typed = fields.get("wrong", "")
    wrong = next((wrong for wrong in Wrong if wrong.value == typed), None)
    if typed and wrong is None:
        raise forms.wrong("wrong", "Choose one of the list.")
    scopes = forms.text(fields, "scopes").split()
    return StartTry(app_id, flow, expected, wrong, tuple(scopes) if scopes else None, forms.text(fields, "user") or None)


def _flows(settings: AppSettings) -> list[tuple[str, str, str]]:
    return [(flow.value, words, GOES[flow]) for flow, words in FLOWS.items() if flow in settings.flows]


def _wrongly(settings: AppSettings) -> list[tuple[str, str]]:
    possible = {each.wrong for flow in settings.flows for each in tries.failings(settings, flow)}
    return [("", "What says most about the flow"), *((wrong.value, words) for wrong, words in WRONGLY.items() if wrong in possible)]


def _page(visit: Visit, found: ListedApp, settings: AppSettings, form: Form) -> Shown:
    values = {
        "form": form,
        "flows": _flows(settings),
        "flow_names": FLOWS,
        "expected": EXPECTED,
        "wrongly": _wrongly(settings),
        "shown": validation.of_app(visit.tx, found.app),
        "sees_receipts": app_tabs.sees_receipts(visit.actor, found),
        "here": app_tabs.address(found.app.id, "/try"),
        "me": visit.user.username,
        "said": ENDED if visit.request.query_params.get("said") == "ended" else "",
    }
    return app_tabs.shown(visit, found, TAB, "try_it/ways.html", values, status=form.status)
