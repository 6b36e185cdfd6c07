"""What somebody connects, as a choice of six kinds; and what a new app of each kind is registered with.

Nothing here lets anybody in: the settings are checked by the verb that registers the app, and its policies by the one that an admin has.
What each kind sets, and why, stands in `new_app_kinds`.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gatebridge.rules import scopes
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.gates import Gate
from gatebridge.rules.gates_as_set import Stand
from gatebridge.rules.scopes import CATALOGUE
from gatebridge.rules.typed_text import LONGEST_NAME

# `full` takes a written reason and `setup_api` a policy of its own, so both wait for the settings; the other is a second name.
NEVER_OFFERED = frozenset({"full", "setup_api", "offline_access"})
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9]+")


class Connected(StrEnum):
    """What is connected, by the word that stands in the form."""

    WEB_APP = "web"
    IN_PAGE = "spa"
    JOB = "job"
    SERVICE = "service"
    DEVICE = "device"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class GateSet:
    """One gate as the kind sets it, and the reason. `ruled`: by a policy, which is an admin's to set."""

    gate: Gate
    stand: Stand
    words: str
    why: str
    ruled: bool = False


@dataclass(frozen=True, slots=True)
class KindOfApp:
    """One answer to "What are you connecting?". `usual` are the scopes that are offered first, `ticked` those that are chosen already."""

    kind: Connected
    name: str
    means: str
    by: str  # the flow, as people call it
    lede: str
    gates: tuple[GateSet, ...]
    flows: frozenset[Flow]
    auth_methods: frozenset[ClientAuthMethod]
    usual: tuple[str, ...]
    ticked: tuple[str, ...]
    never: frozenset[str] = frozenset()  # scopes that do it no good, beside those that are never offered
    policies: Mapping[str, Any] = field(default_factory=dict)  # what is not the default, by the names of the policies

    @property
    def comes_back(self) -> bool:
        """Whether a browser comes back to it, so that it needs a callback URL."""
        return Flow.WEB_SERVER in self.flows

    @property
    def signs(self) -> bool:
        """Whether it proves itself by a key, so that it needs a certificate."""
        return self.auth_methods == frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})

    @property
    def public(self) -> bool:
        """Whether it can keep nothing secret."""
        return self.auth_methods == frozenset({ClientAuthMethod.NONE})

    @property
    def acts_as_itself(self) -> bool:
        """Whether it acts for a run-as user instead of somebody who signs in."""
        return Flow.CLIENT_CREDENTIALS in self.flows

    @property
    def has_an_address(self) -> bool:
        """Whether it calls from machines of one's own, whose addresses can be named."""
        return bool(self.flows & {Flow.CLIENT_CREDENTIALS, Flow.JWT_BEARER})

    def flows_with(self, chosen: Collection[str]) -> frozenset[Flow]:
        """The flows of an app with these scopes: nothing is refreshed without the scope for that."""
        return self.flows if scopes.REFRESH.intersection(chosen) else self.flows - {Flow.REFRESH_TOKEN}


def offered(kind: KindOfApp, custom: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The scopes that can be chosen for it: those that its kind mostly needs, with the org's own, and all others."""
    hidden = NEVER_OFFERED | kind.never
    first = scopes.ordered({*kind.usual, *custom} - hidden)
    return first, tuple(name for name in CATALOGUE if name not in hidden and name not in first)


def api_name_of(label: str) -> str:
    """What programs may call an app with this label: its letters and digits, in ASCII. Empty where it has none to begin with."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    return _NOT_A_NAME.sub("_", plain).lstrip("_0123456789")[:LONGEST_NAME].rstrip("_")


def api_name_problem(label: str, typed: str) -> str | None:
    """Why the API name that was left out cannot be made from the label."""
    if typed or not label or api_name_of(label):
        return None
    return "None can be made from the name, which has no letters A to Z: write one."


def scopes_problem(chosen: Collection[str]) -> str | None:
    """Why an app would get no token with these scopes."""
    return None if chosen else "Choose at least one: without a scope there is nothing to give a token for."


def purpose_problem(purpose: str) -> str | None:
    """Why nobody would know in a year what the app is for."""
    return None if any(character.isalnum() for character in purpose) else "Say in a sentence what it is for."
