"""THE question: may this app, for this user, from this place, now?

`decide` takes recorded facts and one attempt and answers with every finding, in gate order. The same function serves live
requests at every door, the explanation of a refusal, the simulator and the replay of past decisions. It fetches nothing.
"""

from collections.abc import Callable, Mapping

from gatebridge.rules import lifetimes, network, scopes
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import Epochs
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.people import UserState
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import app as app_reasons
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import installed as installed_reasons
from gatebridge.rules.reasons import network as network_reasons
from gatebridge.rules.reasons import permitted as permitted_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.reasons import user as user_reasons
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.rules.verdict import Finding, State, Verdict

# Which gates stand at which door. A gate that is missing from a row is never asked there; the order is always the gates' own.
GATES_AT: Mapping[Door, tuple[Gate, ...]] = {
    Door.TOKEN: (Gate.CLIENT, Gate.APP, Gate.INSTALLED, Gate.FLOW, Gate.SCOPES, Gate.USER, Gate.PERMITTED, Gate.NETWORK, Gate.LIFETIME),
    # A resource server may still ask, and a client may still revoke, when nobody could get a token through it any more.
    Door.CALLER: (Gate.CLIENT, Gate.APP, Gate.INSTALLED),
    Door.INTROSPECT: (Gate.APP, Gate.INSTALLED, Gate.FLOW, Gate.PROOF, Gate.SCOPES, Gate.USER, Gate.PERMITTED, Gate.NETWORK),
    Door.API: (Gate.APP, Gate.INSTALLED, Gate.FLOW, Gate.PROOF, Gate.SCOPES, Gate.USER, Gate.PERMITTED, Gate.NETWORK),
}


def decide(facts: Facts, attempt: Attempt) -> Verdict:
    """Ask every gate of the attempt's door, in order, and collect what each says. Deny wins, and it wins only here."""
    findings = tuple(ASK[gate](facts, attempt) or _unreached(gate) for gate in GATES_AT[attempt.door])
    if any(finding.state is not State.PASSED for finding in findings):
        return Verdict(attempt.door, findings)
    return Verdict(attempt.door, findings, scopes=_granted(facts, attempt), lifetime=_lifetime(facts, attempt))


def _passed(gate: Gate, words: str, *compared: Compared) -> Finding:
    return Finding(gate, State.PASSED, words, compared=compared)


def _refused(gate: Gate, reason: Reason, words: str, *compared: Compared) -> Finding:
    return Finding(gate, State.REFUSED, words, reason, compared)


def _unreached(gate: Gate) -> Finding:
    return Finding(gate, State.UNREACHED, "not reached")


# --- Who calls -----------------------------------------------------------------------------------------------------------


def _client(facts: Facts, attempt: Attempt) -> Finding:
    proof = attempt.client
    if proof is None:
        return _refused(Gate.CLIENT, client_reasons.CLIENT_MISSING, "no client named itself")
    if proof.refused is not None:
        return _refused(Gate.CLIENT, proof.refused, proof.refused.sentence, *proof.compared)
    if facts.app is None or proof.method is None:
        return _refused(Gate.CLIENT, client_reasons.CLIENT_UNKNOWN, "no app has this consumer key")
    words = "only names itself, as a public app does" if proof.method is ClientAuthMethod.NONE else f"proved itself by {proof.method}"
    return _passed(Gate.CLIENT, words, *proof.compared)


def _app(facts: Facts, _: Attempt) -> Finding | None:
    if facts.app is None:
        return None
    if facts.app.deleted_at is not None:
        return _refused(Gate.APP, app_reasons.APP_DELETED, "the app was deleted")
    if facts.installation is not None and facts.installation.blocked_at is not None:
        because = facts.installation.blocked_because
        return _refused(Gate.APP, app_reasons.APP_BLOCKED, f"blocked: {because}" if because else "blocked")
    return _passed(Gate.APP, "neither blocked nor deleted")


