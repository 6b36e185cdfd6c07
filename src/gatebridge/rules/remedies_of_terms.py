"""Which setting decided at the gates of what was presented, when, from where and on what terms; the other half of `remedies`."""

from gatebridge.rules import hours as clocks
from gatebridge.rules import levels, lifetimes, settable
from gatebridge.rules import network as ranges
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.apps import App
from gatebridge.rules.asks.proof import policies_in_force
from gatebridge.rules.asks.terms import access_token_lifetime
from gatebridge.rules.effective import network_policy
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.ids import long
from gatebridge.rules.levels import Level, Requirement
from gatebridge.rules.network import NetworkPolicy, Range, Relaxation, Rule
from gatebridge.rules.reasons import consent as consent_reasons
from gatebridge.rules.reasons import device as device_reasons
from gatebridge.rules.reasons import grant as grant_reasons
from gatebridge.rules.reasons import network as network_reasons
from gatebridge.rules.reasons import proof as proof_reasons
from gatebridge.rules.reasons import session as session_reasons
from gatebridge.rules.reasons import user_codes
from gatebridge.rules.sessions import idle_minutes
from gatebridge.rules.settable import Setting, listed, option
from gatebridge.rules.verdict import Finding, State

_KEYS = frozenset(
    {grant_reasons.GRANT_ALGORITHM_REFUSED, grant_reasons.GRANT_KEY_UNKNOWN, grant_reasons.GRANT_SIGNATURE_WRONG}
    | {grant_reasons.GRANT_CERTIFICATE_EXPIRED, grant_reasons.GRANT_CERTIFICATE_RETIRED}
)
_GRACE = frozenset({grant_reasons.REFRESH_REUSED, grant_reasons.REFRESH_IN_PROGRESS})
_ENDED = frozenset(
    {grant_reasons.CODE_ENDED, grant_reasons.REFRESH_ENDED, grant_reasons.GRANT_ASSERTION_ENDED}
    | {proof_reasons.TOKEN_ENDED, proof_reasons.TOKEN_REVOKED, device_reasons.DEVICE_CODE_ENDED, user_codes.USER_CODE_ENDED}
)


def certificates(facts: Facts, app: App) -> Setting:
    """The keys with which the app signs."""
    words, command = "live and retired ones are listed there", f"certs add {long(app.id)} FILE"
    return settable.credentials(facts, app, "Certificates", words, "certificates", command)


def proof(facts: Facts, attempt: Attempt, finding: Finding) -> Setting | None:
    """For how long what was presented counts, and what ended it."""
    if finding.reason in _ENDED:
        return _ended(facts, attempt, finding)
    if facts.app is None or facts.settings is None or facts.policies is None or finding.state is State.UNREACHED:
        return None
    policies, reason = facts.policies, finding.reason
    if reason in _GRACE:
        words = f"{policies.refresh_grace_seconds} s"
        return settable.policies(facts.app, "Refresh grace", words, "--refresh-grace SECONDS")
    if reason is grant_reasons.GRANT_AUDIENCE_WRONG:
        words = listed((facts.org.issuer, *facts.settings.assertion_audiences))
        return settable.settings(facts, facts.app, "Assertion audiences", words, "--assertion-audience AUDIENCE")
    if reason in _KEYS or (reason is None and attempt.door is Door.ASSERTION):
        return certificates(facts, facts.app)
    if reason is None and attempt.door in (Door.CONNECT, Door.DEVICE):
        # How long a code of a device lives is the same everywhere; whether there are any is the org's to say.
        return settable.org("Device flow", "on", "--no-device-flow")
    if reason is proof_reasons.TOKEN_EXPIRED or (reason is None and attempt.token is not None):
        return lifetime(facts, attempt, finding)
    if reason is grant_reasons.CODE_EXPIRED or (reason is None and attempt.door is Door.CODE):
        seconds = policies.authorization_code_seconds or lifetimes.DEFAULT_AUTHORIZATION_CODE_SECONDS
        return settable.policies(facts.app, "Authorization code life", f"{seconds} s", "--code-seconds SECONDS")
    if reason is grant_reasons.REFRESH_EXPIRED or (reason is None and attempt.door is Door.REFRESH):
        in_force = policies_in_force(facts)
        words = " and ".join(policy.words for policy in in_force)
        return settable.policies(facts.app, "Refresh token policy", words, option("--refresh-policy", map(str, in_force)))
    return None


def _ended(facts: Facts, attempt: Attempt, finding: Finding) -> Setting | None:
    run_as = facts.policies.run_as_user_id if facts.policies is not None else None
    token = attempt.token
    if facts.app is not None and token is not None and token.flow is Flow.CLIENT_CREDENTIALS and run_as not in (None, token.user_id):
        return settable.policies(facts.app, "Run as", finding.words, f"--run-as {long(token.user_id)}")
    return settable.audit_trail(finding.words)


def hours(facts: Facts, _: Attempt, __: Finding) -> Setting | None:
    """When the user may come in."""
    if facts.standing is None:
        return None
    profile = facts.standing.profile
    words = f"{clocks.told(profile.login_hours)}, in {facts.org.settings.timezone}" if profile.login_hours else "at any time"
    return settable.profile(profile, "Login hours", words, "--login-hours HOURS")


