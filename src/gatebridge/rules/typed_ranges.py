"""Address ranges as an admin types them: read all at once, and never saved so that they shut out who saves them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatebridge.rules import typed_text
from gatebridge.rules.network import NetworkPolicy, Range, judge, parse_address, parse_range, range_problem
from gatebridge.rules.reasons.reason import FieldProblem

MOST_RANGES = 200
# A range that lets in half of the internet is nearly always a slip of the keyboard, and none at all says the same more honestly.
LARGEST = {4: 8, 6: 29}  # the shortest network of each family, by its prefix


@dataclass(frozen=True, slots=True)
class TypedRange:
    """A range as text: one address, CIDR, or `first-last`; and what people call it."""

    text: str
    label: str = ""


def read(field: str, typed: Sequence[TypedRange]) -> tuple[tuple[Range, ...], list[FieldProblem]]:
    """The ranges in their order, and what is wrong with those that are none; `field` is the name of the list in the form."""
    if len(typed) > MOST_RANGES:
        return (), [FieldProblem(field, f"There are {len(typed)} ranges; at most {MOST_RANGES} are allowed.")]
    problems = [
        FieldProblem(f"{field}.{place}", problem)
        for place, each in enumerate(typed)
        for problem in (_problem(each.text), _label_problem(each.label))
        if problem is not None
    ]
    ranges = (parse_range(each.text, each.label) for each in typed)
    return tuple(each for each in ranges if each is not None), problems


def told(ranges: Iterable[Range]) -> list[str]:
    """Ranges as the audit trail keeps them."""
    return [f"{each} {each.label}".strip() for each in ranges]


def addresses(ranges: Iterable[Range]) -> int:
    """How many addresses the ranges hold; one that is in two of them counts twice."""
    return sum(int(each.last) - int(each.first) + 1 for each in ranges)


def _problem(text: str) -> str | None:
    found = parse_range(text)
    if found is None:
        return range_problem(text)
    family, shortest = found.first.version, LARGEST[found.first.version]
    if addresses([found]) <= 1 << (found.first.max_prefixlen - shortest):
        return None
    return f"An IPv{family} range spans at most a /{shortest}. To let in everybody, set no range."


def _label_problem(label: str) -> str | None:
    # Who typed two ranges in one line would believe that both are in force.
    if any(parse_range(word) is not None for word in re.split(r"[\s,;()]+", label)):
        return "There is an address in the label; each range stands by itself."
    return typed_text.line_problem(label, may_be_empty=True)


def lock_out_problem(address: str, ranges: Iterable[Range]) -> str | None:
    """Why these ranges must not be saved by somebody at `address` to whom they will apply: it would be their last act here (X-AD-12)."""
    judged = judge(parse_address(address), NetworkPolicy(profile=tuple(ranges)))
    if judged.allowed:
        return None
    return f"Your own address {address} is outside these ranges, so saving them would shut you out. Add it, or save from inside."
