"""From what a field comes, and how it is compared there: what `rules/soql/matching.py` says, in SQL.

Every column answers with conditions that are never unknown where they are not true: SQL's third answer stays in here.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.soql.matching import ANY_TEXT, fold, holds_for, pattern_parts
from gatebridge.rules.soql.query import Comparison, In, Like, Op
from gatebridge.storage.dialects import folded

Leaf = Comparison | Like | In
Clause = sa.ColumnElement[bool]
Sql = sa.ColumnElement[Any]

LONGEST_PATTERN = 4_000  # characters; no text that can be compared is longer
ALMOST_A_MILLISECOND = timedelta(microseconds=999)
_ESCAPE = "\\"


class Column(ABC):
    """What a field of an object is in the database. `parts` is what is selected to show it."""

    parts: Sequence[Sql] = ()

    @abstractmethod
    def shown(self, *parts: Any) -> object:
        """The value, of what was selected; None: it is empty."""

    @abstractmethod
    def test(self, leaf: Leaf, *, wanted: bool) -> Clause:
        """The records for which the condition about this field holds; not `wanted`: all the others."""

    @property
    def empty(self) -> Clause | None:
        """The records in which the field is empty; None: it never is."""
        return None

    @property
    def sorted_by(self) -> Sql | None:
        """By what one sorts to sort by this field; None: it is the same in every record."""
        return None


class Told(Column):
    """What is shown, and neither compared nor sorted by."""

    def __init__(self, tell: Callable[..., object], *parts: Sql) -> None:
        self.parts = parts
        self._tell = tell

    def shown(self, *parts: Any) -> object:
        return self._tell(*parts) or None

    def test(self, leaf: Leaf, *, wanted: bool) -> Clause:
        """Never asked: `rules/soql/check.py` refuses a query that compares such a field."""
        asked = leaf.field if wanted else f"what is not {leaf.field}"
        raise ValueError(f"A query for {asked} was let through, and that is only shown")


class Same(Column):
    """What is the same in every record."""

    def __init__(self, value: object) -> None:
        self._value = value

    def shown(self, *_: Any) -> object:
        return self._value

    def test(self, leaf: Leaf, *, wanted: bool) -> Clause:
        return sa.true() if holds_for(leaf, self._value) is wanted else sa.false()


class Plain(Column):
    """An id, a number or a moment that one expression gives. `empty` says where the field is; None: nowhere."""

    def __init__(self, sql: Sql, empty: Clause | None = None) -> None:
        self.parts = (sql,)
        self.compared = sql
        self._empty = empty

    def shown(self, *parts: Any) -> object:
        return parts[0] or None

    @property
    def empty(self) -> Clause | None:
        return self._empty

    @property
    def sorted_by(self) -> Sql | None:
        return self.compared

    def test(self, leaf: Leaf, *, wanted: bool) -> Clause:
        if leaf.negated if isinstance(leaf, In) else isinstance(leaf, Comparison) and leaf.op is Op.NE:
            wanted = not wanted
        if isinstance(leaf, Comparison) and leaf.value is None:
            is_empty = sa.false() if self.empty is None else self.empty
            return is_empty if wanted else sa.not_(is_empty)
        found, exact = self._found(leaf)
        if wanted:
            # What is empty is equal to nothing, so that an index serves as it is; but an empty text would be smaller than another.
            return found if exact or self.empty is None else sa.and_(sa.not_(self.empty), found)
        return sa.not_(found) if self.empty is None else sa.or_(self.empty, sa.not_(found))

    def _found(self, leaf: Leaf) -> tuple[Clause, bool]:
        """The records that fit, as if no field were empty and nothing were negated; and whether they are asked for exact values."""
        if isinstance(leaf, Like):
            return self.like(leaf.pattern), False
        if isinstance(leaf, In) or leaf.op in (Op.EQ, Op.NE):
            return self.equals(leaf.values if isinstance(leaf, In) else (leaf.value,)), True
        compared, operand = self.compared, self.operand(leaf.value)
        by_op = {Op.LT: compared < operand, Op.LE: compared <= operand, Op.GT: compared > operand, Op.GE: compared >= operand}
        return by_op[leaf.op], False

    def operand(self, value: Any) -> Any:
        """The value of a query as it stands beside `compared`."""
        return value

    def equals(self, values: Collection[Any]) -> Clause:
        operands = [self.operand(value) for value in values]
        return self.compared == operands[0] if len(operands) == 1 else self.compared.in_(operands)

    def like(self, _: str) -> Clause:
        raise TypeError("only texts are like a pattern")


class Number(Plain):
    """A whole number, which may be nought."""

    def shown(self, *parts: Any) -> object:
        return parts[0]


class Text(Plain):
    """A text, compared without regard to the case of A to Z."""

    def __init__(self, sql: Sql, empty: Clause | None = None) -> None:
        super().__init__(sql, empty)
        self.compared = folded(sql)

    def operand(self, value: Any) -> Any:
        return fold(value)

    def like(self, pattern: str) -> Clause:
        parts = pattern_parts(fold(pattern))
        if sum(part != (ANY_TEXT, True) for part in parts) > LONGEST_PATTERN:
            return sa.false()  # it asks for more than any text has, and SQLite refuses what is too long
        written = "".join(part if wild or part not in ("%", "_", _ESCAPE) else _ESCAPE + part for part, wild in parts)
        return self.compared.like(written, escape=_ESCAPE)


class Yes(Plain):
    """A condition that is true or false. It is sorted as a number, since not every database sorts truth."""

    def __init__(self, condition: Clause) -> None:
        super().__init__(condition)
        self._condition = condition
        self.compared = sa.case((condition, 1), else_=0)

    def shown(self, *parts: Any) -> object:
        return bool(parts[0])

    def operand(self, value: Any) -> Any:
        return int(value)

    def equals(self, values: Collection[Any]) -> Clause:
        wanted = {bool(value) for value in values}
        return sa.true() if len(wanted) == 2 else self._condition if True in wanted else sa.not_(self._condition)


class MintedAt(Plain):
    """When a receipt's id was minted, to the millisecond. Ids sort by that, so the index of the ids serves."""

    def shown(self, *parts: Any) -> object:
        return ids.minted_at(parts[0])

    def operand(self, value: Any) -> Any:
        # The first id that is not before the moment; a bound query asks for nothing but what is before one, and what is not.
        return ids.floor(Prefix.RECEIPT, value + ALMOST_A_MILLISECOND)


