"""A request: who asks for what, how it came, and what an admin decides about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.oauth.consent import rights
from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.access_requests import ONCE, RequestKind, RequestState
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.access_requests import (
    ApproveOnce,
    ApproveRequest,
    BlockRequest,
    RefuseRequest,
    approve_once,
    approve_request,
    block_request,
    permitted_sets,
    refuse_request,
)
from gatebridge.setup.review_app import Review, review_app
from gatebridge.storage import access_requests, names
from gatebridge.storage.access_requests import ListedRequest
from gatebridge.web.console import forms, places, requests
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.requests import PLACE
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{PLACE.path}/{{request_id}}"
BLOCK = f"{PATH}/block"
LABELS = {"set_id": "By which permission set", "until": "Until when", "reason": "Why"}
BLOCK_LABELS = {"reason": "Why"}
USUAL = timedelta(days=90)  # what stands in the field to begin with, for a user whose approval must end
UNREADABLE = "Choose one of the buttons."


@dataclass(frozen=True, slots=True)
class Givable:
    """A permission set that may use the app, and until when it may."""

    set_id: str
    label: str
    ends_at: datetime | None


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PATH, show),
        acts(house, PLACE, PATH, decide, again),
        shows(house, PLACE, BLOCK, show_block),
        acts(house, PLACE, BLOCK, block, block_again),
    ]


def show(visit: Visit) -> Shown:
    """The request; while it waits, with the form that decides it."""
    found = _found(visit)
    return _page(visit, found, _form(visit, found))


def decide(visit: Visit) -> RedirectResponse:
    """Approve or refuse it, by the button that was pressed."""
    request_id, reason = visit.id_in_path("request_id", Prefix.REQUEST), forms.text(visit.fields, "reason")
    set_id = ids.parse(visit.fields.get("set_id", ""), Prefix.PERMISSION_SET)
    pressed = visit.fields.get("decision")
    if pressed == "approve":
        until = forms.moment(visit.fields, "until", visit.moments.zone)
        approve_request(visit.tx, visit.actor, ApproveRequest(request_id, until, set_id, reason))
    elif pressed == "once":
        approve_once(visit.tx, visit.actor, ApproveOnce(request_id, set_id, reason))
    elif pressed == "refuse":
        refuse_request(visit.tx, visit.actor, RefuseRequest(request_id, reason))
    else:
        raise forms.wrong("decision", UNREADABLE)
    return RedirectResponse(f"{requests.address_of(request_id)}?said={pressed}", SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed. What somebody else has decided meanwhile is shown instead, with who that was."""
    form = forms.again(Form(_labels(_found(visit)), {}), visit.fields, refused)
    return _page(visit, _found(visit), form) if form is not None else None


def show_block(visit: Visit) -> Shown:
    """What blocking its app would mean, and why: asked before it is done."""
    return _block_page(visit, Form(BLOCK_LABELS, {}))


def block(visit: Visit) -> RedirectResponse:
    """Block the app of the request."""
    request_id = visit.id_in_path("request_id", Prefix.REQUEST)
    block_request(visit.tx, visit.actor, BlockRequest(request_id, forms.text(visit.fields, "reason")))
    return RedirectResponse(f"{requests.address_of(request_id)}?said=block", SEE_OTHER)


def block_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(BLOCK_LABELS, {}), visit.fields, refused)
    return _block_page(visit, form) if form is not None else None


SAID = {
    "approve": "Approved. Whoever asked is told by mail.",
    "once": "Approved for the next 24 hours. Whoever asked is told by mail.",
    "refuse": "Refused. Whoever asked is told by mail, with your reason.",
    "block": "Blocked: the app gets nothing here, whoever comes with it, until somebody unblocks it.",
}


def _found(visit: Visit) -> ListedRequest:
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found = access_requests.by_id(visit.tx, visit.org.id, visit.id_in_path("request_id", Prefix.REQUEST))
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _labels(found: ListedRequest) -> dict[str, str]:
    of_user = found.request.kind is RequestKind.USER
    return {name: words for name, words in LABELS.items() if of_user or name != "set_id"}


def _form(visit: Visit, found: ListedRequest) -> Form:
    """For a user it begins with an end, since it needs one; an app may stay."""
    until = visit.tx.now + USUAL if found.request.kind is RequestKind.USER else None
    return Form(_labels(found), {"until": forms.moment_typed(until, visit.moments.zone)})


def _page(visit: Visit, found: ListedRequest, form: Form) -> Shown:
    request = found.request
    review = _review(visit, found)
    asked = request.scopes or (review.settings.scopes if review is not None else ())
    values: Mapping[str, object] = {
        "line": requests.line(visit, found),
        "rights": rights(asked, visit.org),
        "all_it_has": not request.scopes,
        "review": review,
        "form": form,
        "sets": _givable(visit, found),
        "undecided": request.state is RequestState.OPEN,
        "once_ends": visit.tx.now + ONCE,
        "own": request.user_id == visit.user.id and request.kind is RequestKind.USER,
        "said": SAID.get(visit.request.query_params.get("said", ""), "") if request.state is not RequestState.OPEN else "",
        "sees": [place.word for _, listed in places.visible(visit.actor.permissions) for place in listed],
    }
    return Shown("requests/one.html", values, ((PLACE.name, PLACE.path), (found.app or "Request", "")), form.status)


def _block_page(visit: Visit, form: Form) -> Shown:
    found = _found(visit)
    if found.request.kind is not RequestKind.APP or found.request.state is not RequestState.OPEN:
        # Whoever comes too late, or from nowhere, is told by the verb's own words once the form is sent; the page shows how it stands.
        return _page(visit, found, _form(visit, found))
    waiting = access_requests.page(
        visit.tx, visit.org.id, limit=101, state=RequestState.OPEN, kind=RequestKind.APP, app_id=found.request.app_id
    )
    values = {"line": requests.line(visit, found), "waiting": waiting, "form": form}
    crumbs = ((PLACE.name, PLACE.path), (found.app, requests.address_of(found.request.id)), ("Block the app", ""))
    return Shown("requests/block.html", values, crumbs, form.status)


def _review(visit: Visit, found: ListedRequest) -> Review | None:
    """The app as its publisher registered it; None where it is gone."""
    try:
        return review_app(visit.tx, visit.actor, found.consumer_key)
    except Refused:
        return None


def _givable(visit: Visit, found: ListedRequest) -> list[Givable]:
    request = found.request
    if request.kind is not RequestKind.USER:
        return []
    sets = permitted_sets(visit.tx, visit.org.id, request.app_id)
    labels = names.of_holders(visit.tx, visit.org.id, [each.holder_id for each in sets])
    return [Givable(ids.long(each.holder_id), labels.get(each.holder_id, ""), each.expires_at) for each in sets]
