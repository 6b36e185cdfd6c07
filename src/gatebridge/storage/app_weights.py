"""How heavily each app of an org is exposed, as it was weighed last: for lists of thousands of apps, and for sums over them.

What an app's exposures are is always found out anew (`monitoring.exposures`); a weight says only which apps are worth the look.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from gatebridge.storage.dialects import Id, upsert
from gatebridge.storage.matching import one_of
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

app_weights = sa.Table(
    "app_weights",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("weight", sa.Integer, nullable=False),
    sa.Column("exposures", sa.Integer, nullable=False, server_default="0"),
    sa.Index(None, "org_id", "weight", "app_id"),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class Weight:
    """What an app weighed, and how many exposures it had."""

    weight: int
    exposures: int


def replace(tx: Tx, org_id: str, after: str, upto: str, weights: Mapping[str, Weight]) -> None:
    """Keep these weights in place of those of all apps with an id behind `after`, up to and with `upto`: the others are in use no more.

    Most weigh what they weighed two minutes ago, so only what differs is written.
    """
    table = app_weights.c
    before = _read(tx, table.org_id == org_id, table.app_id > after, table.app_id <= upto)
    gone = sorted(before.keys() - weights.keys())
    if gone:
        tx.connection.execute(sa.delete(app_weights).where(table.org_id == org_id, table.app_id.in_(gone)))
    new = [
        {"org_id": org_id, "app_id": app_id, "weight": each.weight, "exposures": each.exposures}
        for app_id, each in sorted(weights.items())
        if before.get(app_id) != each
    ]
    statement = upsert(tx.connection.dialect.name, app_weights)
    values = {"weight": statement.excluded.weight, "exposures": statement.excluded.exposures}
    if new:
        tx.connection.execute(statement.on_conflict_do_update(index_elements=["org_id", "app_id"], set_=values), new)


def of_apps(tx: Tx, org_id: str, app_ids: Collection[str]) -> dict[str, Weight]:
    """Those of these apps that were weighed, by their ids."""
    return _read(tx, app_weights.c.org_id == org_id, one_of(tx.connection, app_weights.c.app_id, app_ids)) if app_ids else {}


def _read(tx: Tx, *wanted: sa.ColumnElement[bool]) -> dict[str, Weight]:
    table = app_weights.c
    found = tx.connection.execute(sa.select(table.app_id, table.weight, table.exposures).where(*wanted))
    return {row.app_id: Weight(row.weight, row.exposures) for row in found}


def number(tx: Tx, org_id: str, most: int) -> int:
    """How many apps of the org were weighed, exposed or not; no more than `most` are counted."""
    first = sa.select(app_weights.c.app_id).where(app_weights.c.org_id == org_id).limit(most).subquery()
    return int(tx.connection.execute(sa.select(sa.func.count()).select_from(first)).scalar_one())


def by_weight(tx: Tx, org_id: str) -> dict[int, int]:
    """How many apps of the org have each weight; an app that is not exposed has none."""
    number = sa.func.count()
    found = sa.select(app_weights.c.weight, number).where(app_weights.c.org_id == org_id, app_weights.c.weight > 0)
    return {row[0]: row[1] for row in tx.connection.execute(found.group_by(app_weights.c.weight))}


def heaviest(tx: Tx, org_id: str, limit: int, *, least: int = 1, behind: tuple[int, str] | None = None) -> dict[str, int]:
    """What the most exposed apps of the org weigh, at least so much, by their ids: the heaviest in front, and of two alike the older one.

    `behind`: those that come after the app of this weight and id.
    """
    table = app_weights.c
    wanted = [table.org_id == org_id, table.weight >= least]
    if behind is not None:
        weight, app_id = behind
        wanted.append(sa.or_(table.weight < weight, sa.and_(table.weight == weight, table.app_id > app_id)))
    found = sa.select(table.app_id, table.weight).where(*wanted).order_by(table.weight.desc(), table.app_id)
    return {row.app_id: row.weight for row in tx.connection.execute(found.limit(limit))}
