"""The ways from how an app is set, gate by gate and exposure by exposure, to the form in which that is changed."""

from dataclasses import dataclass

from gatebridge.rules.exposures import Exposure
from gatebridge.rules.gates import Gate
from gatebridge.rules.gates_as_set import LOOSENS, GateAsSet, Stand
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.console import app_policies_parts, app_settings_parts, app_stop, app_tabs, strip
from gatebridge.web.console.desk import Visit

# Where on its tab each gate is set.
_SECTIONS = {
    Gate.CLIENT: "#proof",
    Gate.CALLBACK: "#callbacks",
    Gate.FLOW: "#flows",
    Gate.PKCE: "#pkce",
    Gate.PROOF: "#lifetimes",
    Gate.SCOPES: "#scopes",
    Gate.USER: "#who",
    Gate.NETWORK: "#network",
    Gate.SESSION: "#level",
    Gate.CONSENT: "#who",
    Gate.LIFETIME: "#lifetimes",
}

_STOPS = {Gate.APP: ("unblock", "restore", "block"), Gate.INSTALLED: ("install", "uninstall")}

# What the button says that leads to the setting of an exposure.
_VERBS = {
    "scopes": "Narrow",
    "flows": "Switch off",
    "callbacks": "Replace",
    "pkce_required": "Require",
    "require_secret_for_web_server": "Require",
    "require_secret_for_refresh": "Require",
    "permitted_users": "Narrow",
    "ip_relaxation": "Enforce",
    "ip_ranges": "Set ranges",
    "refresh_policies": "Shorten",
    "refresh_grace_seconds": "Shorten",
    "jwt_access_token_minutes": "Shorten",
    "authorization_code_seconds": "Shorten",
    "may_administer": "Take away",
    "introspect_all_tokens": "Take away",
    "requirement": "Require",
    "owner_id": "Transfer",
    "secrets": "Rotate",
    "certificates": "Replace",
}


# What is one setting and several questions is found at the first of them.
_ASKED_AS = {"requirement": "required_level"}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One exposure with the weight of its bar, the gate that it loosens, and the way to its setting.

    No gate: it is about who answers for the app, or a date. No address: who looks cannot change it, or another org decides.
    """

    exposure: Exposure
    weight: str
    gate: str
    verb: str
    address: str


def of_gate(visit: Visit, found: ListedApp, gate: GateAsSet) -> str:
    """Where a gate is set; empty where the reader can do nothing about it."""
    if gate.place == "overview":
        # The app itself, and that it is installed: what can become of it as it stands.
        offered = {stop.word for stop in app_stop.offered(visit, found)}
        word = next((word for word in _STOPS.get(gate.gate, ()) if word in offered), "")
        return app_tabs.address(found.app.id, f"/{word}") if word else ""
    # Secrets and certificates are credentials; that an app needs none is a setting.
    tab = "settings" if gate.place == "credentials" and gate.stand is Stand.OPEN else gate.place
    address = app_tabs.address_of_tab(found, visit.org.id, tab)
    return address + _SECTIONS.get(gate.gate, "") if address and tab != "credentials" else address


def weighed(visit: Visit, found: ListedApp, exposure: Exposure) -> Weighed:
    """An exposure as its line shows it."""
    gate = LOOSENS.get(exposure.code)
    weight = "heavy" if exposure.weight >= 3 else "medium" if exposure.weight == 2 else "light"
    name = exposure.field.rpartition(".")[2]
    address = _place_of(visit, found, exposure)
    return Weighed(exposure, weight, strip.name_of(gate) if gate is not None else "Care", _VERBS.get(name, "Change"), address)


def _place_of(visit: Visit, found: ListedApp, exposure: Exposure) -> str:
    """The form in which an exposure is closed, at its question; with the smaller setting filled in, where a machine can choose it."""
    place, _, name = exposure.field.partition(".")
    name = _ASKED_AS.get(name, name)
    app_id = found.app.id
    anchor = f"?smaller={exposure.code}#{name}" if exposure.mend else f"#{name}"
    if place == "policies":
        if not app_tabs.may_rule(visit.actor, found):
            return ""
        word = next((part.word for part in app_policies_parts.PARTS if name in part.labels), "")
        return app_tabs.address(app_id, f"/policies/{word}{anchor}") if word else ""
    if not app_tabs.may_edit(visit.actor, found):
        return ""
    if place == "settings":
        word = next((part.word for part in app_settings_parts.parts(visit.org) if name in part.labels), "")
        return app_tabs.address(app_id, f"/settings/{word}{anchor}") if word else ""
    if place == "app":
        return app_tabs.address(app_id, "/owner" if name == "owner_id" else f"/identity#{name}")
    return app_tabs.address_of_tab(found, visit.org.id, "credentials")
