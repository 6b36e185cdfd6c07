"""After the master key was changed: what an older one sealed is sealed under the current one, so that the older one can leave the house.

Signing keys and seeds of authenticator apps are kept for years. What waits in the outbox and what Try it keeps is gone within days, and
what a master key merely keyed (the chain of the trail above all) cannot be done anew.
"""

from dataclasses import dataclass

from gatebridge.crypto import sealing
from gatebridge.records.change import Target, permit, record_change
from gatebridge.rules.actors import Actor
from gatebridge.rules.events import Event
from gatebridge.rules.permissions import Permission
from gatebridge.setup import signing_keys
from gatebridge.signin import factors
from gatebridge.storage import factors as stored_factors
from gatebridge.storage import orgs
from gatebridge.storage import signing_keys as stored_keys
from gatebridge.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Reseal:
    """Look at the next `most` seeds of an org, behind the factor with the id `after`; at its signing keys with the first of them."""

    after: str = ""
    most: int = 1_000


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many values are sealed anew, and how many no master key at hand opens; `after`: where to go on, None at the end."""

    signing_keys: int
    seeds: int
    closed: int
    after: str | None


def reseal(tx: Tx, actor: Actor, command: Reseal) -> Resealed:
    """Seal these anew where the current master key has not sealed them. Values that do not open stay as they are. Raises Refused."""
    permit(actor, Permission.MANAGE_INSTALLATION)
    org_id = actor.org_id
    whole = stored_keys.all_of(tx, org_id) if not command.after else []
    keys = [_anew(tx, signing_keys.PURPOSE, key.sealed, f"{org_id} {key.id}") for key in whole]
    for key, anew in zip(whole, keys, strict=True):
        if anew:
            stored_keys.replace_sealed(tx, org_id, key.id, key.sealed, anew)
    found = stored_factors.seeds(tx, org_id, after=command.after, limit=command.most)
    seeds = [_anew(tx, factors.SEAL, sealed, f"{org_id} {factor_id}") for factor_id, sealed in found]
    for (factor_id, sealed), anew in zip(found, seeds, strict=True):
        if anew:
            stored_factors.replace_seed(tx, org_id, factor_id, sealed, anew)
    done = Resealed(
        signing_keys=sum(map(bool, keys)),
        seeds=sum(map(bool, seeds)),
        closed=[*keys, *seeds].count(None),
        after=found[-1][0] if len(found) == command.most else None,
    )
    if done.signing_keys or done.seeds:
        org = orgs.by_id(tx, org_id)
        assert org is not None  # noqa: S101 - whoever acts, acts in an org
        after = {"master_key": tx.keys.current.id, "signing_keys": done.signing_keys, "authenticator_apps": done.seeds}
        record_change(tx, actor, Event.MASTER_KEY_RESEALED, Target("org", org.id, org.name), None, after)
    return done


def _anew(tx: Tx, purpose: str, sealed: bytes, context: str) -> bytes | None:
    """The value under the current master key; empty where it is already, None where no master key at hand opens it."""
    try:
        if sealing.sealed_under(sealed) == tx.keys.current.id:
            return b""
        plain = sealing.open_(tx.keys, purpose, sealed, context=context)
    except sealing.SealBroken:
        return None
    return sealing.seal(tx.keys, purpose, plain, tx.random, context=context)
