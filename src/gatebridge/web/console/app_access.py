"""Access of an app: the profiles and permission sets whose holders may use it, each until when; and who loses it where one is removed."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.records.change import permit
from gatebridge.rules import ids
from gatebridge.rules.access_requests import RequestKind, RequestState
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.drafts import Draft
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Assignment
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import hit_list
from gatebridge.setup.assign_access import AssignAccess, RemoveAccess, assign_access, remove_access
from gatebridge.storage import access_requests, apps, installations, names, permission_sets, profiles
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web import reason_pages
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_ask, app_tabs, forms, places, questions
from gatebridge.web.console.app_policies_parts import PERMITTED
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

TAB = "access"
PATH = f"{app_tabs.PATH}/access"
ASSIGN = f"{PATH}/assign"
END = f"{PATH}/{{holder_id}}"
REMOVE = f"{END}/remove"
SAID = {
    "assigned": "Its holders may use the app.",
    "ends": "The end is saved.",
    "asked": "Your request waits. You get a mail when an admin has decided.",
    "removed": "Its holders may use the app no more; what they had of it is refused from now on.",
}
MOST_OFFERED = 100
MOST_HITS = 10
NO_END = "no end"
LABELS = {"holder_id": "Profile or permission set", "expires_at": "Until"}
KINDS = {Prefix.PROFILE: "Profile", Prefix.PERMISSION_SET: "Permission set"}


@dataclass(frozen=True, slots=True)
class Holder:
    """A profile or permission set that may use the app."""

    permit: Assignment
    name: str
    kind: str
    in_force: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """Somebody who would be refused the app."""

    name: str
    hit: hit_list.Hit
    words: str


def routes(house: House) -> list[Route]:
    place = app_tabs.PLACE
    return [
        shows(house, place, PATH, show),
        shows(house, place, ASSIGN, show_assign),
        acts(house, place, ASSIGN, assign, assign_again),
        shows(house, place, END, show_end),
        acts(house, place, END, change_end, end_again),
        shows(house, place, REMOVE, show_remove),
        acts(house, place, REMOVE, remove, remove_again),
    ]


def show(visit: Visit) -> Shown:
    """The list, and whether it counts at all."""
    found, installation_id = _found(visit)
    policies = installations.policies_of(visit.tx, visit.org.id, installation_id) or AppPolicies(installation_id)
    values = {
        "holders": _holders(visit, installation_id),
        "counts": policies.permitted_users is PermittedUsers.ADMIN_APPROVED,
        "permitted": next(each for each in PERMITTED if each.value == policies.permitted_users),
        "may_rule": app_tabs.may_rule(visit.actor, found),
        "explain": _explain(visit, found),
        "waiting": _waiting(visit, found),
        "ask": app_ask.address(visit, found, policies),
        "said": SAID.get(visit.request.query_params.get("said", ""), ""),
    }
    return app_tabs.shown(visit, found, TAB, "app/access.html", values)


def _waiting(visit: Visit, found: ListedApp) -> str:
    """The way to the requests of those who wait to be let into the app; empty where nobody does, or somebody else decides."""
    place = places.named("requests")
    wait = place.opens(visit.actor.permissions) and access_requests.page(
        visit.tx, visit.org.id, limit=1, state=RequestState.OPEN, kind=RequestKind.USER, app_id=found.app.id
    )
    return f"{place.path}?{urlencode({'q': found.app.consumer_key, 'kind': RequestKind.USER})}" if wait else ""


def _explain(visit: Visit, found: ListedApp) -> str:
    """The way to ask whether somebody would be let in, by the first flow of the app; empty where the reader cannot ask, or it has none."""
    place = places.named("explain-access")
    settings = apps.settings_of(visit.tx, found.app.org_id, found.app.id)
    flow = next((flow for flow in FLOWS if settings is not None and flow in settings.flows), None)
    asks = place.opens(visit.actor.permissions) and flow is not None
    return f"{place.path}?{urlencode({'app': ids.long(found.app.id), 'flow': flow})}" if asks else ""


def show_assign(visit: Visit) -> Shown:
    """Choose one more."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    return _assigning(visit, Form(LABELS, {}))


def assign(visit: Visit) -> Response:
    """Let its holders use the app."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found, _ = _found(visit)
    text = forms.text(visit.fields, "holder_id")
    if not text:
        raise forms.wrong("holder_id", "Choose a profile or a permission set.")
    until = questions.moment(visit, "expires_at", None)
    assign_access(visit.tx, visit.actor, AssignAccess(found.app.id, chosen(visit, text), until))
    return _back(found, "assigned")


def assign_again(visit: Visit, refused: Refused) -> Shown | None:
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _assigning(visit, form) if form is not None else None


def chosen(visit: Visit, text: str) -> str:
    """The profile or permission set that was chosen in a form. Raises Refused, at the field, where it is not there any more."""
    holder_id = ids.parse(text, Prefix.PROFILE) or ids.parse(text, Prefix.PERMISSION_SET)
    if holder_id is None or holder_id not in names.of_holders(visit.tx, visit.org.id, [holder_id]):
        raise forms.wrong("holder_id", "This one is not there any more. Choose another.")
    return holder_id


def show_end(visit: Visit) -> Shown:
    """Until when, for one that may use the app."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found, holder = _one(visit)
    return _ending(visit, found, holder, _end_form(visit, holder), _stood(holder))


