"""Whether a query fits its object: a query that does is bound to it, and says everything in the object's own names and types.

What a bound query holds, so that whoever runs it has little to know:

- Fields are those of the object in its spelling, none of them twice; FIELDS() is spelled out.
- A field that holds an id is compared with ids of 15 characters, in which the case counts.
- Empty and null are the same, so no `=`, `!=` and no list holds an empty text: it is None in a comparison of its own.
- A time is shown to the millisecond and compared so: with `>=` and `<` alone, or with None. A date literal has become two times.
"""

import difflib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain, repeat

from gatebridge.rules import ids
from gatebridge.rules.reasons import Reason, Refused, soql
from gatebridge.rules.soql import dates
from gatebridge.rules.soql.dates import Stretch
from gatebridge.rules.soql.errors import refused_at
from gatebridge.rules.soql.query import (
    ALL_FIELDS,
    STANDARD_FIELDS,
    Comparison,
    Condition,
    DateLiteral,
    Every,
    In,
    Like,
    Not,
    Op,
    Order,
    Query,
    Some,
    Value,
)
from gatebridge.rules.soql.sobjects import Field, FieldType, SObject

MOST_TIMES = 100  # in one list, each of which is a comparison of its own
LARGEST_NUMBER = 2**63 - 1
MILLISECOND = timedelta(milliseconds=1)

_IDS = frozenset({FieldType.ID, FieldType.REFERENCE})
_TEXTS = frozenset({FieldType.STRING, FieldType.TEXTAREA, FieldType.PICKLIST, FieldType.EMAIL, FieldType.URL, FieldType.PHONE})
# What Salesforce calls the types in its texts, where it is another name than in a describe.
_CALLED = {FieldType.DATETIME: "dateTime", FieldType.REFERENCE: "id"}


def bound(query: Query, sobject: SObject, *, now: datetime, timezone: str) -> Query:
    """The query in the names and types of the object, with the date literals of the moment `now` (aware) in the user's time zone.

    Raises Refused with a reason of `rules/reasons/soql.py`, and a detail that shows the place where the query was parsed.
    """
    return _Check(query, sobject, now, timezone).bound()


