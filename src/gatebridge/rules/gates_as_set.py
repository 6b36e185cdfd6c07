"""How an app's gates are set: for each of the fifteen whether it guards, stands open, is loosened or shut, and the setting in a few words.

Nothing is decided here. It is what the gate strip of an app shows: the same settings and policies that `access` asks, beside the
exposures that somebody could close (docs/decisions/0030).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.exposed.by_policies import WITH_A_USER
from gatebridge.rules.exposed.by_settings import waives_for_codes, waives_for_refresh
from gatebridge.rules.exposed.kinds import Subject
from gatebridge.rules.exposures import Exposure
from gatebridge.rules.gates import Gate
from gatebridge.rules.levels import Level
from gatebridge.rules.lifetimes import DEFAULT_AUTHORIZATION_CODE_SECONDS, RefreshPolicy
from gatebridge.rules.network import Relaxation


class Stand(StrEnum):
    """How one gate stands, by the words of the strip."""

    GUARDED = "guarded"  # it asks, and lets through only what was approved
    OPEN = "open"  # it lets everybody through, as it may
    LOOSENED = "loosened"  # it is wider than it need be: an exposure says so
    CLOSED = "closed"  # nobody comes through


@dataclass(frozen=True, slots=True)
class Presence:
    """How the app stands in the org: in use, blocked; and how many profiles of the org have login hours."""

    in_use: bool
    blocked: bool = False
    profiles_with_hours: int = 0


@dataclass(frozen=True, slots=True)
class GateAsSet:
    """One gate. `exposures` are the codes of what loosens it; `place` names the page where it is changed."""

    gate: Gate
    stand: Stand
    words: str
    place: str  # settings, policies, access, credentials or overview: the tab of the app
    exposures: tuple[str, ...] = ()


# The gate that each exposure loosens. One that is missing here loosens none: it is about who answers for the app, or a date to keep.
LOOSENS = {
    "secret_in_browser": Gate.CLIENT,
    "secret_waived_for_codes": Gate.CLIENT,
    "secret_waived_for_refresh": Gate.CLIENT,
    "old_secret": Gate.CLIENT,
    "legacy_audience": Gate.CLIENT,
    "private_scheme": Gate.CALLBACK,
    "device_flow": Gate.FLOW,
    "user_agent_flow": Gate.FLOW,
    "no_pkce": Gate.PKCE,
    "assertion_audiences": Gate.PROOF,
    "jti_optional": Gate.PROOF,
    "token_in_address": Gate.PROOF,
    "code_long": Gate.PROOF,
    "refresh_grace": Gate.PROOF,
    "full_scope": Gate.SCOPES,
    "may_administer": Gate.SCOPES,
    "introspects_all": Gate.SCOPES,
    "self_authorize": Gate.PERMITTED,
    "self_authorize_with_full": Gate.PERMITTED,
    "ip_relaxed": Gate.NETWORK,
    "ip_relaxed_on_refresh": Gate.NETWORK,
    "ip_relaxed_for_activated": Gate.NETWORK,
    "no_ranges": Gate.NETWORK,
    "ip_relaxed_without_high_assurance": Gate.SESSION,
    "no_refresh_expiry": Gate.LIFETIME,
    "refresh_long": Gate.LIFETIME,
    "jwt_long": Gate.LIFETIME,
}

_NAMES = {
    Flow.WEB_SERVER: "web server",
    Flow.REFRESH_TOKEN: "refresh",
    Flow.JWT_BEARER: "JWT",
    Flow.CLIENT_CREDENTIALS: "client credentials",
    Flow.DEVICE: "device",
    Flow.USER_AGENT: "user-agent",
}
_BY_BROWSER = frozenset({Flow.WEB_SERVER, Flow.USER_AGENT})

_Said = tuple[Stand, str]


def of(subject: Subject, presence: Presence, exposures: Iterable[Exposure]) -> tuple[GateAsSet, ...]:
    """Every gate of an app, in the order of the gates."""
    loosened: dict[Gate, list[str]] = {}
    for exposure in exposures:
        gate = LOOSENS.get(exposure.code)
        if gate is not None:
            loosened.setdefault(gate, []).append(exposure.code)
    found = []
    for gate in Gate:
        say, place = _SAYS[gate]
        stand, words = say(subject, presence)
        codes = tuple(loosened.get(gate, ()))
        # A gate that nobody passes is not made wider by anything else.
        found.append(GateAsSet(gate, Stand.LOOSENED if codes and stand is not Stand.CLOSED else stand, words, place, codes))
    return tuple(found)


def counted(gates: Iterable[GateAsSet]) -> str:
    """The whole strip in a sentence: how many gates stand how."""
    stands = [each.stand for each in gates]
    kinds = ((Stand.GUARDED, "guarded"), (Stand.OPEN, "open"), (Stand.LOOSENED, "loosened"), (Stand.CLOSED, "closed"))
    parts = [f"{count} {word}" for stand, word in kinds if (count := stands.count(stand))]
    return f"Every request passes these {len(stands)} in order: {', '.join(parts)}."


def _client(subject: Subject, _: Presence) -> _Said:
    settings = subject.settings
    if settings.public:
        return Stand.OPEN, "No secret: public app"
    if waives_for_codes(settings) or waives_for_refresh(settings):
        return Stand.GUARDED, "Proof waived in part"
    if settings.auth_methods == frozenset({ClientAuthMethod.PRIVATE_KEY_JWT}):
        return Stand.GUARDED, "Signed with its key"
    return Stand.GUARDED, "Secret required"


def _callback(subject: Subject, _: Presence) -> _Said:
    count = len(subject.settings.callbacks)
    if not subject.settings.flows & _BY_BROWSER:
        return Stand.GUARDED, "No flow comes back"
    if not count:
        return Stand.CLOSED, "None registered"
    return Stand.GUARDED, f"{_number(count, 'exact address', 'exact addresses')}"


def _app(subject: Subject, presence: Presence) -> _Said:
    if subject.app.deleted_at is not None:
        return Stand.CLOSED, "Deleted"
    return (Stand.CLOSED, "Blocked") if presence.blocked else (Stand.GUARDED, "Active, not blocked")


def _installed(subject: Subject, presence: Presence) -> _Said:
    if subject.holders_only:
        return Stand.GUARDED, "For holders of a right"
    return (Stand.GUARDED, "Installed here") if presence.in_use else (Stand.CLOSED, "Not installed here")


def _flow(subject: Subject, _: Presence) -> _Said:
    flows = [_NAMES[flow] for flow in Flow if flow in subject.settings.flows]
    if not flows:
        return Stand.CLOSED, "No flow is on"
    words = ", ".join(flows[:3]) if len(flows) <= 3 else f"{flows[0]}, {flows[1]}, {len(flows) - 2} more"
    return Stand.GUARDED, words[0].upper() + words[1:]


def _pkce(subject: Subject, _: Presence) -> _Said:
    if Flow.WEB_SERVER not in subject.settings.flows:
        return Stand.GUARDED, "No code is given"
    return (Stand.GUARDED, "S256 required") if subject.settings.pkce_required else (Stand.OPEN, "Not required")


def _proof(subject: Subject, _: Presence) -> _Said:
    if subject.settings.flows & _BY_BROWSER:
        seconds = subject.policies.authorization_code_seconds or DEFAULT_AUTHORIZATION_CODE_SECONDS
        return Stand.GUARDED, f"Code lives {seconds} s, once"
    if Flow.JWT_BEARER in subject.settings.flows:
        return Stand.GUARDED, "Assertion, used once"
    return Stand.GUARDED, "Used once"


def _scopes(subject: Subject, _: Presence) -> _Said:
    scopes = subject.settings.scopes
    if not scopes:
        return Stand.CLOSED, "None given"
    return Stand.GUARDED, "full" if "full" in scopes else _number(len(scopes), "scope", "scopes")


def _user(subject: Subject, _: Presence) -> _Said:
    if subject.settings.flows == frozenset({Flow.CLIENT_CREDENTIALS}):
        named = subject.policies.run_as_user_id is not None
        return (Stand.GUARDED, "Its run-as user") if named else (Stand.CLOSED, "No run-as user")
    return Stand.GUARDED, "Active, not frozen"


def _permitted(subject: Subject, _: Presence) -> _Said:
    if subject.holders_only:
        return Stand.GUARDED, "Holders of a right"
    if subject.policies.permitted_users is PermittedUsers.SELF_AUTHORIZE:
        return Stand.OPEN, "Anybody, after consent"
    holders = {permit.holder_id for permit in subject.permits if permit.holds(subject.now)}
    if not holders:
        return Stand.CLOSED, "Nobody is assigned"
    return Stand.GUARDED, f"Approved: {_number(len(holders), 'holder', 'holders')}"


def _hours(_: Subject, presence: Presence) -> _Said:
    count = presence.profiles_with_hours
    return (Stand.GUARDED, f"Hours of {_number(count, 'profile', 'profiles')}") if count else (Stand.OPEN, "Any hour")


def _network(subject: Subject, _: Presence) -> _Said:
    trusted = () if subject.org.trusted_ranges_only_waive else subject.org.trusted_ranges
    count = len(subject.policies.ip_ranges) + len(trusted)
    ranged = any(subject.profiles.values())
    if subject.policies.ip_relaxation is Relaxation.RELAX:
        return Stand.OPEN, "Relaxed: any address"
    if not count and not ranged:
        return Stand.OPEN, "Any address"
    words = f"{_number(count, 'range', 'ranges')} enforced" if count else "Ranges of profiles"
    return Stand.GUARDED, words if subject.policies.ip_relaxation is Relaxation.ENFORCE else "Ranges, relaxed in part"


def _session(subject: Subject, _: Presence) -> _Said:
    if not subject.settings.flows & WITH_A_USER:
        return Stand.GUARDED, "Nobody signs in"
    levels = {subject.policies.requirement.level, subject.org.requirement.level}
    return (Stand.GUARDED, "High assurance") if Level.HIGH in levels else (Stand.OPEN, "One factor will do")


def _consent(subject: Subject, _: Presence) -> _Said:
    if subject.policies.permitted_users is PermittedUsers.SELF_AUTHORIZE:
        return Stand.GUARDED, "Each user is asked"
    return Stand.OPEN, "Not asked: an admin approved"


def _lifetime(subject: Subject, _: Presence) -> _Said:
    if Flow.REFRESH_TOKEN in subject.settings.flows:
        in_force = subject.policies.refresh_policies_in_force(subject.now)
        return Stand.GUARDED, f"Refresh: {', '.join(_short(policy) for policy in in_force)}"
    return Stand.GUARDED, "Access tokens only"


def _short(policy: RefreshPolicy) -> str:
    if policy.amount is None:
        return "never" if policy.kind == "immediately" else "until revoked"
    span = f"{policy.amount} {policy.unit}"
    return f"{span} idle" if policy.kind == "idle" else f"{span} in all"


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


_SAYS: dict[Gate, tuple[Callable[[Subject, Presence], _Said], str]] = {
    Gate.CLIENT: (_client, "credentials"),
    Gate.CALLBACK: (_callback, "settings"),
    Gate.APP: (_app, "overview"),
    Gate.INSTALLED: (_installed, "overview"),
    Gate.FLOW: (_flow, "settings"),
    Gate.PKCE: (_pkce, "settings"),
    Gate.PROOF: (_proof, "policies"),
    Gate.SCOPES: (_scopes, "settings"),
    Gate.USER: (_user, "policies"),
    Gate.PERMITTED: (_permitted, "access"),
    Gate.HOURS: (_hours, "access"),
    Gate.NETWORK: (_network, "policies"),
    Gate.SESSION: (_session, "policies"),
    Gate.CONSENT: (_consent, "policies"),
    Gate.LIFETIME: (_lifetime, "policies"),
}
