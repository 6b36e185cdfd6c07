"""The language in which admins and developers say what a claim's value is made of (docs/decisions/0024, docs/guides/claims.md).

An expression reads fields of one user and one org, joins texts, and chooses between them. It has no loops, no variables and no way to
reach anything else, so it always ends, and soon. What is wrong with one is found when it is saved, with the place where.

    expression  =  joined [("=" | "==" | "!=" | "<>") joined]
    joined      =  value {("&" | "+") value}
    value       =  text | field | function "(" [expression {"," expression}] ")" | "(" expression ")"

Its spelling is that of Salesforce's formulas where both have the same thing, so that attributes of a connected app that comes from there
mean here what they meant there.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gatebridge.rules.functions import FUNCTIONS, TEXT, Function, Value

LONGEST = 500  # characters
DEEPEST = 10  # how many brackets within each other
LONGEST_VALUE = 1_000

_TOKEN = re.compile(
    r"""\s*(?: (?P<text>"(?:[^"\\\x00-\x1f]|\\["'\\])*"|'(?:[^'\\\x00-\x1f]|\\["'\\])*')
             | (?P<name>\$?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
             | (?P<sign>==|=|!=|<>|&|\+|\(|\)|,) )""",
    re.VERBOSE,
)
_SAME, _DIFFERENT, _JOINED = frozenset({"=", "=="}), frozenset({"!=", "<>"}), frozenset({"&", "+"})


class BadExpression(ValueError):  # noqa: N818 - the message says what it is instead
    """An expression that means nothing. `place` is the character at which that shows, counted from 1; the message is for its author."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(f"At character {place}: {message}")
        self.place = place


@dataclass(frozen=True, slots=True)
class Text:
    """A text that stands in the expression itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field, by its name in our spelling."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of what it is given."""

    function: Function
    given: "tuple[Node, ...]"


Node = Text | Field | Call


def parse(text: str, fields: Mapping[str, str]) -> Node:
    """The expression that the text is. `fields`: every spelling of a field in lower case, with its name. Raises BadExpression."""
    if len(text) > LONGEST:
        raise BadExpression(LONGEST + 1, f"An expression has at most {LONGEST} characters, and this one has {len(text)}.")
    parser = _Parser(text, fields)
    node = parser.expression()
    parser.end()
    return node


def evaluate(node: Node, fields: Mapping[str, str | None]) -> Value:
    """What the expression is for these fields; None where something that it needs is missing, or where the text would be too long."""
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Field):
        return fields.get(node.name) or None
    value = node.function.apply(*(evaluate(each, fields) for each in node.given))
    return None if isinstance(value, str) and len(value) > LONGEST_VALUE else value


def reads(node: Node) -> frozenset[str]:
    """The names of the fields that the expression looks at, whether or not they end up in its value."""
    if isinstance(node, Text):
        return frozenset()
    if isinstance(node, Field):
        return frozenset({node.name})
    return frozenset().union(*(reads(each) for each in node.given))


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # text, name, sign, or end
    text: str
    place: int


class _Parser:
    """Reads an expression from left to right, with one token of foresight."""

    def __init__(self, text: str, fields: Mapping[str, str]) -> None:
        self._text = text
        self._fields = fields
        self._depth = 0
        self._at = 0
        self._next = self._read()

    def expression(self) -> Node:
        left = self._joined()
        sign = self._next
        if sign.text not in _SAME | _DIFFERENT:
            return left
        self._take()
        same = self._call("equals", sign.place, left, self._joined())
        return same if sign.text in _SAME else self._call("not", sign.place, same)

    def end(self) -> None:
        if self._next.kind != "end":
            raise BadExpression(self._next.place, f"Here the expression should end, and {self._next.text} follows.")

    def _joined(self) -> Node:
        first, place = self._value(), self._next.place
        parts = [first]
        while self._next.text in _JOINED:
            self._take()
            parts.append(self._value())
        return self._call("&", place, *parts) if len(parts) > 1 else first

    def _value(self) -> Node:
        token = self._take()
        if token.kind == "text":
            return Text(re.sub(r"\\(.)", r"\1", token.text[1:-1]))
        if token.kind == "name":
            return self._called(token) if self._next.text == "(" else self._field(token)
        if token.text == "(":
            self._go_deeper(token)
            node = self.expression()
            self._close(token)
            return node
        found = f"{token.text} stands" if token.kind == "sign" else "the expression ends"
        raise BadExpression(token.place, f'Here a text such as "EMEA", a field such as user.email or a function should stand, and {found}.')

    def _called(self, name: _Token) -> Node:
        if name.text.lower() not in FUNCTIONS:
            raise BadExpression(name.place, f"There is no function {name.text}.{_meant(name.text, FUNCTIONS)}")
        opening = self._take()
        self._go_deeper(opening)
        given: list[Node] = []
        if self._next.text != ")":
            given.append(self.expression())
            while self._next.text == ",":
                self._take()
                given.append(self.expression())
        self._close(opening)
        return self._call(name.text.lower(), name.place, *given)

    def _field(self, name: _Token) -> Field:
        found = self._fields.get(name.text.lower())
        if found is None:
            raise BadExpression(name.place, f"There is no field {name.text}.{_meant(name.text, self._fields)}")
        return Field(found)

    def _call(self, name: str, place: int, *given: Node) -> Call:
        function = FUNCTIONS[name]
        wrong = function.given_problem(name, tuple(_kind(each) for each in given))
        if wrong is not None:
            raise BadExpression(place, wrong)
        return Call(function, given)

    def _go_deeper(self, opening: _Token) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadExpression(opening.place, f"Here more than {DEEPEST} brackets are open at once.")

    def _close(self, opening: _Token) -> None:
        token = self._take()
        if token.text != ")":
            said = "the expression ends" if token.kind == "end" else f"{token.text} stands"
            raise BadExpression(token.place, f"Here the bracket of character {opening.place} should close, and {said}.")
        self._depth -= 1

    def _take(self) -> _Token:
        token = self._next
        if token.kind != "end":
            self._next = self._read()
        return token

    def _read(self) -> _Token:
        rest = self._text[self._at :]
        if not rest.strip():
            return _Token("end", "", len(self._text) + 1)
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            place = self._at + len(rest) - len(rest.lstrip())
            odd = self._text[place]
            said = "This text is not closed, or holds a backslash that means nothing." if odd in "\"'" else f"{odd} means nothing here."
            raise BadExpression(place + 1, said)
        self._at = found.end()
        kind = found.lastgroup or ""
        return _Token(kind, found[kind], found.start(kind) + 1)


def _kind(node: Node) -> str:
    return node.function.makes if isinstance(node, Call) else TEXT


def _meant(typed: str, known: Mapping[str, object]) -> str:
    """What the author may have meant, as one more sentence; empty where nothing comes close."""
    close = difflib.get_close_matches(typed.lower(), [name for name in known if name[0] != "&"], n=1)
    return f" Did you mean {close[0]}?" if close else ""
