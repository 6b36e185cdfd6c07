"""One log line and one count for every request."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatebridge.rules import ids
from gatebridge.web.metrics import Metrics

log = structlog.get_logger("gatebridge.access")

# Asked every few seconds by machines: counted, but not worth a line each.
UNLOGGED = frozenset({"/healthz", "/readyz", "/metrics"})
# Asked for every request to somebody else's API, or every second by its guard. A yes is no news; a no has its line in the history.
ASKED_BY_APIS = frozenset({"/authz", "/authz/path", "/services/oauth2/revocations"})
# Below it, addresses name the records that are read, and not only what kind of record.
OF_RECORDS = "/services/data/"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class AccessLog:
    """Never logs a query string, a header or a body: on the OAuth paths they hold credentials, and elsewhere names of people."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0
        began = time.perf_counter()

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched_send)
        finally:
            seconds = time.perf_counter() - began
            route = route_of(scope)
            self.metrics.requests.labels(route, scope["method"] if scope["method"] in METHODS else "other", str(status)).inc()
            self.metrics.seconds.labels(route).observe(seconds)
            if scope["path"] not in UNLOGGED:
                tell = log.debug if scope["path"] in ASKED_BY_APIS and status == 200 else log.info
                tell(
                    "request",
                    operation_id=ids.long(scope["gatebridge.operation_id"]),
                    callers_id=scope["gatebridge.callers_id"],
                    method=scope["method"],
                    path=_logged(scope, route),
                    route=route,
                    status=status,
                    ms=round(seconds * 1000, 2),
                    address=str(scope.get("gatebridge.address") or "unknown"),
                    org=scope.get("gatebridge.issuer"),
                )


def _logged(scope: Scope, route: str) -> str:
    """The path. Of the resource surface only its pattern, since there it names whom somebody reads about, and places in long queries."""
    named = scope["path"].startswith(OF_RECORDS) and "endpoint" in scope and "rest" not in scope.get("path_params", {})
    path: str = route if named else scope["path"]
    return path


def route_of(scope: Scope) -> str:
    """The pattern of the route that answered, with names in place of values; `unmatched` where none did."""
    if "endpoint" not in scope:
        return "unmatched"
    path, names = scope["path"], {}
    for name, value in scope.get("path_params", {}).items():
        if "/" in str(value):  # the rest of an address, which a route takes whatever it is
            path = path.rstrip("/").removesuffix(value.rstrip("/")) + f"{{{name}}}"
        else:
            names[str(value)] = f"{{{name}}}"
    return "/".join(names.get(part, part) for part in path.split("/"))
