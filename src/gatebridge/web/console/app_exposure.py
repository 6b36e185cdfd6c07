"""One exposure of an app: how it is set, why that matters, what smaller setting would do; and who answers for it, until when."""

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.monitoring import exposures
from gatebridge.records.change import permit
from gatebridge.rules.exposures import ACCEPTED_BY_POLICY, Exposure
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.loosenings import AcceptExposure, WithdrawLoosening, accept_exposure, withdraw_loosening
from gatebridge.storage import names
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_tabs, app_ways, forms, questions
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{app_tabs.PATH}/exposures/{{exposure}}"
WITHDRAW = f"{PATH}/withdraw"
LABELS = {"reason": "Why it is meant", "ends_at": "Until"}


def routes(house: House) -> list[Route]:
    place = app_tabs.PLACE
    return [shows(house, place, PATH, show), acts(house, place, PATH, accept, again), acts(house, place, WITHDRAW, withdraw)]


def show(visit: Visit) -> Shown:
    """The exposure, for who may see the app."""
    found, exposure = _found(visit)
    return _shown(visit, found, exposure, _form(visit, exposure))


def accept(visit: Visit) -> Response:
    """Answer for it until then. At that moment it closes by itself, where a machine can close it."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found, exposure = _found(visit)
    ends_at = questions.moment(visit, "ends_at", exposure.accepted.ends_at if exposure.accepted is not None else None)
    if ends_at is None:
        raise forms.wrong("ends_at", "Say until when.")
    accept_exposure(visit.tx, visit.actor, AcceptExposure(found.app.id, exposure.code, forms.text(visit.fields, "reason"), ends_at))
    return RedirectResponse(f"{app_tabs.address(found.app.id)}?said=accepted", SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    found, exposure = _found(visit)
    form = forms.again(_form(visit, exposure), visit.fields, refused)
    return _shown(visit, found, exposure, form) if form is not None else None


def withdraw(visit: Visit) -> Response:
    """Answer for it no more."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found, exposure = _found(visit)
    if exposure.accepted is None or exposure.accepted.loosening_id is None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="Nobody answers for this exposure now.")
    withdraw_loosening(visit.tx, visit.actor, WithdrawLoosening(found.app.id, exposure.accepted.loosening_id))
    return RedirectResponse(f"{app_tabs.address(found.app.id)}?said=withdrawn", SEE_OTHER)


def _form(visit: Visit, exposure: Exposure) -> Form:
    accepted = exposure.accepted
    values = {
        "reason": accepted.reason if accepted is not None else "",
        "ends_at": forms.moment_typed(accepted.ends_at if accepted is not None else None, visit.moments.zone),
    }
    return Form(LABELS, values)


def _shown(visit: Visit, found: ListedApp, exposure: Exposure, form: Form) -> Shown:
    accepted = exposure.accepted
    by = accepted.by if accepted is not None else None
    address = app_tabs.address(found.app.id, f"/exposures/{exposure.code}")
    values = {
        "exposure": exposure,
        "weighed": app_ways.weighed(visit, found, exposure),
        "by": names.of_users(visit.tx, visit.org.id, {by} if by else ()).get(by or "", ""),
        "by_itself": bool(exposure.mend),
        "form": form,
        "accepts": app_tabs.may_rule(visit.actor, found) and exposure.code != ACCEPTED_BY_POLICY,
        "action": address,
        "back": app_tabs.address(found.app.id),
    }
    return app_tabs.shown(visit, found, "overview", "app/exposure.html", values, page="Exposure", status=form.status)


def _found(visit: Visit) -> tuple[ListedApp, Exposure]:
    found, _ = app_reading.installed(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    judged = exposures.of_app(visit.tx, visit.org, found.app.id)
    exposure = judged.of(visit.request.path_params["exposure"]) if judged is not None else None
    if exposure is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found, exposure
