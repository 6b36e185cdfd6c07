"""What templates say: the texts that are marked in them, and what stands there in English without a mark."""

import re
from collections.abc import Iterator
from functools import cache

from jinja2 import nodes

from gatebridge.web import pages

Marked = tuple[str, str]  # the text, and its plural where it has one

# Attributes that people read or hear: `data-label` is the head of a column where a table is a stack, and the last three are what a script
# says when it has to.
_ATTRIBUTE = re.compile(r"\b(?:aria-label|placeholder|title|alt|data-label|data-held|data-none|data-twice)\s*=\s*\"([^\"]*)\"")
_TAG = re.compile(r"<(/?)([a-zA-Z]+)[^>]*>|<![^>]*>")
_WORD = re.compile(r"[A-Za-z]{2,}")
_GIVEN = re.compile(r"[\w-]+=\"[^\"]*\"")  # an attribute that a macro or a block adds to a tag
_ENTITY = re.compile(r"&#?\w+;")
_SENTENCE = re.compile(r"[A-Za-z]{2,}[,.:;]? [a-z]{2,}|[a-z]{2,}[,.:;]? [A-Za-z]|^[A-Z][a-z]+[.?…]?$")
# What is the same in every language: what is typed, and the names of formats and of the product.
_AS_IT_IS = ("code", "kbd", "pre")
_NAMES = frozenset({"Gatebridge", "JWT", "PKCE", "JSON", "CSV", "API", "OAuth", "XXXX", "Python", "JavaScript", "curl"})
_LOOKS_UP = frozenset({"_", "gettext", "ngettext"})
_COMPARES = frozenset({"==", "!=", "in"})
_VALUE = "\x00"  # stands where a template draws a value


def marked_in(source: str) -> Iterator[Marked]:
    """The texts that a template marks, in their order."""
    for _, _, found in pages.environment().extract_translations(source):  # type: ignore[attr-defined]
        texts = (found,) if isinstance(found, str) else tuple(each for each in found if isinstance(each, str))
        yield texts[0], texts[1] if len(texts) > 1 else ""


def not_literal_in(source: str) -> list[int]:
    """The lines in which a text is looked up that is no literal: what people call their things must never be taken for ours."""
    texts = ((call, call.args[: 2 if name == "ngettext" else 1]) for name, call in _looked_up(source))
    return [call.lineno for call, args in texts if not all(isinstance(each, nodes.Const) for each in args)]


def counts_no_number_in(source: str) -> list[int]:
    """The lines in which a plural hangs on what is surely no number: on a text, be it a number as it is written."""
    return [call.lineno for name, call in _looked_up(source) if name == "ngettext" and _is_written(call.args[2])]


@cache
def _looked_up(source: str) -> list[tuple[str, nodes.Call]]:
    calls = pages.environment().parse(source).find_all(nodes.Call)
    return [(call.node.name, call) for call in calls if isinstance(call.node, nodes.Name) and call.node.name in _LOOKS_UP]


def _is_written(count: nodes.Expr) -> bool:
    # What is called for a value, as `"{:,}".format` is, is given the name `_trans` before it is counted.
    called = isinstance(count, nodes.Name) and count.name == "_trans"
    return called or (isinstance(count, nodes.Filter) and count.name != "length")


def unmarked_in(source: str) -> list[str]:
    """What of a template is English and not marked: between tags, in attributes that people read, and in what expressions say."""
    html, said = _without_marked(source)
    found = [text for each in _ATTRIBUTE.findall(html) for text in _words(each)]
    found += [text for each in _between_tags(html) for text in _words(each)]
    return found + [text for text in said if _SENTENCE.search(text)]


def _without_marked(source: str) -> tuple[str, list[str]]:
    """The HTML of a template with a sign for each value, without what is marked; and the literals of its expressions that are not."""
    html, said, calls = [], [], [""]
    within, before = False, ("", "")
    for kind, value in _tokens(source):
        if kind == "name" and before[0] == "block_begin":
            within = value == "trans" or (within and value == "pluralize")
        if kind == "data" and not within:
            html.append(value)
        elif kind == "variable_begin" and not within:
            html.append(_VALUE)
        elif kind == "operator" and value == "(":
            calls.append(before[1] if before[0] == "name" else "")
        elif kind == "operator" and value == ")":
            calls.pop()
        elif kind == "string" and calls[-1] not in _LOOKS_UP | _COMPARES and before[1] not in _COMPARES:
            said.append(value[1:-1])
        before = (kind, value)
    return "".join(html), said


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    for _, kind, value in pages.environment().lex(source):
        if kind != "whitespace":
            yield kind, value


def _between_tags(html: str) -> Iterator[str]:
    depth, place = 0, 0
    for tag in _TAG.finditer(html):
        if not depth:
            yield html[place : tag.start()]
        if tag[2] and tag[2].lower() in _AS_IT_IS:
            depth += -1 if tag[1] else 1
        place = tag.end()
    yield html[place:]


def _words(text: str) -> Iterator[str]:
    plain = _ENTITY.sub("", _GIVEN.sub("", text)).replace(_VALUE, "")
    if set(_WORD.findall(plain)) - _NAMES:
        yield plain.strip()
