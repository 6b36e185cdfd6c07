"""Gates 13 to 15, on what terms: Session, Consent, Lifetime."""

from gatebridge.rules import granted, lifetimes, scopes, sessions
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import TokenFormat
from gatebridge.rules.asks.answers import passed, refused
from gatebridge.rules.facts import Approving, Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.lifetimes import Lifetime
from gatebridge.rules.reasons import consent as consent_reasons
from gatebridge.rules.reasons import session as session_reasons
from gatebridge.rules.reasons.reason import Compared
from gatebridge.rules.verdict import Finding


def session(facts: Facts, attempt: Attempt) -> Finding | None:
    """Has somebody signed in at this browser, and lately enough for this request?"""
    if facts.session is None:
        return refused(Gate.SESSION, session_reasons.LOGIN_REQUIRED, "nobody is signed in at this browser")
    if facts.standing is None:
        return None
    idle = sessions.idle_minutes(profile=facts.standing.profile.session_minutes, org=facts.org.settings.session_minutes)
    over = sessions.over(facts.session, org=facts.org, user=facts.standing.user, idle_minutes=idle, now=facts.now)
    if over is not None:
        # Whoever brings the facts has looked already; but a door that forgot to must not make a dead session a live one.
        return refused(Gate.SESSION, session_reasons.LOGIN_REQUIRED, f"the session is over: {over}")
    since = attempt.approving.authenticated_since if attempt.approving is not None else None
    signed_in = facts.session.authenticated_at
    if since is not None and signed_in < since:
        compared = Compared("auth_time", signed_in.isoformat(), since.isoformat())
        return refused(Gate.SESSION, session_reasons.LOGIN_TOO_OLD, "the sign-in is older than the request allows", compared)
    return passed(Gate.SESSION, f"signed in at {signed_in.isoformat()} by {' and '.join(facts.session.methods)}")


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
    if identity_is_a_guess(facts, callback or ""):
        # RFC 8252 section 8.6: any program on the machine can listen there, so the user looks each time.
        return refused(Gate.CONSENT, consent_reasons.CONSENT_REQUIRED, "nothing but its address tells this app from another", compared)
    return passed(Gate.CONSENT, f"approved by the user on {approval.renewed_at.date().isoformat()}", compared)


def identity_is_a_guess(facts: Facts, callback: str) -> bool:
    """Whether only the redirect tells who the app is, and others can answer there too: a public app on loopback or a private scheme."""
    return facts.settings is not None and facts.settings.public and not callback.startswith("https://")


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
