"""The limiter of the codes that devices show: counted in the database, so that every node knows (X-DV-03).

A code has 34 bits and lives for ten minutes, and of a session, a user, a network and a whole org only so many guesses are answered.
"""

from datetime import timedelta

from gatebridge.rules import device_codes as rules
from gatebridge.rules.network import Address, network_of
from gatebridge.rules.sessions import Session
from gatebridge.storage import limited_acts
from gatebridge.storage.tx import Tx

Keys = tuple[tuple[str, int], ...]
"""Under which names one guess is counted, and how many are answered under each."""

LOCK = timedelta(minutes=15)


def keys(session: Session, address: Address | None) -> Keys:
    """From the widest to the narrowest: always counted in one order, so that two who count the same never wait for each other."""
    network = network_of(address) if address is not None else "unknown"
    return (
        ("org", rules.MOST_WRONG_IN_ORG),
        (f"network {network}", rules.MOST_WRONG_IN_NETWORK),
        (f"user {session.user_id}", rules.MOST_WRONG_OF_USER),
        (f"session {session.id}", rules.MOST_WRONG_IN_SESSION),
    )


def locked(tx: Tx, org_id: str, counted: Keys) -> bool:
    """Whether no code is looked at for one of these at the moment."""
    found = (limited_acts.of(tx, org_id, "connect", key) for key, _ in counted)
    return any(each is not None and each.locks(tx.now) for each in found)


def count(tx: Tx, org_id: str, counted: Keys) -> None:
    """One more code that led to no device."""
    for key, most in counted:
        limited_acts.count(tx, org_id, "connect", key, window=rules.WINDOW, most=most, lock=LOCK)
