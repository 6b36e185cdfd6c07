"""Names that a hurried reader takes for one another: `Data Loader`, `Data-Loader` and `Data L0ader` (X-CO-05).

An app's name is chosen by its developer, and on the consent page it is what a user goes by. So a name is brought to a skeleton in which
what looks alike is alike, in the manner of Unicode TS 39, with the few dozen characters that attacks have really used.
"""

import unicodedata
from functools import lru_cache

# Letters of other alphabets, and figures, by the Latin letter that they are taken for. Their looks are in the Unicode charts, not here:
# a reader of this file could not tell them apart either.
_TWINS = {
    "a": "\u0430\u0251\u03b1",
    "b": "\u0432\u03b2",
    "c": "\u0441\u04ab\u03f2",
    "d": "\u0501\u0503",
    "e": "\u0435\u0454\u03b53",
    "h": "\u04bb\u043d\u0570",
    "i": "\u0456\u03b9\u01311|!",
    "j": "\u0458",
    "k": "\u043a\u03ba\u04c4",
    "l": "\u04cf",
    "m": "\u043c",
    "n": "\u043f\u03b7\u0578",
    "o": "\u043e\u03bf\u0585\u04e90",
    "p": "\u0440\u03c1",
    "q": "\u051b",
    "r": "\u0433",
    "s": "\u04555",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d",
    "v": "\u03bd\u0475",
    "w": "\u051d\u0448\u03c9",
    "x": "\u0445\u03c7",
    "y": "\u0443\u04af\u03b3\u028f",
    "z": "\u1d22",
}
_DRAWN_ALIKE = str.maketrans({twin: letter for letter, twins in _TWINS.items() for twin in twins})
# What two letters, set close, are taken for; and `l` and `i`, which many typefaces draw as one stroke.
_SET_CLOSE = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("l", "i"))

# Shorter names have too many neighbours: a warning that is wrong as a rule is one that nobody reads.
SHORTEST_TO_SLIP, SHORTEST_WITHIN = 5, 8

# Alphabets whose letters can stand in for each other unnoticed. Nobody writes one word in two of them.
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC")


@lru_cache(maxsize=16_384)
def skeleton(name: str) -> str:
    """What is left of a name when everything is taken away that a glance does not see: case, accents, blanks, marks, foreign twins."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name).casefold())
    letters = "".join(each for each in folded.translate(_DRAWN_ALIKE) if each.isalnum())
    for seen, taken_for in _SET_CLOSE:
        letters = letters.replace(seen, taken_for)
    return letters


def alike(one: str, other: str) -> bool:
    """Whether a hurried reader takes one name for the other, or they are the same."""
    return skeleton(one) == skeleton(other)


def mistakable(one: str, other: str, *, same_publisher: bool) -> bool:
    """Whether users may take an app of one name for that of the other. A publisher may call its own the same, or number them."""
    if same_publisher:
        return one != other and alike(one, other)
    return alike(one, other) or near(one, other)


def near(one: str, other: str) -> bool:
    """Whether one name is the other after a slip of the pen, or has all of it within: `Data Loadr`, `Data Loader Pro`."""
    shorter, longer = sorted((skeleton(one), skeleton(other)), key=len)
    if len(shorter) >= SHORTEST_WITHIN and shorter in longer:
        return True
    return len(shorter) >= SHORTEST_TO_SLIP and len(longer) - len(shorter) <= 1 and _one_slip(shorter, longer)


def _one_slip(shorter: str, longer: str) -> bool:
    """A letter too many, another letter, or two that changed places; or nothing of it."""
    at = next((place for place, (mine, theirs) in enumerate(zip(shorter, longer, strict=False)) if mine != theirs), len(shorter))
    if len(shorter) < len(longer):
        return shorter[at:] == longer[at + 1 :]
    changed_places = shorter[at : at + 2] == longer[at : at + 2][::-1] and shorter[at + 2 :] == longer[at + 2 :]
    return shorter[at + 1 :] == longer[at + 1 :] or changed_places


def alphabets_problem(name: str) -> str | None:
    """Why this cannot be the name of an app, as a sentence: it mixes alphabets whose letters look alike."""
    used = {unicodedata.name(letter, "").partition(" ")[0] for letter in unicodedata.normalize("NFKC", name) if letter.isalpha()}
    mixed = [alphabet.capitalize() for alphabet in _ALPHABETS if alphabet in used]
    if len(mixed) < 2:
        return None
    return f"This mixes {' and '.join(mixed)} letters, some of which look the same; write it in one alphabet."
