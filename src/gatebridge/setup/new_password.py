"""What every new password brings with it, whoever sets it: what the old one opened is shut, and the user hears of it (X-SE-04, X-RT-10)."""

from collections.abc import Mapping

from gatebridge.records import logouts
from gatebridge.rules import lockouts
from gatebridge.rules.people import User
from gatebridge.signin import lockout, sessions, warnings
from gatebridge.signin.sessions import PASSWORD_CHANGED
from gatebridge.storage import epochs, grants, orgs, password_resets, people, revocations
from gatebridge.storage.grants import OF_USERS
from gatebridge.storage.tx import Tx

HASH_PREFIX = "$argon2id$"


def put(
    tx: Tx, user: User, password_hash: str, *, how: str, where: str, end_grants: bool, but_session: str | None = None
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Store the hash; end the user's sessions, the links for choosing a password, and the lock. What changed, for the audit line.

    The user is told by mail `how` it came about, such as "was changed", and from `where`.

    With `end_grants` everything ends that any app has of the user, by the user's epoch, and with it every session, `but_session` too:
    whoever is to stay signed in is given a new session after this.
    """
    refuse_plain(password_hash)
    people.set_password_hash(tx, user.org_id, user.id, password_hash)
    password_resets.withdraw(tx, user.org_id, user.id)
    sessions.end_of_user(tx, user.org_id, user.id, PASSWORD_CHANGED, None if end_grants else but_session)
    lockout.clear(tx, user.org_id, lockouts.keys(user.username, "", None))
    org = orgs.by_id(tx, user.org_id)
    assert org is not None  # noqa: S101 - every user has an org, by foreign key
    warnings.tell(tx, org, user, f"A new password at {org.name}", f"the password of {user.username} at {org.name} {how}.", where)
    if not end_grants:
        return {}, {"password": password_hash}
    logouts.announce_devices(tx, user.org_id, user.id)
    live = [grant.id for grant in grants.live_of_user(tx, user.org_id, user.id) if grant.flow in OF_USERS]
    for grant_id in live:
        grants.end(tx, user.org_id, grant_id, PASSWORD_CHANGED)
    epochs.raise_user(tx, user.org_id, user.id)
    revocations.append(tx, user.org_id, "user", user_id=user.id)
    return {"live_grants": live}, {"password": password_hash, "live_grants": []}


def refuse_plain(password_hash: str | None) -> None:
    """Stop a caller who passes a password where its hash belongs; raises ValueError, since no user can cause it."""
    if password_hash is not None and not password_hash.startswith(HASH_PREFIX):
        raise ValueError("a password is hashed with Argon2id before it comes here")
