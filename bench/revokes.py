"""Revoking an app, with a thousand of its tokens alive and with a million: the time must be the same."""

import statistics
import time
from collections.abc import Sequence

import sqlalchemy as sa

from bench.installation import Installation, Server
from bench.operations import INTROSPECT, TOKEN, NotRecorded, ask
from bench.recorded import newest_token
from bench.report import Row
from bench.seed import Seeded
from bench.tokens import add_live_tokens
from gatebridge.setup.revoke import RevokeApp, revoke_app
from gatebridge.storage.database import Database
from gatebridge.storage.installations import installations

TIMES = 15


def measure(installation: Installation, server: Server, seeded: Seeded, counts: Sequence[int]) -> list[Row]:
    """The time of a revoke, its commit included, for each number of live tokens. Raises NotRecorded when one of them survives."""
    app = seeded.apps["opaque"]
    ask(server, TOKEN, app.form(grant_type="client_credentials"))
    rows, alive = [], 0
    with installation.database() as database:
        like = newest_token(database, app.id)
        for count in sorted(counts):
            values = add_live_tokens(database, like, count - alive)
            alive = count
            bodies = [app.form(token=value) for value in (values[0], values[-1])]
            rows.append(_row(installation.kind, count, _timed(database, server, seeded, app.id, bodies)))
    return rows


def _timed(database: Database, server: Server, seeded: Seeded, app_id: str, bodies: Sequence[str]) -> list[float]:
    milliseconds = []
    for _ in range(TIMES):
        _expect(server, bodies, active=True)
        began = time.perf_counter()
        with database.transaction() as tx:
            revoke_app(tx, seeded.actor, RevokeApp(app_id, "measured"))
        milliseconds.append((time.perf_counter() - began) * 1000)
        _expect(server, bodies, active=False)
        _revive(database, app_id)
    return milliseconds


def _revive(database: Database, app_id: str) -> None:
    # Nothing in the product lowers an epoch. The measurement does, so that every revoke ends all of the tokens and not none.
    with database.transaction() as tx:
        tx.connection.execute(sa.update(installations).where(installations.c.app_id == app_id).values(epoch=installations.c.epoch - 1))


def _expect(server: Server, bodies: Sequence[str], *, active: bool) -> None:
    for body in bodies:
        said = ask(server, INTROSPECT, body)
        if said.get("active") is not active:
            raise NotRecorded(f"A token should be {'active' if active else 'dead'}, and introspection says {said}")


def _row(kind: str, count: int, milliseconds: Sequence[float]) -> Row:
    return Row(
        operation=f"revoke an app with {count:,} live tokens",
        database=kind,
        clients=1,
        rate_per_s=None,
        p50_ms=round(statistics.median(milliseconds), 2),
        p99_ms=round(max(milliseconds), 2),
        errors=0,
        bound_by="one commit: an epoch, a feed entry and an audit line, whatever the number of tokens",
    )
