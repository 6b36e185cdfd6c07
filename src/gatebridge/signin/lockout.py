"""The limiter of everything that checks a password: counted and locked in the database, so that every node knows (X-BF-05)."""

from gatebridge.rules import lockouts
from gatebridge.rules.lockouts import Keys
from gatebridge.rules.reasons import Reason, sign_in
from gatebridge.storage import limited_acts
from gatebridge.storage.tx import Tx


def locked(tx: Tx, org_id: str, keys: Keys) -> Reason | None:
    """Why nobody is let in under these keys at the moment, the right password or not; None when nothing is locked."""
    of_address = limited_acts.of(tx, org_id, "address", keys.address)
    of_user = limited_acts.of(tx, org_id, "user", keys.user)
    if of_address is not None and of_address.locks(tx.now):
        return sign_in.ADDRESS_LOCKED
    if of_user is not None and of_user.locks(tx.now):
        return sign_in.USER_LOCKED
    return None


def count(tx: Tx, org_id: str, keys: Keys) -> None:
    """One more failure. Counted for every refusal, whatever its cause: what is counted differently can be told apart (X-BF-02)."""
    # In one order, so that two transactions that count the same pair never wait for each other.
    window, lock = lockouts.WINDOW, lockouts.LOCK
    limited_acts.count(tx, org_id, "address", keys.address, window=window, most=lockouts.MOST_FOR_ADDRESS, lock=lock)
    limited_acts.count(tx, org_id, "user", keys.user, window=window, most=lockouts.MOST_FOR_USER, lock=lock)


def clear(tx: Tx, org_id: str, keys: Keys) -> None:
    """The user has proven to be it: nothing is held against the name. The address stays counted, or one account would free it for all."""
    limited_acts.clear(tx, org_id, "user", keys.user)