def _installed(facts: Facts, _: Attempt) -> Finding | None:
    if facts.app is None:
        return None
    if facts.installation is None or facts.installation.uninstalled_at is not None or facts.policies is None:
        return _refused(Gate.INSTALLED, installed_reasons.APP_NOT_INSTALLED, "not installed in this org")
    return _passed(Gate.INSTALLED, "installed in this org")


# --- How it asks ---------------------------------------------------------------------------------------------------------


def _flow(facts: Facts, attempt: Attempt) -> Finding | None:
    if attempt.flow_refused is not None:
        return _refused(Gate.FLOW, attempt.flow_refused, attempt.flow_refused.sentence)
    flow = attempt.token.flow if attempt.token else attempt.flow
    if facts.settings is None or flow is None:
        return None
    enabled = ", ".join(sorted(facts.settings.flows)) or "none"
    compared = Compared("flow", flow, enabled)
    if flow not in facts.settings.flows:
        return _refused(Gate.FLOW, flow_reasons.FLOW_NOT_ENABLED, f"{flow} is not among the app's flows", compared)
    named_only = attempt.client is not None and attempt.client.method is ClientAuthMethod.NONE
    if flow is Flow.CLIENT_CREDENTIALS and (facts.settings.public or named_only):
        # RFC 6749 section 4.4: only a client that keeps a secret may act as itself. What it proved counts, not what it could (X-CA-03).
        return _refused(Gate.FLOW, client_reasons.CLIENT_NOT_CONFIDENTIAL, "a public app cannot act as itself", compared)
    return _passed(Gate.FLOW, f"{flow} is enabled", compared)


def _proof(facts: Facts, attempt: Attempt) -> Finding | None:
    token = attempt.token
    if token is None:
        return _refused(Gate.PROOF, proof_reasons.TOKEN_UNKNOWN, "no such token")
    if token.ended_at is not None:
        return _refused(Gate.PROOF, proof_reasons.TOKEN_REVOKED, "revoked by itself")
    if facts.now >= token.expires_at:
        when = Compared("expires_at", facts.now.isoformat(), token.expires_at.isoformat())
        return _refused(Gate.PROOF, proof_reasons.TOKEN_EXPIRED, "its time is over", when)
    if facts.grant is None or facts.grant.ended_at is not None:
        return _refused(Gate.PROOF, proof_reasons.TOKEN_ENDED, "the grant from which it hangs has ended")
    run_as = facts.policies.run_as_user_id if facts.policies else None
    if token.flow is Flow.CLIENT_CREDENTIALS and run_as not in (None, token.user_id):
        # Acting for the first user is over when the admin chooses another: no token may outlive that choice (GV-01).
        return _refused(Gate.PROOF, proof_reasons.TOKEN_ENDED, "the app runs as another user now")
    current = facts.epochs()
    if current is None:
        return None
    if current != token.epochs:
        raised = [name for name in Epochs.__slots__ if getattr(current, name) != getattr(token.epochs, name)]
        return _refused(Gate.PROOF, proof_reasons.TOKEN_ENDED, f"everything of its {', '.join(raised)} was ended since")
    return _passed(Gate.PROOF, "known, not ended, in time")


def _scopes(facts: Facts, attempt: Attempt) -> Finding | None:
    if attempt.scopes_refused is not None:
        return _refused(Gate.SCOPES, attempt.scopes_refused, attempt.scopes_refused.sentence)
    if facts.settings is None or facts.policies is None:
        return None
    here = _scopes_here(facts.settings, facts.policies)
    if attempt.token is None:
        return _scopes_asked(facts, attempt, here)
    left, needed = _granted(facts, attempt), attempt.scope_needed
    compared = Compared("scope", scopes.render(attempt.token.scopes), scopes.render(here))
    lacking = needed is not None and not scopes.covers(left, needed, facts.org.custom_scopes)
    if lacking and needed in attempt.token.scopes and needed in facts.settings.scopes:
        # Token and app both hold it, so only the admin's own word is missing.
        return _refused(Gate.SCOPES, bearer_reasons.APP_MAY_NOT_ADMINISTER, "the app may not administer this org", compared)
    if not left:
        return _refused(Gate.SCOPES, scope_reasons.SCOPE_NONE_LEFT, "the app holds none of its scopes any more", compared)
    if lacking:
        compared = Compared("scope", scopes.render(left), needed)
        return _refused(Gate.SCOPES, bearer_reasons.SCOPE_INSUFFICIENT, f"needs {needed}", compared)
    return _passed(Gate.SCOPES, scopes.render(left), compared)


