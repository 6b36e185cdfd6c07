"""A connected app: the registration of one external application, and its presence in the orgs that use it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# The API name of the built-in app with which people sign in on the command line. Nobody else registers an app of this name.
COMMAND_LINE = "gatebridge_cli"
# The consumer key, and the API name, with which the Salesforce CLI presents itself to every server (docs/decisions/0029).
PLATFORM_CLI = "PlatformCLI"
BUILT_IN = frozenset({COMMAND_LINE, PLATFORM_CLI})


class Dialect(StrEnum):
    """How the server speaks to an app where the RFCs and Salesforce's wire pull apart (wire.md)."""

    STANDARD = "standard"
    SALESFORCE = "salesforce"


@dataclass(frozen=True, slots=True)
class App:
    """Identity, owner and purpose of an app. What it may do is in its settings; who may use it is in the policies."""

    id: str
    org_id: str  # the owning org
    label: str
    api_name: str  # unique in the org; what configuration as code calls it
    consumer_key: str  # never changes
    dialect: Dialect  # frozen at the first grant
    contact_email: str
    owner_id: str
    epoch: int
    created_at: datetime
    version: int = 1
    contact_phone: str = ""
    info_url: str = ""
    description: str = ""
    purpose: str = ""
    backup_owner_id: str | None = None
    review_on: str = ""  # the day by which its owner looks at it again, such as 2027-03-31; empty: none was said
    has_logo: bool = False
    deleted_at: datetime | None = None
    epoch_at: datetime | None = None  # when the epoch was raised last

    @property
    def fixed(self) -> bool:
        """Whether its registration is the server's own, and the same for every org: all know the app, and nobody changes what it is."""
        return self.consumer_key == PLATFORM_CLI

    def publisher(self, keeps_it: str | None) -> str:
        """Who answers for what it is, for people to read; `keeps_it` is the name of the org that it stands in."""
        return "this server" if self.fixed else keeps_it or ""

    @property
    def initials(self) -> str:
        """What stands in for a logo: the first letters of the first two words of the label."""
        words = [word for word in self.label.replace("_", " ").replace("-", " ").split() if word[:1].isalnum()]
        return "".join(word[0] for word in words[:2]).upper() or "?"


@dataclass(frozen=True, slots=True)
class Installation:
    """An app in one org that uses it; the owner's org has one too. Without it the app is refused there.

    `uninstalled_at` may lie ahead: an app can be installed until a moment. With `holders_only` no admin has installed the app: who holds
    Approve Uninstalled Connected Apps uses it, each for oneself and as long as the right is held (docs/decisions/0018).
    """

    id: str
    org_id: str  # the org that uses the app
    app_id: str
    epoch: int
    installed_at: datetime
    version: int = 1
    uninstalled_at: datetime | None = None
    blocked_at: datetime | None = None
    blocked_because: str = ""
    epoch_at: datetime | None = None  # when the epoch was raised last
    holders_only: bool = False

    def in_use(self, now: datetime) -> bool:
        """Whether the app is installed at this moment."""
        return self.uninstalled_at is None or now < self.uninstalled_at


@dataclass(frozen=True, slots=True)
class ConsumerSecret:
    """One live or former secret of an app. The value is not here: only its digest is stored, in the storage room."""

    id: str
    app_id: str
    name: str
    hint: str  # the recognisable beginning and the last characters
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    retired_at: datetime | None = None
    try_id: str | None = None  # the run of Try it for which it was made

    def live(self, now: datetime) -> bool:
        return self.retired_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class AppCertificate:
    """One certificate whose private key the app holds, for signing assertions."""

    id: str
    app_id: str
    name: str
    fingerprint: str  # SHA-256 of the DER certificate or of the public key, in hexadecimal
    subject: str
    key_type: str
    algorithms: tuple[str, ...]
    public_pem: str
    not_before: datetime
    not_after: datetime
    created_at: datetime
    created_by: str
    retired_at: datetime | None = None
    try_id: str | None = None  # the run of Try it for which it was made

    def live(self, now: datetime) -> bool:
        return self.retired_at is None and self.not_before <= now < self.not_after
