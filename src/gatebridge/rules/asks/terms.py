"""Gates 13 to 15, on what terms: Session, Consent, Lifetime."""

from gatebridge.rules import granted, levels, lifetimes, scopes, sessions
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.asks.answers import passed, refused
from gatebridge.rules.facts import Approving, Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.reasons import consent as consent_reasons
from gatebridge.rules.reasons import level as level_reasons
from gatebridge.rules.reasons import session as session_reasons
from gatebridge.rules.reasons.reason import Compared
from gatebridge.rules.verdict import Finding

# Where a client asks without any user: for itself, or by an assertion that names one who is not there.
_NOBODY_THERE = frozenset({Door.TOKEN, Door.ASSERTION})


def sign_in(facts: Facts, attempt: Attempt) -> Finding | None:
    """Is the sign-in good enough: the one that lives at the browser, and at every other door the one that is behind what is presented?"""
    return session(facts, attempt) if attempt.door is Door.AUTHORIZE else level(facts, attempt)


def session(facts: Facts, attempt: Attempt) -> Finding | None:
    """Has somebody signed in at this browser whom the request means, lately enough for it, and surely enough for it and the policy?"""
    if attempt.request_refused is not None and attempt.request_refused.gate is Gate.SESSION:
        return refused(Gate.SESSION, attempt.request_refused, "", *attempt.proof_compared)
    if facts.session is None:
        return refused(Gate.SESSION, session_reasons.LOGIN_REQUIRED, "nobody is signed in at this browser")
    if facts.standing is None:
        return None
    address = str(attempt.address) if attempt.address is not None else ""
    over = sessions.over(facts.session, org=facts.org, standing=facts.standing, now=facts.now, address=address)
    if over is not None and over != sessions.OUTSIDE_HOURS:  # of the hours the gate Hours speaks
        # Whoever brings the facts has looked already; but a door that forgot to must not make a dead session a live one.
        return refused(Gate.SESSION, session_reasons.LOGIN_REQUIRED, f"the session is over: {over}")
    approving = attempt.approving or Approving()
    since, signed_in = approving.authenticated_since, facts.session.authenticated_at
    if since is not None and signed_in < since:
        compared = Compared("auth_time", signed_in.isoformat(), since.isoformat())
        return refused(Gate.SESSION, session_reasons.LOGIN_TOO_OLD, "the sign-in is older than the request allows", compared)
    required, who = levels.required(facts.org, facts.standing.profile, facts.policies)
    if not facts.session.level.reaches(required.level):
        reason = level_reasons.LEVEL_BLOCKED if required.action is LevelAction.BLOCK else level_reasons.LEVEL_TOO_LOW
        return refused(Gate.SESSION, reason, f"{required.level} is required by {who}", _level(facts.session.level, required.level))
    if not facts.session.level.reaches(approving.level):
        wish = _level(facts.session.level, approving.level)
        return refused(Gate.SESSION, level_reasons.LEVEL_TOO_LOW, f"{approving.level} is what the request wishes for", wish)
    return passed(Gate.SESSION, f"signed in at {signed_in.isoformat()} by {' and '.join(facts.session.methods)}")


def level(facts: Facts, attempt: Attempt) -> Finding | None:
    """Was the sign-in behind this as sure as the policy demands at this moment? Where nobody signed in, there is none that could be."""
    if facts.standing is None or facts.policies is None:
        return None
    required, who = levels.required(facts.org, facts.standing.profile, facts.policies)
    if required.level is Level.STANDARD:
        return passed(Gate.SESSION, "no level is required")
    if attempt.door in _NOBODY_THERE:
        compared = _level(None, required.level)
        return refused(
            Gate.SESSION, level_reasons.LEVEL_NEEDS_USER, f"{required.level} is required by {who}, and nobody signs in", compared
        )
    behind = attempt.code if attempt.door is Door.CODE else facts.grant
    if behind is None:
        return None
    compared = _level(behind.level if behind.authenticated_at is not None else None, required.level)
    if not behind.level.reaches(required.level):
        return refused(Gate.SESSION, level_reasons.LEVEL_TOO_LOW, f"{required.level} is required by {who}", compared)
    return passed(Gate.SESSION, f"{behind.level}, as is required by {who}", compared)


def _level(reached: Level | None, wanted: Level) -> Compared:
    return Compared("level", reached, wanted)


