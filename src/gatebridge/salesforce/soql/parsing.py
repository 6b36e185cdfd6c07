"""From the text of a query to what it says (`rules/soql/query.py`), within bounds that keep a query from being work by its form alone.

Names and values stay as they were written, but for the name or the alias of the object before a field, which says nothing in a query of
one object. Whether they fit the object is what `rules/soql/check.py` says.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from gatebridge.rules.reasons import Reason, Refused, soql
from gatebridge.rules.soql.errors import refused_at
from gatebridge.rules.soql.query import (
    ALL_FIELDS,
    STANDARD_FIELDS,
    Comparison,
    Condition,
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
from gatebridge.salesforce.soql.grammar import parser
from gatebridge.salesforce.soql.unexpected import refusal
from gatebridge.salesforce.soql.values import Unreadable, pattern, value

LONGEST = 20_000  # characters
DEEPEST = 50  # conditions within conditions
MOST_CONDITIONS = 500
MOST_VALUES = 2_000  # in one list
MOST_FIELDS = 200
MOST_STEPS = 32  # of an order
LARGEST_LIMIT = 2**31 - 1
LARGEST_OFFSET = 2_000
LARGEST_LIMIT_OF_ALL_FIELDS = 200

# No database takes a NUL in a text, and half of a pair is no character.
_NO_CHARACTER = re.compile("[\0\ud800-\udfff]")

_Read = TypeVar("_Read")


def parse(text: str) -> Query:
    """What the query says. Raises Refused with a reason of `rules/reasons/soql.py`, and a detail that shows the place."""
    if len(text) > LONGEST:
        raise Refused(soql.QUERY_TOO_LARGE, detail=f"SOQL statements cannot be longer than {LONGEST} characters.")
    odd = _NO_CHARACTER.search(text)
    if odd is not None:
        raise refused_at(soql.QUERY_MALFORMED, text, odd.start(), "This is no character that a query can hold.")
    try:
        tree = parser().parse(text)
    except (UnexpectedCharacters, UnexpectedToken) as error:
        raise refusal(text, error) from None
    return _Reading(text, tree).query()


class _Reading:
    """One query on its way from the parser's tree to what it says."""

    def __init__(self, text: str, tree: Tree[Token]) -> None:
        self._text = text
        self._parts = {part.data: part for part in _trees(tree)}
        self._object = _token(tree)
        self._own_names = {self._object.lower()}
        if "alias" in self._parts:
            self._own_names.add(_token(self._parts["alias"]).lower())
        self._selected = _trees(self._parts["fields"]) if "fields" in self._parts else []
        self._conditions = 0

    def query(self) -> Query:
        query = Query(
            sobject=str(self._object),
            fields=self._fields(),
            counts="count" in self._parts,
            where=self._condition(_trees(self._parts["where"])[0], 1) if "where" in self._parts else None,
            order=self._order(),
            limit=self._number("limit", LARGEST_LIMIT, f"The largest LIMIT is {LARGEST_LIMIT}."),
            offset=self._number("offset", LARGEST_OFFSET, f"Maximum SOQL offset allowed is {LARGEST_OFFSET}") or 0,
            text=self._text,
            places=tuple(_place(each) for each in self._selected),
        )
        if ALL_FIELDS in query.fields and (query.limit is None or query.limit > LARGEST_LIMIT_OF_ALL_FIELDS):
            words = f"The SOQL FIELDS function must have a LIMIT of at most {LARGEST_LIMIT_OF_ALL_FIELDS}"
            raise Refused(soql.QUERY_MALFORMED, detail=words)
        return query

    def _fields(self) -> tuple[str, ...]:
        if len(self._selected) > MOST_FIELDS:
            raise self._too_many(self._selected[MOST_FIELDS], f"A query selects at most {MOST_FIELDS} fields.")
        return tuple(self._name(each) if each.data == "path" else self._all_fields(each) for each in self._selected)

    def _all_fields(self, tree: Tree[Token]) -> str:
        which = _tokens(tree)[1]
        written = f"FIELDS({which.upper()})"
        if written not in (ALL_FIELDS, STANDARD_FIELDS):
            raise self._at(soql.QUERY_PART_NOT_OFFERED, which, f"unexpected token: '{which}': write {STANDARD_FIELDS} or {ALL_FIELDS}.")
        return written

    def _condition(self, tree: Tree[Token], depth: int) -> Condition:
        if depth > DEEPEST:
            raise Refused(soql.QUERY_TOO_LARGE, detail=f"More than {DEEPEST} conditions stand within each other.")
        if tree.data == "negation":
            return Not(self._condition(_trees(tree)[0], depth + 1))
        if tree.data in ("every", "some"):
            parts = tuple(self._condition(part, depth + 1) for part in _trees(tree))
            return Every(parts) if tree.data == "every" else Some(parts)
        return self._comparison(tree)

    def _comparison(self, tree: Tree[Token]) -> Condition:
        self._conditions += 1
        path, tokens = _trees(tree)[0], _tokens(tree)
        if self._conditions > MOST_CONDITIONS:
            raise self._too_many(path, f"A query compares at most {MOST_CONDITIONS} times.")
        name, place = self._name(path), _place(path)
        if tree.data == "comparison":
            return Comparison(name, Op("!=" if tokens[0] == "<>" else tokens[0]), self._value(tokens[1]), place)
        if tree.data == "like":
            return Like(name, self._read(pattern, tokens[0]), place)
        negated = tokens[0].type == "NOT"
        listed = tokens[1:] if negated else tokens
        if len(listed) > MOST_VALUES:
            raise self._at(soql.QUERY_TOO_LARGE, listed[MOST_VALUES], f"A list holds at most {MOST_VALUES} values.")
        return In(name, tuple(self._value(token) for token in listed), negated, place)

    def _order(self) -> tuple[Order, ...]:
        if "order" not in self._parts:
            return ()
        steps = _trees(self._parts["order"])
        if "count" in self._parts:
            raise self._at(soql.QUERY_MALFORMED, _token(_trees(steps[0])[0]), "What is only counted has no order.")
        if len(steps) > MOST_STEPS:
            raise self._too_many(_trees(steps[MOST_STEPS])[0], f"A query orders by at most {MOST_STEPS} fields.")
        return tuple(self._step(step) for step in steps)

    def _step(self, step: Tree[Token]) -> Order:
        said = {token.type for token in _tokens(step)}
        path = _trees(step)[0]
        return Order(self._name(path), "DESC" in said, "LAST" in said, _place(path))

    def _number(self, part: str, largest: int, words: str) -> int | None:
        if part not in self._parts:
            return None
        token = _token(self._parts[part])
        if int(token) > largest:
            raise self._at(soql.QUERY_NUMBER_OUTSIDE_RANGE, token, words)
        return int(token)

    def _name(self, path: Tree[Token]) -> str:
        names = _tokens(path)
        if len(names) > 1 and names[0].lower() in self._own_names:
            del names[0]
        if len(names) > 1:
            words = f"unexpected token: '{names[0]}.{names[1]}': fields of related objects are not offered here; query that object."
            raise self._at(soql.QUERY_PART_NOT_OFFERED, names[0], words)
        return str(names[0])

    def _value(self, token: Token) -> Value:
        return self._read(value, token)

    def _read(self, reader: Callable[[Token], _Read], token: Token) -> _Read:
        try:
            return reader(token)
        except Unreadable as problem:
            raise self._at(problem.reason, token, problem.words) from None

    def _too_many(self, path: Tree[Token], words: str) -> Refused:
        return self._at(soql.QUERY_TOO_LARGE, _token(path), words)

    def _at(self, reason: Reason, token: Token, words: str) -> Refused:
        return refused_at(reason, self._text, token.start_pos or 0, words)


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _tokens(tree: Tree[Token]) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]


def _token(tree: Tree[Token]) -> Token:
    return _tokens(tree)[0]


def _place(tree: Tree[Token]) -> int:
    return _token(tree).start_pos or 0
