"""The picture of an app: looked at, replaced and taken away. What is uploaded is drawn anew, and only that is ever shown (X-XS-02).

It stands in setup alone. A page that asks a user for anything shows no picture that an app has chosen.
"""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.set_logo import LARGEST_SIDE, LARGEST_UPLOAD, SHOWN_SIDE, SetLogo, set_logo
from gatebridge.storage import apps
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages
from gatebridge.web.api import app_reading
from gatebridge.web.api.app_logo import HEADERS
from gatebridge.web.browser import Browser
from gatebridge.web.console import app_tabs, desk, forms
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH, PICTURE = f"{app_tabs.PATH}/logo", f"{app_tabs.PATH}/logo.png"
FILE = "logo"
LABELS = {FILE: "Picture"}
NONE_CHOSEN = "Choose a picture on your computer."


def routes(house: House) -> list[Route]:
    return [
        shows(house, app_tabs.PLACE, PATH, show),
        shows(house, app_tabs.PLACE, PICTURE, picture),
        Route(PATH, door_pages.endpoint(house, partial(send, house)), methods=["POST"]),
    ]


def show(visit: Visit) -> Shown:
    """What stands for the app, and the form to change it."""
    found = _own(visit)
    app_tabs.ask_to_edit(visit.actor, found)
    return _shown(visit, found, Form(LABELS, {}, found.app.version))


def picture(visit: Visit) -> Response:
    """The picture itself, for whoever may see the app."""
    app = app_reading.visible(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP)).app
    found = apps.logo(visit.tx, app.org_id, app.id)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return Response(found, media_type="image/png", headers=HEADERS)


async def send(house: House, request: Request, browser: Browser) -> Response:
    """A form that has a file in it is read in its own way; what comes of it is done like every other."""
    fields, content = await browsers.read_upload(request, house, browser, FILE)
    return await run_in_threadpool(desk.done, house, app_tabs.PLACE, partial(save, content), again, request, browser, fields)


def save(content: bytes, visit: Visit) -> Response:
    """Keep what was chosen, or take away what is there."""
    found = _own(visit)
    app_tabs.ask_to_edit(visit.actor, found)
    removing = visit.fields.get("remove") == forms.YES
    if not removing and not content:
        raise forms.wrong(FILE, NONE_CHOSEN)
    set_logo(visit.tx, visit.actor, SetLogo(found.app.id, None if removing else content, forms.version(visit.fields)))
    return RedirectResponse(f"{app_tabs.address(found.app.id)}?said=picture", SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    """The form once more. A file that was chosen must be chosen again: no page can put it there."""
    found = _own(visit)
    form = forms.again(Form(LABELS, {}, found.app.version), visit.fields, refused)
    return _shown(visit, found, form) if form is not None else None


def _own(visit: Visit) -> ListedApp:
    return app_reading.own(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))


def _shown(visit: Visit, found: ListedApp, form: Form) -> Shown:
    back = app_tabs.address(found.app.id)
    values = {
        "form": form,
        "action": f"{back}/logo",
        "back": back,
        "largest": LARGEST_UPLOAD // 1024,
        "side": f"{LARGEST_SIDE:,}",
        "shown_side": SHOWN_SIDE,
    }
    return app_tabs.shown(visit, found, "overview", "app/logo.html", values, page="Picture", status=form.status)
