"""After the master key was changed, an older one is needed no more for what it had sealed."""

from dataclasses import replace

from tests.databases import MASTER_KEYS
from tests.setup.stage import Stage

from gatebridge.crypto import sealing
from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.oauth.keyring import Keyring
from gatebridge.rules.events import Event
from gatebridge.rules.factors import Factor, FactorKind
from gatebridge.rules.ids import Prefix
from gatebridge.setup.reseal import Reseal, Resealed, reseal
from gatebridge.setup.signing_keys import ensure_signing_key
from gatebridge.signin import factors as second
from gatebridge.storage import audit_trail, factors, signing_keys
from gatebridge.storage.tx import Tx

NEW = MasterKey(b"the newer key, 32 bytes in lengt")
BOTH, NEW_ALONE = MasterKeys(NEW, (MASTER_KEYS.current,)), MasterKeys(NEW)


def an_authenticator(tx: Tx, stage: Stage) -> Factor:
    factor_id = tx.new_id(Prefix.FACTOR)
    sealed = second.seal_seed(tx, stage.org.id, factor_id, b"seed of " + factor_id.encode())
    made = Factor(factor_id, stage.org.id, stage.sam.user_id or "", FactorKind.TOTP, "Phone", tx.now, sealed_seed=sealed)
    assert factors.insert(tx, made)
    return made


def test_what_an_older_master_key_sealed_opens_under_the_new_one_alone(stage: Stage) -> None:
    with stage.database.transaction() as tx:
        broken = {key.id for key in signing_keys.all_of(tx, stage.org.id)}  # the stage has a key that nothing opens
        ensure_signing_key(tx, stage.ada, "RS256")
        made = [an_authenticator(tx, stage) for _ in range(3)]
    operator = replace(stage.ada, user_id=None)

    def again(keys: MasterKeys, after: str = "") -> Resealed:
        with stage.database.transaction() as tx:
            return reseal(replace(tx, keys=keys), operator, Reseal(after, most=2))

    assert len(broken) == 1
    assert again(NEW_ALONE) == Resealed(0, 0, closed=1 + 1 + 2, after=made[1].id)
    assert again(BOTH) == Resealed(1, 2, 1, made[1].id)
    assert again(BOTH, made[1].id) == Resealed(0, 1, 0, None)
    assert again(NEW_ALONE) == Resealed(0, 0, 1, made[1].id)
    with stage.database.snapshot() as tx:
        alone = replace(tx, keys=NEW_ALONE)
        for factor_id, sealed in factors.seeds(tx, stage.org.id, after="", limit=9):
            assert sealing.open_(alone.keys, second.SEAL, sealed, context=f"{stage.org.id} {factor_id}") == b"seed of " + factor_id.encode()
        assert all(Keyring(NEW_ALONE).opens(key) for key in signing_keys.all_of(tx, stage.org.id) if key.id not in broken)
        told = [line.changes for line in audit_trail.page(tx, stage.org.id, limit=9) if line.event == Event.MASTER_KEY_RESEALED]
    assert [{each["field"]: each["after"] for each in changes}["authenticator_apps"] for changes in told] == [1, 2]
