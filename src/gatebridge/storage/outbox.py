"""What must leave the house after the commit."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

import sqlalchemy as sa

from gatebridge.crypto import sealing
from gatebridge.crypto.sealing import MasterKeys
from gatebridge.storage.dialects import Id, Json, Moment, Text
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("payload", Json, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("sent_at", Moment),
    sa.Column("last_error", Text, nullable=False, server_default=""),
    sa.Index("ix_outbox_waiting", "next_at", sqlite_where=sa.text("sent_at IS NULL"), postgresql_where=sa.text("sent_at IS NULL")),
)

# When an entry that was given up is due again: never by itself.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)

SEALED = frozenset({"mail"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to be delivered, and what came of it so far."""

    org_id: str
    id: str
    kind: str
    payload: Mapping[str, object]  # reading it raises SealBroken where its seal is broken, such as after the loss of a master key
    created_at: datetime
    attempts: int
    last_error: str


def insert(tx: Tx, org_id: str, entry_id: str, kind: str, payload: Mapping[str, object]) -> None:
    """Leave one thing. Mail is sealed for the time it waits: its text may hold a link that lets somebody in."""
    kept = dict(payload) if kind not in SEALED else {"sealed": _sealed(tx, entry_id, payload)}
    tx.connection.execute(
        sa.insert(outbox).values(
            org_id=org_id, id=entry_id, kind=kind, payload=kept, created_at=tx.now, attempts=0, next_at=tx.now, last_error=""
        )
    )


def _sealed(tx: Tx, entry_id: str, payload: Mapping[str, object]) -> str:
    plain = json.dumps(dict(payload)).encode()
    return base64.b64encode(sealing.seal(tx.keys, "outbox", plain, tx.random, context=entry_id)).decode()


class _Sealed(Mapping[str, object]):
    """A payload that is opened when it is read. So one that does not open is not delivered, and holds up nothing that is due beside it."""

    def __init__(self, keys: MasterKeys, entry_id: str, sealed: str) -> None:
        self._closed = keys, entry_id, sealed

    @cached_property
    def _opened(self) -> dict[str, object]:
        keys, entry_id, sealed = self._closed
        opened: dict[str, object] = json.loads(sealing.open_(keys, "outbox", base64.b64decode(sealed), context=entry_id))
        return opened

    def __getitem__(self, name: str) -> object:
        return self._opened[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._opened)

    def __len__(self) -> int:
        return len(self._opened)


def due(tx: Tx, limit: int) -> list[Entry]:
    """What waits to be delivered now, in every org, the longest due first."""
    return _entries(tx, outbox.c.sent_at.is_(None), outbox.c.next_at <= tx.now, limit=limit)


def given_up(tx: Tx, limit: int) -> list[Entry]:
    """What could not be delivered and is tried no more, in every org, with the error of the last attempt."""
    return _entries(tx, outbox.c.sent_at.is_(None), outbox.c.next_at == NEVER, limit=limit)


def _entries(tx: Tx, *wanted: sa.ColumnElement[bool], limit: int) -> list[Entry]:
    columns = [outbox.c[name] for name in Entry.__slots__]
    statement = sa.select(*columns).where(*wanted).order_by(outbox.c.next_at, outbox.c.id).limit(limit)
    found = [Entry(*row) for row in tx.connection.execute(statement)]
    return [
        replace(entry, payload=_Sealed(tx.keys, entry.id, str(entry.payload["sealed"]))) if "sealed" in entry.payload else entry
        for entry in found
    ]


def undelivered(tx: Tx, org_id: str, kind: str, at: datetime) -> int:
    """How many entries of this kind an org had not delivered by the moment `at`."""
    late = sa.or_(outbox.c.sent_at.is_(None), outbox.c.sent_at > at)
    statement = sa.select(sa.func.count()).where(outbox.c.org_id == org_id, outbox.c.kind == kind, late)
    return int(tx.connection.execute(statement).scalar_one())


def waiting_everywhere(tx: Tx) -> int:
    """How many entries all orgs together still have to deliver, for the metrics of the whole installation."""
    return int(tx.connection.execute(sa.select(sa.func.count()).where(outbox.c.sent_at.is_(None))).scalar_one())


def mark_sent(tx: Tx, entries: Sequence[Entry]) -> None:
    """These were delivered. What they said is not kept here any longer."""
    if entries:
        statement = sa.update(outbox).where(outbox.c.org_id == sa.bindparam("org"), outbox.c.id == sa.bindparam("entry"))
        values = statement.values(sent_at=tx.now, payload={}, attempts=outbox.c.attempts + 1, last_error="")
        tx.connection.execute(values, [{"org": entry.org_id, "entry": entry.id} for entry in entries])


def mark_failed(tx: Tx, entry: Entry, error: str, next_at: datetime) -> None:
    """An attempt failed; the next is at `next_at`, or NEVER."""
    tx.connection.execute(
        sa.update(outbox)
        .where(outbox.c.org_id == entry.org_id, outbox.c.id == entry.id, outbox.c.sent_at.is_(None))
        .values(attempts=outbox.c.attempts + 1, last_error=error, next_at=next_at)
    )


def purge(tx: Tx, org_id: str, first_id: str, limit: int) -> int:
    """Forget what was delivered, of the entries made before `first_id`, the oldest first. What was not delivered stays."""
    doomed = (
        sa.select(outbox.c.id)
        .where(outbox.c.org_id == org_id, outbox.c.id < first_id, outbox.c.sent_at.is_not(None))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return int(tx.connection.execute(sa.delete(outbox).where(outbox.c.org_id == org_id, outbox.c.id.in_(doomed))).rowcount)
