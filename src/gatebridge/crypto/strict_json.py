"""JSON as it must be inside a token: one reading only.

Python's parser takes the last of two members with one name, and reads NaN and 1e400; another parser may see another document in the same
bytes, and what differs between two readers is where attackers live (RFC 8725 section 2.4, RFC 8259 section 4; X-TK-09).
"""

import json
import math
import re
from typing import Any

MAX_DEPTH = 8

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]')
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # an even number of backslashes before it escape each other


class NotStrictJson(ValueError):  # noqa: N818 - the message says what it is instead
    """The bytes are no JSON object, or one that two readers could read in two ways."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in these UTF-8 bytes.

    Raises NotStrictJson for anything but one object, for a name given twice, NaN, infinities, numbers that overflow, nesting deeper than
    MAX_DEPTH, half surrogate pairs and NUL characters (which no database of ours could keep).
    """
    try:
        text = raw.decode()
        if text.count("[") + text.count("{") > MAX_DEPTH:
            _check_depth(text)
        value = json.loads(text, object_pairs_hook=_without_repetition, parse_float=_finite, parse_constant=_no_constant)
        if "\\u" in text:
            _check_characters(text, value)
    except NotStrictJson:
        raise
    except (ValueError, RecursionError):
        raise NotStrictJson("not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise NotStrictJson("not a JSON object")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJson("a member is named twice")
    return members


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise NotStrictJson("a number is too large")
    return value


def _no_constant(name: str) -> None:
    raise NotStrictJson(f"{name} is no JSON number")


def _check_depth(text: str) -> None:
    # Counted before parsing, since the parser itself recurses.
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found.group() in "[{":
            depth += 1
        elif found.group() in "]}":
            depth -= 1
        if depth > MAX_DEPTH:
            raise NotStrictJson("nested too deeply")


def _check_characters(text: str, value: object) -> None:
    if _ESCAPED_NUL.search(text):
        raise NotStrictJson("a text holds a NUL character")
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotStrictJson("a text holds half a surrogate pair") from None
