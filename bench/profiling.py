"""Where the time of a request goes: the two steps of the turnstile, run in one thread under a profiler, batch by batch.

HTTP is not in it; the report says beside it how much of the core the HTTP thread took. A profiler makes calls dearer than they are, so
the shares of rooms with many small functions come out somewhat too large.
"""

import cProfile
import pstats
from collections import Counter
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import parse_qsl, urlsplit

from bench.installation import Installation
from bench.operations import Operation, Run
from bench.seed import Seeded
from gatebridge import bootstrap
from gatebridge.oauth import introspect, presented_token, revoke, token, userinfo
from gatebridge.oauth.keyring import Keyring
from gatebridge.oauth.outcome import Outcome
from gatebridge.oauth.record import record
from gatebridge.oauth.request import OAuthRequest
from gatebridge.rules.ids import Prefix
from gatebridge.settings.load import load
from gatebridge.storage.database import Database
from gatebridge.storage.facts import FactsReader

BATCH = 32
BATCHES = 40
RUN = Run(warm_up=0, measured=1)

# What a function's file or name begins with or contains, and what stands in the table for it. The first that fits counts.
ROOMS = (
    ("commit'", "commit: waiting for the disk"),
    ("/gatebridge/rules/", "rules"),
    ("/gatebridge/crypto/", "crypto"),
    ("/gatebridge/storage/", "storage"),
    ("/gatebridge/records/", "records"),
    ("/gatebridge/oauth/", "oauth"),
    ("/sqlalchemy/", "SQLAlchemy"),
    ("sqlalchemy.", "SQLAlchemy"),
    ("/psycopg", "database driver and waiting for PostgreSQL"),
    ("psycopg", "database driver and waiting for PostgreSQL"),
    ("select.", "database driver and waiting for PostgreSQL"),
    ("sqlite3.", "SQLite"),
    ("/json/", "JSON"),
    ("json.", "JSON"),
    ("_openssl", "crypto"),
    ("hashlib", "crypto"),
    ("sign", "crypto"),
)
OTHER = "Python's library"

Decide = Callable[[FactsReader, OAuthRequest], Outcome]


def profile(operation: Operation, installation: Installation, seeded: Seeded) -> str:
    """A table of the rooms in which the turnstile spends its time on this operation. The server need not run."""
    app = seeded.apps[operation.app]
    settings = load(installation.environ)
    keyring = Keyring(bootstrap.find_keys(settings))

    def issue(reader: FactsReader, request: OAuthRequest) -> Outcome:
        return token.decide(reader, request, keyring)

    decisions: dict[str, Decide] = {
        token.PATH: issue,
        introspect.PATH: introspect.decide,
        revoke.PATH: revoke.decide,
        userinfo.PATH: userinfo.decide,
    }
    decide = decisions[operation.path]
    host = urlsplit(installation.base_url).netloc
    with installation.database() as database:
        bodies = list(operation.bodies(installation, seeded, app, RUN))
        bodies = (bodies * (BATCH * BATCHES // len(bodies) + 1))[: BATCH * BATCHES]
        batches = [bodies[at : at + BATCH] for at in range(0, len(bodies), BATCH)]
        _pass(database, decide, host, batches[0])  # what is compiled and cached once is no part of a request
        profiler = cProfile.Profile()
        profiler.enable()
        for batch in batches[1:]:
            _pass(database, decide, host, batch)
        profiler.disable()
    return _table(pstats.Stats(profiler), requests=BATCH * (BATCHES - 1))


def _pass(database: Database, decide: Decide, host: str, bodies: list[str]) -> None:
    with database.reading() as tx:
        reader = FactsReader(tx)
        requests = [_request(body, host, tx.new_id(Prefix.RECEIPT)) for body in bodies]
        presented_token.expect(reader, [(host, each.parameters["token"]) for each in requests if "token" in each.parameters])
        outcomes = [decide(reader, each) for each in requests]
    writers = [outcome for outcome in outcomes if outcome.writes]
    if writers:
        with database.transaction() as tx:
            record(tx, writers)


def _request(body: str, host: str, operation_id: str) -> OAuthRequest:
    return OAuthRequest(
        host=host, address=ip_address("127.0.0.1"), user_agent="", operation_id=operation_id, parameters=dict(parse_qsl(body))
    )


def _table(stats: pstats.Stats, requests: int) -> str:
    seconds: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]
        where = f"{file} {name}"
        seconds[next((room for part, room in ROOMS if part in where), OTHER)] += own
    total = sum(seconds.values())
    lines = ["| Where | Share | Per request |", "|---|---|---|"]
    lines += [f"| {room} | {spent / total:.0%} | {spent / requests * 1e6:.0f} µs |" for room, spent in seconds.most_common()]
    return "\n".join(lines)
