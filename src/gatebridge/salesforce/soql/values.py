"""The values of a query: what is written in quotes, as a number, as a time, or as a word."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from lark import Token

from gatebridge.rules.reasons import Reason, soql
from gatebridge.rules.soql import dates
from gatebridge.rules.soql.query import DateLiteral, Value

# The years that a time in a query may be in (as in Salesforce); so no time zone carries one over the end of the calendar.
FIRST_YEAR, LAST_YEAR = 1700, 4000

_ESCAPE = re.compile(r"\\(.)")
_MEANT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_WORDS: dict[str, Value] = {"TRUE": True, "FALSE": False, "NULL": None}
_FRACTION = re.compile(r"\.(\d+)")


class Unreadable(Exception):  # noqa: N818 - what is wrong with the query, on its way to the place that knows where
    """A value that no query can hold, with the reason and a sentence."""

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words


def value(token: Token) -> Value:
    """What the token means. Raises Unreadable."""
    if token.type == "TEXT":
        # Outside LIKE an escaped wildcard is only itself.
        return _ESCAPE.sub(lambda escape: escape[1] if escape[1] in "%_" else _meant(escape), token[1:-1])
    if token.type == "NUMBER":
        return Decimal(token) if "." in token else int(token)
    if token.type == "MOMENT":
        return _moment(token)
    if token.type == "DAY":
        return _day(token)
    return _word(token)


def pattern(token: Token) -> str:
    """The pattern of a LIKE, in which a backslash stands only before a wildcard or another backslash. Raises Unreadable."""
    return _ESCAPE.sub(lambda escape: escape[0] if escape[1] in "%_\\" else _meant(escape), token[1:-1])


def _meant(escape: re.Match[str]) -> str:
    character = escape[1] if escape[1] in _MEANT else escape[1].lower()
    if character not in _MEANT:
        raise Unreadable(soql.QUERY_MALFORMED, f"Illegal character sequence '{escape[0]}' in a text. A backslash is written twice.")
    return _MEANT[character]


def _moment(text: str) -> datetime:
    # Of a fraction that is finer than a microsecond, what is finer is cut off.
    cut = _FRACTION.sub(lambda fraction: f".{fraction[1][:6]:0<6}", text.upper())
    try:
        moment = datetime.fromisoformat(cut)
    except ValueError:
        raise _no_time(text) from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise _no_time(text)
    return moment.astimezone(UTC)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _no_time(text) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise _no_time(text)
    return day


def _no_time(text: str) -> Unreadable:
    return Unreadable(soql.QUERY_MALFORMED, f"{text} is no time between the years {FIRST_YEAR} and {LAST_YEAR}.")


def _word(text: str) -> Value:
    name, _, number = (part.strip() for part in text.upper().partition(":"))
    if not number and name in _WORDS:
        return _WORDS[name]
    if "FISCAL" in name:
        raise Unreadable(soql.QUERY_PART_NOT_OFFERED, f"{name}: fiscal years are not offered here.")
    literal = DateLiteral(name, int(number) if number else None)
    problem = dates.problem(literal)
    if problem is not None:
        raise Unreadable(soql.QUERY_MALFORMED, f"unexpected token: '{text}'. {problem}")
    if literal.number is not None and literal.number > dates.MOST_STEPS:
        raise Unreadable(soql.QUERY_NUMBER_OUTSIDE_RANGE, f"The number of {name} is at most {dates.MOST_STEPS}.")
    return literal
