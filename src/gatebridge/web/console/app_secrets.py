"""Secrets of an app: one more, one in place of others, and the end of one. A value is on one page, once."""

from datetime import datetime

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.rules import app_checks, ids, lifetimes
from gatebridge.rules.apps import ConsumerSecret
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.rotate_secret import (
    AddSecret,
    NewSecret,
    RetireSecret,
    RotateSecret,
    add_secret,
    retire_secret,
    rotate_secret,
)
from gatebridge.storage import credentials
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.console import app_credentials, app_tabs, forms
from gatebridge.web.console.app_credentials import TAB, Uses, let_in, still_in, uses_of
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import YES, Form
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{app_credentials.PATH}/secrets"
NEW, ROTATE_ALL = f"{PATH}/new", f"{PATH}/rotate"
ROTATE, RETIRE = f"{PATH}/{{secret_id}}/rotate", f"{PATH}/{{secret_id}}/retire"

MORE = f"Allow up to {app_checks.MOST_LIVE_SECRETS_ON_REQUEST} live secrets"
ADD_LABELS = {"name": "Name", "expires_at": "Ends", "allow_more": MORE}
ROTATE_LABELS = {
    "overlap_hours": "The old one lives on for",
    "name": "Name of the new one",
    "expires_at": "The new one ends",
    "allow_more": MORE,
}
RETIRE_LABELS = {"typed_name": "Type the name of the secret to go on"}
OVERLAPS = (("0", "no time: it ends now"), ("1", "an hour"), ("24", "a day"), ("72", "three days"), ("168", "a week"), ("720", "30 days"))
NOT_THE_NAME = "This is not the name. Type it as it stands above, upper and lower case too."


def routes(house: House) -> list[Route]:
    place = app_tabs.PLACE
    return [
        shows(house, place, NEW, show_add),
        acts(house, place, NEW, add, add_again),
        shows(house, place, ROTATE_ALL, show_rotate),
        acts(house, place, ROTATE_ALL, rotate, rotate_again),
        shows(house, place, ROTATE, show_rotate),
        acts(house, place, ROTATE, rotate, rotate_again),
        shows(house, place, RETIRE, show_retire),
        acts(house, place, RETIRE, retire, retire_again),
    ]


def show_add(visit: Visit) -> Shown:
    """What the new one is to be called, and when it ends."""
    return _add_form(visit, let_in(visit), Form(ADD_LABELS, {}))


def add(visit: Visit) -> Shown:
    """Make it. The page that answers is the one on which it can be read."""
    found = let_in(visit)
    name, expires_at, more = _said(visit)
    return _made(visit, found, add_secret(visit.tx, visit.actor, AddSecret(found.app.id, name, expires_at, more)))


def add_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(ADD_LABELS, {}), visit.fields, refused)
    found = still_in(visit)
    return _add_form(visit, found, form) if form is not None and found is not None else None


def show_rotate(visit: Visit) -> Shown:
    """Which ones are replaced, how much they are in use, and how long they live on."""
    found = let_in(visit)
    return _rotate_form(visit, found, Form(ROTATE_LABELS, {"overlap_hours": str(lifetimes.DEFAULT_SECRET_OVERLAP_HOURS)}))


def rotate(visit: Visit) -> Shown:
    """Make the new one, and let the old ones end."""
    found = let_in(visit)
    name, expires_at, more = _said(visit)
    overlap = forms.number(visit.fields, "overlap_hours")
    if overlap is None:
        raise forms.wrong("overlap_hours", "Say how long the old one lives on.")
    command = RotateSecret(found.app.id, _named(visit), overlap, name, expires_at, more)
    return _made(visit, found, rotate_secret(visit.tx, visit.actor, command))


def rotate_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(ROTATE_LABELS, {}), visit.fields, refused)
    found = still_in(visit)
    return _rotate_form(visit, found, form) if form is not None and found is not None else None


def show_retire(visit: Visit) -> Shown:
    """What it is used for, and what would be left."""
    return _retire_form(visit, let_in(visit), Form(RETIRE_LABELS, {}))


