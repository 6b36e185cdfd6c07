"""Pages of other origins (CORS): which may ask at all. What they may read of an answer is said per app, in `oauth/origins.py`.

A preflight names no app, so it is answered for every origin that stands in an https callback of an app of this org. Never for `null`,
never for all, and never with cookies: these endpoints take none (standards G-11, X-HT-06).
"""

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from gatebridge.oauth.outcome import Answer
from gatebridge.storage.database import Database
from gatebridge.storage.facts import FactsReader

# The header that says that the answer depends on who asks, so that no cache gives one origin's answer to another.
VARY = ("Vary", "Origin")
SECONDS = "600"


def origin(scope: Scope) -> str | None:
    """The origin of the page that sends the request; None where the sender is no page, or says so more than once."""
    return _header(scope, b"origin")


def is_preflight(scope: Scope) -> bool:
    """Whether a browser asks if a page of another origin may send the request that it names (Fetch, section 4.8)."""
    asked = _header(scope, b"access-control-request-method")
    return scope["method"] == "OPTIONS" and origin(scope) is not None and asked is not None


def _header(scope: Scope, name: bytes) -> str | None:
    found = [value for each, value in scope["headers"] if each == name]
    return found[0].decode("latin-1") if len(found) == 1 else None


async def preflight(database: Database, scope: Scope, methods: str) -> Answer:
    """The answer to a preflight. `methods` is what the endpoint takes, such as `POST`."""
    host, asking = (_header(scope, b"host") or "").lower(), origin(scope) or ""

    def known() -> bool:
        with database.reading() as tx:
            reader = FactsReader(tx)
            org = reader.org(host)
            return org is not None and reader.origin_known(org, asking)

    if not await run_in_threadpool(known):
        return Answer(204, None, (VARY,))
    allowed = (
        ("Access-Control-Allow-Origin", asking),
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
        ("Access-Control-Max-Age", SECONDS),
    )
    return Answer(204, None, (*allowed, VARY))
