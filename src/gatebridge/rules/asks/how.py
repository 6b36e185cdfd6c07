"""Gates 5, 6 and 8, how it asks: Flow, PKCE, Scopes. What was presented is looked at in `proof`."""

from gatebridge.rules import granted, scopes
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.asks.answers import passed, refused
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.rules.reasons import client as client_reasons
from gatebridge.rules.reasons import flow as flow_reasons
from gatebridge.rules.reasons import pkce as pkce_reasons
from gatebridge.rules.reasons import scopes as scope_reasons
from gatebridge.rules.reasons.reason import Compared
from gatebridge.rules.verdict import Finding


def flow(facts: Facts, attempt: Attempt) -> Finding | None:
    """Is this way of getting a token known, well asked for, and enabled for the app? A family ends with the flow that began it."""
    wrong = attempt.flow_refused or attempt.request_refused
    if wrong is not None and wrong.gate is not Gate.SESSION:  # of whom and how surely the request wants, the gate Session speaks
        return refused(Gate.FLOW, wrong)
    asked = attempt.token.flow if attempt.token else attempt.flow
    if facts.settings is None or asked is None:
        return None
    began = facts.grant.flow if facts.grant is not None and asked is Flow.REFRESH_TOKEN else asked
    enabled = ", ".join(sorted(facts.settings.flows)) or "none"
    compared = Compared("flow", asked, enabled)
    for needed in (asked, began):
        if needed not in facts.settings.flows:
            return refused(Gate.FLOW, flow_reasons.FLOW_NOT_ENABLED, f"{needed} is not among the app's flows", compared)
        if facts.org.switched_off(needed):
            return refused(Gate.FLOW, flow_reasons.FLOW_OFF_IN_ORG, f"{needed} is switched off in the org", Compared("flow", needed, "off"))
    if asked is Flow.CLIENT_CREDENTIALS and (facts.settings.public or _only_named(attempt)):
        # RFC 6749 section 4.4: only a client that keeps a secret may act as itself. What it proved counts, not what it could (X-CA-03).
        return refused(Gate.FLOW, client_reasons.CLIENT_NOT_CONFIDENTIAL, "a public app cannot act as itself", compared)
    return passed(Gate.FLOW, f"{asked} is enabled", compared)


def pkce(facts: Facts, attempt: Attempt) -> Finding | None:
    """Is the code bound to the one who asked for it (RFC 7636)?"""
    if attempt.code is not None and attempt.code.challenge is None and _only_named(attempt):
        # As where the waiver was taken back since, and the secret was waived instead.
        return refused(Gate.PKCE, pkce_reasons.CHALLENGE_MISSING, "neither a verifier nor a proof of the client binds the code")
    if attempt.pkce_refused is not None:
        return refused(Gate.PKCE, attempt.pkce_refused)
    if attempt.door is Door.CODE:
        if attempt.code is None:
            return None
        return passed(Gate.PKCE, "the verifier fits the challenge" if attempt.code.challenge is not None else "waived for this app")
    if facts.settings is None:
        return None
    if attempt.flow is Flow.USER_AGENT:
        return passed(Gate.PKCE, "no code is given that it could bind")
    if attempt.challenge is not None:
        return passed(Gate.PKCE, "a challenge by S256")
    if facts.settings.pkce_required or facts.settings.public:
        return refused(Gate.PKCE, pkce_reasons.CHALLENGE_MISSING, "the app must send a code_challenge")
    return passed(Gate.PKCE, "waived for this app")


def _only_named(attempt: Attempt) -> bool:
    """Whether the client has shown nothing but its name, which anybody can send."""
    return attempt.client is not None and attempt.client.method is ClientAuthMethod.NONE


def asked_scopes(facts: Facts, attempt: Attempt) -> Finding | None:
    """May the app have what it asks for, or still do what its token says?"""
    if attempt.scopes_refused is not None:
        return refused(Gate.SCOPES, attempt.scopes_refused)
    if facts.settings is None or facts.policies is None:
        return None
    if attempt.token is not None:
        return _of_token(facts, attempt)
    if attempt.door in (Door.CODE, Door.REFRESH):
        return _of_grant(facts, attempt)
    return _of_request(facts, attempt)


