"""What is said of a query that cannot be read: where, which word is at fault, and what could stand there.

What Salesforce reads and we do not is told by its name, so that nobody looks for a typing error.
"""

import re

from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from gatebridge.rules.reasons import Refused, soql
from gatebridge.rules.soql.errors import refused_at

# Parts of SOQL by the word that they begin with, where no other could stand there.
UNOFFERED = {
    "GROUP": "GROUP BY is not offered here; count and group the records where they are used",
    "HAVING": "HAVING is not offered here",
    "WITH": "WITH is not offered here; every record that is answered is one that the user may read",
    "USING": "USING SCOPE is not offered here",
    "TYPEOF": "TYPEOF is not offered here",
    "FOR": "FOR VIEW, FOR REFERENCE and FOR UPDATE are not offered here, since a query changes nothing",
    "UPDATE": "UPDATE TRACKING and UPDATE VIEWSTAT are not offered here, since a query changes nothing",
    "ROWS": "ALL ROWS is not offered here: nothing that was deleted can be read",
    "ALL": "ALL ROWS is not offered here: nothing that was deleted can be read",
    "INCLUDES": "INCLUDES is not offered here: no field holds several values",
    "EXCLUDES": "EXCLUDES is not offered here: no field holds several values",
    "FIND": "SOSL is not offered here; query one object",
    "INSERT": "records are only read here",
    "DELETE": "records are only read here",
    "UNION": "UNION is not offered here; send two queries",
    "JOIN": "JOIN is not offered here; query one object",
    "DISTINCT": "DISTINCT is not offered here",
    "BETWEEN": "BETWEEN is not offered here; write >= and <=",
}

# What the grammar calls what could stand somewhere, in words; what is missing here goes without saying.
_WORDS = {
    "NAME": "a name",
    "OBJECT": "the name of an object",
    "COUNT": "COUNT()",
    "TEXT": "a text in single quotes",
    "NUMBER": "a number",
    "MOMENT": "a time such as 2026-01-31T08:00:00Z",
    "WORD": "a word such as null or TODAY",
    "OP": "a comparison such as =",
    "WHOLE": "a whole number",
    "COMMA": "a comma",
    "DOT": "a dot",
    "LPAR": "(",
    "RPAR": ")",
    "_SELECT": "SELECT",
    "_FROM": "FROM",
    "_WHERE": "WHERE",
    "_AND": "AND",
    "_OR": "OR",
    "_NOT": "NOT",
    "NOT": "NOT",
    "_LIKE": "LIKE",
    "_IN": "IN",
    "_ORDER": "ORDER BY",
    "_BY": "BY",
    "ASC": "ASC",
    "DESC": "DESC",
    "_NULLS": "NULLS",
    "FIRST": "FIRST",
    "LAST": "LAST",
    "_LIMIT": "LIMIT",
    "_OFFSET": "OFFSET",
    "$END": "the end of the query",
}

Unexpected = UnexpectedCharacters | UnexpectedToken

QUOTE = "A quote inside a text is written with a backslash before it."

_WORD = re.compile(r"\w{1,40}|==|&&|\|\||.", re.ASCII | re.DOTALL)
_LAST_WORD = re.compile(r"(?:\w+|\W)$", re.ASCII)
_COUNT_OPEN = re.compile(r"\bCOUNT\s*\($", re.ASCII | re.IGNORECASE)
_FROM_OBJECT = re.compile(r"\bFROM\s+\w+(?:\s+\w+)*$", re.ASCII | re.IGNORECASE)
_NEAR = 200  # characters before the place that are looked at: a search from every character of a long query would take long


def refusal(text: str, error: Unexpected) -> Refused:
    """The refusal of a query whose text the parser could not go on with."""
    place, expected = _found(text, error)
    found = _WORD.match(text, place) if text[place:].strip() else None
    word = found[0] if found else "<EOF>"
    shown = f"unexpected token: '{word if word.isprintable() else f'U+{ord(word):04X}'}'"
    unoffered = _unoffered(word, text[max(0, place - _NEAR) : place].rstrip())
    if unoffered is not None:
        return refused_at(soql.QUERY_PART_NOT_OFFERED, text, place, f"{shown}: {unoffered}.")
    told = QUOTE if text[:place].endswith("'") else _mistake(word, expected)
    if told is None:
        words = [word for name, word in _WORDS.items() if name in expected]
        told = f"Expected {_either(words)}." if words else ""
    return refused_at(soql.QUERY_MALFORMED, text, place, f"{shown}. {told}".rstrip())


def _found(text: str, error: Unexpected) -> tuple[int, set[str]]:
    """Where the parser stood, and what it would have taken."""
    if isinstance(error, UnexpectedCharacters):
        return error.pos_in_stream or 0, set(error.allowed or ())
    if error.token.type != "$END":
        return error.token.start_pos or 0, set(error.accepts or error.expected)
    return len(text.rstrip()), set(error.accepts or error.expected)


def _unoffered(word: str, before: str) -> str | None:
    """Which part of SOQL this is that is not offered, as a sentence without its stop. `before` is what stands before the word."""
    last = _LAST_WORD.search(before)
    last_word = last[0] if last else ""
    if word == "(" and last_word.upper() == "COUNT":
        return "COUNT() is offered alone here, without other fields"
    if (word == "(" and last_word.upper() in ("SELECT", ",")) or (word.upper() == "SELECT" and last_word == "("):
        return "queries within queries are not offered here"
    if word == "(" and last_word.isidentifier():
        return f"the function {last_word} is not offered here; COUNT() alone is"
    if word.isidentifier() and _COUNT_OPEN.search(before):
        return "COUNT of a field is not offered here; COUNT() is"
    if word == "," and _FROM_OBJECT.search(before):
        return "more than one object is not offered here"
    if word == ":":
        return "variables are only for code that runs inside Salesforce"
    return UNOFFERED.get(word.upper())


def _mistake(word: str, expected: set[str]) -> str | None:
    """A sentence about what often goes wrong; None where only the grammar can say what could stand there."""
    if word.upper() in ("AND", "OR") and ("_AND" in expected or "_OR" in expected):
        return "Put parentheses around what belongs together: AND and OR cannot stand side by side without."
    if word == "*":
        return "Name the fields, or write FIELDS(STANDARD)."
    if word in ("=", "==", "&&", "||", "!"):
        return "Write =, AND, OR and NOT."
    if word == '"':
        return "Texts stand in single quotes."
    if word == "'":
        return f"This text is not closed, or stands where none can. {QUOTE}"
    return None


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
