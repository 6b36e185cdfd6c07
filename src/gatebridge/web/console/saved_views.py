"""Saved views: the form that names one, and the page on which one's own are gone back to and deleted."""

from urllib.parse import urlencode

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.rules import ids
from gatebridge.rules import saved_views as rules
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.saved_views import SavedView
from gatebridge.setup.saved_views import DeleteView, SaveView, delete_view, save_view
from gatebridge.storage import saved_views
from gatebridge.web.console import forms, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.console.places import Place
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

# Everybody's own, so it has no place in the navigation: the lists lead here.
PLACE = Place("saved-views", "Saved views", "/setup/saved-views", "", places.HOME.needs)
NEW = f"{PLACE.path}/new"
DELETE = f"{PLACE.path}/{{view_id}}/delete"
LABELS = {"name": "Name", "view": "View"}
DELETED = "The view is forgotten. The list is as it was."


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        shows(house, PLACE, NEW, show_new),
        acts(house, PLACE, NEW, save, again),
        acts(house, PLACE, DELETE, delete),
    ]


def show(visit: Visit) -> Shown:
    """One's own views, by list."""
    found = saved_views.of_user(visit.tx, visit.org.id, visit.user.id)
    said = DELETED if visit.request.query_params.get("said") == "deleted" else ""
    views = [(each, called(each), f"{PLACE.path}/{ids.long(each.id)}/delete") for each in found]
    return Shown("saved_views/list.html", {"views": views, "said": said}, ((PLACE.name, ""),))


def show_new(visit: Visit) -> Shown:
    """What to call it. An address that is no view of a list is not offered to be saved."""
    view = visit.request.query_params.get("view", "")
    if not rules.path_of(view):
        raise Refused(setup_reasons.FIELD_INVALID, detail=rules.NO_VIEW)
    return _form(Form(LABELS, {"view": view}))


def save(visit: Visit) -> RedirectResponse:
    """Save it, and go back to the list."""
    saved = save_view(visit.tx, visit.actor, SaveView(forms.text(visit.fields, "name"), forms.text(visit.fields, "view")))
    return RedirectResponse(saved.address, SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed; a view that is none is not to be mended here."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    return _form(form) if form is not None and rules.path_of(form.value("view")) else None


def delete(visit: Visit) -> RedirectResponse:
    """Forget it."""
    delete_view(visit.tx, visit.actor, DeleteView(visit.id_in_path("view_id", Prefix.SAVED_VIEW)))
    return RedirectResponse(f"{PLACE.path}?{urlencode({'said': 'deleted'})}", SEE_OTHER)


def called(view: SavedView) -> str:
    """What its list is called: the place by which it is found."""
    within = [each for each in places.PLACES if view.path == each.path or view.path.startswith(f"{each.path}/")]
    return max(within, key=lambda each: len(each.path)).name


def _form(form: Form) -> Shown:
    values = {"form": form, "here": NEW, "back": form.value("view"), "longest": rules.LONGEST_NAME}
    return Shown("saved_views/new.html", values, ((PLACE.name, PLACE.path), ("Save a view", "")), form.status)
