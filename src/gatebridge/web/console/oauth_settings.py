"""OAuth Settings: which flows any app of the org may have, and the scopes that the org added, with the sentences that people agree to."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.routing import Route

from gatebridge.rules import org_checks, scopes
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.storage import org_figures
from gatebridge.storage.org_figures import NamedApp
from gatebridge.web.console import forms, org_forms, places
from gatebridge.web.console.desk import Shown, Visit
from gatebridge.web.console.org_forms import Sheet
from gatebridge.web.console.questions import Part, Question
from gatebridge.web.house import House

PLACE = places.named("oauth-settings")
SWITCHED = (
    (Flow.DEVICE, "Device flow", "For what has no browser. People type a code, so they can be talked into typing that of somebody else."),
    (Flow.USER_AGENT, "User-agent flow", "The legacy form, with the token in the address: histories, proxies and pages can read it."),
)
FLOWS = Part(
    "flows",
    "Flows",
    (
        Question("yes", "device_flow", "Apps may use the device flow", "Each app must be allowed it as well. " + SWITCHED[0][2]),
        Question("yes", "user_agent_flow", "Apps may use the user-agent flow", "Each app must be allowed it as well. " + SWITCHED[1][2]),
    ),
    lede="Two flows are off until somebody wants them. All others are a matter of each app's settings.",
    means=(
        "Switched off, every app that has the flow gets nothing more by it: its requests are refused from the next one on.",
        "What it holds already is not used by this flow any more; revoke it on the app's page, where it is to end.",
    ),
)
NO_CLAIM = "Write a scope, the claim, an equals sign and where its value comes from, such as ledger_read cost_centre = user.external_id."
SCOPES = Part(
    "scopes",
    "Scopes and claims",
    (
        Question(
            "lines",
            "custom_scopes",
            "Scopes of your own",
            "One on each line: its name, then the sentence that people agree to. For instance: ledger_read Read your ledger",
        ),
        Question(
            "lines",
            "scope_claims",
            "Claims that scopes make known",
            "One on each line, of your own scopes or the built-in ones. For instance: ledger_read cost_centre = user.external_id",
        ),
    ),
    means=(
        "Apps that have a scope which is taken away: they get it no more, and a request that names it is refused.",
        "Who agreed to a sentence is not asked again when it is worded anew, so change what it says only as far as it means the same.",
        f"At most {org_checks.MOST_CUSTOM_SCOPES} scopes, and {org_checks.LONGEST_CONSENT_SENTENCE} characters to a sentence.",
    ),
)


@dataclass(frozen=True, slots=True)
class Switch:
    """One of the flows that are off until they are wanted, and the apps that have it in their settings."""

    flow: Flow
    name: str
    means: str
    on: bool
    apps: list[NamedApp]


@dataclass(frozen=True, slots=True)
class CustomScope:
    """A scope of the org's own: its sentence, and the apps that have it."""

    name: str
    sentence: str
    apps: list[NamedApp]


def _read_scopes(fields: Mapping[str, str], name: str) -> tuple[tuple[str, str], ...]:
    parts = (line.partition(" ") for line in forms.lines(fields, name))
    return tuple((scope, sentence.strip()) for scope, _, sentence in parts)


def _read_claims(fields: Mapping[str, str], name: str) -> tuple[tuple[str, str, str], ...]:
    found = []
    problems = []
    for place, line in enumerate(forms.lines(fields, name)):
        named, _, expression = line.partition("=")
        scope, _, claim = named.strip().partition(" ")
        found.append((scope, claim.strip(), expression.strip()))
        if not all(found[-1]):
            problems.append(FieldProblem(f"{name}.{place}", NO_CLAIM))
    if problems:
        raise Refused(setup_reasons.FIELD_INVALID, fields=tuple(problems))
    return tuple(found)


def _flows(org: Org) -> dict[str, str]:
    settings = org.settings
    return {"device_flow": org_forms.box_typed(settings.device_flow), "user_agent_flow": org_forms.box_typed(settings.user_agent_flow)}


def _scopes(org: Org) -> dict[str, str]:
    settings = org.settings
    return {
        "custom_scopes": "\n".join(f"{name} {sentence}" for name, sentence in settings.custom_scopes),
        "scope_claims": "\n".join(f"{scope} {claim} = {expression}" for scope, claim, expression in settings.scope_claims),
    }


SHEETS = (
    Sheet(PLACE, FLOWS, _flows, {"device_flow": org_forms.yes, "user_agent_flow": org_forms.yes}),
    Sheet(PLACE, SCOPES, _scopes, {"custom_scopes": _read_scopes, "scope_claims": _read_claims}),
)


def routes(house: House) -> list[Route]:
    return org_forms.routes_of(house, PLACE, show, *SHEETS)


def show(visit: Visit) -> Shown:
    """Switches and scopes, each with the apps that hang from it."""
    org_forms.let_in(visit)
    org = visit.org
    by_flow = org_figures.apps_by_flow(visit.tx, org.id, [flow for flow, _, _ in SWITCHED])
    by_scope = org_figures.apps_by_scope(visit.tx, org.id, [name for name, _ in org.settings.custom_scopes])
    values = {
        "switches": [Switch(flow, name, means, not org.switched_off(flow), by_flow[flow]) for flow, name, means in SWITCHED],
        "scopes": [CustomScope(name, sentence, by_scope[name]) for name, sentence in org.settings.custom_scopes],
        "built_in": tuple(scopes.CATALOGUE.values()),
    }
    return org_forms.shown(visit, PLACE, "oauth_settings/page.html", values)
