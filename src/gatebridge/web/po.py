"""Catalogues of texts as translators write them: the PO files of GNU gettext, read as they are, so that a language is one file."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

_LINE = re.compile(r'(?:(?P<word>msgctxt|msgid_plural|msgid|msgstr)(?:\[(?P<number>\d)\])? +)?(?P<text>".*")')
_VALUE = re.compile(r"%\(\w+\)s")
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Entry:
    """One text, beside its plural where it has one, and what it is called in the other language: a form for each way to count.

    Of a sentence that code puts together, `context` says so: it is known by what stands around its values (`web.composed`).
    """

    text: str
    plural: str
    forms: tuple[str, ...]
    context: str = ""


def read(po: str) -> Iterator[Entry]:
    """Every entry that a translator has finished. The first one, whose text is empty, is the head of the file. Raises ValueError."""
    for block in re.split(r"\n\s*\n", po):
        lines = block.strip().split("\n")
        if any(line.startswith("#,") and "fuzzy" in line for line in lines):
            continue
        parts = _parts([line for line in lines if line and not line.startswith("#")])
        forms = tuple(parts[name] for name in sorted(parts) if name.startswith("msgstr"))
        if "msgid" in parts and all(forms):
            yield Entry(parts["msgid"], parts.get("msgid_plural", ""), forms, parts.get("msgctxt", ""))


def _parts(lines: list[str]) -> dict[str, str]:
    parts: dict[str, str] = {}
    name = ""
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        if found is None or not (found["word"] or name):
            raise ValueError(f"this line belongs to no entry: {line[:80]}")
        if found["word"]:
            name = found["word"] + (found["number"] or "")
            if name in parts:
                raise ValueError(f"between two entries there must be an empty line: {line[:80]}")
        parts[name] = parts.get(name, "") + json.loads(found["text"])
    return parts


def fits(entry: Entry) -> bool:
    """Whether every form can stand where the text stands: with the same values in it, and with no other markup.

    So a mistake in a catalogue shows the text in English; it can neither break a page nor change what the page does.
    """
    return all(_fits(text, entry) for text in entry.forms)


def _fits(form: str, entry: Entry) -> bool:
    originals = [entry.text, entry.plural] if entry.plural else [entry.text]
    if not set(_VALUE.findall(form)) <= {value for text in originals for value in _VALUE.findall(text)}:
        return False
    return any(_marks(form) == _marks(text) for text in originals)


def _marks(text: str) -> tuple[Counter[str], bool, bool, bool]:
    """What of a text is markup, or would become it: its tags, a quote or bracket beside them, and a sign that begins a value."""
    beside = _VALUE.sub("", _TAG.sub("", text))
    return Counter(_TAG.findall(text)), '"' in beside, "<" in beside or ">" in beside, "%" in beside.replace("%%", "")
