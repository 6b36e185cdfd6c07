"""The keyed chain of the audit trail: each line's MAC covers the line and the MAC before it."""

import hashlib
import hmac
import json

from gatebridge.crypto.sealing import MasterKey, derive
from gatebridge.storage.audit_trail import AuditLine

ALGORITHM = 1  # HMAC-SHA-256 over the canonical JSON of the line; a verifier accepts nothing below the newest it has seen

# The MAC before the first line of an org.
BEGINNING = bytes(32)


def chain_key(key: MasterKey) -> bytes:
    """The key of the chain, derived from the master key, which is never in the database."""
    return derive(key, "audit chain")


def line_mac(key: bytes, previous: bytes, line: AuditLine) -> bytes:
    """The MAC of one line. Everything that the line says is covered, its place in the chain included."""
    said = {
        "algorithm": line.algorithm,
        "key": line.key_id,
        "org": line.org_id,
        "sequence": line.sequence,
        "id": line.id,
        "at": line.at.isoformat(),
        "event": line.event,
        "actor": [line.actor_kind, line.actor_id, line.actor_name, line.actor_app_id],
        "address": line.address,
        "operation": line.operation_id,
        "target": [line.target_kind, line.target_id, line.target_name],
        "changes": line.changes,
        "reason": line.reason,
        "group": line.group_id,
    }
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hmac.new(key, previous + canonical, hashlib.sha256).digest()
