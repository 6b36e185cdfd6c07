"""Lists that can be taken out as files. A list says once how it is read, narrowed and sorted, and what its columns are; its page and its
export are both made of that, so a file holds what the page shows, all of it and not one page.

An export is a form, since it leaves a line in the Setup Audit Trail before the first byte. It is then read by a thousand at a time, each
in a snapshot of its own and by whoever is signed in at that moment: an export ends where the session or the right to the list ends. The
API exports the same lists (`web/api/exports.py`), read by whoever holds the token.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import BoundedSemaphore
from typing import Generic, TypeVar
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatebridge.rules import exported
from gatebridge.rules.exported import About, Style
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused, outage
from gatebridge.rules.reasons import bearer as bearer_reasons
from gatebridge.setup.record_export import RecordExport, record_export
from gatebridge.storage import saved_views
from gatebridge.web import browser as browsers
from gatebridge.web import door_pages
from gatebridge.web.browser import Browser
from gatebridge.web.console import desk, forms, listing
from gatebridge.web.console.desk import Shown, Visit
from gatebridge.web.console.listing import Filter, Listed, Sort, View
from gatebridge.web.console.places import Place
from gatebridge.web.house import House
from gatebridge.web.my_security import PROVE
from gatebridge.web.sign_in import SEE_OTHER

ENDING = "export"
CHUNK = 1_000
MOST = 100_000  # rows of one file
AT_ONCE = BoundedSemaphore(4)  # of this process: each keeps a thread busy for as long as a chunk is read
LONGEST_SECONDS = 900.0  # that a file may take, so that nobody who reads no further keeps a place for ever
BUSY = "Several exports are running on this server; try again when one of them is done."
# Why a file ends before its list does; its last line says so.
TOO_LONG = f"cut off after {MOST:,} rows: narrow the list, and export what is missing"
OVER = "cut off: the session, the token or the right to this list ended"
MOVED = "cut off: the record at which it was read on is gone; export the list again"

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Column(Generic[Record]):
    """One column of a file: its name, which programs hold on to, and what it has of a record: text, number, moment, yes or no, several."""

    name: str
    of: Callable[[Record], object]


def _no_more(_visit: Visit) -> tuple[Filter, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class List(Generic[Record]):
    """A list of setup. `rows` reads so many records behind a position (empty: from the beginning), in the order and within the filters of
    a view, and asks for the right to see them; `position` tells that of a record. `more_filters` are those that the org's records make."""

    place: Place
    filters: tuple[Filter, ...]
    sorts: tuple[Sort, ...]
    columns: tuple[Column[Record], ...]
    rows: Callable[[Visit, View, str, int], Sequence[Record]]
    position: Callable[[Record], str]
    name: str = ""  # where it is not that of the place
    path: str = ""  # of its route, where it is not that of the place; an app that it is about stands there as `app_id`
    more_filters: Callable[[Visit], tuple[Filter, ...]] = _no_more

    @property
    def called(self) -> str:
        return self.name or self.place.name

    def view(self, visit: Visit) -> View:
        """What the address asks for, on the page and where its export begins."""
        filters = (*self.filters, *self.more_filters(visit))
        view = listing.read(visit.request, filters, visit.request.url.path.removesuffix(f"/{ENDING}"), self.sorts)
        saved = saved_views.of_list(visit.tx, visit.org.id, visit.user.id, view.path)
        return replace(view, saved=tuple((each.name, each.address) for each in saved))

    def page(self, visit: Visit, view: View) -> Listed:
        """The page of it that the view asks for. Raises Refused."""
        return listing.page(view, partial(self.rows, visit, view), self.position)


def looked_at(path: str, query: str, params: Mapping[str, str]) -> Request:
    """The request by which a browser would look at a view of a list."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": quote(query, safe="%&=+").encode(),
        "path_params": dict(params),
        "headers": [],
    }
    return Request(scope)


def route(house: House, one: List[Record]) -> Route:
    """Where the form that exports the list is sent: below the list, with the view in the address."""
    return sends(house, one.place, f"{one.path or one.place.path}/{ENDING}", partial(_begin, one))


def sends(house: House, place: Place, path: str, does: Callable[[Visit], Response]) -> Route:
    """The route of a form whose answer is a `File`, of which a server has so many on their way at once."""
    return Route(path, door_pages.endpoint(house, partial(_export, house, place, does)), methods=["POST"])


async def _export(house: House, place: Place, does: Callable[[Visit], Response], request: Request, browser: Browser) -> Response:
    fields = await browsers.read_form(request, house, browser)
    held = AT_ONCE.acquire(blocking=False)
    response: Response | None = None
    try:
        response = await run_in_threadpool(desk.done, house, place, does if held else _busy, None, request, browser, fields)
        return response
    finally:
        # A file gives the place back when it is sent; anything else does at once.
        if held and not isinstance(response, File):
            AT_ONCE.release()


class File(StreamingResponse):
    """A file on its way, which holds one of the places until it is sent or nobody listens any more."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with suppress(ClientDisconnect, TimeoutError):  # then it breaks off, and the browser tells that it is not whole
                async with asyncio.timeout(LONGEST_SECONDS):
                    await super().__call__(scope, receive, send)
        finally:
            AT_ONCE.release()


def _busy(_visit: Visit) -> Shown:
    raise Refused(outage.SERVER_BUSY, detail=BUSY)


def _begin(one: List[Record], visit: Visit) -> Response:
    begun = partial(begin, one, visit, forms.text(visit.fields, "format"), partial(read_as, visit, one))
    return or_proven_first(begun, lambda: one.view(visit).where())


def or_proven_first(begun: Callable[[], Response], back: Callable[[], str]) -> Response:
    """The file, or, for who signed in long ago, the way to prove it anew and from there to the page `back`. Raises Refused."""
    try:
        return begun()
    except Refused as refused:
        if refused.reason is bearer_reasons.REAUTHENTICATION_NEEDED:
            return RedirectResponse(f"{PROVE}?{urlencode({'then': back()})}", SEE_OTHER)
        raise


def begin(one: List[Record], visit: Visit, said: str, read: Callable[[View, str, int], Sequence[Record]]) -> Response:
    """Write that it is exported, and answer with what will be read when this transaction is over; the caller holds one of the places.

    `said`: csv or json. `read` is called then, for so many records of a view behind a position, and raises Refused where they may not be
    read any more. Raises Refused.
    """
    view = one.view(visit)
    if said not in {style.value for style in Style}:
        raise forms.wrong("format", "This must be csv or json.")
    style = Style(said)
    one.rows(visit, view, "", 0)  # whoever may not see the list is refused by it; no row is read while others wait to write
    filters = tuple(words for words, _ in view.chips)
    app_id = visit.id_in_path("app_id", Prefix.APP) if "app_id" in visit.request.path_params else None
    record_export(visit.tx, visit.actor, RecordExport(one.called, view.where(), style, filters, app_id))
    about = About(one.called, visit.org.name, view.where(), filters, visit.tx.now)
    headers = {"Content-Disposition": f'attachment; filename="{exported.file_name(about, style)}"', "Cache-Control": "no-store"}
    return File(written(one, partial(read, view), about, style), headers=headers, media_type=exported.MEDIA[style])


def written(one: List[Record], read: Callable[[str, int], Sequence[Record]], about: About, style: Style) -> Iterator[bytes]:
    """The file, piece by piece. `read` gives so many records behind a position; where it raises Refused, the last line says so."""
    names = [column.name for column in one.columns]
    yield exported.begun(style, about, names).encode()
    written, cut = 0, ""
    try:
        for records in _chunks(one, read):
            values = ([column.of(record) for column in one.columns] for record in records)
            rows = [exported.row(style, names, each, first=written + index == 0) for index, each in enumerate(values)]
            yield "".join(rows).encode(errors="replace")
            written += len(rows)
    except Refused:
        cut = OVER
    except _Cut as early:
        cut = early.why
    yield exported.ended(style, cut).encode()


def _chunks(one: List[Record], read: Callable[[str, int], Sequence[Record]]) -> Iterator[Sequence[Record]]:
    """The list from its beginning, one chunk after the other. Raises _Cut where it ends before all of it was read, and Refused."""
    first = after = ""
    for _ in range(MOST // CHUNK):
        records = read(after, CHUNK)
        if records and one.position(records[0]) == first:
            raise _Cut(MOVED)
        if records:
            yield records
            first, after = first or one.position(records[0]), one.position(records[-1])
        if len(records) < CHUNK:
            return
    if read(after, 1):
        raise _Cut(TOO_LONG)


def read_as(visit: Visit, one: List[Record], view: View, after: str, count: int) -> Sequence[Record]:
    """So many records, in a snapshot of their own and for whoever is signed in by now."""
    with visit.house.database.snapshot() as tx:
        now = desk.visit_of(visit.house, visit.request, browsers.of(visit.request, visit.house), tx)
        if now is None:
            raise Refused(bearer_reasons.BEARER_MISSING)
        return one.rows(now, view, after, count)


class _Cut(Exception):  # noqa: N818 - named for what happened
    """A file ends before its list does."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