def consent(facts: Facts, attempt: Attempt) -> Finding | None:
    """Has the user, or the admin for all users, said yes to this app and these scopes?"""
    if facts.policies is None or facts.settings is None or facts.standing is None:
        return None
    pre_authorized = facts.policies.permitted_users is PermittedUsers.ADMIN_APPROVED
    if attempt.door is Door.ASSERTION:
        return _before(facts, attempt, pre_authorized)
    approving = attempt.approving or Approving()
    if approving.denied:
        return refused(Gate.CONSENT, consent_reasons.CONSENT_DENIED, "the user said no")
    if approving.approved:
        return passed(Gate.CONSENT, "approved by the user just now")
    if approving.ask_consent:
        return refused(Gate.CONSENT, consent_reasons.CONSENT_REQUIRED, "the request wants the user to be asked")
    if pre_authorized:
        return passed(Gate.CONSENT, "pre-authorized by the admin: nobody is asked")
    return _remembered(facts, attempt)


def _remembered(facts: Facts, attempt: Attempt) -> Finding:
    wanted = granted.scopes(facts, attempt)
    approval, callback = facts.approval, attempt.callback.uri if attempt.callback is not None else None
    compared = Compared("scope", scopes.render(wanted), scopes.render(approval.scopes) if approval is not None else None)
    if approval is None:
        return refused(Gate.CONSENT, consent_reasons.CONSENT_REQUIRED, "the user has not approved the app yet", compared)
    if not set(wanted) <= approval.scopes:
        return refused(Gate.CONSENT, consent_reasons.CONSENT_REQUIRED, "the user approved less than this", compared)
    if callback not in approval.callbacks:
        return refused(Gate.CONSENT, consent_reasons.CONSENT_REQUIRED, "the user approved it for another address", compared)
    if identity_is_a_guess(facts, callback or "", attempt.flow):
        # RFC 8252 section 8.6: any program on the machine can listen there, so the user looks each time.
        return refused(Gate.CONSENT, consent_reasons.CONSENT_REQUIRED, "nothing but its address tells this app from another", compared)
    return passed(Gate.CONSENT, f"approved by the user on {approval.renewed_at.date().isoformat()}", compared)


def identity_is_a_guess(facts: Facts, callback: str, flow: Flow | None = None) -> bool:
    """Whether only the redirect tells who the app is, and others can answer there too: on loopback or at a private scheme, an app that is
    public, that need not prove itself when it redeems the code, or that redeems none."""
    if facts.settings is None or callback.startswith("https://"):
        return False
    return facts.settings.public or not facts.settings.require_secret_for_web_server or flow is Flow.USER_AGENT


def _before(facts: Facts, attempt: Attempt, pre_authorized: bool) -> Finding:
    """An assertion asks nobody: the admin or the user has approved before, for these very scopes (X-JB-03)."""
    if pre_authorized:
        return passed(Gate.CONSENT, "pre-authorized by the admin")
    remembered = facts.approval.scopes if facts.approval is not None else frozenset()
    wanted = attempt.scopes_asked or granted.scopes(facts, attempt)
    compared = Compared("scope", scopes.render(wanted), scopes.render(remembered))
    if not wanted or not set(wanted) <= scopes.implied(remembered, facts.org.custom_scopes):
        return refused(Gate.CONSENT, consent_reasons.CONSENT_MISSING, "the user has not approved the app for this", compared)
    return passed(Gate.CONSENT, "approved by the user before", compared)


def access_token_lifetime(facts: Facts) -> Lifetime | None:
    """How long an access token of this app lives for this user, and whose setting says so."""
    if facts.settings is None or facts.policies is None:
        return None
    jwt = facts.settings.access_token_format is TokenFormat.JWT
    return lifetimes.access_token(
        "jwt" if jwt else "opaque",
        app_minutes=facts.policies.jwt_access_token_minutes if jwt else facts.policies.access_token_minutes,
        profile_minutes=facts.standing.profile.session_minutes if facts.standing else None,
        org_minutes=facts.org.settings.session_minutes,
    )


def lifetime(facts: Facts, _: Attempt) -> Finding | None:
    """For how long; this gate never says no."""
    found = access_token_lifetime(facts)
    return passed(Gate.LIFETIME, f"{found.seconds // 60} min, by the {found.source}") if found is not None else None
