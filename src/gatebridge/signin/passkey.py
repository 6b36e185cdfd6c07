"""Signing in with a passkey alone: no username, no password, and a device that has made sure of the person."""

from gatebridge.rules import lockouts
from gatebridge.rules.levels import Level
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import Reason
from gatebridge.rules.reasons import sign_in as reasons
from gatebridge.signin import factors, lockout, outcomes, second_step
from gatebridge.signin.factors import Signed
from gatebridge.signin.outcomes import Begun, Place
from gatebridge.storage import facts
from gatebridge.storage.tx import Tx


def sign_in(tx: Tx, org: Org, shown: Signed, place: Place) -> Begun | Reason:
    """Begin a session at high assurance, or tell the true reason why not, of which the wire says nothing (X-BF-01)."""
    found = factors.look_at_passkey(tx, org, shown, place.browser, None)
    standing = facts.standing(tx, org.id, found.user_id) if not isinstance(found, Reason) else None
    if standing is None or isinstance(found, Reason):
        return _nobodys(tx, org, place)
    passed = factors.check(tx, org, standing, place, found)
    if isinstance(passed, Reason):
        return passed
    second_step.activate(tx, org, standing, place, passed.by)
    begun = outcomes.begin(tx, org, standing, place, methods=passed.methods, level=Level.HIGH, activated=True)
    outcomes.record(tx, org, place, standing.user.username, standing.user, None, passed.by, folds=False)
    return begun


def _nobodys(tx: Tx, org: Org, place: Place) -> Reason:
    """A passkey that proves nothing names nobody: it is counted for the network and for this browser."""
    keys = lockouts.keys(f"passkey {place.browser.hex()}", place.address, None)
    reason = lockout.locked(tx, org.id, keys) or reasons.PASSKEY_REFUSED
    lockout.count(tx, org.id, keys)
    outcomes.record(tx, org, place, "(a passkey)", None, reason, "passkey", folds=True)
    return reason