def network(facts: Facts, attempt: Attempt, finding: Finding) -> Setting | None:
    """From where the request may come, by the first rule that had a say."""
    if facts.app is None or facts.standing is None or facts.policies is None:
        return None
    policy = network_policy(facts.org, facts.standing.profile, facts.policies)
    if finding.reason is network_reasons.ADDRESS_UNKNOWN:
        return Setting("Server: GATEBRIDGE_TRUSTED_PROXIES", "the client's address could not be read", by=settable.OPERATOR)
    rule, held_against = _rule(policy, attempt, finding)
    if rule is Rule.PROFILE_RANGES:
        return settable.profile(facts.standing.profile, "Login IP ranges", listed(held_against), _longer("--login-range", held_against))
    if rule is Rule.TRUSTED_RANGES:
        return settable.org("Trusted IP ranges", listed(held_against), _longer("--trusted-range", held_against))
    if rule is Rule.REFRESH_RANGES:
        return settable.policies(facts.app, "Refresh IP ranges", listed(held_against), _longer("--refresh-range", held_against))
    if rule is Rule.RELAXED:
        return settable.policies(facts.app, "IP relaxation", policy.relaxation, f"--ip-relaxation {Relaxation.ENFORCE}")
    return settable.policies(facts.app, "IP ranges", listed(policy.app), _longer("--ip-range", policy.app))


def _rule(policy: NetworkPolicy, attempt: Attempt, finding: Finding) -> tuple[Rule, tuple[Range, ...]]:
    refused = finding.state is State.REFUSED
    of_use = refused and any(compared.name == "client_address" for compared in finding.compared)
    address = attempt.used_from if of_use else attempt.address
    judged = ranges.judge(address, policy, refreshing=attempt.door is Door.REFRESH)
    # Nothing is relaxed here for an activated device; so what is refused here and was let through there was relaxed for one.
    return (judged.rule, judged.ranges) if judged.allowed or refused else (Rule.RELAXED, ())


def _longer(name: str, held: tuple[Range, ...]) -> str:
    """The option that says the whole list once more, and one range beside; a repeated option replaces the list."""
    typed = (f"{each}={each.label}" if each.label else str(each) for each in held)
    return f"{option(name, typed)} {name} RANGE".strip()


def session(facts: Facts, attempt: Attempt, finding: Finding) -> Setting | None:
    """How sure a sign-in must make us, and how long it counts."""
    if finding.reason in (session_reasons.LOGIN_REQUIRED, session_reasons.LOGIN_TOO_OLD):
        return _session_life(facts) if attempt.door in (Door.AUTHORIZE, Door.CONNECT) else None
    if facts.standing is None:
        return None
    profile, policies = facts.standing.profile, facts.policies
    required, _ = levels.required(facts.org, profile, policies)
    if finding.state is State.REFUSED and required.level is Level.STANDARD:
        return None  # it is the request that wishes for more
    if facts.app is not None and policies is not None and policies.requirement.level is Level.HIGH:
        return settable.policies(facts.app, "Required level", _said(policies.requirement), "--required-level LEVEL")
    if profile.requirement.level is Level.HIGH:
        return settable.profile(profile, "Required level", _said(profile.requirement), "--required-level LEVEL")
    return settable.org("Required level", _said(facts.org.settings.requirement), "--required-level LEVEL")


def _said(requirement: Requirement) -> str:
    return str(requirement.level) if requirement.level is Level.STANDARD else f"{requirement.level}, else {requirement.action}"


def _session_life(facts: Facts) -> Setting:
    profile = facts.standing.profile if facts.standing is not None else None
    of_profile = profile.session_minutes if profile is not None else None
    words = f"{idle_minutes(profile=of_profile, org=facts.org.settings.session_minutes)} min idle"
    if profile is not None and of_profile is not None:
        return settable.profile(profile, "Session", words, "--session-minutes MINUTES")
    return settable.org("Session", words, "--session-minutes MINUTES")


def consent(facts: Facts, _: Attempt, finding: Finding) -> Setting | None:
    """Whether the user is asked, or the admin has answered for all."""
    if facts.app is None or facts.policies is None or finding.reason is consent_reasons.CONSENT_DENIED:
        return None
    own = facts.policies.permitted_users is PermittedUsers.SELF_AUTHORIZE
    words = "each user decides" if own else "the admin decides for all"
    other = PermittedUsers.ADMIN_APPROVED if own else PermittedUsers.SELF_AUTHORIZE
    return settable.policies(facts.app, "Permitted users", words, f"--permitted-users {other}")


def lifetime(facts: Facts, _: Attempt, __: Finding) -> Setting | None:
    """For how long an access token lives, and whose setting says so."""
    found = access_token_lifetime(facts)
    if facts.app is None or facts.settings is None or found is None:
        return None
    words = f"{found.seconds // 60} min"
    if facts.standing is not None and found.source == "profile":
        return settable.profile(facts.standing.profile, "Session", words, "--session-minutes MINUTES")
    if found.source == "org":
        return settable.org("Session", words, "--session-minutes MINUTES")
    jwt = facts.settings.access_token_format is TokenFormat.JWT
    words += "" if found.source == "app" else ", the default"
    return settable.policies(facts.app, "Access token life", words, "--jwt-minutes MINUTES" if jwt else "--token-minutes MINUTES")
