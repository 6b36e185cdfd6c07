"""What the page that connects a device tells its user: of the app, what every consent page tells; of the device, from where it asks.

A stranger who reads a code to somebody on the telephone sits at another address than the one who types it. So both stand side by side,
each with the name that the org has given to its network.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gatebridge.oauth import connecting
from gatebridge.oauth.connecting import Case
from gatebridge.oauth.consent import Consent
from gatebridge.rules.facts import Facts
from gatebridge.rules.network import Address, Range, parse_address
from gatebridge.rules.warned import Sign
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Place:
    """An address, and what the org calls the network that it is in; empty where it has no name for it."""

    address: str
    network: str


@dataclass(frozen=True, slots=True)
class Shown:
    """The device and its app, as its user sees them."""

    consent: Consent
    device: Place
    own: Place
    agent: str  # what the device says that it is
    asked_at: datetime

    @property
    def near(self) -> bool:
        """Both are in one network."""
        return Sign.ELSEWHERE not in self.consent.signs


def shown(tx: Tx, case: Case, own_address: str) -> Shown:
    """Everything that the page needs about this question."""
    named = tuple(_named_ranges(case.facts))
    there, here = parse_address(case.device.address), parse_address(own_address)
    return Shown(
        consent=connecting.consent_to(tx, case, here),
        device=_place(there, case.device.address, named),
        own=_place(here, own_address, named),
        agent=case.device.user_agent,
        asked_at=case.device.created_at,
    )


def _named_ranges(facts: Facts) -> Iterable[Range]:
    """The networks that have a name here, the nearest meaning first: of the app, of the user's profile, of the org."""
    if facts.policies is not None:
        yield from facts.policies.ip_ranges
        yield from facts.policies.monitored_ranges
    if facts.standing is not None:
        yield from facts.standing.profile.login_ranges
        yield from facts.standing.profile.monitored_ranges
    yield from facts.org.settings.trusted_ranges
    yield from facts.org.settings.monitored_ranges


def _place(address: Address | None, text: str, named: Iterable[Range]) -> Place:
    if address is None:
        return Place(text, "")
    return Place(str(address), next((each.label for each in named if each.label and each.contains(address)), ""))
