"""The lists of setup in a large org: how long the server takes for a page of each, in each order, and how many bytes it is."""

import gzip
import http.client
import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from bench.installation import Server
from bench.large_org import LargeOrg
from gatebridge.rules.ids import long

TIMES = 5  # each page is asked for, after a first time that fills the caches
SLOWEST_MS, LARGEST_KB = 100, 60
NEXT = re.compile(r'id="next" href="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Measured:
    """One page: where it stands, the middle one of its times, and its size in thousands of bytes, as it is sent and as it is read."""

    path: str
    milliseconds: float
    kilobytes: float
    unpacked: float

    @property
    def well(self) -> bool:
        return self.milliseconds < SLOWEST_MS and self.kilobytes < LARGEST_KB

    def __str__(self) -> str:
        sizes = f"{self.kilobytes:6.1f} kB, unpacked {self.unpacked:5.1f}"
        return f"{'  ' if self.well else '! '}{self.milliseconds:7.1f} ms {sizes}  {self.path}"


def measure(server: Server, org: LargeOrg, said: Callable[[Measured], None]) -> list[Measured]:
    """Every list as it is, narrowed, in each order, a hundred rows at a time, and a page further on."""
    visitor = _Visitor(server, org.cookies)
    found: list[Measured] = []
    for path in addresses(org):
        for each in _with_next(visitor, path):
            said(each)
            found.append(each)
    return [each if each.well else _once_more(visitor, each, said) for each in found]


def addresses(org: LargeOrg) -> Iterator[str]:
    """The pages that are measured."""
    for path, narrowed in LISTS.items():
        yield path
        yield f"{path}?size=100"
        for each in narrowed:
            filled = each.format(app="Bench_App_7", user="person7@bench.example", profile=long(org.profile), busy="Bench_opaque")
            yield f"{path}?size=100&{filled}"
    busy, app = long(org.busy), long(org.app)
    yield "/setup"
    yield "/setup/find?q=person77"
    for each in (busy, app):
        yield f"/setup/usage/{each}"
        yield from (f"/setup/apps/{each}{tab}" for tab in ("", "/access", "/credentials", "/activity", "/changes"))
    yield f"/setup/users/{long(org.user)}"
    yield f"/setup/profiles/{long(org.profile)}"
    yield f"/setup/permission-sets/{long(org.permission_set)}"
    yield from (
        "/setup/users/new",
        "/setup/sign-in-methods",
        "/setup/keys",
        "/setup/network-access",
        "/setup/oauth-settings",
        "/setup/orgs",
    )


# The lists, and what they are narrowed and sorted by.
BOTH_WAYS = "sort={0}", "sort=-{0}"
LISTS = {
    "/setup/apps": (
        "q=Ledger",
        "q=nothing-is-called-so",
        "state=blocked",
        "state=deleted",
        "flow=device",
        "whose=mine",
        *(way.format(by) for by in ("name", "exposure", "used", "ends", "age") for way in BOTH_WAYS),
    ),
    "/setup/users": (
        "q=person777",
        "q=nobody-is-called-so",
        "state=frozen",
        "state=invited",
        "profile={profile}",
        "q=person777&sort=-name",
        *(way.format(by) for by in ("name", "age") for way in BOTH_WAYS),
    ),
    "/setup/profiles": ("q=7", "sort=name", "sort=-name"),
    "/setup/permission-sets": ("q=7", "sort=name", "sort=-users"),
    "/setup/custom-permissions": ("q=7", "sort=name"),
    "/setup/login-history": (
        "outcome=refused",
        "outcome=monitored",
        "gate=proof",
        "gate=network",
        "since=24h&outcome=refused",
        "q=user_frozen",
        "q={app}",
        "q={busy}",
        "q={user}",
        "q={app}&outcome=refused",
        "q={busy}&outcome=refused",
        "sort=time",
        "sort=time&q={app}&outcome=refused",
    ),
    "/setup/audit": ("q={app}", "event=setup:app:deleted", "event=setup:app:created", "since=24h", "sort=time", "q={user}"),
    "/setup/sessions": ("q={user}", "sort=age", "sort=-seen"),
    "/setup/usage": ("q=Ledger", "sort=-app", "sort=-last", "sort=first", "sort=-granted", "sort=-refused"),
    "/setup/requests": ("q={app}", "q={user}", "state=refused", "state=any", "kind=app", "state=any&sort=app", "sort=last"),
}


class _Visitor:
    """A browser that is signed in, over one connection."""

    def __init__(self, server: Server, cookies: str) -> None:
        place = urlsplit(server.base_url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        self._headers = {"Cookie": cookies, "Accept": "text/html", "Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}

    def get(self, path: str) -> tuple[float, bytes, str]:
        """The milliseconds until all of the page was there, its bytes as they were sent, and the page."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        milliseconds = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}: {body[:300]!r}")
        packed = answer.headers["Content-Encoding"] == "gzip"
        return milliseconds, body, (gzip.decompress(body) if packed else body).decode()


def _with_next(visitor: _Visitor, path: str) -> Iterator[Measured]:
    measured, page = _measured(visitor, path)
    yield measured
    onward = NEXT.search(page)
    if onward is not None and "size=100" in path:
        yield _measured(visitor, unescape(onward[1]))[0]


def _measured(visitor: _Visitor, path: str) -> tuple[Measured, str]:
    _, sent, page = visitor.get(path)
    milliseconds = _middle(visitor, path)
    if milliseconds >= SLOWEST_MS:
        # A machine that held its breath is no fault of the page; one that is too slow is so twice.
        milliseconds = min(milliseconds, _middle(visitor, path))
    return Measured(path, milliseconds, len(sent) / 1000, len(page.encode()) / 1000), page


def _once_more(visitor: _Visitor, before: Measured, said: Callable[[Measured], None]) -> Measured:
    """A page that was too slow, after all others: a shared machine may be half as fast for a minute; what is slow by itself stays so."""
    again, _ = _measured(visitor, before.path)
    said(again)
    return again


def _middle(visitor: _Visitor, path: str) -> float:
    return statistics.median(visitor.get(path)[0] for _ in range(TIMES))
