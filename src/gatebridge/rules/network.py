"""From where: addresses, ranges of them, and whether the ranges that apply to a request let it through.

An app may have ranges of its own. Beside them the ranges of the user's profile count; where the profile has none, the org's trusted
ranges; where nobody has any, the network rule has no effect and says so. An app's IP relaxation can only waive what these ranges would
refuse, and never the list of addresses from which its refresh tokens are taken (docs/decisions/0016).
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_CIDR = re.compile(r"([^/]+)/(0|[1-9][0-9]{0,2})")


def parse_address(text: str) -> Address | None:
    """The one address that `text` spells, or None. An IPv4 address dressed as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.

    A zone id means something on one machine only, and leading zeros are octal to other readers: both are refused (X-IP-03).
    """
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


@dataclass(frozen=True, slots=True)
class Range:
    """Every address from `first` to `last`, both included. Raises ValueError when they are of two families or the wrong way round."""

    first: Address
    last: Address
    label: str = ""

    def __post_init__(self) -> None:
        if self.first.version != self.last.version:
            raise ValueError(f"a range stays in one address family: {self.first} and {self.last}")
        if int(self.first) > int(self.last):
            raise ValueError(f"a range begins at its lower end: {self.first} is above {self.last}")

    def contains(self, address: Address) -> bool:
        return address.version == self.first.version and int(self.first) <= int(address) <= int(self.last)

    def __str__(self) -> str:
        """The shortest text that `parse_range` reads back as the same addresses."""
        size = int(self.last) - int(self.first) + 1
        if size == 1:
            return str(self.first)
        if size & (size - 1) or int(self.first) % size:
            return f"{self.first}-{self.last}"
        return f"{self.first}/{self.first.max_prefixlen - size.bit_length() + 1}"

    def __lt__(self, other: "Range") -> bool:
        # Addresses of two families refuse to be compared, so a generated order would fail on a mixed list.
        return self._order() < other._order()

    def _order(self) -> tuple[int, int, int, str]:
        return self.first.version, int(self.first), int(self.last), self.label


def parse_range(text: str, label: str = "") -> Range | None:
    """The range that `text` spells as one address, as CIDR (`192.0.2.0/24`) or as `first-last`; None when it spells none."""
    addresses = _ends(text)
    return None if isinstance(addresses, str) else Range(*addresses, label)


def range_problem(text: str) -> str | None:
    """Why `text` cannot be saved as a range, as a sentence for the admin who typed it; None when it can."""
    addresses = _ends(text)
    return addresses if isinstance(addresses, str) else None


def _ends(text: str) -> tuple[Address, Address] | str:
    """The first and last address of the range that `text` spells, or the sentence that says why it spells none."""
    if "/" in text:
        return _network_ends(text.strip())
    first_text, dash, last_text = (part.strip() for part in text.partition("-"))
    first = parse_address(first_text)
    last = parse_address(last_text) if dash else first
    if first is None or last is None:
        return f"{_quoted(first_text if first is None else last_text)} is not an IP address."
    if first.version != last.version:
        return "A range cannot begin in IPv4 and end in IPv6, or the other way round."
    if int(first) > int(last):
        return f"The range begins above its end: {first} comes after {last}."
    return first, last


def _network_ends(text: str) -> tuple[Address, Address] | str:
    spelled = _CIDR.fullmatch(text)
    address = parse_address(spelled[1]) if spelled else None
    # An IPv4 address dressed as IPv6 counts its prefix from another beginning, so it cannot be folded with one.
    if spelled is None or address is None or (":" in text and address.version == 4):
        return f"{_quoted(text)} is not a network such as 192.0.2.0/24 or 2001:db8::/32."
    length = int(spelled[2])
    if length > address.max_prefixlen:
        return f"An IPv{address.version} network has a length of at most {address.max_prefixlen}, not {length}."
    network = ip_network((address.packed, length), strict=False)
    if network.network_address != address:
        return f"{address} lies inside the network; write {network}, or {address} alone."
    return network.network_address, network.broadcast_address


def _quoted(text: str) -> str:
    return f"\u201c{text[:64]}\u201d"


def network_of(address: Address) -> str:
    """The /24 (IPv4) or /48 (IPv6) around an address: near enough to count as the same place, and to fold a stranger's refusals."""
    return str(ip_network((address.packed, 24 if address.version == 4 else 48), strict=False))


def near(one: Address | None, other: Address | None) -> bool:
    """Whether two are in one network; what cannot be told is not near."""
    return one is not None and other is not None and network_of(one) == network_of(other)


class Relaxation(StrEnum):
    """When an app's requests may come from outside the ranges that apply."""

    ENFORCE = "enforce"  # never
    RELAX_REFRESH = "enforce_relax_refresh"  # when a refresh token is presented
    RELAX_ACTIVATED = "relax_activated_devices"  # inside the app's own ranges; where it has none, from a device that the user has activated
    RELAX = "relax"  # always


class Rule(StrEnum):
    """What decided about the network; an admin sees it as the effective rule."""

    NO_EFFECT = "no_effect"  # nobody has set a range that applies
    REFRESH_RANGES = "refresh_ranges"
    APP_RANGES = "app_ranges"
    PROFILE_RANGES = "profile_ranges"
    TRUSTED_RANGES = "trusted_ranges"
    RELAXED = "relaxed"  # the ranges would have refused, and the app's IP relaxation waived it


