"""What a query says (SOQL, the read-only part that is spoken here): fields of one object, a condition, an order, and how many.

`parsing` makes one of a text, with names and values as they were written. `check` binds it to an object: then every name is one of the
object's own, every id has 15 characters, and no date literal is left. Where in the text something stands is no part of what is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

# What stands among the fields where all are asked for: all of them, and all but those that an org has added.
ALL_FIELDS, STANDARD_FIELDS = "FIELDS(ALL)", "FIELDS(STANDARD)"


class Op(StrEnum):
    """How a field is compared with a value. Texts are compared without regard to case, as Salesforce does."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class DateLiteral:
    """A stretch of time by its name, such as TODAY or LAST_N_DAYS:30. `name` is upper case without the colon, `number` what follows it."""

    name: str
    number: int | None = None


def _place() -> int:
    """Where the name of the field stands in the text of the query, in characters; two that differ in nothing else are equal."""
    return field(default=0, compare=False, repr=False)


Value = str | int | Decimal | bool | date | datetime | DateLiteral | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field op value`. With None, `=` means that the field is empty, and `!=` that it is not."""

    field: str
    op: Op
    value: Value
    place: int = _place()


@dataclass(frozen=True, slots=True)
class Like:
    """The field is like a pattern: `%` stands for any text, `_` for one character. A backslash stands before what means only itself: one
    of the two, or another backslash. So the pattern is one of SQL with ESCAPE and a backslash."""

    field: str
    pattern: str
    place: int = _place()


@dataclass(frozen=True, slots=True)
class In:
    """The field is one of the values, or, negated, none of them."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False
    place: int = _place()


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Every:
    """AND: all of two or more."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """OR: at least one of two or more."""

    conditions: tuple["Condition", ...]


Condition = Comparison | Like | In | Not | Every | Some


@dataclass(frozen=True, slots=True)
class Order:
    """One step of ORDER BY. Empty values come first unless the query says NULLS LAST, in either direction."""

    field: str
    descending: bool = False
    nulls_last: bool = False
    place: int = _place()


@dataclass(frozen=True, slots=True)
class Query:
    """One query. `fields` is empty where it only counts; then LIMIT and OFFSET are about what is counted."""

    sobject: str
    fields: tuple[str, ...]
    counts: bool = False  # SELECT COUNT()
    where: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    text: str = field(default="", compare=False, repr=False)  # as it was written
    places: tuple[int, ...] = field(default=(), compare=False, repr=False)  # of the fields, in that text


def fields_of(condition: Condition) -> Iterator[str]:
    """Every field that a condition names, as often as it does."""
    if isinstance(condition, Not):
        yield from fields_of(condition.condition)
    elif isinstance(condition, Every | Some):
        for part in condition.conditions:
            yield from fields_of(part)
    else:
        yield condition.field
