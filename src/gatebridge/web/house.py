"""What the web door is given: every value it works with, and nothing that it would have to look up in the settings itself."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from threading import Event

from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.crypto.sealing import MasterKeys
from gatebridge.monitoring.audit_heads import OutsideHead
from gatebridge.oauth.keyring import Keyring
from gatebridge.storage.database import Clock, Database, utc_now
from gatebridge.web.metrics import Metrics
from gatebridge.web.turnstile import Turnstile


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a request is read at all. Sizes in bytes, times in seconds."""

    oauth_body: int = 65_536
    admin_body: int = 1_048_576
    headers: int = 16_384  # the request line and all headers together
    header_count: int = 100
    body_seconds: float = 20  # how long a body may take to arrive


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a request may need. Built once, by `bootstrap`; tests build smaller ones."""

    database: Database
    keys: MasterKeys = field(repr=False)
    hasher: PasswordHasher
    turnstile: Turnstile
    keyring: Keyring
    base_url: str  # the issuer of the first org
    outside_heads: Callable[[], Iterable[OutsideHead]] = tuple  # the heads of the audit chains, as kept outside the database
    limits: Limits = field(default_factory=Limits)
    trusted_proxies: Sequence[IPv4Network | IPv6Network] = ()
    metrics: Metrics = field(default_factory=Metrics)
    clock: Clock = utc_now  # for ids and for what is remembered; what is decided goes by the database's time
    stopping: Event = field(default_factory=Event)  # set once the server is told to stop: what would go on for long ends by itself
