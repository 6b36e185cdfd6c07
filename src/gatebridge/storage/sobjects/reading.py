"""Pages of records and how many there are: one statement each, bounded in rows and in time, and always about one org."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from gatebridge.rules.soql import catalogue
from gatebridge.rules.soql.query import Comparison, Op, Query
from gatebridge.storage.dialects import at_most
from gatebridge.storage.sobjects import ordering
from gatebridge.storage.sobjects.columns import Column
from gatebridge.storage.sobjects.conditions import clause
from gatebridge.storage.sobjects.objects import SOURCES
from gatebridge.storage.sobjects.ordering import Place
from gatebridge.storage.sobjects.sources import Source
from gatebridge.storage.tx import Tx

LONGEST_SECONDS = 5


class Row(NamedTuple):
    """One record: its id, None where such records have none, and the values of the selected fields in their order; None is empty."""

    id: str | None
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page. `more`: others come behind it. `last` is the place of its last record, for going on there; empty where it has none."""

    rows: tuple[Row, ...]
    more: bool
    last: Place


def select(tx: Tx, org_id: str, query: Query, *, own_user_id: str | None, after: Sequence[Any] | None, limit: int) -> Found:
    """At most `limit` records of an org that a bound query asks for, from its OFFSET or from behind the place `after`.

    `own_user_id`: only those that are about this user. The LIMIT of the query is for the caller. Raises TookTooLong.
    """
    source, wanted = _wanted(tx, org_id, query, own_user_id)
    steps = ordering.steps(source, query)
    columns = [source.columns[name] for name in query.fields]
    # Labelled by number, since two fields may come from one column.
    parts = [part.label(f"part_{number}") for number, part in enumerate(part for column in columns for part in column.parts)]
    places = [step.sql.label(f"step_{number}") for number, step in enumerate(steps)]
    found_id = (source.id if source.id is not None else sa.null()).label("record_id")
    if after is not None:
        wanted.append(ordering.behind(steps, after))
    in_order = ordering.order_by(steps)

    def page(*selected: sa.ColumnElement[Any]) -> sa.Select[Any]:
        found: sa.Select[Any] = sa.select(*selected).select_from(source.table).where(*wanted)
        return found.order_by(*in_order).limit(limit + 1).offset(query.offset or None)

    if source.wide:
        (key,) = source.key
        statement = sa.select(found_id, *places, *parts).where(*source.where, key.in_(page(key).correlate(None))).order_by(*in_order)
    else:
        statement = page(found_id, *places, *parts)
    rows = _executed(tx, statement)
    values = _reader(columns, 1 + len(places))
    shown = tuple([Row(row[0], values(row)) for row in rows[:limit]])
    last = ordering.place(rows[len(shown) - 1][1 : 1 + len(places)]) if shown else ()
    return Found(shown, len(rows) > limit, last)


def count(tx: Tx, org_id: str, query: Query, *, own_user_id: str | None, most: int | None) -> int:
    """How many records the condition of a bound query fits, at most `most`; its OFFSET and LIMIT are for the caller. Raises TookTooLong."""
    source, wanted = _wanted(tx, org_id, query, own_user_id)
    if most is None:
        statement = sa.select(sa.func.count()).select_from(source.table).where(*wanted)
    else:
        fitting: sa.Select[Any] = sa.select(sa.literal_column("1").label("one")).select_from(source.table).where(*wanted).limit(most)
        statement = sa.select(sa.func.count()).select_from(fitting.subquery("fitting"))
    return int(_executed(tx, statement)[0][0])


def _wanted(tx: Tx, org_id: str, query: Query, own_user_id: str | None) -> tuple[Source, list[sa.ColumnElement[bool]]]:
    source = SOURCES[query.sobject](tx, org_id)
    wanted = list(source.where)
    if own_user_id is not None:
        own = catalogue.OBJECTS[query.sobject].own
        if own is None:
            raise ValueError(f"No field of {query.sobject} says about whom a record is")
        wanted.append(source.columns[own].test(Comparison(own, Op.EQ, own_user_id), wanted=True))
    if query.where is not None:
        wanted.append(clause(query.where, source.columns))
    return source, wanted


def _reader(columns: Sequence[Column], first: int) -> Callable[[Sequence[Any]], tuple[object, ...]]:
    """What makes values of a row whose columns' parts begin at the place `first`."""
    made, at = [], first
    for column in columns:
        made.append((column.shown, at, at + len(column.parts)))
        at += len(column.parts)
    return lambda row: tuple([shown(row[start]) if end == start + 1 else shown(*row[start:end]) for shown, start, end in made])


def _executed(tx: Tx, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    # Every query is another statement: kept as compiled, they would drive out those of the token endpoint.
    with at_most(tx.connection, LONGEST_SECONDS):
        return tx.connection.execute(statement, execution_options={"compiled_cache": None}).all()
