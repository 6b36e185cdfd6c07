"""What really stands in the database, beside what clients were told."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from gatebridge.crypto import secrets
from gatebridge.rules.grants import AccessToken
from gatebridge.storage import history_reading, tokens
from gatebridge.storage.database import Database
from gatebridge.storage.login_history import HistoryLine, login_history
from gatebridge.storage.strangers import stranger_counts
from gatebridge.storage.tokens import access_tokens, of_row

SETTLE_SECONDS = 10
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Recorded:
    """Rows, by what they are evidence of."""

    tokens: int
    ended_tokens: int
    history: int
    refusals: int  # lines of refusals, and what the counting rows count, which is some of them once more

    def since(self, earlier: "Recorded") -> "Recorded":
        return Recorded(
            self.tokens - earlier.tokens,
            self.ended_tokens - earlier.ended_tokens,
            self.history - earlier.history,
            self.refusals - earlier.refusals,
        )


def recorded(database: Database) -> Recorded:
    """What is recorded, once nothing is being added any more: requests that the load tool left behind are still finished."""
    deadline = time.monotonic() + SETTLE_SECONDS
    before = _count(database)
    while True:
        time.sleep(0.1)
        now = _count(database)
        if now == before or time.monotonic() > deadline:
            return now
        before = now


def _count(database: Database) -> Recorded:
    lines = sa.select(sa.func.count()).select_from(login_history)
    with database.snapshot() as tx:
        return Recorded(
            tokens=tx.connection.execute(sa.select(sa.func.count()).select_from(access_tokens)).scalar_one(),
            ended_tokens=tx.connection.execute(
                sa.select(sa.func.count()).select_from(access_tokens).where(access_tokens.c.ended_at.is_not(None))
            ).scalar_one(),
            history=tx.connection.execute(lines).scalar_one(),
            refusals=tx.connection.execute(lines.where(login_history.c.outcome == "refused")).scalar_one()
            + int(tx.connection.execute(sa.select(sa.func.coalesce(sa.func.sum(stranger_counts.c.count), 0))).scalar_one()),
        )


def newest_token(database: Database, app_id: str) -> AccessToken:
    """The token of an app that was issued last."""
    with database.snapshot() as tx:
        wanted = sa.select(*(column for column in access_tokens.c if column.name != "digest")).where(access_tokens.c.app_id == app_id)
        return of_row(tx.connection.execute(wanted.order_by(access_tokens.c.id.desc()).limit(1)).one())


def size_in_mb(database: Database) -> float:
    """How much the database takes on disk, in MB of a million bytes; what a log holds back is written out first."""
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            return float(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()) / 1e6
    raw = database.engine.raw_connection()  # outside a transaction, where alone a checkpoint can be made
    try:
        cursor = raw.cursor()
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return float(cursor.fetchall()[0][0]) / 1e6
    finally:
        raw.close()


def newest_line(database: Database, org_id: str, app_id: str) -> HistoryLine:
    """The line of an app that was written last."""
    with database.snapshot() as tx:
        return history_reading.page(tx, org_id, limit=1, app_id=app_id)[0]


def missing(database: Database, org_id: str, values: Sequence[str]) -> list[str]:
    """Those of these opaque tokens that are not recorded, or whose history line is not."""
    lost: list[str] = []
    with database.snapshot() as tx:
        for at in range(0, len(values), CHUNK):
            by_digest = {secrets.digest(value): value for value in values[at : at + CHUNK]}
            found = tokens.by_digests(tx, org_id, list(by_digest))
            lines = sa.select(login_history.c.id).where(
                login_history.c.org_id == org_id,
                login_history.c.id.in_([token.id for token in found.values()]),
                login_history.c.outcome == "success",
            )
            explained = set(tx.connection.execute(lines).scalars())
            lost += [value for digest, value in by_digest.items() if digest not in found or found[digest].id not in explained]
    return lost
