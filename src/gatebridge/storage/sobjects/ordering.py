"""In which order records come, and where a page goes on: behind the values of the last record, never behind a number of records.

The order always ends with the key of the object, so that no two records are equal in it and every page begins where the last one ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from gatebridge.rules.soql.query import Query
from gatebridge.storage.dialects import EPOCH, MICROSECOND
from gatebridge.storage.sobjects.columns import Clause, Sql
from gatebridge.storage.sobjects.sources import Source

Place = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the order. `sql` may be NULL only where the step before it already parted those records from all others."""

    sql: Sql
    descending: bool
    of_time: bool


def steps(source: Source, query: Query) -> list[Step]:
    """The whole order of a query, its last step telling any two records apart."""
    made: list[Step] = []
    descending = query.order[-1].descending if query.order else source.newest_first
    for order in query.order:
        column = source.columns[order.field]
        if column.sorted_by is None:
            continue
        if column.empty is not None:
            # Where an empty field comes by itself differs from database to database, and an empty text is no NULL.
            made.append(Step(sa.case((column.empty, int(order.nulls_last)), else_=int(not order.nulls_last)), False, False))
        made.append(_step(column.sorted_by, order.descending))
        if len(source.key) == 1 and column.sorted_by is source.key[0]:
            return made
    return made + [_step(sql, descending) for sql in source.key]


def _step(sql: Sql, descending: bool) -> Step:
    return Step(sql, descending, isinstance(sql.type, sa.types.TypeDecorator))


def order_by(made: Sequence[Step]) -> list[sa.UnaryExpression[Any]]:
    return [step.sql.desc() if step.descending else step.sql.asc() for step in made]


def place(values: Sequence[Any]) -> Place:
    """The values of a record in the order, as a text can carry them."""
    return tuple((value - EPOCH) // MICROSECOND if isinstance(value, datetime) else value for value in values)


def behind(made: Sequence[Step], after: Sequence[Any]) -> Clause:
    """The records that come behind a place."""
    found: Clause = sa.false()
    for step, value in reversed(list(zip(made, after, strict=True))):
        if value is None:
            continue  # all that have no value here are equal in this step
        said = EPOCH + value * MICROSECOND if step.of_time else value
        further = step.sql < said if step.descending else step.sql > said
        found = sa.or_(further, sa.and_(step.sql == said, found))
    return found
