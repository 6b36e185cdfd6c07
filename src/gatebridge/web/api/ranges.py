"""Address ranges in bodies and answers."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from gatebridge.rules.network import Range
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.web.api.shapes import Closed, Shown


class RangeShown(Shown):
    """One range of addresses, in its shortest spelling, and what people call it."""

    range: str
    label: str


class GivenRange(Closed):
    """One address, a network, or first-last."""

    range: str = Field(examples=["192.0.2.0/24"])
    label: str = Field("", examples=["Head office"])


def shown(ranges: Iterable[Range]) -> list[RangeShown]:
    """Ranges as they are sent out."""
    return [RangeShown(range=str(each), label=each.label) for each in ranges]


def typed(given: dict[str, Any], *names: str) -> dict[str, Any]:
    """The fields of a body, with those that are lists of ranges as the setup verbs read them; one that was left out stays so."""
    lists = {name: given[name] for name in names if isinstance(given[name], tuple | list)}
    return given | {name: tuple(TypedRange(each.range, each.label) for each in ranges) for name, ranges in lists.items()}
