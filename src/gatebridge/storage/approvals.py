"""Remembered consent: one row per user and installation, with a child row for each scope and each redirect URI."""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.approvals import Approval
from gatebridge.rules.ids import Prefix
from gatebridge.storage.dialects import Id, Moment, Text, for_update, insert_new, upsert
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),
    sa.Column("installation_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("renewed_at", Moment, nullable=False),
    sa.UniqueConstraint("org_id", "installation_id", "user_id"),
    sa.ForeignKeyConstraint(["org_id", "installation_id"], ["installations.org_id", "installations.id"]),
    sa.ForeignKeyConstraint(["org_id", "user_id"], ["users.org_id", "users.id"]),
    sa.Index(None, "org_id", "user_id"),
)

approval_scopes = sa.Table(
    "approval_scopes",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("approval_id", Id, primary_key=True),
    sa.Column("scope", sa.String(128), primary_key=True),
    sa.ForeignKeyConstraint(["org_id", "approval_id"], ["approvals.org_id", "approvals.id"]),
)

approval_callbacks = sa.Table(
    "approval_callbacks",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("approval_id", Id, primary_key=True),
    sa.Column("callback", Text, primary_key=True),
    sa.ForeignKeyConstraint(["org_id", "approval_id"], ["approvals.org_id", "approvals.id"]),
)

_CHILDREN = (approval_scopes, approval_callbacks)


def of_user(tx: Tx, org_id: str, installation_id: str, user_id: str) -> Approval | None:
    """What the user has approved of this installed app, all approvals taken together; None: nothing."""
    found = _read(tx, approvals.c.org_id == org_id, approvals.c.installation_id == installation_id, approvals.c.user_id == user_id)
    return found[0] if found else None


def of_pairs(tx: Tx, org_id: str, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], Approval]:
    """What is approved between installed apps and users, by such pairs of ids; a pair with nothing approved is not there."""
    if not pairs:
        return {}
    wanted = sa.tuple_(approvals.c.installation_id, approvals.c.user_id).in_(sorted(pairs))
    return {(each.installation_id, each.user_id): each for each in _read(tx, approvals.c.org_id == org_id, wanted)}


def list_of_user(tx: Tx, org_id: str, user_id: str) -> list[Approval]:
    """Everything that the user has approved, oldest first."""
    return _read(tx, approvals.c.org_id == org_id, approvals.c.user_id == user_id)


def _read(tx: Tx, *wanted: sa.ColumnElement[bool]) -> list[Approval]:
    """Approvals with their children, in one statement: each scope is a row with each callback, which are few."""
    among: sa.FromClause = approvals
    for child in _CHILDREN:
        among = among.outerjoin(child, sa.and_(child.c.org_id == approvals.c.org_id, child.c.approval_id == approvals.c.id))
    columns = (approvals, approval_scopes.c.scope, approval_callbacks.c.callback)
    statement = sa.select(*columns).select_from(among).where(*wanted).order_by(approvals.c.id)
    found: dict[str, tuple[Any, set[str | None], set[str | None]]] = {}
    for row in tx.connection.execute(statement):
        _, scopes, callbacks = found.setdefault(row.id, (row, set(), set()))
        scopes.add(row.scope)
        callbacks.add(row.callback)
    return [_of_row(row, scopes - {None}, callbacks - {None}) for row, scopes, callbacks in found.values()]


def _of_row(row: Any, scopes: Iterable[Any], callbacks: Iterable[Any]) -> Approval:
    return Approval(
        id=row.id,
        org_id=row.org_id,
        installation_id=row.installation_id,
        user_id=row.user_id,
        scopes=frozenset(scopes),
        callbacks=frozenset(callbacks),
        created_at=row.created_at,
        renewed_at=row.renewed_at,
    )


def remember(tx: Tx, org_id: str, installation_id: str, user_id: str, scopes: Collection[str], callback: str) -> None:
    """The user has approved these scopes for an answer at this redirect URI; what was approved before stays."""
    new = upsert(tx.connection.dialect.name, approvals).values(
        org_id=org_id,
        id=tx.new_id(Prefix.APPROVAL),
        installation_id=installation_id,
        user_id=user_id,
        created_at=tx.now,
        renewed_at=tx.now,
    )
    # One statement, so that somebody who forgets it at this moment comes before or after, and never in between.
    renewed = new.on_conflict_do_update(
        index_elements=["org_id", "installation_id", "user_id"], set_={"renewed_at": new.excluded.renewed_at}
    )
    approval_id = tx.connection.execute(renewed.returning(approvals.c.id)).scalar_one()
    _add(tx, approval_scopes, org_id, approval_id, ({"scope": scope} for scope in sorted(scopes)))
    _add(tx, approval_callbacks, org_id, approval_id, [{"callback": callback}])


def _add(tx: Tx, table: sa.Table, org_id: str, approval_id: str, rows: Iterable[dict[str, str]]) -> None:
    if new := [{"org_id": org_id, "approval_id": approval_id} | row for row in rows]:
        tx.connection.execute(insert_new(tx.connection, table).values(new))


def forget(tx: Tx, org_id: str, installation_id: str, user_id: str) -> bool:
    """Ask the user again next time. False when nothing was remembered."""
    wanted = (approvals.c.org_id == org_id, approvals.c.installation_id == installation_id, approvals.c.user_id == user_id)
    held = for_update(sa.select(approvals.c.id).where(*wanted), tx.connection)
    approval_id = tx.connection.execute(held).scalar_one_or_none()
    if approval_id is None:
        return False
    for child in _CHILDREN:
        tx.connection.execute(sa.delete(child).where(child.c.org_id == org_id, child.c.approval_id == approval_id))
    return bool(tx.connection.execute(sa.delete(approvals).where(*wanted)).rowcount)


def forget_all(tx: Tx, org_id: str) -> None:
    """Ask every user of the org again, for every app."""
    for table in (*_CHILDREN, approvals):
        tx.connection.execute(sa.delete(table).where(table.c.org_id == org_id))
