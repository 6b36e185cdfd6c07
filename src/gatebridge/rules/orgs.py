"""An org: a tenant with its own host, users, apps, policies, keys and records. Nothing crosses orgs unless installed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.levels import NOTHING_REQUIRED, Requirement
from gatebridge.rules.network import Address, Range


class OrgKind(StrEnum):
    """What an org is for. Nothing is decided by it; Salesforce's clients are told whether it is a sandbox."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"
    DEVELOPER = "developer"


@dataclass(frozen=True, slots=True)
class OrgSettings:
    """What an org's security admin sets for the whole org."""

    session_minutes: int | None = None  # life of an opaque access token where neither app nor profile says; None: the default
    trusted_ranges: tuple[Range, ...] = ()
    trusted_ranges_only_waive: bool = False  # Salesforce's reading: trusted ranges waive verification and never refuse
    custom_scopes: tuple[tuple[str, str], ...] = ()  # name and consent sentence
    scope_claims: tuple[tuple[str, str, str], ...] = ()  # scope, claim that it makes known, expression of its value (rules/attributes.py)
    device_flow: bool = False  # whether any app of the org may use it; each must be allowed as well
    user_agent_flow: bool = False  # the legacy form, with tokens in the address
    timezone: str = "UTC"  # in which the login hours of its profiles are told; a name of the IANA time zone database
    monitored_ranges: tuple[Range, ...] = ()  # as `trusted_ranges`, but what they would refuse is only recorded
    ranges_on_every_request: bool = False  # held against the address of each use, where a resource server tells it
    verify_new_browsers: bool = False  # a sign-in at a browser that the user has not activated asks for more than the password
    requirement: Requirement = NOTHING_REQUIRED  # of every sign-in of the org
    lock_sessions_to_address: bool = False  # a session ends when it is used from another address than it began at
    session_absolute_hours: int | None = None  # the longest that a session lives, however busy; None: 24
    max_sessions_per_user: int | None = None  # one more ends the least recently used; None: no limit
    reauthenticate_minutes: int | None = None  # how old a sign-in may be for what is weighty; None: 60


@dataclass(frozen=True, slots=True)
class Org:
    """A tenant: its users, apps, policies and records are its own. `epoch` counts how often all that it gave out was ended at once."""

    id: str
    name: str
    kind: OrgKind
    host: str  # what the Host header must say, with the port where it is not the scheme's own
    issuer: str  # byte for byte the `iss` of all its tokens; no slash at the end
    epoch: int
    created_at: datetime
    version: int = 1
    settings: OrgSettings = field(default_factory=OrgSettings)
    epoch_at: datetime | None = None  # when the epoch was raised last; what was signed before that counts no more

    def switched_off(self, flow: Flow) -> bool:
        """Whether no app of the org may use this flow. Two that people are easily talked into are off until an admin wants them."""
        return (flow is Flow.DEVICE and not self.settings.device_flow) or (flow is Flow.USER_AGENT and not self.settings.user_agent_flow)

    def waives_verification(self, address: Address | None) -> bool:
        """Whether nobody is asked for a mailed code at this address. Ranges that refuse waive nothing: nobody comes from elsewhere."""
        ranges = self.settings.trusted_ranges if self.settings.trusted_ranges_only_waive else ()
        return address is not None and any(each.contains(address) for each in ranges)

    @property
    def custom_scopes(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.settings.custom_scopes)
