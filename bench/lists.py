"""The lists of setup in a large org: how long the server takes for a page of each, in each order, and how many bytes it is."""

import gzip
import http.client
import re
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from itertools import chain, islice
from urllib.parse import quote, urlsplit

from bench.installation import Server
from bench.large_org import LargeOrg
from gatebridge.rules.ids import long

TIMES = 5  # each page is asked for, after a first time that fills the caches
SLOWEST_MS, LARGEST_KB = 100, 60
MOST_CHOICES = 14
NEXT = re.compile(r'id="next" href="([^"]+)"')
SELECT = re.compile(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
OPTION = re.compile(r'<option value="([^"]*)"')


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
    """Every list as it is, narrowed in each way that its page offers, in each order, a hundred rows at a time, and a page further on."""
    visitor = _Visitor(server, org.cookies)
    found: list[Measured] = []
    for path in dict.fromkeys(chain(_lists(visitor, org), _others(org))):
        for each in _with_next(visitor, path):
            said(each)
            found.append(each)
    return [each if each.well else _once_more(visitor, each, said) for each in found]


def _lists(visitor: "_Visitor", org: LargeOrg) -> Iterator[str]:
    for path, queries in LISTS.items():
        yield path
        yield f"{path}?size=100"
        for query in (*_choices(visitor.get(path)[2]), *queries):
            filled = query.format(app="Bench_App_7", user="person7@bench.example", most=long(org.most), busy="Bench_opaque")
            yield f"{path}?size=100&{filled}"


def _choices(page: str) -> Iterator[str]:
    """All that a list offers to be narrowed and sorted by; of what could be endless, such as profiles, the first."""
    for name, options in SELECT.findall(page):
        yield from (f"{name}={quote(unescape(value))}" for value in islice(filter(None, OPTION.findall(options)), MOST_CHOICES))


def _others(org: LargeOrg) -> Iterator[str]:
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


# The lists, and what is looked for in them beside what they offer.
LISTS = {
    "/setup/apps": ("q=Ledger", "q=nothing-is-called-so", "q=Ledger&state=active&flow=client_credentials"),
    "/setup/users": (
        "q=person777",
        "q=nobody-is-called-so",
        "q=person777&sort=-name",
        "q=person777&state=active",
        "q=nobody-is-called-so&state=without-factor",
        "profile={most}",
        "profile={most}&state=active",
        "profile={most}&state=frozen",
    ),
    "/setup/profiles": ("q=7",),
    "/setup/permission-sets": ("q=7",),
    "/setup/custom-permissions": ("q=7",),
    "/setup/login-history": (
        "since=24h&outcome=refused",
        "since=30d&flow=client_credentials",
        "since=30d&flow=web_server&outcome=refused",
        "since=30d&q=192.0.2.7",
        "q=user_frozen",
        "q={app}",
        "q={busy}",
        "q={user}",
        "q={app}&outcome=refused",
        "q={busy}&outcome=refused",
        "sort=time&q={app}&outcome=refused",
    ),
    "/setup/audit": ("q={app}", "event=setup:app:deleted", "q={user}"),
    "/setup/sessions": ("q={user}",),
    "/setup/usage": ("q=Ledger",),
    "/setup/requests": ("q={app}", "q={user}", "state=any&sort=app"),
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
