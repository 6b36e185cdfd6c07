"""A query from its text to its records: what it says, which object it is about, what the user may read of it, and page by page the answer.

The database's work is bounded: a page has at most 2,000 records, a count of what matches goes no further than 50,000, and no statement
takes longer than five seconds. The transaction must be one (`snapshot` or `transaction`): outside of one PostgreSQL sets no limit of time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import long, parse
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import sobjects as reasons
from gatebridge.rules.soql import catalogue, check
from gatebridge.rules.soql.query import Comparison, Op, Query
from gatebridge.rules.soql.sobjects import FieldType, Reading, SObject
from gatebridge.salesforce import locators
from gatebridge.salesforce.locators import Place
from gatebridge.salesforce.soql import parsing
from gatebridge.storage import sobjects
from gatebridge.storage.sobjects import Found, TookTooLong
from gatebridge.storage.tx import Tx

SMALLEST_BATCH, LARGEST_BATCH = 200, 2_000
MOST_COUNTED = 50_000


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the values of the fields that were asked for, in that order, as they stand in JSON. Who answers adds its address."""

    sobject: SObject
    id: str | None  # in 18 characters; None: records of this object have none
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One page. `total_size` is of all pages, and 50,000 where there are more; the pages go on to the end all the same."""

    total_size: int
    done: bool
    next_locator: str | None  # for `more`; None when done
    records: tuple[Record, ...]


def readable(actor: Actor) -> list[SObject]:
    """The objects of which the actor may read anything, by name."""
    return [sobject for sobject in catalogue.OBJECTS.values() if _reads(actor, sobject)]


def readable_object(actor: Actor, name: str) -> SObject:
    """The object of this name, in whatever case. Raises Refused where there is none, and alike where the actor may read nothing of it."""
    sobject = catalogue.find(name)
    if sobject is None or not _reads(actor, sobject):
        raise Refused(reasons.SOBJECT_UNKNOWN, detail=reasons.unknown(name))
    return sobject


def run(tx: Tx, actor: Actor, timezone: str, text: str, *, batch_size: int = LARGEST_BATCH) -> QueryResult:
    """The first page of a query. `timezone` is the user's, in which days are told; a batch size out of bounds counts as the nearest.

    Raises Refused, with a detail that may be shown.
    """
    batch_size = max(SMALLEST_BATCH, min(batch_size, LARGEST_BATCH))
    sobject, query = _bound(actor, text, timezone, tx.now)
    try:
        if query.counts:
            return QueryResult(_counted(tx, actor, sobject, query, None), True, None, ())
        found = _page(tx, actor, sobject, query, batch_size, None)
        if not found.more:
            return _result(sobject, query, found, len(found.rows), None)
        total = _counted(tx, actor, sobject, query, MOST_COUNTED)
    except TookTooLong:
        raise Refused(reasons.QUERY_TIMEOUT) from None
    left = None if query.limit is None else query.limit - len(found.rows)
    place = Place(text, timezone, tx.now, total, left, batch_size, found.last)
    return _result(sobject, query, found, total, locators.write(tx, actor, place))


def asked(tx: Tx, actor: Actor, timezone: str, text: str) -> tuple[SObject, Query]:
    """What a query asks for, and of which object; no record is read. Raises Refused as `run` does."""
    return _bound(actor, text, timezone, tx.now)


def more(tx: Tx, actor: Actor, locator: str) -> QueryResult:
    """The page that a locator leads to. What the actor may read is asked anew. Raises Refused."""
    place = locators.read(tx, actor, locator)
    sobject, query = _bound(actor, place.text, place.timezone, place.asked_at)
    query = replace(query, limit=place.left, offset=0)
    try:
        found = _page(tx, actor, sobject, query, place.batch_size, place.after)
    except TookTooLong:
        raise Refused(reasons.QUERY_TIMEOUT) from None
    if not found.more:
        return _result(sobject, query, found, place.total_size, None)
    left = None if place.left is None else place.left - len(found.rows)
    return _result(sobject, query, found, place.total_size, locators.write(tx, actor, replace(place, left=left, after=found.last)))


def record(tx: Tx, actor: Actor, sobject: SObject, record_id: str, fields: Sequence[str] = ()) -> Record | None:
    """One record by its id in either form, with these fields by their own names, or all; None where the actor may read no such record."""
    id15 = parse(record_id, sobject.prefix)
    if id15 is None or sobject.prefix is None:
        return None
    names = tuple(fields) or tuple(field.name for field in sobject.fields)
    query = Query(sobject.name, names, where=Comparison("Id", Op.EQ, id15), limit=1)
    try:
        found = _page(tx, actor, sobject, query, 1, None)
    except TookTooLong:
        raise Refused(reasons.QUERY_TIMEOUT) from None
    return _records(sobject, names, found)[0] if found.rows else None


def _bound(actor: Actor, text: str, timezone: str, now: datetime) -> tuple[SObject, Query]:
    query = parsing.parse(text)
    sobject = readable_object(actor, query.sobject)
    return sobject, check.bound(query, sobject, now=now, timezone=timezone)


def _reads(actor: Actor, sobject: SObject) -> Reading | None:
    reading = sobject.reading(actor.permissions)
    return None if reading is Reading.OWN and actor.user_id is None else reading


def _own(actor: Actor, sobject: SObject) -> str | None:
    """Whose records alone are read; None: those of everybody."""
    return actor.user_id if _reads(actor, sobject) is Reading.OWN else None


def _page(tx: Tx, actor: Actor, sobject: SObject, query: Query, batch_size: int, after: Sequence[object] | None) -> Found:
    limit = batch_size if query.limit is None else min(batch_size, query.limit)
    found = sobjects.select(tx, actor.org_id, query, own_user_id=_own(actor, sobject), after=after, limit=limit)
    # The LIMIT of the query ends it, whether or not there are more.
    return found if query.limit is None or len(found.rows) < query.limit else replace(found, more=False)


def _counted(tx: Tx, actor: Actor, sobject: SObject, query: Query, most: int | None) -> int:
    """How many records the query has: behind its OFFSET and within its LIMIT."""
    bounds = [bound for bound in (most, query.limit) if bound is not None]
    most = min(bounds) + query.offset if bounds else None
    there = sobjects.count(tx, actor.org_id, query, own_user_id=_own(actor, sobject), most=most)
    behind = max(0, there - query.offset)
    return behind if query.limit is None else min(behind, query.limit)


def _result(sobject: SObject, query: Query, found: Found, total: int, locator: str | None) -> QueryResult:
    return QueryResult(total, locator is None, locator, _records(sobject, query.fields, found))


def _records(sobject: SObject, names: Sequence[str], found: Found) -> tuple[Record, ...]:
    shown = [_SHOWN.get(field.type) for name in names if (field := sobject.field(name)) is not None]
    return tuple(
        Record(
            sobject,
            long(row.id) if row.id is not None else None,
            {
                name: value if value is None or show is None else show(value)
                for name, show, value in zip(names, shown, row.values, strict=True)
            },
        )
        for row in found.rows
    )


def _moment(value: object) -> str:
    """As Salesforce writes a time: milliseconds, and the zone without a colon. Whatever is stored is in UTC."""
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is no moment")
    return value.isoformat(timespec="milliseconds")[:23] + "+0000"


@lru_cache(maxsize=4_096)  # the records of a page name the same few users and apps
def _id(value: object) -> str:
    return long(str(value))


_SHOWN: Mapping[FieldType, Callable[[Any], str]] = {FieldType.ID: _id, FieldType.REFERENCE: _id, FieldType.DATETIME: _moment}