class _Check:
    """One query, on its way to its object."""

    def __init__(self, query: Query, sobject: SObject, now: datetime, timezone: str) -> None:
        self._query = query
        self._sobject = sobject
        self._now = now
        self._timezone = timezone

    def bound(self) -> Query:
        where = self._query.where
        return replace(
            self._query,
            sobject=self._sobject.name,
            fields=self._fields(),
            where=self._condition(where) if where is not None else None,
            order=self._order(),
        )

    def _fields(self) -> tuple[str, ...]:
        written = self._query.fields
        mixed = ALL_FIELDS in written or STANDARD_FIELDS in written
        fields: list[str] = []
        for name, place in zip(written, chain(self._query.places, repeat(0)), strict=False):
            if name in (ALL_FIELDS, STANDARD_FIELDS):
                fields += [field.name for field in self._sobject.fields if name == ALL_FIELDS or not field.name.endswith("__c")]
                continue
            found = self._field(name, place).name
            if found in fields and not mixed:
                raise self._refused(soql.QUERY_MALFORMED, place, f"duplicate field selected: {found}")
            fields.append(found)
        return tuple(dict.fromkeys(fields))

    def _order(self) -> tuple[Order, ...]:
        """The steps that decide something: a field that comes a second time does not."""
        order: dict[str, Order] = {}
        for step in self._query.order:
            field = self._field(step.field, step.place)
            if not field.sortable:
                words = f"field '{field.name}' can not be sorted in a query call"
                raise self._refused(soql.QUERY_FIELD_NOT_COMPARABLE, step.place, words)
            order.setdefault(field.name, replace(step, field=field.name))
        return tuple(order.values())

    def _condition(self, condition: Condition) -> Condition:
        if isinstance(condition, Not):
            return Not(self._condition(condition.condition))
        if isinstance(condition, Every | Some):
            return type(condition)(tuple(self._condition(part) for part in condition.conditions))
        field = self._field(condition.field, condition.place)
        if not field.filterable:
            words = f"field '{field.name}' can not be filtered in a query call"
            raise self._refused(soql.QUERY_FIELD_NOT_COMPARABLE, condition.place, words)
        if isinstance(condition, Like):
            if field.type not in _TEXTS:
                raise self._operator(field, condition.place)
            return replace(condition, field=field.name)
        if isinstance(condition, In):
            return self._within(field, condition)
        return self._comparison(field, condition)

    def _within(self, field: Field, condition: In) -> Condition:
        op = Op.NE if condition.negated else Op.EQ
        join = _every if condition.negated else _some
        if field.type is FieldType.DATETIME:
            if len(condition.values) > MOST_TIMES:
                raise self._refused(soql.QUERY_TOO_LARGE, condition.place, f"A list holds at most {MOST_TIMES} times.")
            each = (Comparison(field.name, op, value, condition.place) for value in condition.values)
            return join([self._comparison(field, comparison) for comparison in each])
        values = list(dict.fromkeys(self._value(field, value, condition.place) for value in condition.values))
        listed = tuple(value for value in values if not _is_empty(value))
        parts: list[Condition] = [replace(condition, field=field.name, values=listed)] if listed else []
        if len(listed) < len(values):
            parts.append(Comparison(field.name, op, None, condition.place))
        return join(parts)

    def _comparison(self, field: Field, comparison: Comparison) -> Condition:
        op, place = comparison.op, comparison.place
        value = self._value(field, comparison.value, place)
        if op in (Op.EQ, Op.NE) and _is_empty(value):
            return Comparison(field.name, op, None, place)
        if value is None:
            raise self._operator(field, place, ": null is compared with = and != alone")
        if op not in (Op.EQ, Op.NE) and field.type is FieldType.BOOLEAN:
            raise self._operator(field, place)
        if isinstance(value, DateLiteral):
            return _within_time(field, op, dates.stretch(value, self._now, self._timezone), place)
        if isinstance(value, datetime):
            begin = value.replace(microsecond=value.microsecond // 1000 * 1000)
            return _within_time(field, op, Stretch(begin, begin + MILLISECOND), place)
        return Comparison(field.name, op, value, place)

    def _value(self, field: Field, value: Value, place: int) -> Value:
        """The value in the field's type."""
        if value is None:
            return None
        if isinstance(value, Decimal) and value == value.to_integral_value():
            value = int(value)
        if not _HOLDS[field.type](value):
            raise self._wrong_type(field, place)
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            words = f"{field.name} is compared with numbers of at most {LARGEST_NUMBER}."
            raise self._refused(soql.QUERY_NUMBER_OUTSIDE_RANGE, place, words)
        if isinstance(value, str) and value and field.type in _IDS:
            id15 = ids.parse(value)
            if id15 is None:
                raise self._refused(soql.QUERY_ID_MALFORMED, place, f"invalid ID field: {value[:40]}")
            return id15
        return value

    def _field(self, name: str, place: int) -> Field:
        field = self._sobject.field(name)
        if field is None:
            names = {each.name.lower(): each.name for each in self._sobject.fields}
            close = [names[each] for each in difflib.get_close_matches(name.lower(), names, n=2, cutoff=0.7)]
            meant = f"Did you mean {' or '.join(close)}? " if close else ""
            words = f"No such column '{name}' on entity '{self._sobject.name}'. {meant}The describe of the object lists its fields."
            raise self._refused(soql.QUERY_FIELD_UNKNOWN, place, words)
        return field

    def _wrong_type(self, field: Field, place: int) -> Refused:
        quotes = "should" if field.type in _TEXTS | _IDS else "should not"
        called = _CALLED.get(field.type, field.type.value if field.type not in _TEXTS else "string")
        example = ", as in 2026-01-31T08:00:00Z or TODAY" if field.type is FieldType.DATETIME else ""
        words = f"value of filter criterion for field '{field.name}' must be of type {called} and {quotes} be enclosed in quotes{example}"
        return self._refused(soql.QUERY_VALUE_OF_WRONG_TYPE, place, words)

    def _operator(self, field: Field, place: int, because: str = "") -> Refused:
        called = _CALLED.get(field.type, field.type.value)
        return self._refused(soql.QUERY_OPERATOR_REFUSED, place, f"invalid operator on {called} field '{field.name}'{because}")

    def _refused(self, reason: Reason, place: int, words: str) -> Refused:
        # A query that was made and not parsed has no text in which there could be a place.
        return refused_at(reason, self._query.text, place, words) if self._query.text else Refused(reason, detail=words)


# Python counts True among the numbers.
_HOLDS: dict[FieldType, Callable[[Value], bool]] = {
    **dict.fromkeys(_IDS | _TEXTS, lambda value: isinstance(value, str)),
    FieldType.BOOLEAN: lambda value: isinstance(value, bool),
    FieldType.INT: lambda value: isinstance(value, int) and not isinstance(value, bool),
    FieldType.DATETIME: lambda value: isinstance(value, datetime | DateLiteral),
}


def _within_time(field: Field, op: Op, within: Stretch, place: int) -> Condition:
    """How a time compares with a stretch of it: before it, in it, or behind it. A field that is empty is none of these, but not equal."""
    name, begin, end = field.name, within.begin, within.end
    from_begin, before = Comparison(name, Op.GE, begin, place), Comparison(name, Op.LT, begin, place)
    from_end, until_end = Comparison(name, Op.GE, end, place), Comparison(name, Op.LT, end, place)
    if op is Op.NE:
        return Some((before, from_end, Comparison(name, Op.EQ, None, place)) if field.nullable else (before, from_end))
    if op is Op.EQ:
        return Every((from_begin, until_end))
    return {Op.LT: before, Op.LE: until_end, Op.GT: from_end, Op.GE: from_begin}[op]


def _is_empty(value: Value) -> bool:
    return value is None or value == ""


def _every(parts: list[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def _some(parts: list[Condition]) -> Condition:
    return parts[0] if len(parts) == 1 else Some(tuple(parts))