class Labelled(Column):
    """The label of an app whose id a record holds. The labels, which are few, are compared here, so that the index of the ids serves."""

    def __init__(self, app_id: Sql, load: Callable[[], Mapping[str, str]]) -> None:
        self.parts = (app_id,)
        self._app_id = app_id
        self._load = load

    @cached_property
    def _labels(self) -> Mapping[str, str]:
        return self._load()

    def shown(self, *parts: Any) -> object:
        return self._labels.get(parts[0])

    def test(self, leaf: Leaf, *, wanted: bool) -> Clause:
        fits = {app_id for app_id, label in self._labels.items() if holds_for(leaf, label) is wanted}
        if holds_for(leaf, None) is not wanted:
            return self._one_of(fits)
        return sa.not_(self._one_of(self._labels.keys() - fits))  # records without an app that is known here fit as well

    def _one_of(self, app_ids: Collection[str]) -> Clause:
        if not app_ids:
            return sa.false()
        listed = sorted(app_ids)
        return self._app_id == listed[0] if len(listed) == 1 else self._app_id.in_(listed)

    @property
    def empty(self) -> Clause | None:
        return sa.not_(self._one_of(self._labels.keys()))

    @property
    def sorted_by(self) -> Sql | None:
        """The place of the label among all of them."""
        if not self._labels:
            return None
        places = {label: place for place, label in enumerate(sorted({fold(label) for label in self._labels.values()}))}
        return sa.case({app_id: places[fold(label)] for app_id, label in self._labels.items()}, value=self._app_id, else_=-1)
