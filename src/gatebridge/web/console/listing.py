"""Lists in setup: what the address of a page says of filter, size and position, so that a view can be kept, sent and gone back to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlencode

from starlette.requests import Request

SIZES = (25, 50, 100)
LONGEST = 200

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
class View:
    """What an address asks for: a value for each filter that narrows, how many a page has, and behind which record it begins."""

    path: str
    filters: tuple[Filter, ...]
    chosen: tuple[tuple[str, str], ...] = ()
    size: int = SIZES[0]
    after: str = ""

    def value(self, name: str) -> str:
        return dict(self.chosen).get(name, "")

    def where(self, *, after: str = "") -> str:
        """The address of this view, from its beginning or behind a record."""
        return self._address(self.chosen, self.size, after)

    def without(self, name: str) -> str:
        """The address of this view, with one filter less."""
        return self._address(tuple(each for each in self.chosen if each[0] != name), self.size, "")

    def sized(self, size: int) -> str:
        return self._address(self.chosen, size, "")

    def choosing(self, **values: str) -> str:
        """The address of the view in which these filters have these values, and the others those of now."""
        kept = {name: value for name, value in self.chosen if name not in values}
        return self._address(tuple((kept | {name: value for name, value in values.items() if value}).items()), self.size, "")

    @property
    def chips(self) -> tuple[tuple[str, str], ...]:
        """Each filter that narrows, in words, with the address that is without it."""
        known = {each.name: each for each in self.filters}
        return tuple((f"{known[name].label}: {known[name].words(value)}", self.without(name)) for name, value in self.chosen)

    def _address(self, chosen: Sequence[tuple[str, str]], size: int, after: str) -> str:
        said = [*chosen, *([("size", str(size))] if size != SIZES[0] else ()), *([("after", after)] if after else ())]
        return f"{self.path}?{urlencode(said)}" if said else self.path


def read(request: Request, filters: tuple[Filter, ...], path: str | None = None) -> View:
    """The view of a request. What no filter knows counts as not said: an address that somebody made up shows the list all the same."""
    said = request.query_params
    chosen = tuple((each.name, value) for each in filters if (value := _value(each, said.get(each.name, ""))))
    size = next((size for size in SIZES if str(size) == said.get("size")), SIZES[0])
    return View(path or request.url.path, filters, chosen, size, said.get("after", "")[:LONGEST])


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
