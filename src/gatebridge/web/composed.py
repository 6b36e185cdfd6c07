"""Sentences with values in them: known by what stands around the values, so that whoever made one need not know of languages.

Rules, verbs and old records say `The channel list has 3 lines`; a catalogue has `The channel list has %(count)s lines`. What fits the
second is taken apart, and put together again in another language. Nothing is searched twice, so a long text costs no more than its length.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CONTEXT = "composed"  # of the entries of a catalogue that are such sentences
_VALUE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sentence as it is in the catalogue: what stands around its values, their names, and the sentence in the other language."""

    around: tuple[str, ...]
    names: tuple[str, ...]
    other: str

    def values(self, text: str) -> Mapping[str, str] | None:
        """The values in a text that was made of this sentence; None where it was not."""
        first, *middle, last = self.around
        end = len(text) - len(last)
        at = len(first)
        if at > end or not text.startswith(first) or not text.endswith(last):
            return None
        found = []
        for part in middle:
            place = text.find(part, at, end)
            if place < 0:
                return None
            found.append(text[at:place])
            at = place + len(part)
        return dict(zip(self.names, [*found, text[at:end]], strict=True))

    def told(self, values: Mapping[str, str]) -> str:
        """The sentence in the other language."""
        return self.other % values


def patterns(sentences: Iterable[tuple[str, str]]) -> tuple[Pattern, ...]:
    """The patterns of these sentences and what they are called elsewhere; what says most around its values comes first."""
    made = [_pattern(sentence, other) for sentence, other in sentences]
    return tuple(sorted(made, key=lambda each: -sum(map(len, each.around))))


def _pattern(sentence: str, other: str) -> Pattern:
    around = tuple(part.replace("%%", "%") for part in _VALUE.split(sentence)[::2])
    return Pattern(around, tuple(_VALUE.findall(sentence)), other)
