"""Which setting decided what a gate said, and where it is changed: the end of every explanation.

A reason's own `remedy` says in general what helps. Here are the facts at hand, so the setting has its present value and the command the
ids that it needs. None: no setting decides it, such as whether a verifier fits, or what a request may say.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from gatebridge.rules import granted, remedies_of_terms, scopes, settable
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import AppSettings, Flow
from gatebridge.rules.apps import App
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Gate
from gatebridge.rules.ids import Prefix, long
from gatebridge.rules.people import Assignment, UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import assertion as assertion_reasons
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import callback as callback_reasons
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import pkce as pkce_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.reasons import user as user_reasons
from gatebridge.rules.scopes import render
from gatebridge.rules.settable import Setting, listed, option
from gatebridge.rules.verdict import Finding, State

_SECRETS = frozenset(
    {client_reasons.CLIENT_PROOF_MISSING, client_reasons.SECRET_WRONG, client_reasons.SECRET_MISTYPED}
    | {client_reasons.SECRET_EXPIRED, client_reasons.SECRET_RETIRED}
)
_KEYS = frozenset(
    {assertion_reasons.ASSERTION_ALGORITHM_REFUSED, assertion_reasons.ASSERTION_KEY_UNKNOWN}
    | {assertion_reasons.ASSERTION_SIGNATURE_WRONG, assertion_reasons.CERTIFICATE_EXPIRED, assertion_reasons.CERTIFICATE_RETIRED}
)
_METHODS = frozenset(
    {client_reasons.CLIENT_METHOD_NOT_REGISTERED, client_reasons.CLIENT_PUBLIC_SENT_SECRET, client_reasons.CLIENT_NOT_CONFIDENTIAL}
)
_FLOWS_OFF = frozenset({flow_reasons.FLOW_NOT_ENABLED, flow_reasons.FLOW_OFF_IN_ORG})
# These are about what the request says, and no setting makes it right.
_OF_THE_REQUEST = frozenset(
    {scope_reasons.SCOPE_MALFORMED, scope_reasons.SCOPE_NEEDS_USER, scope_reasons.SCOPE_EXCEEDS_GRANT}
    | {pkce_reasons.CHALLENGE_METHOD_UNSUPPORTED, pkce_reasons.CHALLENGE_MALFORMED}
    | {pkce_reasons.VERIFIER_MISSING, pkce_reasons.VERIFIER_MALFORMED, pkce_reasons.VERIFIER_WRONG, pkce_reasons.VERIFIER_UNEXPECTED}
    | {callback_reasons.CALLBACK_DIFFERS}
)

Remedy = Callable[[Facts, Attempt, Finding], Setting | None]


def setting(facts: Facts, attempt: Attempt, finding: Finding) -> Setting | None:
    """The setting by which a gate let this attempt through or refused it, with its present value."""
    return None if finding.reason in _OF_THE_REQUEST else OF_GATE[finding.gate](facts, attempt, finding)


def _client(facts: Facts, _: Attempt, finding: Finding) -> Setting | None:
    if facts.app is None or facts.settings is None:
        return None
    if finding.reason in _SECRETS:
        words, act = "live and retired ones are listed there", f"secrets rotate {long(facts.app.id)}"
        return settable.credentials(facts, facts.app, "Consumer secrets", words, "secrets/rotate", act)
    if finding.reason in _KEYS:
        return remedies_of_terms.certificates(facts, facts.app)
    if finding.reason is None or finding.reason in _METHODS:
        return _methods(facts, facts.app, facts.settings)
    if finding.reason is assertion_reasons.ASSERTION_AUDIENCE_WRONG:
        words = "the token endpoint counts too" if facts.settings.legacy_audience else "the issuer only"
        return settable.settings(facts, facts.app, "Legacy audience", words, "")
    return None


def _methods(facts: Facts, app: App, settings: AppSettings) -> Setting:
    words = listed(sorted(settings.auth_methods))
    return settable.settings(facts, app, "Authentication methods", words, "--auth-method METHOD")


def _callback(facts: Facts, _: Attempt, __: Finding) -> Setting | None:
    if facts.app is None or facts.settings is None:
        return None
    # What a request sent may be anybody's, so the new one is for the reader to write, and is in no command ready to be copied.
    options = f"{option('--callback', facts.settings.callbacks)} --callback URL".strip()
    return settable.settings(facts, facts.app, "Callback URLs", listed(facts.settings.callbacks), options)


def _app(facts: Facts, _: Attempt, finding: Finding) -> Setting | None:
    if facts.app is None:
        return None
    if facts.app.deleted_at is not None:
        of_this_org = facts.app.org_id == facts.org.id
        return (
            settable.state(facts.app, "deleted", "restore", developer=True)
            if of_this_org
            else Setting("App: State", "deleted", by=settable.PUBLISHER)
        )
    if finding.state is State.REFUSED:
        return settable.state(facts.app, finding.words, "unblock")
    return settable.state(facts.app, "in use", "block")


def _installed(facts: Facts, _: Attempt, finding: Finding) -> Setting | None:
    return settable.installation(facts, facts.app, finding.words) if facts.app is not None else None


def _flow(facts: Facts, attempt: Attempt, finding: Finding) -> Setting | None:
    if facts.app is None or facts.settings is None or finding.reason not in (None, *_FLOWS_OFF, *_METHODS):
        return None
    if finding.reason is client_reasons.CLIENT_NOT_CONFIDENTIAL:
        return _methods(facts, facts.app, facts.settings)
    wanted = attempt.token.flow if attempt.token is not None else attempt.flow
    began = facts.grant.flow if facts.grant is not None and wanted is Flow.REFRESH_TOKEN else None
    if finding.reason is flow_reasons.FLOW_OFF_IN_ORG:
        device = Flow.DEVICE in (wanted, began)
        return settable.org("Device flow" if device else "User-agent flow", "off", "--device-flow" if device else "--user-agent-flow")
    flows = sorted({flow for flow in (*facts.settings.flows, wanted, began) if flow is not None})
    return settable.settings(facts, facts.app, "Flows", listed(sorted(facts.settings.flows)), option("--flow", flows))


def _pkce(facts: Facts, _: Attempt, finding: Finding) -> Setting | None:
    if facts.app is None or facts.settings is None or finding.state is State.UNREACHED:
        return None
    if facts.settings.public:
        return settable.settings(facts, facts.app, "PKCE required", "always, since the app is public", "--auth-method METHOD")
    required = facts.settings.pkce_required
    return settable.settings(facts, facts.app, "PKCE required", "yes" if required else "no", "--no-pkce" if required else "--pkce")


def _scopes(facts: Facts, attempt: Attempt, finding: Finding) -> Setting | None:
    if facts.app is None or facts.settings is None or facts.policies is None:
        return None
    if finding.reason is scope_reasons.SCOPE_UNKNOWN:
        return settable.org("Custom scopes", listed(sorted(facts.org.custom_scopes)), "")
    lacking = _lacking(facts, attempt, finding)
    if finding.reason is bearer_reasons.APP_MAY_NOT_ADMINISTER or (lacking and lacking <= set(facts.settings.scopes)):
        return settable.policies(facts.app, "May administer this org", "no", "--may-administer")
    held = option("--scope", scopes.ordered({*facts.settings.scopes, *lacking}) or ("SCOPE",))
    reasoned = " --full-scope-reason WHY" if "full" in lacking else ""
    return settable.settings(facts, facts.app, "Scopes", render(facts.settings.scopes) or "none", held + reasoned)


def _lacking(facts: Facts, attempt: Attempt, finding: Finding) -> set[str]:
    """The scopes that would have to be added for the gate to open."""
    if finding.reason is scope_reasons.SCOPE_NOT_ASSIGNED:
        return set(scopes.narrow(granted.here(facts), attempt.scopes_asked, facts.org.custom_scopes).unassigned)
    if finding.reason is bearer_reasons.SCOPE_INSUFFICIENT and attempt.scope_needed is not None:
        return {attempt.scope_needed}
    if finding.reason is scope_reasons.REFRESH_SCOPE_WITHDRAWN:
        return {"refresh_token"}
    return set()


def _user(facts: Facts, attempt: Attempt, finding: Finding) -> Setting | None:
    flow = attempt.token.flow if attempt.token is not None else attempt.flow
    # A token that lives on from the former run-as user has a user still, and what it lacks is the setting all the same.
    as_nobody = finding.reason is user_reasons.RUN_AS_MISSING
    if facts.app is not None and flow is Flow.CLIENT_CREDENTIALS and facts.policies is not None and as_nobody:
        return settable.policies(facts.app, "Run as", "nobody", "--run-as USER")
    if facts.standing is None:
        return None
    person, held = facts.standing.user, facts.standing.profile
    if person.state is not UserState.ACTIVE:
        return settable.user(person, person.state, "invite" if person.state is UserState.INVITED else "activate")
    if person.frozen:
        return settable.user(person, "frozen", "unfreeze")
    if finding.reason is user_reasons.API_NOT_ENABLED:
        rights = option("--permission", [right for right in Permission if right in held.permissions | {Permission.API_ENABLED}])
        return settable.profile(held, "Permissions", "without API Enabled", rights)
    return settable.user(person, "active", "freeze")


def _permitted(facts: Facts, _: Attempt, __: Finding) -> Setting | None:
    if facts.app is None or facts.policies is None or facts.standing is None:
        return None
    if facts.policies.permitted_users is PermittedUsers.SELF_AUTHORIZE:
        words = "all users may self-authorize"
        return settable.policies(facts.app, "Permitted users", words, f"--permitted-users {PermittedUsers.ADMIN_APPROVED}")
    standing, now = facts.standing, facts.now
    held = {standing.profile.id} | {each.id for each, assignment in standing.sets if assignment.holds(now)}
    mine = [permit for permit in facts.permits if permit.holder_id in held]
    if mine:
        # A permit in force is what opened the gate; one that has run out is what must be renewed.
        permit = min(mine, key=lambda permit: not permit.holds(now))
        return settable.access(facts.app, "Profiles and permission sets", _until(permit, now), permit.holder_id)
    # The least that helps: let this one user hold a set that may use the app already, above all one that the user held, before more
    # holders are let in.
    lapsed = {each.id: assignment for each, assignment in standing.sets}
    offered = [permit.holder_id for permit in facts.permits if permit.holds(now) and permit.holder_id.startswith(Prefix.PERMISSION_SET)]
    if offered:
        best = min(offered, key=lambda holder_id: holder_id not in lapsed)
        return settable.held_set(standing.user, best, _until(lapsed[best], now) if best in lapsed else "not held by the user")
    words = "assigned, but to none that the user holds" if facts.permits else "nobody is assigned"
    return settable.access(facts.app, "Profiles and permission sets", words)


def _until(assignment: Assignment, now: datetime) -> str:
    if assignment.expires_at is None:
        return "without an end"
    return f"{'until' if assignment.holds(now) else 'ran out at'} {assignment.expires_at.isoformat()}"


OF_GATE: Mapping[Gate, Remedy] = {
    Gate.CLIENT: _client,
    Gate.CALLBACK: _callback,
    Gate.APP: _app,
    Gate.INSTALLED: _installed,
    Gate.FLOW: _flow,
    Gate.PKCE: _pkce,
    Gate.PROOF: remedies_of_terms.proof,
    Gate.SCOPES: _scopes,
    Gate.USER: _user,
    Gate.PERMITTED: _permitted,
    Gate.HOURS: remedies_of_terms.hours,
    Gate.NETWORK: remedies_of_terms.network,
    Gate.SESSION: remedies_of_terms.session,
    Gate.CONSENT: remedies_of_terms.consent,
    Gate.LIFETIME: remedies_of_terms.lifetime,
}
