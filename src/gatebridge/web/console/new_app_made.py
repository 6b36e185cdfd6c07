"""The end of the new-app wizard: all that was answered becomes an app in one transaction, and its secret is shown, once."""

from dataclasses import dataclass
from functools import partial

from gatebridge.oauth import consent
from gatebridge.rules import app_checks, callbacks, first_token
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import App, AppCertificate
from gatebridge.rules.client_values import NEW_KEY
from gatebridge.rules.first_token_caller import AUTHORIZE, DEVICE, TOKEN, Caller
from gatebridge.rules.permissions import Permission
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.create_app import CreatedApp, create_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.web.console import app_tabs, new_app_steps, places
from gatebridge.web.console.desk import Shown, Visit
from gatebridge.web.console.new_app_steps import Draft

FIRST_CERTIFICATE = "First certificate"


@dataclass(frozen=True, slots=True)
class ToDo:
    """One thing that comes next. `needed`: without it nobody gets a token."""

    words: str
    verb: str
    address: str
    needed: bool


def make(visit: Visit, draft: Draft, steps: list[tuple[str, bool]]) -> Shown:
    """Register it, with what an admin answered beside, and show what cannot be read again. Raises Refused; then nothing was made."""
    made = create_app(visit.tx, visit.actor, new_app_steps.command_of(visit, draft))
    holder = _ruled(visit, draft, made.app) if new_app_steps.rules_apps(visit) else None
    certificate = _certified(visit, draft, made.app)
    app = made.app
    values: dict[str, object] = {
        "kind": draft.kind,
        "steps": steps,
        "app": app,
        "settings": made.settings,
        "secret": made.secret.reveal() if made.secret is not None else "",
        "rights": consent.rights(made.settings.scopes, visit.org),
        "certificate": certificate,
        "new_key": NEW_KEY if draft.kind.signs and certificate is None else "",
        "code": first_token.in_code(_caller(visit, draft, made, certificate)),
        "app_path": app_tabs.address(app.id),
        "flow": _first_flow(made),
        "may_try": may_try(visit),
        "to_do": _to_do(visit, draft, made, holder, certificate),
        "endpoints": _endpoints(visit, draft),
    }
    place = places.named("apps")
    return Shown("new_app/made.html", values, ((place.name, place.path), ("New app", "")))


def may_try(visit: Visit) -> bool:
    """Whether a run of Try it is offered; its verb asks for itself."""
    return Permission.ROTATE_CONSUMER_CREDENTIALS in visit.actor.permissions


def _first_flow(made: CreatedApp) -> Flow:
    """The flow by which it gets its first token."""
    return next(iter(made.settings.flows - {Flow.REFRESH_TOKEN}))


def _ruled(visit: Visit, draft: Draft, app: App) -> str | None:
    """What an admin decides: the policies of its kind, and who may use it."""
    run_as = new_app_steps.run_as_of(visit, draft)
    ranges = new_app_steps.ranges_of(visit, draft)
    if draft.kind.policies or run_as is not None or ranges:
        # Nobody uses it yet whom this could shut out.
        policies = EditPolicies(app.id, run_as_user_id=run_as, ip_ranges=ranges, confirmed=True, **draft.kind.policies)
        edit_policies(visit.tx, visit.actor, policies)
    holder = new_app_steps.holder_of(visit, draft)
    if holder is not None:
        assign_access(visit.tx, visit.actor, AssignAccess(app.id, holder))
    return holder


def _certified(visit: Visit, draft: Draft, app: App) -> AppCertificate | None:
    upload = new_app_steps.upload_of(visit, draft)
    return add_certificate(visit.tx, visit.actor, AddCertificate(app.id, FIRST_CERTIFICATE, upload)) if upload else None


def _caller(visit: Visit, draft: Draft, made: CreatedApp, certificate: AppCertificate | None) -> Caller:
    return Caller(
        issuer=visit.org.issuer,
        consumer_key=made.app.consumer_key,
        flow=_first_flow(made),
        scopes=made.settings.scopes,
        callback=next(iter(made.settings.callbacks), ""),
        proof="secret" if app_checks.takes_secrets(made.settings) else "key" if draft.kind.signs else "none",
        username=visit.user.username,
        algorithm=certificate.algorithms[0] if certificate is not None else "RS256",
        salesforce=draft.salesforce,
        in_page=draft.kind.public and _comes_back_to_a_page(made.settings),
    )


def _comes_back_to_a_page(settings: AppSettings) -> bool:
    """Whether what it comes back to first is a page that may read our answers: one on loopback may not, and is no origin here (`cors`)."""
    return not settings.native and any(map(callbacks.origin_of, settings.callbacks[:1]))


def _endpoints(visit: Visit, draft: Draft) -> list[tuple[str, str]]:
    """Where it asks, as somebody configures it elsewhere."""
    issuer = visit.org.issuer
    asked = [("Issuer", issuer), ("Token endpoint", issuer + TOKEN)]
    if draft.kind.comes_back:
        asked.insert(1, ("Authorization endpoint", issuer + AUTHORIZE))
    return [*asked, *([("Device endpoint", issuer + DEVICE)] if Flow.DEVICE in draft.kind.flows else [])]


def _to_do(visit: Visit, draft: Draft, made: CreatedApp, holder: str | None, certificate: AppCertificate | None) -> list[ToDo]:
    """What is left, the needed first."""
    kind, address = draft.kind, partial(app_tabs.address, made.app.id)
    found = []
    if kind.signs and certificate is None:
        words = "Make a key with the command on this page. Until its certificate is registered nothing that the app signs is believed."
        found.append(
            ToDo(words, "Register a certificate", address("/credentials/certificates/new"), needed=True)
            if new_app_steps.may_register_keys(visit)
            else ToDo(words, "Have a certificate registered", address("/credentials"), needed=True)
        )
    if Flow.DEVICE in kind.flows and visit.org.switched_off(Flow.DEVICE):
        words = "It is off for the whole org, and so for this app."
        found.append(ToDo(words, "Switch the device flow on", places.named("oauth-settings").path, needed=True))
    if new_app_steps.rules_apps(visit):
        if kind.acts_as_itself and new_app_steps.run_as_of(visit, draft) is None:
            words = "Without one there is nobody in whose name it could act."
            found.append(ToDo(words, "Name a run-as user", address("/policies/who"), needed=True))
        words = "Assign a profile or a permission set: its holders may use the app."
        found.append(ToDo(words, "Say who may use it", address("/access/assign"), needed=holder is None))
        if kind.has_an_address and not new_app_steps.ranges_of(visit, draft):
            words = "It calls from machines of yours: with their addresses named, what is stolen from it is of no use elsewhere."
            found.append(ToDo(words, "Name its addresses", address("/policies/network"), needed=False))
    else:
        words = "An admin says who may use it, and until then it lets nobody in. Ask to be let in, or give them its name."
        found.append(ToDo(words, "Ask an admin to let users in", address("/access"), needed=True))
    if may_try(visit):
        words = "Each flow once as it should go, and once as it should be refused; then the app counts as validated."
        found.append(ToDo(words, "Try every flow", address("/try"), needed=False))
    words = "How its fifteen gates are set, and what stands wider than it need be."
    found.append(ToDo(words, "Look at its gates", address(), needed=False))
    return found
