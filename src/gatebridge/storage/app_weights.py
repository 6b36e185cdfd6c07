"""How heavily each app of an org is exposed, as it was weighed last: for lists that are sorted by it, and for sums over thousands of apps.

What an app's exposures are is always found out anew (`monitoring.exposures`); a weight says only which apps are worth the look.
"""

from collections.abc import Mapping

import sqlalchemy as sa

from gatebridge.storage.dialects import Id
from gatebridge.storage.metadata import metadata
from gatebridge.storage.tx import Tx

app_weights = sa.Table(
    "app_weights",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("app_id", Id, primary_key=True),
    sa.Column("weight", sa.Integer, nullable=False),
    sa.Index(None, "org_id", "weight", "app_id"),
    sqlite_with_rowid=False,
)


def replace(tx: Tx, org_id: str, after: str, upto: str, weights: Mapping[str, int]) -> None:
    """Keep these weights in place of those of all apps with an id behind `after`, up to and with `upto`: the others are in use no more."""
    table = app_weights.c
    tx.connection.execute(sa.delete(app_weights).where(table.org_id == org_id, table.app_id > after, table.app_id <= upto))
    rows = [{"org_id": org_id, "app_id": app_id, "weight": weight} for app_id, weight in sorted(weights.items())]
    if rows:
        tx.connection.execute(sa.insert(app_weights), rows)


def number(tx: Tx, org_id: str, most: int) -> int:
    """How many apps of the org were weighed, exposed or not; no more than `most` are counted."""
    first = sa.select(app_weights.c.app_id).where(app_weights.c.org_id == org_id).limit(most).subquery()
    return int(tx.connection.execute(sa.select(sa.func.count()).select_from(first)).scalar_one())


def by_weight(tx: Tx, org_id: str) -> dict[int, int]:
    """How many apps of the org have each weight; an app that is not exposed has none."""
    number = sa.func.count()
    found = sa.select(app_weights.c.weight, number).where(app_weights.c.org_id == org_id, app_weights.c.weight > 0)
    return {row[0]: row[1] for row in tx.connection.execute(found.group_by(app_weights.c.weight))}


def heaviest(tx: Tx, org_id: str, limit: int) -> list[str]:
    """The ids of the most exposed apps of the org; of two alike the older one in front."""
    table = app_weights.c
    found = sa.select(table.app_id).where(table.org_id == org_id, table.weight > 0).order_by(table.weight.desc(), table.app_id)
    return list(tx.connection.scalars(found.limit(limit)))
