"""What a large org has beside people, apps and their use: sessions, second factors, requests, and a long audit trail."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from bench import copies
from bench.seed import Seeded
from gatebridge.rules.ids import Prefix
from gatebridge.storage import audit_trail, people
from gatebridge.storage.access_requests import access_requests
from gatebridge.storage.database import Database
from gatebridge.storage.factors import factors
from gatebridge.storage.sessions import sessions
from gatebridge.storage.tx import Tx


def add(database: Database, seeded: Seeded, users: Sequence[str], app_ids: Sequence[str]) -> None:
    """Write them straight into the tables. Nobody verifies the chain of this trail."""
    like = copies.row(database, sessions, sessions.c.user_id == seeded.people.users[0].id)
    copies.added(
        database,
        sessions,
        like,
        lambda tx, like, n: {**like, "id": tx.new_id(Prefix.SESSION), "digest": os.urandom(32), "user_id": users[n]},
        len(users) // 5,
    )
    with database.snapshot() as tx:
        now = tx.now
    org = {"org_id": seeded.org_id}
    factor = org | {"name": "Telephone", "created_at": now, "confirmed_at": now}
    copies.added(
        database,
        factors,
        factor,
        lambda tx, like, n: {**like, "id": tx.new_id(Prefix.FACTOR), "user_id": users[n], "kind": "totp" if n % 3 else "passkey"},
        len(users) // 2,
    )
    with database.transaction() as tx:
        tx.connection.execute(sa.update(people.users).where(people.users.c.id.in_(sa.select(factors.c.user_id))).values(factor_count=1))
    asked = org | {
        "kind": "user",
        "scopes": "api",
        "flow": "web_server",
        "address": "192.0.2.7",
        "words": "For the month's end.",
        "count": 3,
    }
    asked |= {"first_at": now, "last_at": now}
    states = ("approved", "refused", "open")
    copies.added(
        database,
        access_requests,
        asked,
        lambda tx, like, n: {
            **like,
            "id": tx.new_id(Prefix.REQUEST),
            "app_id": app_ids[n % len(app_ids)],
            "user_id": users[n],
            "state": states[n % 3],
        },
        len(users) // 5,
    )
    _audit(database, seeded.org_id, app_ids, len(users))


def _audit(database: Database, org_id: str, app_ids: Sequence[str], count: int) -> None:
    table, heads = audit_trail.audit_trail, audit_trail.audit_heads
    like = copies.row(database, table, table.c.event == "setup:app:created")
    with database.snapshot() as tx:
        last = tx.connection.execute(sa.select(heads.c.sequence).where(heads.c.org_id == org_id)).scalar_one()

    def made(tx: Tx, like: Mapping[str, Any], n: int) -> Mapping[str, Any]:
        return {**like, "sequence": last + n + 1, "id": tx.new_id(Prefix.AUDIT), "target_id": app_ids[n % len(app_ids)]}

    copies.added(database, table, like | {"changes": like["changes"][:3]}, made, count)
    with database.transaction() as tx:
        tx.connection.execute(sa.update(heads).where(heads.c.org_id == org_id).values(sequence=last + count))
