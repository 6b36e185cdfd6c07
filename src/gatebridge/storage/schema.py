"""Every table in one place, for migrations and for checks. Importing it registers them all."""

from gatebridge.storage import (
    apps,
    assertions,
    audit_trail,
    credentials,
    grants,
    idempotency,
    installations,
    leases,
    login_history,
    nodes,
    orgs,
    outbox,
    people,
    revocations,
    signing_keys,
    strangers,
    tokens,
    usage,
)
from gatebridge.storage.metadata import metadata

FAMILIES = (
    nodes,
    orgs,
    people,
    apps,
    installations,
    credentials,
    grants,
    tokens,
    assertions,
    signing_keys,
    login_history,
    strangers,
    usage,
    audit_trail,
    outbox,
    revocations,
    idempotency,
    leases,
)

__all__ = ["FAMILIES", "metadata"]