OWNERS = {
    Rule.REFRESH_RANGES: "the addresses from which the app may use a refresh token",
    Rule.APP_RANGES: "the app's own ranges",
    Rule.PROFILE_RANGES: "the login ranges of the user's profile",
    Rule.TRUSTED_RANGES: "the org's trusted ranges",
}
_WAIVERS = {
    Relaxation.RELAX_REFRESH: "it relaxes the ranges when a refresh token is used",
    Relaxation.RELAX_ACTIVATED: "it relaxes the ranges for activated devices",
    Relaxation.RELAX: "it relaxes the ranges for this app",
}


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """What is set about the network where one app acts for one user: by the app's policies, the user's profile and the org.

    A monitored list is tried out: it is judged as if it stood in the place of the list of its name, and what it would refuse is only told.
    `trusted_only_waive` is the org's switch for Salesforce's reading, in which trusted ranges waive verification and refuse nobody.
    """

    relaxation: Relaxation = Relaxation.ENFORCE
    app: tuple[Range, ...] = ()
    refresh: tuple[Range, ...] = ()
    profile: tuple[Range, ...] = ()
    org: tuple[Range, ...] = ()
    trusted_only_waive: bool = False
    monitored_app: tuple[Range, ...] = ()
    monitored_profile: tuple[Range, ...] = ()
    monitored_org: tuple[Range, ...] = ()

    def of_the_user(self) -> tuple[Rule, tuple[Range, ...]]:
        """The ranges that apply to the user before any relaxation, and whose they are."""
        if self.profile:
            return Rule.PROFILE_RANGES, self.profile
        if self.org and not self.trusted_only_waive:
            return Rule.TRUSTED_RANGES, self.org
        return Rule.NO_EFFECT, ()

    def tried_out(self) -> "NetworkPolicy | None":
        """The same with the monitored lists in force; None where nothing is monitored."""
        if not (self.monitored_app or self.monitored_profile or self.monitored_org):
            return None
        return replace(
            self,
            app=self.monitored_app or self.app,
            profile=self.monitored_profile or self.profile,
            org=self.monitored_org or self.org,
        )


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the network lets a request through, by which rule, measured against which ranges, and why in words for an admin."""

    allowed: bool
    rule: Rule
    ranges: tuple[Range, ...]
    words: str
    would_refuse: "Judgement | None" = None  # what the monitored ranges would have refused of that which was let through


def judge(address: Address | None, policy: NetworkPolicy, *, refreshing: bool = False, activated: bool = False) -> Judgement:
    """Whether a request from `address` may go on. None is an address that could not be read: refused where ranges apply (X-IP-02).

    `refreshing`: a refresh token is presented. `activated`: the request comes from a device that the user has activated, or hangs from one.
    """
    judged = _judged(address, policy, refreshing, activated)
    tried = policy.tried_out() if judged.allowed else None
    if tried is None:
        return judged
    would = _judged(address, tried, refreshing, activated)
    return judged if would.allowed else replace(judged, would_refuse=would)


def _judged(address: Address | None, policy: NetworkPolicy, refreshing: bool, activated: bool) -> Judgement:
    if not (refreshing and policy.refresh):
        return _of_app_and_user(address, policy, refreshing, activated)
    listed = _held_against(address, Rule.REFRESH_RANGES, policy.refresh)
    if not listed.allowed:
        return listed
    others = _of_app_and_user(address, policy, refreshing, activated)
    if others.rule is Rule.NO_EFFECT:
        return listed
    return replace(others, words=f"{listed.words} {others.words}") if others.allowed else others


def _of_app_and_user(address: Address | None, policy: NetworkPolicy, refreshing: bool, activated: bool) -> Judgement:
    relaxed = policy.relaxation is Relaxation.RELAX or (policy.relaxation is Relaxation.RELAX_REFRESH and refreshing)
    own = _held_against(address, Rule.APP_RANGES, policy.app) if policy.app else None
    if own is not None and not own.allowed:
        return _waived(own, policy.relaxation) if relaxed else own
    rule, ranges = policy.of_the_user()
    if rule is Rule.NO_EFFECT:
        return own or Judgement(True, rule, ranges, "No range applies: neither app nor profile nor org restricts addresses.")
    if own is not None and policy.relaxation is Relaxation.RELAX_ACTIVATED:
        return replace(own, words=f"{own.words} By the app's IP relaxation they count instead of {OWNERS[rule]}.")
    users = _held_against(address, rule, ranges)
    if not users.allowed:
        relaxed = relaxed or (policy.relaxation is Relaxation.RELAX_ACTIVATED and activated)
        return _waived(users, policy.relaxation) if relaxed else users
    return replace(users, words=f"{own.words} {users.words}") if own is not None else users


def _held_against(address: Address | None, rule: Rule, ranges: tuple[Range, ...]) -> Judgement:
    inside = next((allowed for allowed in ranges if address is not None and allowed.contains(address)), None)
    if inside is not None:
        label = f" ({inside.label})" if inside.label else ""
        return Judgement(True, rule, ranges, f"{address} is inside {inside}{label}, one of {OWNERS[rule]}.")
    outside = "The address could not be read, so it is in none" if address is None else f"{address} is in none"
    return Judgement(False, rule, ranges, f"{outside} of {OWNERS[rule]}.")


def _waived(refused: Judgement, relaxation: Relaxation) -> Judgement:
    words = f"{refused.words.removesuffix('.')}, but the app's IP relaxation lets it through: {_WAIVERS[relaxation]}."
    return Judgement(True, Rule.RELAXED, refused.ranges, words)
