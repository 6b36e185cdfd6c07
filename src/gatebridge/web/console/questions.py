"""The questions of a form in setup: how each is asked, by what names it stands in the form, and how what was typed is read.

A question is called as the verb's field, so that what is wrong with it finds its place. Of what is ticked in a list, each box is a field
of its own, since a form that says one name twice is refused. `templates/console/questions.html` draws them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gatebridge.rules.network import Range
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.web.console import forms
from gatebridge.web.console.desk import Visit
from gatebridge.web.console.forms import Beside, Form

Kind = Literal["line", "lines", "text", "number", "one", "any", "yes", "moment", "day"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question: its value, its words, what it means, and how heavy it weighs."""

    value: str
    words: str
    means: str = ""
    weight: str = ""

    @property
    def choice(self) -> tuple[str, str, str]:
        return self.value, self.words, self.means


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a form asks. `above` is a heading that stands before it; `unit` is what a number counts."""

    kind: Kind
    name: str
    label: str
    hint: str = ""
    options: tuple[Option, ...] = ()
    above: str = ""
    unit: str = ""
    mono: bool = False

    def box(self, value: str) -> str:
        """The name of the box of this answer, where any may be ticked."""
        return f"{self.name}_{value}"

    @property
    def labels(self) -> dict[str, str]:
        """Every name that the question has in the form, with its words."""
        boxes = {self.box(each.value): each.words for each in self.options} if self.kind == "any" else {}
        return {self.name: self.label} | boxes

    def ticked(self, fields: Mapping[str, str]) -> list[str]:
        """The answers whose boxes are ticked."""
        return [each.value for each in self.options if forms.text(fields, self.box(each.value)) == forms.YES]

    def ticks(self, values: Iterable[str]) -> dict[str, str]:
        """What stands in the boxes for these answers."""
        return {self.box(value): forms.YES for value in values}


@dataclass(frozen=True, slots=True)
class Part:
    """One form: its word in the address, what it is called, what it asks. `means` are sentences that help to answer."""

    word: str
    heading: str
    questions: tuple[Question, ...]
    lede: str = ""
    means: tuple[str, ...] = ()
    verb: str = "Save"

    @property
    def labels(self) -> dict[str, str]:
        return {name: words for question in self.questions for name, words in question.labels.items()}

    def question(self, name: str) -> Question:
        """The question of this name."""
        return next(question for question in self.questions if question.name == name)


def moment(visit: Visit, name: str, before: datetime | None) -> datetime | None:
    """A moment as it was typed on the reader's clocks; who leaves it as it stands leaves its seconds too. Raises Refused."""
    zone = visit.moments.zone
    unchanged = before is not None and forms.text(visit.fields, name) == forms.moment_typed(before, zone)
    return before if unchanged else forms.moment(visit.fields, name, zone)


def ranges_typed(ranges: Iterable[Range]) -> str:
    """Ranges as they stand in a form: one on each line, with what people call it behind it."""
    return "\n".join(f"{each} {each.label}".strip() for each in ranges)


def ranges(fields: Mapping[str, str], name: str) -> tuple[TypedRange, ...]:
    """The ranges that were typed, a line each. Between two addresses may be blanks around the hyphen, or the dash of a text processor."""
    return tuple(_range(line) for line in forms.lines(fields, name))


def _range(line: str) -> TypedRange:
    first, _, rest = line.partition(" ")
    if rest.lstrip().startswith(("-", "\u2013")):
        last, _, label = rest.lstrip()[1:].strip().partition(" ")
        return TypedRange(f"{first}-{last}", label.strip())
    return TypedRange(first, rest.strip())


def worded(part: Part, form: Form) -> tuple[Beside, ...]:
    """Both versions in the words of the page, and not in those of the form's fields."""
    words: dict[str, Mapping[str, str]]
    words = {each.label: {o.value: o.words for o in each.options} for each in part.questions if each.kind == "one"}
    words |= {label: forms.YES_OR_NO for each in part.questions if each.kind in ("any", "yes") for label in each.labels.values()}
    return forms.worded(form, words)
