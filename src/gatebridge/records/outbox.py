"""What must leave the house after the commit: written in the transaction, carried out by the courier."""

from collections.abc import Mapping

from gatebridge.rules.ids import Prefix
from gatebridge.storage import outbox
from gatebridge.storage.tx import Tx


def leave(tx: Tx, org_id: str, kind: str, payload: Mapping[str, object]) -> str:
    """Put one thing into the outbox and return its id. `kind` says which delivery takes it, such as `audit_head` or `mail`."""
    entry_id = tx.new_id(Prefix.OUTBOX)
    outbox.insert(tx, org_id, entry_id, kind, payload)
    return entry_id
