"""Refresh families: whether a grant begins one, when it ends by itself, and how many grants a user may have of one app."""

from dataclasses import dataclass
from datetime import datetime

from gatebridge.rules import lifetimes
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.asks.proof import policies_in_force
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import Grant
from gatebridge.rules.scopes import REFRESH

MOST_GRANTS = {Dialect.STANDARD: 20, Dialect.SALESFORCE: 5}


def begins(facts: Facts, scopes: tuple[str, ...]) -> bool:
    """Whether a grant over these scopes comes with a refresh token.

    Somebody must have allowed it (the scope), the app must be able to use it (the flow), and it must be good for more than no time.
    """
    if facts.settings is None or not REFRESH.intersection(scopes) or Flow.REFRESH_TOKEN not in facts.settings.flows:
        return False
    return all(policy.kind != "immediately" for policy in policies_in_force(facts))


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
