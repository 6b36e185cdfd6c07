"""An org: a tenant with its own host, users, apps, policies, keys and records. Nothing crosses orgs unless installed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gatebridge.rules.network import Range


class OrgKind(StrEnum):
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


@dataclass(frozen=True, slots=True)
class Org:
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

    @property
    def custom_scopes(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.settings.custom_scopes)
