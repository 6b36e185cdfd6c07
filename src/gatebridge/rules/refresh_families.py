"""Refresh families: whether a grant begins one, when it ends by itself, and how many grants a user may have of one app."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gatebridge.rules import lifetimes
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.asks.proof import policies_in_force
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import Grant, RefreshToken
from gatebridge.rules.scopes import REFRESH

# How long after an exchange another request with the same token may have been on its way already, and nobody to blame.
ON_ITS_WAY = timedelta(seconds=1)
MOST_GRANTS = {Dialect.STANDARD: 20, Dialect.SALESFORCE: 5}


def begins(facts: Facts, scopes: tuple[str, ...]) -> bool:
    """Whether a grant over these scopes comes with a refresh token.

    Somebody must have allowed it (the scope), the app must be able to use it (the flow), and it must be good for more than no time.
    """
    if facts.settings is None or not REFRESH.intersection(scopes) or Flow.REFRESH_TOKEN not in facts.settings.flows:
        return False
    return all(policy.kind != "immediately" for policy in policies_in_force(facts))


def on_its_way(facts: Facts, refresh: RefreshToken) -> bool:
    """Whether this token was exchanged while the request was on its way, by a client that refreshes in several places at once.

    Such clients of Salesforce wait a little and come back (wire.md). Where there is a grace, they get the same answer at once; and where
    the successor was used already, time has passed. A thief gains nothing: this is a refusal, and the next try is a reuse.
    """
    salesforce = facts.app is not None and facts.app.dialect is Dialect.SALESFORCE
    lives = facts.grant is not None and facts.grant.ended_at is None
    no_grace = facts.policies is not None and facts.policies.refresh_grace_seconds == 0
    lately = refresh.used_at is not None and facts.now - refresh.used_at < ON_ITS_WAY
    return salesforce and lives and no_grace and lately and not refresh.successor_used


@dataclass(frozen=True, slots=True)
class Ends:
    """When a family ends by itself: for lack of use, and in any case. None: not by that."""

    idle: datetime | None
    absolute: datetime | None

    @property
    def first(self) -> datetime | None:
        return min((end for end in (self.idle, self.absolute) if end is not None), default=None)


def ends(facts: Facts, grant: Grant, last_used_at: datetime | None) -> Ends:
    """The ends of this grant's family by the policies that are in force. Use moves the first of them, and nothing moves the second."""
    policies = policies_in_force(facts)
    idle = [policy for policy in policies if policy.kind == "idle"]
    return Ends(
        lifetimes.first_expiry(idle, grant.created_at, last_used_at),
        lifetimes.first_expiry((policy for policy in policies if policy not in idle), grant.created_at, last_used_at),
    )


def most_grants(facts: Facts) -> int | None:
    """How many grants one user may have of this app at once. Salesforce's clients are used to five (its reference, section 7)."""
    if facts.app is None or facts.policies is None:
        return None
    return facts.policies.max_grants_per_user or MOST_GRANTS[facts.app.dialect]