def retire(visit: Visit) -> Response:
    """End it. One that is in use, or the last one, only by whoever types its name."""
    found = let_in(visit)
    secret, uses = _one(visit, found), uses_of(visit, found)
    if _weighty(visit, found, secret, uses) and forms.text(visit.fields, "typed_name") != secret.name:
        raise forms.wrong("typed_name", NOT_THE_NAME)
    retire_secret(visit.tx, visit.actor, RetireSecret(found.app.id, secret.id))
    return RedirectResponse(f"{_back(found)}?said=secret-retired", SEE_OTHER)


def retire_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(RETIRE_LABELS, {}), visit.fields, refused)
    found = still_in(visit)
    return _retire_form(visit, found, form) if form is not None and found is not None else None


def _said(visit: Visit) -> tuple[str, datetime | None, bool]:
    ends = forms.moment(visit.fields, "expires_at", visit.moments.zone)
    return forms.text(visit.fields, "name"), ends, visit.fields.get("allow_more") == YES


def _named(visit: Visit) -> str | None:
    """The secret in the address; None: all of the app."""
    return visit.id_in_path("secret_id", Prefix.SECRET) if "secret_id" in visit.request.path_params else None


def _one(visit: Visit, found: ListedApp) -> ConsumerSecret:
    secret_id = _named(visit)
    secret = next((each for each in credentials.secrets_of(visit.tx, visit.org.id, found.app.id) if each.id == secret_id), None)
    if secret is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return secret


def _live(visit: Visit, found: ListedApp) -> list[ConsumerSecret]:
    every = credentials.secrets_of(visit.tx, visit.org.id, found.app.id)
    return [each for each in every if each.live(visit.tx.now) and each.try_id is None]


def _weighty(visit: Visit, found: ListedApp, secret: ConsumerSecret, uses: Uses) -> bool:
    others = [each for each in _live(visit, found) if each.id != secret.id]
    return secret.live(visit.tx.now) and (not others or uses.in_use(secret.id, visit.tx.now))


def _add_form(visit: Visit, found: ListedApp, form: Form) -> Shown:
    values = {"form": form, "live": _live(visit, found), "limit": app_checks.MOST_LIVE_SECRETS, "zone": visit.user.timezone}
    return _shown(visit, found, "app/secret_new.html", values | _ways(found, "new"), "Add a secret", form.status)


def _rotate_form(visit: Visit, found: ListedApp, form: Form) -> Shown:
    secret = _one(visit, found) if _named(visit) is not None else None
    live = _live(visit, found)
    values = {
        "form": form,
        "replaced": [secret] if secret is not None else live,
        "live": live,
        "limit": app_checks.MOST_LIVE_SECRETS,
        "overlaps": OVERLAPS,
        "uses": uses_of(visit, found),
        "zone": visit.user.timezone,
    }
    onward = f"{ids.long(secret.id)}/rotate" if secret is not None else "rotate"
    return _shown(visit, found, "app/secret_rotate.html", values | _ways(found, onward), "Rotate", form.status)


def _retire_form(visit: Visit, found: ListedApp, form: Form) -> Shown:
    secret, uses = _one(visit, found), uses_of(visit, found)
    values = {
        "form": form,
        "kind": "secret",
        "record": secret,
        "uses": uses,
        "others": [each for each in _live(visit, found) if each.id != secret.id],
        "weighty": _weighty(visit, found, secret, uses),
    }
    ways = _ways(found, f"{ids.long(secret.id)}/retire")
    return _shown(visit, found, "app/credential_retire.html", values | ways, f"Retire {secret.name}", form.status)


def _made(visit: Visit, found: ListedApp, made: NewSecret) -> Shown:
    values = {"made": made.record, "secret": made.secret.reveal(), "ending": made.ending, "back": _back(found)}
    return _shown(visit, found, "app/secret_made.html", values, "The new secret", 200)


def _shown(visit: Visit, found: ListedApp, template: str, values: dict[str, object], page: str, status: int) -> Shown:
    return app_tabs.shown(visit, found, TAB, template, values, page=page, status=status)


def _back(found: ListedApp) -> str:
    return app_tabs.address(found.app.id, "/credentials")


def _ways(found: ListedApp, onward: str) -> dict[str, object]:
    return {"action": f"{_back(found)}/secrets/{onward}", "back": _back(found)}