def change_end(visit: Visit) -> Response:
    """Give it another end, or none. One that somebody else changed meanwhile is not written over unseen."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found, holder = _one(visit)
    if visit.fields.get("stood") != _stood(holder):
        raise Refused(setup_reasons.VERSION_STALE)
    moment = questions.moment(visit, "expires_at", holder.permit.expires_at)
    assign_access(visit.tx, visit.actor, AssignAccess(found.app.id, holder.permit.holder_id, moment))
    return _back(found, "ends")


def end_again(visit: Visit, refused: Refused) -> Shown | None:
    found, holder = _one(visit)
    form = forms.again(_end_form(visit, holder), visit.fields, refused)
    stood = _stood(holder) if refused.reason is setup_reasons.VERSION_STALE else visit.fields.get("stood", "")
    return _ending(visit, found, holder, form, stood) if form is not None else None


def show_remove(visit: Visit) -> Shown:
    """Who loses the app, asked before it is done."""
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found, holder = _one(visit)
    here = found.installation
    permits = installations.permits_of(visit.tx, visit.org.id, here.id) if here is not None else []
    left = tuple(each for each in permits if each.holder_id != holder.permit.holder_id)
    hits = hit_list.hit_by(visit.tx, visit.org.id, found.app.id, Draft(permits={found.app.id: left}))
    named = names.of_users(visit.tx, visit.org.id, {each.user_id for each in hits[:MOST_HITS]})
    values = {
        "holder": holder,
        "hits": [Hit(named.get(each.user_id, each.user_id), each, reason_pages.title_of(each.reason.code)) for each in hits[:MOST_HITS]],
        "number": len({each.user_id for each in hits}),
        "back": app_tabs.address(found.app.id, "/access"),
        "action": app_tabs.address(found.app.id, f"/access/{ids.long(holder.permit.holder_id)}/remove"),
    }
    return app_tabs.shown(visit, found, TAB, "app/access_remove.html", values, page="Remove access")


def remove(visit: Visit) -> Response:
    """Remove it. The page has shown whom it shuts out, so that sending its form confirms it."""
    found, holder = _one(visit)
    remove_access(visit.tx, visit.actor, RemoveAccess(found.app.id, holder.permit.holder_id, forms.confirmed(visit.fields)))
    return _back(found, "removed")


def remove_again(visit: Visit, refused: Refused) -> Shown | None:
    return show_remove(visit) if refused.reason is setup_reasons.LOCKS_OUT else None


def _assigning(visit: Visit, form: Form) -> Shown:
    found, installation_id = _found(visit)
    text = visit.request.query_params.get("q", "").strip()[:100].replace("\0", "")
    held = {each.holder_id for each in installations.permits_of(visit.tx, visit.org.id, installation_id)}
    sets = permission_sets.list_page(visit.tx, visit.org.id, after=None, limit=MOST_OFFERED, search=text)
    all_profiles = profiles.list_page(visit.tx, visit.org.id, after=None, limit=MOST_OFFERED, search=text)
    values = {
        "form": form,
        "text": text,
        "groups": [
            ("Permission sets", [(ids.long(each.id), each.label) for each in sets if each.id not in held]),
            ("Profiles", [(ids.long(each.id), each.name) for each in all_profiles if each.id not in held]),
        ],
        "many": max(len(sets), len(all_profiles)) == MOST_OFFERED,
        "action": app_tabs.address(found.app.id, "/access/assign"),
        "back": app_tabs.address(found.app.id, "/access"),
    }
    return app_tabs.shown(visit, found, TAB, "app/access_assign.html", values, page="Assign", status=form.status)


def _end_form(visit: Visit, holder: Holder) -> Form:
    typed = forms.moment_typed(holder.permit.expires_at, visit.moments.zone)
    return Form({"expires_at": LABELS["expires_at"]}, {"expires_at": typed})


def _stood(holder: Holder) -> str:
    """The end on which a form was begun, which stands in it: what lets holders in has no version."""
    return holder.permit.expires_at.isoformat() if holder.permit.expires_at is not None else NO_END


def _ending(visit: Visit, found: ListedApp, holder: Holder, form: Form, stood: str) -> Shown:
    back = app_tabs.address(found.app.id, "/access")
    values = {"form": form, "holder": holder, "stood": stood, "action": f"{back}/{ids.long(holder.permit.holder_id)}", "back": back}
    return app_tabs.shown(visit, found, TAB, "app/access_end.html", values, page=holder.name, status=form.status)


def _found(visit: Visit) -> tuple[ListedApp, str]:
    return app_reading.installed(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))


def _one(visit: Visit) -> tuple[ListedApp, Holder]:
    found, installation_id = _found(visit)
    holder_id = _parsed(visit.request.path_params["holder_id"])
    holder = next((each for each in _holders(visit, installation_id) if each.permit.holder_id == holder_id), None)
    if holder is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found, holder


def _holders(visit: Visit, installation_id: str) -> list[Holder]:
    permits = installations.permits_of(visit.tx, visit.org.id, installation_id)
    named = names.of_holders(visit.tx, visit.org.id, [each.holder_id for each in permits])
    return [
        Holder(each, named.get(each.holder_id, ids.long(each.holder_id)), _kind(each.holder_id), each.holds(visit.tx.now))
        for each in permits
    ]


def _kind(holder_id: str) -> str:
    return next(words for prefix, words in KINDS.items() if holder_id.startswith(prefix))


def _parsed(text: str) -> str:
    """The id of a profile or a permission set. Raises Refused for what is neither."""
    found = ids.parse(text, Prefix.PROFILE) or ids.parse(text, Prefix.PERMISSION_SET)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _back(found: ListedApp, said: str) -> RedirectResponse:
    return RedirectResponse(f"{app_tabs.address(found.app.id, '/access')}?{urlencode({'said': said})}", SEE_OTHER)
