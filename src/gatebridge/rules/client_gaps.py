"""What an app still lacks for one of Salesforce's clients, and the command that mends it.

Whether a user gets in is for the gates to say (`access`); here stands only what no gate asks before the client has sent anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gatebridge.rules import app_checks, scopes, settable
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import App, AppCertificate, Dialect
from gatebridge.rules.client_guides import REASONED, SALESFORCE_HOST, Speaks, Way, callback_of, can_serve, domain_of
from gatebridge.rules.facts import Facts
from gatebridge.rules.ids import long
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons.reason import Reason
from gatebridge.rules.settable import Setting

# What those of the clients sign that sign at all.
ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is not yet right for a way, and where it is mended. `setting` None: nothing that is set here would mend it."""

    words: str
    setting: Setting | None = None
    reason: Reason | None = None  # of the gate that would refuse; None where no gate asks


def gaps(facts: Facts, way: Way, certificates: Iterable[AppCertificate]) -> tuple[Gap, ...]:
    """What stands between this client and the app, of that which no gate asks. Of an app that is not known, only the address is judged."""
    app, settings = facts.app, facts.settings
    address = _address(facts, way)
    if app is None or settings is None:
        return (address,) if address is not None else ()
    if not can_serve(settings, way):
        # No setting of a public app would help, and every other gap would ask for one.
        keeps = "key to sign with" if way.signs else "secret"
        public = Gap(f"{app.label} is a public app, which keeps no {keeps}: register one of your own for this way.")
        return (address, public) if address is not None else (public,)
    # In an order in which each can be mended for itself: a flow through a browser, for one, cannot be enabled without a callback.
    found = (
        address,
        _dialect(facts, app),
        _secret(facts, app, settings, way),
        _callback(facts, app, settings, way),
        _scopes(facts, app, settings, way),
        _challenge(facts, app, settings, way),
        _flows(facts, app, settings, way),
        _staying(facts, app, way),
        _certificate(facts, app, way, tuple(certificates)),
    )
    return tuple(gap for gap in found if gap is not None)


def can_sign(facts: Facts, certificates: Iterable[AppCertificate]) -> bool:
    """Whether the app has a live certificate of a key with which these clients sign."""
    return any(ALGORITHM in each.algorithms for each in _live(facts, certificates))


def _live(facts: Facts, certificates: Iterable[AppCertificate]) -> list[AppCertificate]:
    # A key that a run of Try it has made is not one that a client has.
    return [each for each in certificates if each.live(facts.now) and each.try_id is None]


def _address(facts: Facts, way: Way) -> Gap | None:
    issuer = facts.org.issuer
    if way.speaks is Speaks.SALESFORCE and domain_of(issuer) is None:
        return Gap(
            f"The client asks at https://<domain>{SALESFORCE_HOST} and nowhere else, and this org is {issuer}. Bring a token of your own "
            f"(the last way), or give the org an address such as https://acme.my{SALESFORCE_HOST} that only your network resolves."
        )
    if way.speaks is Speaks.HTTPS and not issuer.startswith("https://"):
        return Gap(f"The client speaks https whatever it is told, and this org is {issuer}, which is for development only.")
    return None


def _dialect(facts: Facts, app: App) -> Gap | None:
    if app.dialect is Dialect.SALESFORCE:
        return None
    words = "Its clients match on Salesforce's codes and texts, and send what the RFCs forbid. From an app's first grant on it is frozen."
    if app.org_id != facts.org.id:
        return Gap(words, Setting("App: Dialect", app.dialect, by=settable.PUBLISHER))
    command = f"gatebridge apps edit {long(app.id)} --dialect {Dialect.SALESFORCE}"
    by = f"{settable.name_of(Permission.MANAGE_CONNECTED_APPS)}, or the app's owner"
    return Gap(words, Setting("App: Dialect", app.dialect, f"PATCH /api/v1/apps/{long(app.id)}", command, settable.DEVELOPS, by))


def _flows(facts: Facts, app: App, settings: AppSettings, way: Way) -> Gap | None:
    missing = [flow for flow in way.flows if flow not in settings.flows]
    if not missing:
        return None
    wanted = [flow for flow in Flow if flow in settings.flows or flow in missing]
    words = f"It needs {settable.listed(missing)}, which is off." if len(missing) == 1 else f"It needs {settable.listed(missing)}."
    return Gap(words, settable.settings(facts, app, "Flows", settable.listed(sorted(settings.flows)), settable.option("--flow", wanted)))


def _scopes(facts: Facts, app: App, settings: AppSettings, way: Way) -> Gap | None:
    missing = scopes.narrow(settings.scopes, way.scopes, facts.org.custom_scopes).unassigned
    if not missing:
        return None
    wanted = scopes.ordered({*settings.scopes, *missing})
    options = settable.option("--scope", wanted) + (f" {REASONED}" if "full" in missing else "")
    words = f"It asks for {scopes.render(way.scopes)}, and the app has not {settable.listed(missing)}."
    return Gap(words, settable.settings(facts, app, "Scopes", scopes.render(settings.scopes) or "none", options))


def _callback(facts: Facts, app: App, settings: AppSettings, way: Way) -> Gap | None:
    if way.flow is not Flow.WEB_SERVER:
        return None
    if way.callback is None:
        if settings.callbacks:
            return None
        options = settable.option("--callback", ("CALLBACK",))
        return Gap("It has no callback URL to come back to.", settable.settings(facts, app, "Callback URLs", "none", options))
    if callback_of(settings, way) in settings.callbacks:
        return None
    options = settable.option("--callback", (*settings.callbacks, way.callback))
    words = f"It listens at {way.callback}, which is not registered."
    return Gap(words, settable.settings(facts, app, "Callback URLs", settable.listed(settings.callbacks), options))


def _challenge(facts: Facts, app: App, settings: AppSettings, way: Way) -> Gap | None:
    if way.challenge or not settings.pkce_required:
        return None
    words = "It sends no PKCE challenge, which the app demands. Waive it for this app alone; it stands among the exposures from then on."
    return Gap(words, settable.settings(facts, app, "PKCE required", "yes", "--no-pkce"))


def _staying(facts: Facts, app: App, way: Way) -> Gap | None:
    policies = facts.policies
    if Flow.REFRESH_TOKEN not in way.flows or policies is None or all(each.kind != "immediately" for each in policies.refresh_policies):
        return None
    options = settable.option("--refresh-policy", map(str, DEFAULT_REFRESH_POLICIES))
    words = "It keeps a refresh token, and the app's users get none here."
    return Gap(words, settable.policies(app, "Refresh token policy", settable.listed(policies.refresh_policies), options))


def _secret(facts: Facts, app: App, settings: AppSettings, way: Way) -> Gap | None:
    if not way.secret or app_checks.takes_secrets(settings):
        return None
    methods = settable.option("--auth-method", sorted(app_checks.BY_SECRET))
    return Gap(
        "It proves itself with a consumer secret, and the app takes none.",
        settable.settings(facts, app, "Authentication methods", settable.listed(sorted(settings.auth_methods)), methods),
    )


def _certificate(facts: Facts, app: App, way: Way, certificates: tuple[AppCertificate, ...]) -> Gap | None:
    if not way.signs:
        return None
    live = _live(facts, certificates)
    if can_sign(facts, certificates):
        return None
    words = f"It signs {ALGORITHM}, and the app has {'only certificates of other keys' if live else 'no certificate'}."
    had = settable.listed(each.key_type for each in live)
    command = f"certs add {long(app.id)} server.crt"
    return Gap(words, settable.credentials(facts, app, "Certificates", had, "certificates", command))
