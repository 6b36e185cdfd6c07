"""Lists in setup: what the address of a page says of filter, order, size and place, so that a view can be kept, sent and gone back to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request

from gatebridge.rules import saved_views

SIZES = (25, 50, 100)
LONGEST = 200
# How the two directions of a sort are told, the rising one first.
DIRECTIONS = {
    "text": ("A to Z", "Z to A"),
    "time": ("oldest first", "newest first"),
    "number": ("fewest first", "most first"),
    "end": ("soonest first", "latest first"),
}

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing that a list can be narrowed by. Without `choices` it is typed."""

    name: str
    label: str
    choices: tuple[tuple[str, str], ...] = ()  # value and words; the first is what counts where none is said
    placeholder: str = ""

    def words(self, value: str) -> str:
        """How a chosen value is told."""
        return dict(self.choices).get(value, value)


@dataclass(frozen=True, slots=True)
class Sort:
    """One order of a list. Text begins with A; of times the newest and of numbers the largest are what somebody wants to see first."""

    name: str
    label: str
    kind: Literal["text", "time", "number", "end"] = "text"

    @property
    def falling(self) -> bool:
        """Whether it falls at first."""
        return self.kind in ("time", "number")

    def words(self, descending: bool) -> str:
        return DIRECTIONS[self.kind][descending]


UNSORTED = Sort("", "")
KEEPS = "/setup/saved-views/new"


@dataclass(frozen=True, slots=True)
class View:
    """What an address asks for: a value for each filter that narrows, the order, how many a page has, and behind which record it begins."""

    path: str
    filters: tuple[Filter, ...]
    chosen: tuple[tuple[str, str], ...] = ()
    size: int = SIZES[0]
    after: str = ""
    sorts: tuple[Sort, ...] = ()  # that the list knows; the first is its own
    by: Sort = UNSORTED
    descending: bool = False
    saved: tuple[tuple[str, str], ...] | None = None  # the reader's own views of the list, name and address; None: none can be kept

    @property
    def sort(self) -> str:
        """By what the list is in order; empty where it knows one order only."""
        return self.by.name

    @property
    def order(self) -> str:
        """The direction, in words."""
        return self.by.words(self.descending)

    @property
    def orders(self) -> tuple[tuple[str, str, str], ...]:
        """Every order: as an address says it, by what, and which way."""
        return tuple(
            (self._said(each, way), each.label, each.words(way)) for each in self.sorts for way in (each.falling, not each.falling)
        )

    @property
    def ordered(self) -> str:
        """The order as the address says it; empty where it is the list's own."""
        return self._said(self.by, self.descending)

    def _said(self, by: Sort, descending: bool) -> str:
        own = not self.sorts or (by, descending) == (self.sorts[0], self.sorts[0].falling)
        return "" if own else f"-{by.name}" if descending else by.name

    def sorting(self, name: str) -> str:
        """The address of the view in this order; of the order that it has, turned around."""
        by = next(each for each in self.sorts if each.name == name)
        return replace(self, by=by, descending=not self.descending if by == self.by else by.falling).where()

    def value(self, name: str) -> str:
        return dict(self.chosen).get(name, "")

    def where(self, *, after: str = "") -> str:
        """The address of this view, from its beginning or behind a record."""
        return self._address(self.chosen, self.size, after)

    @property
    def keeping(self) -> str:
        """The address at which this view is given a name and kept; empty where it is the list as it is, is kept already, or is too long."""
        here = self.where()
        kept = self.saved is None or here in {address for _, address in self.saved}
        return "" if kept or not saved_views.path_of(here) else f"{KEEPS}?{urlencode({'view': here})}"

    def without(self, name: str) -> str:
        """The address of this view, with one filter less."""
        return self._address(tuple(each for each in self.chosen if each[0] != name), self.size, "")

    def sized(self, size: int) -> str:
        return self._address(self.chosen, size, "")

    def choosing(self, **values: str) -> str:
        """The address of the view in which these filters have these values, and the others those of now."""
        kept = {name: value for name, value in self.chosen if name not in values}
        return self._address(tuple((kept | {name: value for name, value in values.items() if value}).items()), self.size, "")

    def at(self, ending: str) -> str:
        """The address below the list at which something is done with what this view shows."""
        return replace(self, path=f"{self.path}/{ending}").where()

    @property
    def chips(self) -> tuple[tuple[str, str], ...]:
        """Each filter that narrows, in words, with the address that is without it."""
        known = {each.name: each for each in self.filters}
        return tuple((f"{known[name].label}: {known[name].words(value)}", self.without(name)) for name, value in self.chosen)

    def _address(self, chosen: Sequence[tuple[str, str]], size: int, after: str) -> str:
        besides = (("sort", self.ordered), ("size", str(size) if size != SIZES[0] else ""), ("after", after))
        said = [*chosen, *((name, value) for name, value in besides if value)]
        return f"{self.path}?{urlencode(said)}" if said else self.path


def read(request: Request, filters: tuple[Filter, ...], path: str | None = None, sorts: tuple[Sort, ...] = ()) -> View:
    """The view of a request. What no filter and no sort knows counts as not said: an address that somebody made up shows the list all the
    same, and nothing of it goes any further (X-HT-07).
    """
    said = request.query_params
    chosen = tuple((each.name, value) for each in filters if (value := _value(each, said.get(each.name, ""))))
    size = next((size for size in SIZES if str(size) == said.get("size")), SIZES[0])
    by, descending = _order(sorts, said.get("sort", ""))
    return View(path or request.url.path, filters, chosen, size, said.get("after", "")[:LONGEST], sorts, by, descending)


def _order(sorts: Sequence[Sort], said: str) -> tuple[Sort, bool]:
    for each in sorts:
        if said in (each.name, f"-{each.name}"):
            return each, said.startswith("-")
    return (sorts[0], sorts[0].falling) if sorts else (UNSORTED, False)


def _value(one: Filter, text: str) -> str:
    text = text.strip()[:LONGEST].replace("\0", "")
    return text if not one.choices or text in {value for value, _ in one.choices[1:]} else ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list: its records, and the address of the page behind it, empty at the end."""

    view: View
    records: Sequence[object]
    onward: str
    sizes: tuple[int, ...] = SIZES


def page(view: View, fetch: Callable[[str, int], Sequence[Record]], position: Callable[[Record], str]) -> Listed:
    """The page that the view asks for. `fetch` gives so many records behind a position, which is empty at the beginning."""
    # One more than is shown tells whether there is another page, so that no button leads to an empty one.
    found = fetch(view.after, view.size + 1)
    shown = found[: view.size]
    return Listed(view, shown, view.where(after=position(shown[-1])) if len(found) > view.size else "")


def showing(listed: Listed, records: Sequence[object]) -> Listed:
    """The same page with what is made of its records for the reader."""
    return replace(listed, records=records)
