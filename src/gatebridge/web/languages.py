"""The language of a page. Texts are written in English where they are used, and looked up in a catalogue when they are drawn.

A catalogue is a file `locale/<language>.po`. Which one counts is what the reader's browser asks for; without one, pages speak English and
nothing is looked up (docs/decisions/0031).
"""

import gettext
import re
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path

from markupsafe import Markup

from gatebridge.web import composed, po
from gatebridge.web.composed import Pattern

LOCALE = Path(__file__).parent / "locale"
ENGLISH_TAG = "en"
MOST_ASKED = 12  # languages that are read of what a browser asks for
# What code says may hold what somebody has typed, so looking it up has bounds: characters, sentences in a row, sentences within sentences.
LONGEST_TOLD, MOST_TOLD, DEEPEST = 1000, 8, 5
_SENTENCE = re.compile(r"(?<=[.:]) ")
_PLURAL = re.compile(r"^Plural-Forms:.*\bplural=([^;]+)", re.MULTILINE)
# How a language sets large numbers, as it is written for a translator, and the numbers that code has put into its sentences.
THOUSAND = "1,000"
_SET_APART, _NUMBER = re.compile(r"1(\D?)000"), re.compile(r"\d{1,3}(?:,\d{3})+")


class Catalogue:
    """The texts of one language. Without entries it is English."""

    def __init__(self, tag: str, entries: Iterable[po.Entry] = ()) -> None:
        self.tag = tag
        self._forms: dict[str, tuple[str, ...]] = {}
        self._whole: dict[str, Markup] = {}
        self._number: Callable[[int], int] = lambda count: int(count != 1)
        sentences: list[tuple[str, str]] = []
        for entry in entries:
            if not entry.text and (rule := _PLURAL.search(entry.forms[0])):
                self._number = gettext.c2py(rule[1])
            elif entry.text and po.fits(entry) and entry.context == composed.CONTEXT:
                sentences.append((entry.text, entry.forms[0]))
            elif entry.text and po.fits(entry):
                self._forms[entry.text] = entry.forms
        self._patterns = composed.patterns(sentences)
        self._begun = tuple(pattern for pattern in self._patterns if pattern.around[0])
        apart = _SET_APART.fullmatch(self.text(THOUSAND))
        self._apart = apart[1] if apart is not None else ","
        self.told = lru_cache(4096)(self._told) if self._forms else _unchanged

    def text(self, english: str) -> str:
        """The text in this language, in English where the catalogue has none."""
        forms = self._forms.get(english)
        return forms[0] if forms is not None else english

    def whole(self, english: str) -> Markup:
        """A text of a template that has no values, ready to be drawn. There are as many as templates have, so all are kept."""
        made = self._whole.get(english)
        if made is None:
            made = self._whole[english] = Markup(self.text(english)) % ()  # noqa: S704 - a literal, or what fits in its place
        return made

    def counted(self, one: str, more: str, count: int) -> str:
        """The text as it is of so many."""
        forms = self._forms.get(one)
        if forms is None:
            return one if count == 1 else more
        return forms[min(self._number(count), len(forms) - 1)]

    def number(self, count: int) -> str:
        """A number as it is written in this language."""
        return f"{count:,}".replace(",", self._apart)

    def _told(self, english: str, depth: int = 0) -> str:
        """The text as a whole, or as a sentence with its values; else a known one and what follows it; else each sentence by itself."""
        if english in self._forms or depth == DEEPEST or len(english) > LONGEST_TOLD:
            return self.text(english)
        made = self._made(self._begun, english, depth)
        if made is not None:
            return made
        sentences = _SENTENCE.split(english, MOST_TOLD)
        for number in range(len(sentences) - 1, 0, -1):
            first = " ".join(sentences[:number])
            if first in self._forms:
                return f"{self.text(first)} {self._told(' '.join(sentences[number:]), depth + 1)}"
        made = self._made(self._patterns, english, depth)  # what begins with a value could begin with all that stands before it
        if made is not None:
            return made
        if len(sentences) > 1:
            return " ".join(self._told(each, depth + 1) for each in sentences)
        if ", " in english:
            return ", ".join(self.text(each) for each in english.split(", ", MOST_TOLD))
        return f"{self.text(english[:-1])}:" if english.endswith(":") else english

    def _made(self, patterns: Iterable[Pattern], english: str, depth: int) -> str | None:
        for pattern in patterns:
            values = pattern.values(english)
            if values is not None:
                return pattern.told({name: self._value(value, depth + 1) for name, value in values.items()})
        return None

    def _value(self, english: str, depth: int) -> str:
        """A value in a sentence: a text of ours, several of them, one of a number, or what somebody has named."""
        told = self._told(english, depth)
        if told != english:
            return told
        if _NUMBER.fullmatch(english):
            return english.replace(",", self._apart)
        if ", " in english:
            return ", ".join(self._value(each, depth + 1) for each in english.split(", ", MOST_TOLD))
        number, _, word = english.partition(" ")
        return f"{self._value(number, depth)} {self.text(word)}" if word and number.replace(",", "").isdecimal() else english