def _scopes_asked(facts: Facts, attempt: Attempt, here: tuple[str, ...]) -> Finding:
    asked = attempt.scopes_asked
    compared = Compared("scope", scopes.render(asked) if asked is not None else None, scopes.render(here))
    if asked is not None:
        narrowed = scopes.narrow(here, asked, facts.org.custom_scopes)
        if narrowed.unknown:
            words = f"no scope is called {' '.join(narrowed.unknown)}"
            return _refused(Gate.SCOPES, scope_reasons.SCOPE_UNKNOWN, words, compared)
        if narrowed.unassigned:
            words = f"the app does not hold {' '.join(narrowed.unassigned)}"
            return _refused(Gate.SCOPES, scope_reasons.SCOPE_NOT_ASSIGNED, words, compared)
        if attempt.flow is Flow.CLIENT_CREDENTIALS and NEEDS_USER.intersection(asked):
            return _refused(Gate.SCOPES, scope_reasons.SCOPE_NEEDS_USER, "nobody signs in, so there is no identity to give", compared)
    granted = _granted(facts, attempt)
    if not granted:
        return _refused(Gate.SCOPES, scope_reasons.SCOPE_NONE_LEFT, "nothing is left that this flow may give", compared)
    return _passed(Gate.SCOPES, scopes.render(granted), compared)


# What speaks of a person who has signed in. Client credentials have nobody to speak of (standards CC-01).
NEEDS_USER = frozenset({"openid"})


def _scopes_here(settings: AppSettings, policies: AppPolicies) -> tuple[str, ...]:
    """The app's scopes as this org lets it use them: administering the org takes the admin's own word."""
    if policies.may_administer:
        return settings.scopes
    return tuple(scope for scope in settings.scopes if scope != "setup_api")


def _granted(facts: Facts, attempt: Attempt) -> tuple[str, ...]:
    if Gate.SCOPES not in GATES_AT[attempt.door] or facts.settings is None or facts.policies is None:
        return ()
    here = _scopes_here(facts.settings, facts.policies)
    if attempt.token is not None:
        return scopes.still_held(attempt.token.scopes, here, facts.org.custom_scopes)
    granted = scopes.narrow(here, attempt.scopes_asked, facts.org.custom_scopes).granted
    if attempt.flow is Flow.CLIENT_CREDENTIALS:
        return tuple(scope for scope in scopes.without_user(granted) if scope not in NEEDS_USER)
    return granted


# --- Whom it acts for ----------------------------------------------------------------------------------------------------


def _user(facts: Facts, attempt: Attempt) -> Finding | None:
    flow = attempt.token.flow if attempt.token else attempt.flow
    as_itself = flow is Flow.CLIENT_CREDENTIALS
    if as_itself and facts.policies is not None and facts.policies.run_as_user_id is None:
        return _refused(Gate.USER, user_reasons.RUN_AS_MISSING, "no run-as user is set")
    if facts.standing is None:
        return None
    user = facts.standing.user
    if user.state is not UserState.ACTIVE:
        reason = user_reasons.RUN_AS_INACTIVE if as_itself else user_reasons.USER_INACTIVE
        return _refused(Gate.USER, reason, f"{user.username} is {user.state}")
    if user.frozen:
        reason = user_reasons.RUN_AS_FROZEN if as_itself else user_reasons.USER_FROZEN
        return _refused(Gate.USER, reason, f"{user.username} is frozen")
    if Permission.API_ENABLED not in facts.standing.permissions(facts.now):
        return _refused(Gate.USER, user_reasons.API_NOT_ENABLED, f"{user.username} may not use APIs")
    return _passed(Gate.USER, f"{user.username} is active")


