"""Gates 11 and 12, when and from where: Hours, Network."""

from gatebridge.rules import effective
from gatebridge.rules import hours as clocks
from gatebridge.rules import network as ranges
from gatebridge.rules.asks.answers import passed, refused
from gatebridge.rules.facts import Attempt, Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.network import Address, Judgement, NetworkPolicy, Rule
from gatebridge.rules.reasons import hours as hours_reasons
from gatebridge.rules.reasons import network as network_reasons
from gatebridge.rules.reasons.reason import Compared, Reason
from gatebridge.rules.verdict import Finding, State

_REASONS = {
    Rule.REFRESH_RANGES: network_reasons.REFRESH_ADDRESS_REFUSED,
    Rule.APP_RANGES: network_reasons.ADDRESS_OUTSIDE_APP_RANGES,
}


def hours(facts: Facts, _: Attempt) -> Finding | None:
    """Is this a time at which the user may come in? Asked for a live token too: at the end of the hours it ends with them."""
    if facts.standing is None:
        return None
    open_hours, timezone = facts.standing.profile.login_hours, facts.org.settings.timezone
    if not open_hours:
        return passed(Gate.HOURS, "No login hours: the user's profile is open at any time.")
    here = clocks.at(timezone, facts.now)
    time = f"{here:%A %H:%M} in {timezone}" if here is not None else None
    compared = Compared("time", time, clocks.told(open_hours))
    if clocks.open_now(open_hours, timezone, facts.now):
        return passed(Gate.HOURS, f"It is {time}, within the login hours of the user's profile.", compared)
    words = f"It is {time}, outside the login hours of the user's profile."
    return refused(Gate.HOURS, hours_reasons.OUTSIDE_HOURS, words if time else f"Nobody here knows the time zone {timezone}.", compared)


def network(facts: Facts, attempt: Attempt) -> Finding | None:
    """Does the request come from where it may come from, and is a live token used where it may be used?"""
    if facts.policies is None or facts.standing is None:
        return None
    policy = effective.network_policy(facts.org, facts.standing.profile, facts.policies)
    found = _judged(policy, "address", attempt.address, facts, attempt)
    if found.state is State.REFUSED or attempt.used_from is None or not facts.org.settings.ranges_on_every_request:
        return found
    return _judged(policy, "client_address", attempt.used_from, facts, attempt)


def _judged(policy: NetworkPolicy, name: str, address: Address | None, facts: Facts, attempt: Attempt) -> Finding:
    judgement = ranges.judge(address, policy, refreshing=attempt.door is Door.REFRESH, activated=_activated(facts, attempt))
    sent = str(address) if address is not None else None
    compared = Compared(name, sent, ", ".join(str(each) for each in judgement.ranges) or None)
    if not judgement.allowed:
        return refused(Gate.NETWORK, _reason(address, judgement), judgement.words, compared)
    tried = judgement.would_refuse
    if tried is None:
        return passed(Gate.NETWORK, judgement.words, compared)
    monitored = Compared(f"{name}, monitored", sent, ", ".join(str(each) for each in tried.ranges))
    words = f"{judgement.words} Monitored ranges would refuse it: {tried.words}"
    return Finding(Gate.NETWORK, State.PASSED, words, compared=(compared, monitored), would_refuse=_reason(address, tried))


def _reason(address: Address | None, judgement: Judgement) -> Reason:
    if address is None:
        return network_reasons.ADDRESS_UNKNOWN
    return _REASONS.get(judgement.rule, network_reasons.ADDRESS_OUTSIDE_RANGES)


def _activated(facts: Facts, attempt: Attempt) -> bool:
    """Whether this comes from a browser that the user has activated, or hangs from an approval that was given in one."""
    if attempt.door in (Door.AUTHORIZE, Door.CONNECT):
        return facts.session is not None and facts.session.activated
    if attempt.approved is not None:
        return attempt.approved.activated
    return facts.grant is not None and facts.grant.activated
