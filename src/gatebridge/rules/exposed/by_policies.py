"""What the admin of the org that uses an app has opened: who, from where, how sure, and for how long."""

from datetime import datetime, timedelta

from gatebridge.rules import lifetimes
from gatebridge.rules.app_policies import AppPolicies, PermittedUsers
from gatebridge.rules.app_settings import Flow, TokenFormat
from gatebridge.rules.exposed.kinds import Found, Kind, Mend, Subject
from gatebridge.rules.ids import Prefix
from gatebridge.rules.levels import Level, LevelAction, Requirement
from gatebridge.rules.lifetimes import DEFAULT_AUTHORIZATION_CODE_SECONDS, DEFAULT_MINUTES, DEFAULT_REFRESH_POLICIES, RefreshPolicy
from gatebridge.rules.network import Relaxation

DEFAULT_GRACE_SECONDS = AppPolicies("").refresh_grace_seconds
WITH_A_USER = frozenset({Flow.WEB_SERVER, Flow.DEVICE, Flow.USER_AGENT})
WITHOUT_A_USER = frozenset({Flow.CLIENT_CREDENTIALS, Flow.JWT_BEARER})

_ENFORCED = Mend(policies={"ip_relaxation": Relaxation.ENFORCE})
_DEFAULT_REFRESH = Mend(
    policies={"refresh_policies": DEFAULT_REFRESH_POLICIES, "refresh_exception_reason": "", "refresh_exception_until": None}
)


def _self_authorize(subject: Subject) -> Found | None:
    if subject.policies.permitted_users is not PermittedUsers.SELF_AUTHORIZE or subject.built_in or subject.holders_only:
        return None
    mend = Mend(policies={"permitted_users": PermittedUsers.ADMIN_APPROVED})
    return Found("Every user of the org may approve the app without an admin.", mend=mend)


def _self_authorize_with_full(subject: Subject) -> Found | None:
    found = _self_authorize(subject)
    if found is None or "full" not in subject.settings.scopes:
        return None
    return Found("Every user of the org may give the app everything that the user can do.", mend=found.mend)


def _relaxed(relaxation: Relaxation, sentence: str) -> Found:
    return Found(sentence, relaxation, _ENFORCED)


def _ip_relaxed(subject: Subject) -> Found | None:
    if subject.policies.ip_relaxation is not Relaxation.RELAX:
        return None
    return _relaxed(Relaxation.RELAX, "The app may come from any address, whatever ranges apply.")


def _ip_relaxed_on_refresh(subject: Subject) -> Found | None:
    # A list of its own for refreshing is never relaxed.
    if subject.policies.ip_relaxation is not Relaxation.RELAX_REFRESH or subject.policies.refresh_ranges:
        return None
    return _relaxed(Relaxation.RELAX_REFRESH, "A refresh token may be used from any address, whatever ranges apply.")


def _ip_relaxed_for_activated(subject: Subject) -> Found | None:
    if subject.policies.ip_relaxation is not Relaxation.RELAX_ACTIVATED:
        return None
    return _relaxed(Relaxation.RELAX_ACTIVATED, "From a device that its user has activated, the app may come from any address.")


def _ip_relaxed_without_high_assurance(subject: Subject) -> Found | None:
    required = {subject.policies.requirement.level, subject.org.requirement.level}
    if _ip_relaxed(subject) is None or Level.HIGH in required or not subject.settings.flows & WITH_A_USER:
        return None
    # A flow in which nobody sits at a browser could never reach the level, so an app that has one is not told it by a machine.
    high = Requirement(Level.HIGH, LevelAction.RAISE)
    mend = Mend() if subject.settings.flows & WITHOUT_A_USER else Mend(policies={"requirement": high})
    return Found("A password alone opens the app from any address.", mend=mend)


def _no_ranges(subject: Subject) -> Found | None:
    if subject.policies.ip_ranges or (subject.org.trusted_ranges and not subject.org.trusted_ranges_only_waive):
        return None
    if any(subject.profiles.get(profile_id, False) for profile_id in _profiles_of_users(subject)):
        return None
    relaxed = subject.policies.ip_relaxation is not Relaxation.ENFORCE
    mode = "relaxing" if relaxed else "enforcing"
    return Found(f"No range applies: neither the app, the org nor a profile of its users has any, so {mode} has no effect.")


def _profiles_of_users(subject: Subject) -> frozenset[str]:
    """The profiles that users of the app may have: those permitted, or any where everybody or a permission set is let in."""
    holders = {permit.holder_id for permit in subject.permits if permit.holds(subject.now)}
    anybody = subject.policies.permitted_users is PermittedUsers.SELF_AUTHORIZE
    if anybody or any(holder.startswith(Prefix.PERMISSION_SET) for holder in holders):
        return frozenset(subject.profiles)
    return frozenset(holders)


def _no_refresh_expiry(subject: Subject) -> Found | None:
    if all(policy.kind != "until_revoked" for policy in subject.policies.refresh_policies_in_force(subject.now)):
        return None
    return Found("A refresh token lives until it is revoked.", mend=_DEFAULT_REFRESH)


def _refresh_long(subject: Subject) -> Found | None:
    longer = [policy for policy in subject.policies.refresh_policies if _outlives_default(policy, subject.now)]
    if not longer:
        return None
    spelled = " and ".join(policy.words for policy in longer)
    return Found(f"A refresh token {spelled}.", ",".join(str(policy) for policy in longer), _DEFAULT_REFRESH)


