"""The functions of the expression language: what each takes, and what it makes of it.

A missing value is None. A text that is made of a missing one is missing as well, and a condition about one is false; only `coalesce` and
`isblank` look at what is not there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

Value = str | bool | None  # a text, a condition, or nothing

MOST_JOINED = 250

TEXT = "a text"
CONDITION = "a condition"


@dataclass(frozen=True, slots=True)
class Function:
    """One function. What it takes is told kind by kind; where it takes more than that, the last kind repeats up to `most` times in all."""

    takes: tuple[str, ...]
    makes: str
    apply: Callable[..., Value]
    most: int

    def given_problem(self, name: str, given: tuple[str, ...]) -> str | None:
        """What is wrong with what the function is given, as a sentence; None where nothing is."""
        if not len(self.takes) <= len(given) <= self.most:
            least = len(self.takes)
            wanted = f"{least}" if least == self.most else f"{least} to {self.most}"
            return f"{name} takes {wanted} value{'s' if wanted != '1' else ''}, and is given {len(given)}."
        for place, kind in enumerate(given):
            wanted = self.takes[min(place, len(self.takes) - 1)]
            if kind != wanted:
                return f"{name} takes {wanted} as value {place + 1}, and is given {kind}."
        return None


def _of_texts(makes: Callable[..., str]) -> Callable[..., Value]:
    return lambda *texts: makes(*texts) if None not in texts else None


def _holds(condition: Callable[..., bool]) -> Callable[..., Value]:
    return lambda *texts: condition(*texts) if None not in texts else False


def _before(text: str, mark: str) -> str:
    return text.partition(mark)[0] if mark else text


def _after(text: str, mark: str) -> str:
    return text.partition(mark)[2] if mark else text


def _first(*texts: str | None) -> Value:
    return next((text for text in texts if text is not None), None)


def _texts(count: int, apply: Callable[..., str]) -> Function:
    return Function((TEXT,) * count, TEXT, _of_texts(apply), count)


def _condition(apply: Callable[[str, str], bool]) -> Function:
    return Function((TEXT, TEXT), CONDITION, _holds(apply), 2)


_COALESCE = Function((TEXT, TEXT), TEXT, _first, 10)

# By their names in lower case. `&` is how two texts are joined; the others are written as functions.
FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "&": Function((TEXT, TEXT), TEXT, _of_texts(lambda *texts: "".join(texts)), MOST_JOINED),
        "lower": _texts(1, str.lower),
        "upper": _texts(1, str.upper),
        "trim": _texts(1, str.strip),
        "before": _texts(2, _before),
        "after": _texts(2, _after),
        "coalesce": _COALESCE,
        "blankvalue": _COALESCE,
        "if": Function((CONDITION, TEXT, TEXT), TEXT, lambda condition, yes, no: yes if condition else no, 3),
        "equals": _condition(lambda left, right: left == right),
        "contains": _condition(lambda text, part: part in text),
        "begins": _condition(lambda text, part: text.startswith(part)),
        "ends": _condition(lambda text, part: text.endswith(part)),
        "isblank": Function((TEXT,), CONDITION, lambda text: not text, 1),
        "not": Function((CONDITION,), CONDITION, lambda condition: not condition, 1),
        "and": Function((CONDITION, CONDITION), CONDITION, lambda *all_of: all(all_of), 10),
        "or": Function((CONDITION, CONDITION), CONDITION, lambda *any_of: any(any_of), 10),
    }
)
