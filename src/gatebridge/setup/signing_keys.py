"""The signing keys of an org: published before they sign, kept after they have signed, removed when nobody needs them."""

from dataclasses import dataclass

from gatebridge.crypto import sealing, signing
from gatebridge.records.change import Target, permit, record_change, signed_in_lately
from gatebridge.rules import signing_keys as rules
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.app_rights import given_reason
from gatebridge.storage import signing_keys
from gatebridge.storage.signing_keys import StoredKey
from gatebridge.storage.tx import Tx

PURPOSE = "signing key"


@dataclass(frozen=True, slots=True)
class AddSigningKey:
    """One more key of the actor's org; `algorithm` is ES256 or RS256."""

    algorithm: str


@dataclass(frozen=True, slots=True)
class RetireSigningKey:
    """Let a key sign no more."""

    key_id: str


@dataclass(frozen=True, slots=True)
class RemoveSigningKey:
    """Take a retired key out of what is published."""

    key_id: str
    # Removing a key while tokens that it signed may still be alive is an emergency: they are refused everywhere from then on.
    emergency: bool = False
    reason: str = ""


def seed_signing_keys(tx: Tx, actor: Actor) -> tuple[StoredKey, ...]:
    """The first keys of a new org, one of each algorithm. Part of making an org, whose verb was permitted."""
    return tuple(_add(tx, actor, algorithm) for algorithm in rules.ALGORITHMS)


def ensure_signing_key(tx: Tx, actor: Actor, algorithm: str) -> None:
    """Make the first key of an algorithm that an app here is set to. Part of a verb that was permitted and has checked the algorithm.

    Of a key that was there and has been retired or removed, whoever keeps the keys decides.
    """
    if not signing_keys.ever_had(tx, actor.org_id, algorithm):
        _add(tx, actor, algorithm)


def add_signing_key(tx: Tx, actor: Actor, command: AddSigningKey) -> StoredKey:
    """Make and publish a key; it signs in place of the one before as soon as every cached JWKS holds it (X-TK-13). Raises Refused."""
    permit(actor, Permission.MANAGE_SECURITY)
    signed_in_lately(tx, actor)
    if command.algorithm not in rules.ALGORITHMS:
        problem = FieldProblem("algorithm", f"Choose one of {', '.join(rules.ALGORITHMS)}.")
        raise Refused(setup_reasons.FIELD_INVALID, fields=(problem,))
    return _add(tx, actor, command.algorithm)


def retire_signing_key(tx: Tx, actor: Actor, command: RetireSigningKey) -> StoredKey:
    """Let a key sign no more. It stays published, since its tokens are still checked. Another must sign already. Raises Refused."""
    permit(actor, Permission.MANAGE_SECURITY)
    signed_in_lately(tx, actor)
    key, others = _found(tx, actor, command.key_id)
    if not any(other.algorithm == key.algorithm and other.retired_at is None and other.signs_from <= tx.now for other in others):
        raise Refused(setup_reasons.STATE_CONFLICT, detail=f"No other {key.algorithm} key signs yet; add one and wait until it does.")
    if not signing_keys.retire(tx, actor.org_id, key.id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This key was retired before.")
    record_change(tx, actor, Event.SIGNING_KEY_RETIRED, _target(key), {"state": "signing"}, {"state": "retired"})
    return key


def remove_signing_key(tx: Tx, actor: Actor, command: RemoveSigningKey) -> StoredKey:
    """Take a retired key out of the JWKS, once its last token is over; sooner only as an emergency with a reason. Raises Refused."""
    permit(actor, Permission.MANAGE_SECURITY)
    signed_in_lately(tx, actor)
    key, _ = _found(tx, actor, command.key_id)
    if key.retired_at is None:
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This key still signs; retire it first.")
    reason = given_reason(command.reason)
    free = rules.removable_from(key.retired_at)
    if tx.now < free and not (command.emergency and reason):
        detail = f"Tokens that it signed may be alive until {free.isoformat(timespec='minutes')}; an emergency needs a reason."
        raise Refused(setup_reasons.CONFIRMATION_REQUIRED, detail=detail)
    signing_keys.remove(tx, actor.org_id, key.id)
    record_change(tx, actor, Event.SIGNING_KEY_RETIRED, _target(key), {"state": "retired"}, {"state": "removed"}, reason=reason)
    return key


def _add(tx: Tx, actor: Actor, algorithm: str) -> StoredKey:
    first = not any(key.algorithm == algorithm for key in signing_keys.published(tx, actor.org_id))
    key_id = tx.new_id(Prefix.SIGNING_KEY)
    public, private = signing.new_key(algorithm, key_id)
    key = StoredKey(
        org_id=actor.org_id,
        id=key_id,
        algorithm=algorithm,
        public_jwk=public,
        sealed=sealing.seal(tx.keys, PURPOSE, private, tx.random, context=f"{actor.org_id} {key_id}"),
        created_at=tx.now,
        signs_from=rules.signs_from(tx.now, first),
    )
    signing_keys.insert(tx, key)
    after = {"algorithm": algorithm, "signs_from": key.signs_from.isoformat(), "state": "published"}
    record_change(tx, actor, Event.SIGNING_KEY_CREATED, _target(key), None, after)
    return key


def _found(tx: Tx, actor: Actor, key_id: str) -> tuple[StoredKey, list[StoredKey]]:
    published = signing_keys.published(tx, actor.org_id)
    for key in published:
        if key.id == key_id:
            return key, [other for other in published if other.id != key_id]
    raise Refused(setup_reasons.RECORD_NOT_FOUND)


def _target(key: StoredKey) -> Target:
    return Target("signing key", key.id, f"{key.algorithm} {key.id}")
