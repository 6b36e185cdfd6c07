"""Network Access: from where people and jobs may come in, where neither the app nor the profile says otherwise."""

from dataclasses import dataclass

from starlette.routing import Route

from gatebridge.rules import effective, typed_ranges
from gatebridge.rules.network import NetworkPolicy, Range, Rule, judge, parse_address
from gatebridge.rules.orgs import Org
from gatebridge.web.console import org_forms, places, questions
from gatebridge.web.console.desk import Shown, Visit
from gatebridge.web.console.org_forms import Sheet
from gatebridge.web.console.questions import Part, Question
from gatebridge.web.house import House

PLACE = places.named("network-access")
NO_ADDRESS = "The org refuses no address."
EDIT = Part(
    "edit",
    "From where",
    (
        Question(
            "lines",
            "trusted_ranges",
            "Trusted addresses",
            "One on each line: an address, a network or first-last, then what you call it. At most a /8 or a /29. Empty: from anywhere.",
        ),
        Question(
            "yes",
            "trusted_ranges_only_waive",
            "They refuse nobody",
            "They give networks a name, and whoever signs in from one is not asked for the mailed code of a new browser. As at Salesforce.",
        ),
        Question(
            "lines",
            "monitored_ranges",
            "Addresses that are tried out",
            "The whole list as you mean to have it. What it would refuse goes through, and stands in Login History as would be refused.",
        ),
        Question(
            "yes",
            "ranges_on_every_request",
            "Hold each use against them too",
            "Where a resource server tells from where a token is used, and not only from where it was asked for.",
        ),
    ),
    means=(
        "Users whose profile has login addresses of its own: for them those count, and these do not.",
        "Jobs too: with client credentials it is the run-as user whose addresses count.",
        "Tokens that are out: each use of one is decided anew, so who is outside is refused from the next request on.",
        "Whom it would shut out, of all who were let in during the last 30 days, is shown before it is saved.",
        "You are not shut out: a list without your own address is refused.",
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One range of the table: how many addresses it holds, and in a word how it counts."""

    range: Range
    size: str
    counts: str
    tone: str


@dataclass(frozen=True, slots=True)
class Here:
    """Where the reader is, and what the trusted addresses make of that."""

    address: str
    inside: bool
    words: str


def _values(org: Org) -> dict[str, str]:
    settings = org.settings
    return {
        "trusted_ranges": questions.ranges_typed(settings.trusted_ranges),
        "trusted_ranges_only_waive": org_forms.box_typed(settings.trusted_ranges_only_waive),
        "monitored_ranges": questions.ranges_typed(settings.monitored_ranges),
        "ranges_on_every_request": org_forms.box_typed(settings.ranges_on_every_request),
    }


SHEET = Sheet(
    PLACE,
    EDIT,
    _values,
    {
        "trusted_ranges": questions.ranges,
        "trusted_ranges_only_waive": org_forms.yes,
        "monitored_ranges": questions.ranges,
        "ranges_on_every_request": org_forms.yes,
    },
)


def routes(house: House) -> list[Route]:
    return org_forms.routes_of(house, PLACE, show, SHEET)


def show(visit: Visit) -> Shown:
    """What is set, what it comes to, and for whom other addresses count."""
    org_forms.let_in(visit)
    settings = visit.org.settings
    policy = NetworkPolicy(
        org=settings.trusted_ranges, trusted_only_waive=settings.trusted_ranges_only_waive, monitored_org=settings.monitored_ranges
    )
    in_force = ("Waives only", "") if settings.trusted_ranges_only_waive else ("In force", "good")
    values = {
        "lines": [
            *(_line(each, *in_force) for each in settings.trusted_ranges),
            *(_line(each, "Tried out", "info") for each in settings.monitored_ranges),
        ],
        "words": _words(policy),
        "here": _here(visit, policy),
        "others": org_forms.profiles_that(visit, lambda profile: bool(profile.login_ranges)),
    }
    return org_forms.shown(visit, PLACE, "network_access/page.html", values)


def _line(found: Range, counts: str, tone: str) -> Line:
    size = typed_ranges.addresses([found])
    return Line(found, f"{size:,}" if size < 1_000_000_000_000 else "very many", counts, tone)


def _words(policy: NetworkPolicy) -> str:
    """What the org makes of an address, for users whose profile has none of its own."""
    users, _ = policy.of_the_user()
    if users is not Rule.NO_EFFECT:
        return effective.network(policy).words
    return "The org refuses no address: its list gives networks a name, and waives the mailed code." if policy.org else NO_ADDRESS


def _here(visit: Visit, policy: NetworkPolicy) -> Here | None:
    """None where nothing is set, or where the reader's address cannot be told."""
    address = parse_address(visit.actor.address)
    if address is None or not policy.org:
        return None
    judged = judge(address, NetworkPolicy(org=policy.org))
    return Here(str(address), judged.allowed, judged.words)
