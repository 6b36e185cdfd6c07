"""JSON with one reading only: what two parsers read in two ways is where attackers live (RFC 8725 section 2.4)."""

import json
import math
from typing import Any

DEEPEST = 16


class NotStrictJson(ValueError):  # noqa: N818 - the message says what it is instead
    """No JSON object, or one that two readers could read in two ways."""


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in these UTF-8 bytes. Raises NotStrictJson for repeated names, NaN, infinities, depth, or anything but one object."""
    try:
        text = raw.decode()
        if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
            raise NotStrictJson("nested too deeply")
        value = json.loads(text, object_pairs_hook=_without_repetition, parse_float=_finite, parse_constant=_no_constant)
    except NotStrictJson:
        raise
    except (ValueError, RecursionError):
        raise NotStrictJson("not JSON in UTF-8") from None
    if not isinstance(value, dict):
        raise NotStrictJson("not an object")
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
    raise NotStrictJson(f"{name} is no number")


def _depth(text: str) -> int:
    """The deepest nesting. Counted before parsing, since the parser itself recurses; brackets inside texts count as none."""
    depth = deepest = 0
    inside = escaped = False
    for character in text:
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest
