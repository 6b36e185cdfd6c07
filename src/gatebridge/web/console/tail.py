"""The live tail of Login History: the new lines of a view, sent to the browser as they are recorded (server-sent events).

Every look is a read like that of a page: who is signed in, with the rights of this moment, in this org. It asks the database for what lies
behind the last receipt, so it does not matter which process recorded a line. A stream ends by itself after a while, and the browser comes
back and says how far it was; a session that is not used otherwise goes on resting meanwhile.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gatebridge.monitoring import history_tail
from gatebridge.monitoring.history_tail import News, Seen
from gatebridge.monitoring.login_history import HistoryFilter
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused, outage
from gatebridge.web import door_pages, languages, pages, refusal, sign_in
from gatebridge.web.browser import Browser
from gatebridge.web.console import desk, listing, login_history
from gatebridge.web.console.desk import Visit
from gatebridge.web.console.listing import View
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE, PATH = login_history.PLACE, login_history.LIVE
MEDIA = "text/event-stream"
BEAT_SECONDS = 2.0  # between two looks
QUIET_BEATS = 8  # after which a sign of life keeps what lies between from closing the connection
LIFETIME_SECONDS = 900.0
SIGNED_OUT = "You are signed out in this browser. Sign in again to follow."
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
# A proxy that gathers an answer before it passes it on would pass on nothing.
HEADERS = {"X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Follower:
    """Who follows, at which browser, which view."""

    house: House
    request: Request
    browser: Browser
    user_id: str
    view: View


class Seats:
    """How many streams a process has open, and one user of them, so that following keeps nobody from working."""

    def __init__(self, most: int, most_of_one: int) -> None:
        self.most, self.most_of_one = most, most_of_one
        self._taken: Counter[str] = Counter()
        self._lock = Lock()

    @contextmanager
    def one_for(self, user_id: str) -> Iterator[bool]:
        """A seat for as long as the block lasts; False where none is free."""
        with self._lock:
            free = self._taken.total() < self.most and self._taken[user_id] < self.most_of_one
            self._taken[user_id] += free
        try:
            yield free
        finally:
            with self._lock:
                self._taken[user_id] -= free


SEATS = Seats(64, 6)


class _Stream(StreamingResponse):
    """A stream that is begun only while a seat is free, and keeps it until nobody listens any more."""

    def __init__(self, follower: Follower, seen: Seen) -> None:
        super().__init__(_events(follower, seen), headers=HEADERS, media_type=MEDIA)
        self.user_id = follower.user_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with SEATS.one_for(self.user_id) as seated:
            if not seated:
                await refusal.refuse(outage.SERVER_BUSY, scope, receive, send)
                return
            with suppress(ClientDisconnect):
                await super().__call__(scope, receive, send)


def routes(house: House) -> list[Route]:
    return [Route(PATH, door_pages.endpoint(house, partial(_open, house)), methods=["GET"])]


def _open(house: House, request: Request, browser: Browser) -> Response:
    """The stream, behind the receipt that the browser names; whoever comes without asking for one is led to the list. Raises Refused."""
    view = listing.read(request, login_history.FILTERS, PLACE.path)
    if request.method != "GET" or MEDIA not in request.headers.get("accept", ""):
        return RedirectResponse(view.where(), SEE_OTHER)
    with house.database.reading() as tx:
        visit = desk.visit_of(house, request, browser, tx)
        if visit is None:
            return RedirectResponse(f"{sign_in.PATH}?{urlencode({'then': view.where()})}", SEE_OTHER)
        wanted = login_history.wanted(visit, view)
        # A browser that comes back says what it had last (WHATWG HTML, section 9.2.5).
        said = request.headers.get("last-event-id") or request.query_params.get("behind", "")
        after = ids.parse(said, Prefix.RECEIPT)
        seen = history_tail.begin(tx, visit.actor, wanted or HistoryFilter(), after)
        return _Stream(Follower(house, request, browser, visit.user.id, view), seen)


async def _events(follower: Follower, seen: Seen) -> AsyncIterator[bytes]:
    ends = time.monotonic() + LIFETIME_SECONDS
    quiet = 0
    yield b"retry: 3000\n\n"
    while True:
        try:
            news, html = await run_in_threadpool(_look, follower, seen)
        except Refused as refused:
            yield event("over", str(languages.told(refused.detail or refused.reason.sentence)))
            return
        if news is None:
            yield event("over", str(languages.told(SIGNED_OUT)))
            return
        seen = news.seen
        quiet = 0 if html else quiet + 1
        if html:
            yield event("skipped" if news.skipped else "lines", html, ids.long(news.receipts[0].id))
        elif quiet % QUIET_BEATS == 0:
            yield b": nothing new\n\n"
        if follower.house.stopping.is_set() or time.monotonic() >= ends:
            return
        await asyncio.sleep(BEAT_SECONDS)


def _look(follower: Follower, seen: Seen) -> tuple[News | None, str]:
    """What is new by now, with its lines as the list has them; None where the user is not signed in there any more. Raises Refused."""
    with follower.house.database.reading() as tx:
        visit = desk.visit_of(follower.house, follower.request, follower.browser, tx)
        if visit is None or visit.user.id != follower.user_id:
            return None, ""
        wanted = login_history.wanted(visit, follower.view)
        if wanted is None:  # what was looked for is called otherwise by now
            return News((), False, seen), ""
        news = history_tail.look(tx, visit.actor, wanted, seen)
        return news, _drawn(visit, news) if news.receipts else ""


def _drawn(visit: Visit, news: News) -> str:
    lines = [login_history.line(visit, receipt) for receipt in news.receipts]
    drawn = pages.environment().get_template("console/login_history/news.html")
    return drawn.render(lines=lines, at=visit.moments, long=ids.long)


def event(kind: str, data: str, last_id: str = "") -> bytes:
    """One event. Each line of the data says that it is data, so that nothing in it can pass for another field."""
    said = [f"event: {kind}", *([f"id: {last_id}"] if last_id else ()), *(f"data: {line}" for line in _LINE_ENDS.split(data))]
    return ("\n".join(said) + "\n\n").encode(errors="replace")
