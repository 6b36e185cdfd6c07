"""What is looked at when exposures are looked for, and what a kind of exposure consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.apps import COMMAND_LINE, App, AppCertificate, ConsumerSecret
from gatebridge.rules.orgs import OrgSettings
from gatebridge.rules.people import Assignment, User


@dataclass(frozen=True, slots=True)
class Subject:
    """All that is looked at of one app in one org. Of another org's app the owner, the secrets and the certificates stay unknown."""

    app: App
    settings: AppSettings
    policies: AppPolicies
    org: OrgSettings
    now: datetime
    own: bool = True  # the org that looks owns the app
    holders_only: bool = False  # nobody has installed it, and who holds a right uses it for oneself
    owner: User | None = None
    secrets: tuple[ConsumerSecret, ...] = ()
    in_pages: frozenset[str] = frozenset()  # the ids of the secrets that a page in a browser has presented
    in_addresses: frozenset[str] = frozenset()  # the ids of the apps of which a token lately came in an address
    certificates: tuple[AppCertificate, ...] = ()
    permits: tuple[Assignment, ...] = ()  # the profiles and permission sets that may use the app, those run out too
    profiles: Mapping[str, bool] = field(default_factory=dict)  # every profile of the org, and whether it has login ranges

    @property
    def built_in(self) -> bool:
        """The app of the command line, which every org has: what it opens is bounded by the rights of whoever signs in with it."""
        return self.own and self.app.api_name == COMMAND_LINE


@dataclass(frozen=True, slots=True)
class Mend:
    """The smaller setting, as the edits that make it. Empty: no machine can choose it."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.settings or self.policies)


BY_HAND = Mend()


@dataclass(frozen=True, slots=True)
class Found:
    """That an app has an exposure: how it is set now, as a sentence, and in the fewest letters that tell one such setting from another."""

    sentence: str
    value: str = ""
    mend: Mend = BY_HAND


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of exposure.

    `command` is what to type where no machine can choose the smaller setting; {app} stands for the app's id.
    """

    code: str
    weight: int  # 1 is light, 5 is the heaviest
    field: str  # whose setting it is, and which
    find: Callable[[Subject], Found | None]
    why: str
    smaller: str
    command: str = ""
