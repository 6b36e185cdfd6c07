"""A language that nobody speaks: every letter of a text is a wide one, so that what was not looked up stands out on a page."""

import re
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser

from tests.contracts.texts import POT

from gatebridge.web import po
from gatebridge.web.languages import Catalogue

TAG = "en-XA"
_KEPT = re.compile(r"(%\(\w+\)s|%%|<[^>]*>|&#?\w+;)")
_WIDE = {ord(letter): ord(letter) + 0xFEE0 for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_READ = ("aria-label", "placeholder", "title", "alt", "data-label", "data-held", "data-none", "data-twice")
_EMPTY = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
# What stands in these is data: names that people and apps have, ids, addresses, moments, what was typed.
_DATA = frozenset({"bdi", "code", "pre", "kbd", "time", "textarea", "option"})
_DATA_BY_CLASS = frozenset({"mono", "key"})
_UNSEEN = frozenset({"script", "style", "svg"})
# What is the same in every language: our name and those of others, and what is all in capitals.
_SAME = re.compile(r"Gatebridge|OAuth|OpenID|Salesforce|Python|JavaScript|curl|jsforce|https?://\S*|mon-fri")
_WORD = re.compile(r"[A-Z]?[a-z]{2,}|\b[A-Z][a-z]\b")


def wide(text: str) -> str:
    """The text with wide letters; its values, tags and entities are as they were."""
    return "".join(part if _KEPT.fullmatch(part) else part.translate(_WIDE) for part in _KEPT.split(text))


def catalogue() -> Catalogue:
    """Every text of the product in wide letters."""
    entries = _entries(POT.read_text("utf-8"))
    return Catalogue(TAG, [replace(each, forms=tuple(map(wide, filter(None, (each.text, each.plural))))) for each in entries])


def _entries(pot: str) -> list[po.Entry]:
    """What is to be translated: each entry as if it were finished."""
    filled = re.sub(r'^(msgstr(?:\[\d\])?) ""$', r'\1 "-"', pot, flags=re.MULTILINE)
    return [each for each in po.read(filled) if each.text]


class Reading(HTMLParser):
    """What a page says: `said` are its texts, and `data` what is not ours."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.data: set[str] = set()
        self.links: list[str] = []
        self._within: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        is_data = tag in _DATA or not _DATA_BY_CLASS.isdisjoint(has.get("class", "").split())
        self.said += [has[name] for name in _READ if name in has and not is_data]
        self.data |= {has[name].strip() for name in ("value", "data-copy") if name in has}
        self.links += [has["href"]] if tag == "a" and "href" in has else []
        if tag not in _EMPTY:
            self._within.append("data" if is_data else "unseen" if tag in _UNSEEN else "")

    def handle_endtag(self, tag: str) -> None:
        if self._within and tag not in _EMPTY:
            self._within.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if "data" in self._within:
            self.data.add(data.strip())
        elif "unseen" not in self._within:
            self.said.append(data.strip())


def english(said: Iterable[str], data: Iterable[str]) -> list[str]:
    """The texts in which a word stands in plain letters that is no data anywhere."""
    known = re.compile("|".join(re.escape(each) for each in sorted(filter(None, data), key=len, reverse=True)) or "$^")
    return sorted({text for text in said if _WORD.search(text) and _WORD.search(known.sub("", _SAME.sub("", text)))})