def _outlives_default(policy: RefreshPolicy, now: datetime) -> bool:
    default = next((each for each in DEFAULT_REFRESH_POLICIES if each.kind == policy.kind), None)
    if default is None or policy == default:
        return False
    mine, its = lifetimes.expires_at(policy, now, None), lifetimes.expires_at(default, now, None)
    # Twelve months are a leap year's 366 days; a day is no longer life.
    return mine is not None and its is not None and mine > its + timedelta(days=1)


def _jwt_long(subject: Subject) -> Found | None:
    minutes = subject.policies.jwt_access_token_minutes
    if subject.settings.access_token_format is not TokenFormat.JWT or minutes is None or minutes <= DEFAULT_MINUTES["jwt"]:
        return None
    return Found(f"A JWT access token lives {minutes:,} minutes.", str(minutes), Mend(policies={"jwt_access_token_minutes": None}))


def _code_long(subject: Subject) -> Found | None:
    seconds = subject.policies.authorization_code_seconds
    if seconds is None or seconds <= DEFAULT_AUTHORIZATION_CODE_SECONDS:
        return None
    return Found(f"An authorization code lives {seconds} seconds.", str(seconds), Mend(policies={"authorization_code_seconds": None}))


def _refresh_grace(subject: Subject) -> Found | None:
    seconds = subject.policies.refresh_grace_seconds
    if seconds <= DEFAULT_GRACE_SECONDS:
        return None
    mend = Mend(policies={"refresh_grace_seconds": DEFAULT_GRACE_SECONDS})
    return Found(f"For {seconds} seconds a rotated refresh token gets the same successor again.", str(seconds), mend)


def _may_administer(subject: Subject) -> Found | None:
    if not subject.policies.may_administer or subject.built_in:
        return None
    return Found("The app may be given the scope setup_api, and change this org.", mend=Mend(policies={"may_administer": False}))


BY_POLICIES = (
    Kind(
        "self_authorize",
        2,
        "policies.permitted_users",
        _self_authorize,
        why="One user who is talked into approving it lets it in; nobody decides for the org.",
        smaller="Approve users by profile or permission set, and let nobody else in.",
    ),
    Kind(
        "self_authorize_with_full",
        5,
        "policies.permitted_users",
        _self_authorize_with_full,
        why="This is how the token thefts of 2025 began: one user, on the telephone, gives a look-alike everything.",
        smaller="Approve users by profile or permission set; or name the scopes that the app uses instead of full.",
    ),
    Kind(
        "ip_relaxed",
        3,
        "policies.ip_relaxation",
        _ip_relaxed,
        why="A token or secret that was stolen works from wherever the thief is.",
        smaller="Enforce the ranges, and add the addresses that the app comes from to its own ranges.",
    ),
    Kind(
        "ip_relaxed_on_refresh",
        2,
        "policies.ip_relaxation",
        _ip_relaxed_on_refresh,
        why="The refresh is where stolen tokens are used, and there the address is not looked at.",
        smaller="Enforce the ranges, and list the addresses that the app refreshes from.",
    ),
    Kind(
        "ip_relaxed_for_activated",
        1,
        "policies.ip_relaxation",
        _ip_relaxed_for_activated,
        why="A device that was activated once is believed from then on, wherever it is.",
        smaller="Enforce the ranges, and add the addresses that its users come from to the app's own ranges.",
    ),
    Kind(
        "ip_relaxed_without_high_assurance",
        2,
        "policies.requirement",
        _ip_relaxed_without_high_assurance,
        why="With the address not looked at, a password that was guessed or given away is all that it takes.",
        smaller="Require high assurance of the app, so that its users show a second factor.",
        command="gatebridge apps policies {app} --required-level high",
    ),
    Kind(
        "no_ranges",
        1,
        "policies.ip_ranges",
        _no_ranges,
        why="The network rule looks as if it were on, and refuses nobody.",
        smaller="Give the app the ranges that it comes from, or the org its trusted ranges.",
        command="gatebridge apps policies {app} --ip-range RANGE",
    ),
    Kind(
        "no_refresh_expiry",
        4,
        "policies.refresh_policies",
        _no_refresh_expiry,
        why="A token that was copied and forgotten is good for ever.",
        smaller="Let refresh tokens die after 30 idle days, and 365 days after they were first given.",
    ),
    Kind(
        "refresh_long",
        1,
        "policies.refresh_policies",
        _refresh_long,
        why="The longer a token that nobody uses lives on, the longer is a copy of it good.",
        smaller="Let refresh tokens die after 30 idle days, and 365 days after they were first given.",
    ),
    Kind(
        "jwt_long",
        2,
        "policies.jwt_access_token_minutes",
        _jwt_long,
        why="Whoever checks the signature alone believes a revoked token until it runs out.",
        smaller="Let it live 15 minutes, and refresh.",
    ),
    Kind(
        "code_long",
        1,
        "policies.authorization_code_seconds",
        _code_long,
        why="A code stands in addresses, and so in histories and logs; the longer it lives, the likelier somebody else redeems it first.",
        smaller="Let it live 60 seconds.",
    ),
    Kind(
        "refresh_grace",
        1,
        "policies.refresh_grace_seconds",
        _refresh_grace,
        why="Within the grace a copied refresh token is taken for a retry, and is not found out.",
        smaller="Give a retry 10 seconds.",
    ),
    Kind(
        "may_administer",
        3,
        "policies.may_administer",
        _may_administer,
        why="With it the app can do in setup whatever its user can: make users, open policies, end access.",
        smaller="Let only the apps that administer have this, each acting for a user with few rights.",
    ),
)
