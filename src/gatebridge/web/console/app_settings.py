"""Settings of an app: what its developer owns, to be read in one page, and edited in a form for each part."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.oauth import consent
from gatebridge.rules.app_settings import AppSettings, Flow, TokenFormat
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.scopes import CATALOGUE
from gatebridge.setup.edit_settings import EditSettings, edit_settings
from gatebridge.storage import apps
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.console import app_forms, app_settings_parts, app_tabs, forms, register_callback
from gatebridge.web.console.app_forms import Sheet
from gatebridge.web.console.app_settings_parts import PROOF_OPTIONS, PROOFS, proof_of
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.login_history import FLOWS
from gatebridge.web.console.questions import Part
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

TAB = "settings"
PATH = f"{app_tabs.PATH}/settings"
PART = f"{PATH}/{{part}}"
SAID = {"saved": "The settings are saved."}

_SWITCHES = (
    *("native", "pkce_required", "require_secret_for_web_server", "require_secret_for_refresh", "rotate_refresh_tokens"),
    *("introspect_all_tokens", "legacy_audience"),
)
_TEXTS = ("full_scope_reason", "audience", "backchannel_logout_uri")
_LISTS = ("callbacks", "assertion_audiences", "post_logout_redirect_uris")


def routes(house: House) -> list[Route]:
    place = app_tabs.PLACE
    return [shows(house, place, PATH, show), shows(house, place, PART, show_part), acts(house, place, PART, save, again)]


def show(visit: Visit) -> Shown:
    """Everything that is set, for who may see the app."""
    found = _found(visit)
    settings = _settings(visit, found)
    proof = proof_of(settings)
    known = visit.org.custom_scopes.union(CATALOGUE)
    values = {
        "settings": settings,
        "flows": [FLOWS[flow] for flow in FLOWS if flow in settings.flows],
        "switched_off": [FLOWS[flow] for flow in FLOWS if flow in settings.flows and visit.org.switched_off(flow)],
        "proof": next(option for option in PROOF_OPTIONS if option.value == proof),
        "rights": consent.rights(tuple(each for each in settings.scopes if each in known), visit.org),
        "gone": [each for each in settings.scopes if each not in known],
        "edit": app_tabs.address(found.app.id, "/settings/") if app_tabs.may_edit(visit.actor, found) else "",
        "said": SAID.get(visit.request.query_params.get("said", ""), ""),
    }
    return app_tabs.shown(visit, found, TAB, "app/settings.html", values)


def show_part(visit: Visit) -> Shown:
    """One part as a form."""
    sheet = _sheet(visit)
    app_tabs.ask_to_edit(visit.actor, sheet.found)
    settings = _settings(visit, sheet.found)
    callbacks = register_callback.wanted(visit, settings)
    if callbacks:
        return app_forms.show(visit, sheet, _typed(replace(settings, callbacks=callbacks), sheet.part), register_callback.FILLED)
    smaller = app_forms.mend(visit, sheet).settings
    return app_forms.show(visit, sheet, _typed(replace(settings, **smaller), sheet.part) if smaller else None)


def save(visit: Visit) -> Response:
    """Save one part; the others stay as they are."""
    sheet = _sheet(visit)
    app_tabs.ask_to_edit(visit.actor, sheet.found)
    given = {question.name: _read(visit.fields, sheet.part, question.name) for question in sheet.part.questions}
    version = forms.version(visit.fields)
    edit_settings(visit.tx, visit.actor, EditSettings(app_id=sheet.found.app.id, expected_version=version, **given))
    return RedirectResponse(f"{sheet.back}?said=saved", SEE_OTHER)


def again(visit: Visit, refused: Refused) -> Shown | None:
    return app_forms.again(visit, _sheet(visit), refused)


def _found(visit: Visit) -> ListedApp:
    return app_reading.own(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))


def _settings(visit: Visit, found: ListedApp) -> AppSettings:
    settings = apps.settings_of(visit.tx, visit.org.id, found.app.id)
    if settings is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return settings


def _sheet(visit: Visit) -> Sheet:
    found = _found(visit)
    settings = _settings(visit, found)
    word = visit.request.path_params["part"]
    part = next((part for part in app_settings_parts.parts(visit.org) if part.word == word), None)
    if part is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    back = app_tabs.address(found.app.id, "/settings")
    return Sheet(found, TAB, part, _typed(settings, part), settings.version, f"{back}/{part.word}", back)


def _typed(settings: AppSettings, part: Part) -> dict[str, str]:
    """What stands in the form of a part."""
    typed = {name: forms.YES for name in _SWITCHES if getattr(settings, name)}
    typed |= {name: getattr(settings, name) for name in _TEXTS}
    typed |= {name: "\n".join(getattr(settings, name)) for name in _LISTS}
    typed["auth_methods"] = proof_of(settings)
    typed["access_token_format"] = settings.access_token_format
    typed["signing_algorithm"] = settings.signing_algorithm
    typed["id_token_minutes"] = str(settings.id_token_minutes)
    typed["custom_attributes"] = "\n".join(f"{name} = {text}" for name, text in settings.custom_attributes)
    for name in ("flows", "scopes"):
        if name in part.labels:
            typed |= part.question(name).ticks(str(each) for each in getattr(settings, name))
    return typed


def _read(fields: Mapping[str, str], part: Part, name: str) -> Any:
    """What was typed for one question, as the verb takes it. Raises Refused where it cannot even be read."""
    if name in _SWITCHES:
        return forms.text(fields, name) == forms.YES
    if name in _LISTS:
        return tuple(forms.lines(fields, name))
    return _READ[name](fields, part) if name in _READ else forms.text(fields, name)


def _minutes(fields: Mapping[str, str], _: Part) -> int:
    return forms.number(fields, "id_token_minutes") or 0


def _format(fields: Mapping[str, str], _: Part) -> TokenFormat:
    return TokenFormat.JWT if forms.text(fields, "access_token_format") == TokenFormat.JWT else TokenFormat.OPAQUE


def _pairs(fields: Mapping[str, str], _: Part) -> tuple[tuple[str, str], ...]:
    cut = (line.partition("=") for line in forms.lines(fields, "custom_attributes"))
    return tuple((name.strip(), text.strip()) for name, _, text in cut)


_READ: Mapping[str, Callable[[Mapping[str, str], Part], Any]] = {
    "flows": lambda fields, part: frozenset(Flow(each) for each in part.question("flows").ticked(fields)),
    "scopes": lambda fields, part: tuple(part.question("scopes").ticked(fields)),
    "auth_methods": lambda fields, _: PROOFS.get(forms.text(fields, "auth_methods"), frozenset()),
    "access_token_format": _format,
    "id_token_minutes": _minutes,
    "custom_attributes": _pairs,
}
