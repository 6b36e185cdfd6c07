"""What a bound condition means, said in Python over the values of one record. The databases must say the same (`storage/sobjects/`).

There are two answers and no third: where SQL would not know, because a field is empty, a comparison with it does not hold and its negation
does. So `!= 'x'`, NOT IN and NOT find records in which the field is empty, as Salesforce's do.

Texts are compared by their characters' numbers, and A to Z as a to z. No other letters are folded: which of them are the same differs from
language to language and from one database to the next, and a rule that holds everywhere is worth more than one that sometimes guesses.
"""

import operator
import re
from collections.abc import Callable, Container, Mapping
from typing import Any

from gatebridge.rules.soql.query import Comparison, Condition, Every, In, Like, Not, Op, Some

_FOLDING = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}
_PART_OF_PATTERN = re.compile(r"\\(.)|(%+)|(_)|(.)", re.DOTALL)
ANY_TEXT, ANY_CHARACTER = "%", "_"


def fold(text: str) -> str:
    """The text as it is compared."""
    return text.translate(_FOLDING)


def pattern_parts(pattern: str) -> list[tuple[str, bool]]:
    """A pattern as its characters, each with whether it is a wildcard. Wildcards for any text in a row are one."""
    parts: list[tuple[str, bool]] = []
    for escaped, any_text, any_character, itself in _PART_OF_PATTERN.findall(pattern):
        parts.append((ANY_TEXT, True) if any_text else (ANY_CHARACTER, True) if any_character else (escaped or itself, False))
    return parts


def like(text: str, pattern: str) -> bool:
    """Whether the whole text is like the pattern. Takes at most as many steps as the two lengths multiplied, whatever they are."""
    folded, parts = fold(text), pattern_parts(fold(pattern))
    at = part = 0
    any_text, resumed = -1, 0  # the last wildcard for any text, and how far it has been stretched
    while at < len(folded):
        if part < len(parts) and parts[part] == (ANY_TEXT, True):
            any_text, resumed = part, at
            part += 1
        elif part < len(parts) and (parts[part] == (folded[at], False) or parts[part] == (ANY_CHARACTER, True)):
            at, part = at + 1, part + 1
        elif any_text >= 0:
            resumed += 1
            at, part = resumed, any_text + 1
        else:
            return False
    return all(left == (ANY_TEXT, True) for left in parts[part:])


def holds(condition: Condition, values: Mapping[str, object], exact: Container[str] = ()) -> bool:
    """Whether a bound condition holds for a record with these values; None is an empty field. In the fields `exact`, ids, case counts."""
    if isinstance(condition, Not):
        return not holds(condition.condition, values, exact)
    if isinstance(condition, Every):
        return all(holds(part, values, exact) for part in condition.conditions)
    if isinstance(condition, Some):
        return any(holds(part, values, exact) for part in condition.conditions)
    return holds_for(condition, values[condition.field], exact=condition.field in exact)


def holds_for(condition: Comparison | Like | In, value: object, *, exact: bool = False) -> bool:
    """Whether a condition about one field holds for this value of it."""

    def compared(one: object) -> Any:
        return one if exact or not isinstance(one, str) else fold(one)

    if isinstance(condition, Like):
        return isinstance(value, str) and like(value, condition.pattern)
    if isinstance(condition, In):
        return (compared(value) in {compared(each) for each in condition.values}) is not condition.negated
    if condition.op in (Op.EQ, Op.NE):
        return (compared(value) == compared(condition.value)) is (condition.op is Op.EQ)
    return value is not None and _ORDERED[condition.op](compared(value), compared(condition.value))


_ORDERED: Mapping[Op, Callable[[Any, Any], bool]] = {Op.LT: operator.lt, Op.LE: operator.le, Op.GT: operator.gt, Op.GE: operator.ge}
