"""Address ranges as an admin types them: read all at once, and never saved so that they shut out who saves them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatebridge.rules import typed_text
from gatebridge.rules.network import Range, Relaxation, judge, parse_address, parse_range, range_problem
from gatebridge.rules.reasons.reason import FieldProblem

MOST_RANGES = 200


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
        for problem in (range_problem(each.text), typed_text.line_problem(each.label, may_be_empty=True))
        if problem is not None
    ]
    ranges = (parse_range(each.text, each.label) for each in typed)
    return tuple(each for each in ranges if each is not None), problems


def lock_out_problem(address: str, ranges: Iterable[Range]) -> str | None:
    """Why these ranges must not be saved by somebody at `address` to whom they will apply: it would be their last act here (X-AD-12)."""
    judged = judge(parse_address(address), profile_ranges=tuple(ranges), org_ranges=(), relaxation=Relaxation.ENFORCE)
    if judged.allowed:
        return None
    return f"Your own address {address} is outside these ranges, so saving them would shut you out. Add it, or save from inside."