def _of_token(facts: Facts, attempt: Attempt) -> Finding:
    assert attempt.token is not None and facts.settings is not None  # noqa: S101, PT018 - the caller has looked
    left, needed, here = granted.scopes(facts, attempt), attempt.scope_needed, granted.here(facts)
    compared = Compared("scope", scopes.render(attempt.token.scopes), scopes.render(here))
    lacking = needed is not None and not scopes.covers(left, needed, facts.org.custom_scopes)
    if lacking and needed in attempt.token.scopes and needed in facts.settings.scopes:
        # Token and app both hold it, so only the admin's own word is missing.
        return refused(Gate.SCOPES, bearer_reasons.APP_MAY_NOT_ADMINISTER, "the app may not administer this org", compared)
    if not left:
        return refused(Gate.SCOPES, scope_reasons.SCOPE_NONE_LEFT, "the app holds none of its scopes any more", compared)
    if lacking:
        return refused(Gate.SCOPES, bearer_reasons.SCOPE_INSUFFICIENT, f"needs {needed}", Compared("scope", scopes.render(left), needed))
    return passed(Gate.SCOPES, scopes.render(left), compared)


def _of_grant(facts: Facts, attempt: Attempt) -> Finding | None:
    """What was approved may be narrowed, and what the app has lost since is dropped; neither ever grows (RFC 6749 section 6)."""
    approved = granted.approved(facts, attempt)
    if approved is None:
        return None
    held = scopes.still_held(approved, granted.here(facts), facts.org.custom_scopes)
    asked = attempt.scopes_asked
    compared = Compared("scope", scopes.render(asked) if asked is not None else None, scopes.render(approved))
    if asked is not None and not set(asked) <= scopes.implied(approved, facts.org.custom_scopes):
        return refused(Gate.SCOPES, scope_reasons.SCOPE_EXCEEDS_GRANT, "more than was approved", compared)
    if attempt.door is Door.REFRESH and not scopes.REFRESH.intersection(held):
        return refused(Gate.SCOPES, scope_reasons.REFRESH_SCOPE_WITHDRAWN, "the app holds refresh_token no more", compared)
    left = granted.scopes(facts, attempt)
    if not left:
        return refused(Gate.SCOPES, scope_reasons.SCOPE_NONE_LEFT, "the app holds none of what was approved any more", compared)
    return passed(Gate.SCOPES, scopes.render(left), compared)


def _of_request(facts: Facts, attempt: Attempt) -> Finding:
    asked, here = attempt.scopes_asked, granted.here(facts)
    compared = Compared("scope", scopes.render(asked) if asked is not None else None, scopes.render(here))
    if asked is not None:
        narrowed = scopes.narrow(here, asked, facts.org.custom_scopes)
        if narrowed.unknown:
            words = f"no scope is called {' '.join(narrowed.unknown)}"
            return refused(Gate.SCOPES, scope_reasons.SCOPE_UNKNOWN, words, compared)
        if narrowed.unassigned:
            words = f"the app does not hold {' '.join(narrowed.unassigned)}"
            return refused(Gate.SCOPES, scope_reasons.SCOPE_NOT_ASSIGNED, words, compared)
        if attempt.flow is Flow.CLIENT_CREDENTIALS and granted.NEEDS_USER.intersection(asked):
            return refused(Gate.SCOPES, scope_reasons.SCOPE_NEEDS_USER, "nobody signs in, so there is no identity to give", compared)
    # What of it the user has approved before is for gate 14 to say: "the user has not approved" is no wrong scope.
    left = granted.before_approval(facts, attempt)
    if not left:
        return refused(Gate.SCOPES, scope_reasons.SCOPE_NONE_LEFT, "nothing is left that this flow may give", compared)
    return passed(Gate.SCOPES, scopes.render(left), compared)
