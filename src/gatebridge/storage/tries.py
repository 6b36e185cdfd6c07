"""Runs of Try it, each with what it needs in between, sealed: secrets and tokens for as long as it runs, and nothing of them after it."""

import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gatebridge.crypto import sealing
from gatebridge.crypto.sealing import SealBroken
from gatebridge.rules import ids
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.tries import Done, Expected, Kept, Outcome, Step, Try, Wrong
from gatebridge.rules.validation import Proof
from gatebridge.storage import credentials
from gatebridge.storage.dialects import Blob, Id, Moment
from gatebridge.storage.login_history import login_history
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx
from gatebridge.storage.usage import usage

PURPOSE = "try"
MOST_SHOWN = 500  # runs of one app that are looked at for its validation, the newest
CLOCKS_DIFFER = timedelta(minutes=1)  # between the node that began a step and the one that gave the token its id

tries = sa.Table(
    "tries",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("app_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),  # who tries
    sa.Column("flow", sa.String(24), nullable=False),
    sa.Column("expected", sa.String(8), nullable=False),
    sa.Column("kept", Blob, nullable=False),  # sealed; empty once it has ended
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("outcome", sa.String(8)),
    sa.Column("as_expected", sa.Boolean),
    sa.Column("receipt_id", Id),
    sa.Column("ended_at", Moment),
    sa.Index(None, "org_id", "app_id", "id"),
)
_RUNNING = tries.c.ended_at.is_(None)
sa.Index("ix_tries_running", tries.c.org_id, tries.c.expires_at, sqlite_where=_RUNNING, postgresql_where=_RUNNING)


def insert(tx: Tx, run: Try, kept: Kept) -> None:
    """Begin a run."""
    tx.connection.execute(
        sa.insert(tries).values(
            org_id=run.org_id,
            id=run.id,
            app_id=run.app_id,
            user_id=run.user_id,
            flow=run.flow,
            expected=run.expected,
            kept=_sealed(tx, run, kept),
            version=run.version,
            created_at=run.created_at,
            expires_at=run.expires_at,
        )
    )


def by_id(tx: Tx, org_id: str, try_id: str, *, to_end: bool = False) -> tuple[Try, Kept | None] | None:
    """A run, with what it keeps; nothing is kept of one that has ended.

    `to_end`: a run whose seal is broken, such as after the loss of a master key, keeps nothing that could be read and can still be ended.
    Raises SealBroken for it otherwise.
    """
    row = tx.connection.execute(sa.select(tries).where(tries.c.org_id == org_id, tries.c.id == try_id)).one_or_none()
    if row is None:
        return None
    run = _run(row)
    if not row.kept:
        return run, None
    try:
        return run, _opened(tx, run, bytes(row.kept))
    except SealBroken:
        if not to_end:
            raise
        return run, Kept((), under_way=run.created_at)


def save(tx: Tx, run: Try, kept: Kept) -> bool:
    """Keep what a step has changed, as the version after `run.version`. False when somebody else was first, or it has ended."""
    saved = tx.connection.execute(
        sa.update(tries)
        .where(tries.c.org_id == run.org_id, tries.c.id == run.id, tries.c.version == run.version, tries.c.ended_at.is_(None))
        .values(
            kept=_sealed(tx, run, kept),
            version=run.version + 1,
            outcome=run.outcome,
            as_expected=run.as_expected,
            receipt_id=run.receipt_id,
        )
    )
    return bool(saved.rowcount)


def end(tx: Tx, org_id: str, try_id: str) -> bool:
    """End a run and forget what it kept. False when it had ended before."""
    ended = tx.connection.execute(
        sa.update(tries)
        .where(tries.c.org_id == org_id, tries.c.id == try_id, tries.c.ended_at.is_(None))
        .values(ended_at=tx.now, kept=b"", version=tries.c.version + 1)
    )
    return bool(ended.rowcount)


def live_of_app(tx: Tx, org_id: str, app_id: str) -> int:
    """How many runs of an app have not ended and are not over."""
    wanted = (tries.c.org_id == org_id, tries.c.app_id == app_id, _RUNNING, tries.c.expires_at > tx.now)
    return int(tx.connection.execute(sa.select(sa.func.count()).select_from(tries).where(*wanted)).scalar_one())


def overdue(tx: Tx, org_id: str, limit: int) -> list[str]:
    """The runs whose time is over and which nobody has ended, the oldest first."""
    wanted = sa.select(tries.c.id).where(tries.c.org_id == org_id, _RUNNING, tries.c.expires_at <= tx.now)
    return list(tx.connection.scalars(wanted.order_by(tries.c.expires_at).limit(limit)))


def shown(tx: Tx, org_id: str, app_id: str, since: datetime) -> dict[tuple[Flow, Expected], Proof]:
    """The newest run of each flow that was begun since a moment and ended as it was meant to, by what it was meant to end with."""
    newest = (
        sa.select(tries)
        .where(tries.c.org_id == org_id, tries.c.app_id == app_id, tries.c.id >= ids.floor(Prefix.TRY, since))
        .order_by(tries.c.id.desc())
        .limit(MOST_SHOWN)
    )
    found: dict[tuple[Flow, Expected], Proof] = {}
    for row in tx.connection.execute(newest):
        if row.as_expected and row.receipt_id is not None:
            found.setdefault((Flow(row.flow), Expected(row.expected)), Proof(row.receipt_id, row.created_at))
    return found


def issued(tx: Tx, run: Try, credential_ids: Collection[str], since: datetime) -> list[str]:
    """The ids of the tokens that the app of a run has got with these credentials since a moment, by the login history."""
    lines = login_history.c
    wanted = (
        *(lines.org_id == run.org_id, lines.app_id == run.app_id, lines.id >= ids.floor(Prefix.RECEIPT, since - CLOCKS_DIFFER)),
        *(lines.credential_id.in_(list(credential_ids)), lines.event == "token", lines.outcome == "success"),
    )
    return list(tx.connection.scalars(sa.select(lines.id).where(*wanted)))


def forget_credentials(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Delete the credentials of runs that ended before a moment, with the usage that was counted for them. How many runs those were.

    Every request of an app reads all credentials that it ever had, so those of a nightly run must not pile up.
    """
    made = [table.c.try_id for table in (credentials.secrets, credentials.certificates)]
    having = sa.union(*(sa.select(column).where(column.table.c.org_id == org_id, column.is_not(None)) for column in made))
    doomed = (
        sa.select(tries.c.id, tries.c.app_id)
        .where(tries.c.org_id == org_id, tries.c.ended_at < before, tries.c.id.in_(having))
        .order_by(tries.c.id)
        .limit(limit)
    )
    rows = tx.connection.execute(doomed).all()
    if not rows:
        return 0
    try_ids, app_ids = [row.id for row in rows], sorted({row.app_id for row in rows})
    credential_ids = credentials.of_tries(tx, org_id, app_ids, try_ids)
    of_them = (usage.c.org_id == org_id, usage.c.app_id.in_(app_ids), usage.c.subject_id.in_(credential_ids))
    tx.connection.execute(sa.delete(usage).where(*of_them))
    credentials.forget(tx, org_id, app_ids, try_ids)
    return len(rows)


def purge(tx: Tx, org_id: str, before: datetime, limit: int) -> int:
    """Forget runs that ended before a moment, the oldest first, at most `limit`; an app that was not tried since has then shown less."""
    old = (tries.c.org_id == org_id, tries.c.id < ids.floor(Prefix.TRY, before), tries.c.ended_at < before)
    doomed = sa.select(tries.c.id).where(*old).order_by(tries.c.id).limit(limit)
    return tx.connection.execute(sa.delete(tries).where(tries.c.org_id == org_id, tries.c.id.in_(doomed))).rowcount


def _run(row: Any) -> Try:
    return Try(
        id=row.id,
        org_id=row.org_id,
        app_id=row.app_id,
        user_id=row.user_id,
        flow=Flow(row.flow),
        expected=Expected(row.expected),
        created_at=row.created_at,
        expires_at=row.expires_at,
        version=row.version,
        outcome=Outcome(row.outcome) if row.outcome is not None else None,
        as_expected=row.as_expected,
        receipt_id=row.receipt_id,
        ended_at=row.ended_at,
    )


def _sealed(tx: Tx, run: Try, kept: Kept) -> bytes:
    said = asdict(kept) | {"under_way": kept.under_way.isoformat() if kept.under_way is not None else None}
    return sealing.seal(tx.keys, PURPOSE, json.dumps(said).encode(), tx.random, context=_context(run))


def _opened(tx: Tx, run: Try, sealed: bytes) -> Kept:
    said = json.loads(sealing.open_(tx.keys, PURPOSE, sealed, context=_context(run)))
    done = tuple(Done(Step(each["step"]), Outcome(each["outcome"]), each["receipt_id"]) for each in said["done"])
    return Kept(
        **said
        | {
            "steps": tuple(Step(each) for each in said["steps"]),
            "scopes": tuple(said["scopes"]) if said["scopes"] is not None else None,
            "wrong": Wrong(said["wrong"]) if said["wrong"] is not None else None,
            "done": done,
            "under_way": datetime.fromisoformat(said["under_way"]) if said["under_way"] is not None else None,
        }
    )


def _context(run: Try) -> str:
    return f"{run.org_id} {run.id}"
