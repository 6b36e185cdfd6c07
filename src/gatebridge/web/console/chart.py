"""Small charts, drawn on the server: bars of two kinds over days, with round numbers beside them. The table behind one is in its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

WIDTH, HEIGHT = 720, 96
GAP = 6
LABELS = 5  # below the bars
# A bar that is there at all can be seen, however tall the others are.
LEAST = 2.0


@dataclass(frozen=True, slots=True)
class Count:
    """What a bar stands for: its words, and how many there are of either kind."""

    words: str
    good: int
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar as it is drawn: the good part stands on the ground, and the bad one on it."""

    x: float
    width: float
    good_y: float
    good_height: float
    bad_y: float
    bad_height: float
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars, the numbers at the side from the top down, and the words below from the left."""

    bars: tuple[Bar, ...]
    scale: tuple[int, ...]
    below: tuple[str, ...]
    width: int = WIDTH
    height: int = HEIGHT


def of(counts: Sequence[Count]) -> Chart:
    """The chart of these counts."""
    top = rounded(max((each.good + each.bad for each in counts), default=0))
    step = WIDTH / max(len(counts), 1)
    bars = tuple(_bar(each, number * step, step, top) for number, each in enumerate(counts))
    return Chart(bars, (top, top // 2, 0) if top % 2 == 0 else (top, 0), _below(counts))


def rounded(most: int) -> int:
    """The next number that is easy to read and has a half: 1, 2, 4, 6, 8 or 10, and beyond it 3 and 5 times a power of ten as well."""
    power = 1
    while most > 10 * power:
        power *= 10
    steps = (1, 2, 4, 6, 8, 10) if power == 1 else (1, 2, 3, 4, 5, 6, 8, 10)
    return next(step * power for step in steps if step * power >= most)


def _bar(count: Count, x: float, step: float, top: int) -> Bar:
    good, bad = _height(count.good, top), _height(count.bad, top)
    if good + bad > HEIGHT:
        good = HEIGHT - bad
    return Bar(
        round(x + GAP / 2, 1),
        round(step - GAP, 1),
        round(HEIGHT - good, 1),
        round(good, 1),
        round(HEIGHT - good - bad, 1),
        round(bad, 1),
        count.words,
    )


def _height(number: int, top: int) -> float:
    return max(number / top * HEIGHT, LEAST) if number else 0.0


def _below(counts: Sequence[Count]) -> tuple[str, ...]:
    """A few of the words, evenly spread, the first and the last with them."""
    if len(counts) <= LABELS:
        return tuple(each.words for each in counts)
    last = len(counts) - 1
    return tuple(counts[ceil(last * place / (LABELS - 1))].words for place in range(LABELS))
