"""The host decides the org before anything else; where no org lives, nothing answers."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gatebridge.rules.reasons import request as request_reasons
from gatebridge.storage import orgs
from gatebridge.storage.database import Clock, Database
from gatebridge.web.refusal import refuse

# A load balancer asks these at the machine's own address.
FOR_ANY_HOST = frozenset({"/healthz", "/readyz", "/metrics"})

LONGEST_HOST = 255
REMEMBERED = timedelta(seconds=5)
MOST_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Known:
    """What was found at a host, and how long that is believed."""

    issuer: str | None
    until: datetime


class Hosts:
    """Sets `scope["gatebridge.host"]` and `scope["gatebridge.issuer"]`, or refuses with 421 (RFC 9110 section 15.5.20).

    What is remembered for a moment only spares a query: whoever decides anything reads the org again, in its own transaction.
    """

    def __init__(self, app: ASGIApp, database: Database, clock: Clock) -> None:
        self.app = app
        self.database = database
        self.clock = clock
        self.known: OrderedDict[str, Known] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        hosts = Headers(scope=scope).getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        scope["gatebridge.host"] = host
        scope["gatebridge.issuer"] = None
        if scope["path"] not in FOR_ANY_HOST:
            issuer = await self._issuer_at(host)
            if issuer is None:
                await refuse(request_reasons.HOST_UNKNOWN, scope, receive, send)
                return
            scope["gatebridge.issuer"] = issuer
        await self.app(scope, receive, send)

    async def _issuer_at(self, host: str) -> str | None:
        if not 0 < len(host) <= LONGEST_HOST:
            return None
        now = self.clock()
        known = self.known.get(host)
        if known is None or known.until <= now:
            known = Known(await run_in_threadpool(self._look_up, host), now + REMEMBERED)
            self.known[host] = known
            self.known.move_to_end(host)
            # A flood of invented hosts pushes itself out, and costs a query for each at worst.
            if len(self.known) > MOST_REMEMBERED:
                self.known.popitem(last=False)
        return known.issuer

    def _look_up(self, host: str) -> str | None:
        with self.database.reading() as tx:
            org = orgs.by_host(tx, host)
        return org.issuer if org is not None else None