def _unchanged(english: str) -> str:
    return english


ENGLISH = Catalogue(ENGLISH_TAG)
_spoken: ContextVar[Catalogue] = ContextVar("spoken", default=ENGLISH)
speak, speak_as_before = _spoken.set, _spoken.reset


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """The catalogues that are there, by their language in lower case."""
    return {path.stem.lower(): Catalogue(path.stem, po.read(path.read_text("utf-8"))) for path in sorted(LOCALE.glob("*.po"))}


def asked_for(header: str) -> list[str]:
    """The languages of an `Accept-Language` in lower case, the most welcome first (RFC 9110 section 12.5.4). What is wrong is left out."""
    found: list[tuple[float, str]] = []
    for each in header.split(",", MOST_ASKED)[:MOST_ASKED]:
        tag, _, weight = each.partition(";")
        quality = _quality(weight)
        if quality > 0 and tag.strip():
            found.append((quality, tag.strip().lower()))
    return [tag for _, tag in sorted(found, key=lambda each: -each[0])]


def _quality(weight: str) -> float:
    name, _, number = weight.strip().partition("=")
    if not name:
        return 1.0
    return float(number) if name == "q" and re.fullmatch(r"[01](\.\d{0,3})?", number) else 0.0


def chosen(header: str, there: Mapping[str, Catalogue]) -> Catalogue:
    """The catalogue that a browser wants most of those that are there: the very one, or that of the language without its country."""
    for tag in asked_for(header):
        parts = tag.split("-")
        for length in range(len(parts), 0, -1):
            short = "-".join(parts[:length])
            if short in there:
                return there[short]
            if short == ENGLISH_TAG:
                return ENGLISH
    return ENGLISH


def tag() -> str:
    """The language that is spoken, for the page's own `lang`."""
    return _spoken.get().tag


def text(english: str) -> str:
    """A text in the language that is spoken."""
    return _spoken.get().text(english)


def number(count: int) -> str:
    """A number as it is written in the language that is spoken."""
    return _spoken.get().number(count)


def marked(english: str, /, **values: object) -> Markup:
    """A text of a template. It is markup as the template is; values in it are escaped."""
    catalogue = _spoken.get()
    return Markup(catalogue.text(english)) % values if values else catalogue.whole(english)  # noqa: S704 - a literal, or what fits


def counted(one: str, more: str, count: int, /, **values: object) -> Markup:
    """A text of a template as it is of so many."""
    return Markup(_spoken.get().counted(one, more, count)) % {"num": count, **values}  # noqa: S704 - a literal, or what fits


def told(value: object) -> object:
    """A text that a page was given, where it is drawn: still plain, so that it is escaped as data is. What is markup is told already."""
    return _spoken.get().told(value) if isinstance(value, str) and not isinstance(value, Markup) else value
