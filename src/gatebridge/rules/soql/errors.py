"""How a refusal of a query shows the place: the line as it was written, a mark below it, and the row and column, as Salesforce does."""

import re

from gatebridge.rules.reasons.reason import Reason, Refused

AROUND = 60  # characters of the line that are shown before and behind the place
_LINE_END = re.compile(r"\r\n|\r|\n")


def refused_at(reason: Reason, text: str, place: int, words: str) -> Refused:
    """The refusal of the query `text` at its character `place` (0 is the first; its length is the end)."""
    return Refused(reason, detail=pointed(text, place, words))


def pointed(text: str, place: int, words: str) -> str:
    """`words` behind the line in which the place is, cut on both sides, and the mark below the place."""
    row, begin = 1, 0
    for row, line_end in enumerate(_LINE_END.finditer(text, 0, place), start=2):  # noqa: B007 - the last row counts
        begin = line_end.end()
    ending = _LINE_END.search(text, place)
    first = max(begin, place - AROUND)
    shown = text[first : min(ending.start() if ending else len(text), place + AROUND)]
    # A tab or a control character would put the mark somewhere else, or do something to the terminal on which the message is read.
    plain = "".join(character if character.isprintable() else " " for character in shown)
    return f"\n{plain}\n{' ' * (place - first)}^\nERROR at Row:{row}:Column:{place - begin + 1}\n{words}"