def _permitted(facts: Facts, _: Attempt) -> Finding | None:
    if facts.policies is None or facts.standing is None:
        return None
    if facts.policies.permitted_users is PermittedUsers.SELF_AUTHORIZE:
        return _passed(Gate.PERMITTED, "all users may self-authorize")
    standing, now = facts.standing, facts.now
    held = {standing.profile.id: standing.profile.name}
    lapsed: dict[str, str] = {}
    for permission_set, assignment in standing.sets:
        (held if assignment.holds(now) else lapsed)[permission_set.id] = permission_set.label
    for permit in facts.permits:
        if permit.holder_id in held and permit.holds(now):
            return _passed(Gate.PERMITTED, f"approved through {held[permit.holder_id]}")
    for permit in facts.permits:
        if permit.holder_id in held or permit.holder_id in lapsed:
            name = (lapsed | held)[permit.holder_id]
            return _refused(Gate.PERMITTED, permitted_reasons.APPROVAL_EXPIRED, f"the approval through {name} has run out")
    words = "no profile or permission set of the user is approved for the app"
    return _refused(Gate.PERMITTED, permitted_reasons.USER_NOT_APPROVED, words)


def _network(facts: Facts, attempt: Attempt) -> Finding | None:
    if facts.policies is None or facts.standing is None:
        return None
    judgement = network.judge(
        attempt.address,
        profile_ranges=facts.standing.profile.login_ranges,
        org_ranges=facts.org.settings.trusted_ranges,
        relaxation=facts.policies.ip_relaxation,
        trusted_only_waive=facts.org.settings.trusted_ranges_only_waive,
    )
    sent = str(attempt.address) if attempt.address is not None else None
    compared = Compared("address", sent, ", ".join(str(each) for each in judgement.ranges) or None)
    if judgement.allowed:
        return _passed(Gate.NETWORK, judgement.words, compared)
    reason = network_reasons.ADDRESS_UNKNOWN if attempt.address is None else network_reasons.ADDRESS_OUTSIDE_RANGES
    return _refused(Gate.NETWORK, reason, judgement.words, compared)


# --- On what terms -------------------------------------------------------------------------------------------------------


def _lifetime(facts: Facts, attempt: Attempt) -> Lifetime | None:
    if Gate.LIFETIME not in GATES_AT[attempt.door] or facts.settings is None or facts.policies is None:
        return None
    jwt = facts.settings.access_token_format is TokenFormat.JWT
    return lifetimes.access_token(
        "jwt" if jwt else "opaque",
        app_minutes=facts.policies.jwt_access_token_minutes if jwt else facts.policies.access_token_minutes,
        profile_minutes=facts.standing.profile.session_minutes if facts.standing else None,
        org_minutes=facts.org.settings.session_minutes,
    )


def _lifetime_gate(facts: Facts, attempt: Attempt) -> Finding | None:
    lifetime = _lifetime(facts, attempt)
    if lifetime is None:
        return None
    return _passed(Gate.LIFETIME, f"{lifetime.seconds // 60} min, by the {lifetime.source}")


ASK: Mapping[Gate, Callable[[Facts, Attempt], Finding | None]] = {
    Gate.CLIENT: _client,
    Gate.APP: _app,
    Gate.INSTALLED: _installed,
    Gate.FLOW: _flow,
    Gate.PROOF: _proof,
    Gate.SCOPES: _scopes,
    Gate.USER: _user,
    Gate.PERMITTED: _permitted,
    Gate.NETWORK: _network,
    Gate.LIFETIME: _lifetime_gate,
}
