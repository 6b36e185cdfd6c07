"""Queries over a large login history: half a year of it, written by the database itself, and what its readers ask."""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from bench.seed import Seeded
from gatebridge.rules.actors import Actor
from gatebridge.rules.ids import ALPHABET, EPOCH, long
from gatebridge.salesforce import query
from gatebridge.salesforce.query import QueryResult
from gatebridge.storage import dialects, history_reading
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

DAYS = 180
CHUNK = 40_000
NO_APP = ""  # of a line that is about none
TIMES = 7  # each query is asked, after a first time that fills the caches
DIGITS = 7  # of an id, that tell its milliseconds

# As long as the receipt of a success is, more or less; and one of a refusal.
GATES = ("client", "app", "installed", "flow", "proof", "scopes", "user", "permitted", "network", "lifetime")
PASSED = [{"gate": gate, "state": "passed", "words": "It passed."} for gate in GATES]
RECEIPT = json.dumps({"findings": PASSED, "request": {}})
REFUSED = json.dumps({"findings": [*PASSED[:4], {"gate": "proof", "state": "refused", "words": "It is wrong.", "reason": "secret_wrong"}]})

# Of a hundred lines two are refusals, for three reasons. Apps and people are taken from two tables that are made for it, by turns. Some
# lines are sign-ins, and name no app.
ADD = """
INSERT INTO login_history (org_id, id, at, event, outcome, reason, app_id, user_id, flow, address, user_agent, status, receipt)
SELECT :org_id, '0Ya' || {digits} || '07000', {moment}, 'token',
    CASE WHEN line.n % 50 = 0 THEN 'refused' ELSE 'success' END,
    CASE WHEN line.n % 50 = 0 THEN CASE line.n % 3 WHEN 0 THEN 'secret_wrong' WHEN 1 THEN 'user_frozen' ELSE 'ip_not_allowed' END END,
    bench_apps.id, bench_people.id, 'web_server',
    '192.0.2.' || (line.n % 250), 'Mozilla/5.0 Firefox/146', CASE WHEN line.n % 50 = 0 THEN 400 ELSE 200 END,
    CASE WHEN line.n % 50 = 0 THEN {refused} ELSE {receipt} END
FROM ({numbers}) AS line
JOIN bench_apps ON bench_apps.n = line.n * 104729 % :app_count
JOIN bench_people ON bench_people.n = {person} % :people_count
"""
# Whose a line is: anybody's, with any app; or somebody's of the twenty that each app has, a busy one of them many times over.
ANYBODY = "line.n * 7919"
OF_THE_APP = "(bench_apps.n * 37 + line.n / :app_count % 20)"
# A line's milliseconds, and how each database counts and writes moments.
MILLISECONDS = "(:began + line.n * :step)"
DIALECTS = {
    "sqlite": {
        "numbers": "WITH RECURSIVE counted(n) AS (SELECT :start UNION ALL SELECT n + 1 FROM counted WHERE n < :end) SELECT n FROM counted",
        "moment": f"({MILLISECONDS} + :epoch) * 1000",
        "receipt": ":receipt",
        "refused": ":refused",
    },
    "postgresql": {
        "numbers": "SELECT n FROM generate_series(CAST(:start AS bigint), CAST(:end AS bigint)) AS counted(n)",
        "moment": f"to_timestamp(({MILLISECONDS} + :epoch) / 1000.0)",
        "receipt": "CAST(:receipt AS jsonb)",
        "refused": "CAST(:refused AS jsonb)",
    },
}


def add_history(database: Database, org_id: str, apps: Sequence[str], people: Sequence[str], count: int, person: str = ANYBODY) -> None:
    """So many lines, evenly over the last half year, spread over people and apps; an app that is named more often has more of them."""
    kind = "sqlite" if database.is_sqlite else "postgresql"
    powers = [62**place for place in reversed(range(DIGITS))]
    digits = " || ".join(f"substr('{ALPHABET}', CAST({MILLISECONDS} / {power} % 62 AS integer) + 1, 1)" for power in powers)
    statement = sa.text(ADD.format(digits=digits, person=person, **DIALECTS[kind]))
    with database.transaction() as tx:
        patient(tx)
        began = tx.now - timedelta(days=DAYS)
        for name, ids in (("bench_apps", apps), ("bench_people", people)):
            tx.connection.exec_driver_sql(f"CREATE TABLE {name} (n bigint PRIMARY KEY, id varchar(15) NOT NULL)")
            tx.connection.execute(sa.text(f"INSERT INTO {name} VALUES (:n, :id)"), [{"n": n, "id": each} for n, each in enumerate(ids)])
            tx.connection.exec_driver_sql(f"ANALYZE {name}")
    said: dict[str, object] = {
        "org_id": org_id,
        "receipt": RECEIPT,
        "refused": REFUSED,
        "app_count": len(apps),
        "people_count": len(people),
        "began": (began - EPOCH) // timedelta(milliseconds=1),
        "step": timedelta(days=DAYS) // timedelta(milliseconds=1) // count,
        "epoch": int(EPOCH.timestamp() * 1000),
    }
    for start in range(0, count, CHUNK):
        with database.transaction() as tx:
            patient(tx)
            tx.connection.execute(statement, said | {"start": start, "end": min(start + CHUNK, count) - 1})
    look_at_sizes(database)


def look_at_sizes(database: Database) -> None:
    """What each database does by itself for one that has grown so large: the product for SQLite, autovacuum for PostgreSQL.

    That one comes within a minute of so many rows, and works for as long; here it is waited for, and not measured.
    """
    if database.is_sqlite:
        with database.transaction() as tx:
            dialects.refresh_statistics(tx.connection)
        return
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        connection.exec_driver_sql("VACUUM (ANALYZE)")


def patient(tx: Tx) -> None:
    """Let a statement of this transaction take as long as it does: it is the benchmark's own."""
    if tx.connection.dialect.name == "postgresql":
        tx.connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def times_ms(database: Database, seeded: Seeded) -> dict[str, float]:
    """How long each query takes, by what is asked: the middle one of several times, of which the first is not counted."""
    actor = replace(seeded.actor, operation_id="bench")
    return {text: _middle(database, asked) for text, asked in _asked(database, seeded, actor).items()}


def _asked(database: Database, seeded: Seeded, actor: Actor) -> Mapping[str, Callable[[Tx], QueryResult]]:
    app = seeded.apps["opaque"]
    user_id = seeded.people.users[7].id
    with database.snapshot() as tx:
        some = history_reading.page(tx, seeded.org_id, limit=1, user_id=user_id)[0]
    fields = "UserId, LoginTime, SourceIp, Status, Application"
    texts = [
        f"SELECT {fields} FROM LoginHistory WHERE Id = '{long(some.id)}'",
        f"SELECT {fields} FROM LoginHistory WHERE UserId = '{long(user_id)}' ORDER BY LoginTime DESC",
        f"SELECT {fields} FROM LoginHistory WHERE ConnectedApplicationId = '{long(app.id)}' ORDER BY LoginTime DESC",
        f"SELECT {fields} FROM LoginHistory WHERE Application = '{app.label}' AND Status != 'Success' ORDER BY LoginTime DESC LIMIT 200",
        f"SELECT {fields} FROM LoginHistory WHERE Status != 'Success' ORDER BY LoginTime DESC LIMIT 200",
        f"SELECT {fields} FROM LoginHistory WHERE Status != 'Success' AND LoginTime = LAST_N_DAYS:7 ORDER BY LoginTime DESC",
        f"SELECT {fields} FROM LoginHistory WHERE Status = 'secret_wrong' ORDER BY LoginTime DESC",
        f"SELECT {fields} FROM LoginHistory WHERE LoginTime = YESTERDAY ORDER BY LoginTime",
        f"SELECT {fields} FROM LoginHistory WHERE UserId = '{long(user_id)}' AND LoginTime = LAST_N_DAYS:7",
        f"SELECT COUNT() FROM LoginHistory WHERE UserId = '{long(user_id)}'",
        f"SELECT {fields} FROM LoginHistory",
    ]
    asked = {text: _first_page(actor, text) for text in texts}
    with database.snapshot() as tx:
        locator = query.run(tx, actor, "UTC", texts[-1]).next_locator
    assert locator is not None
    return asked | {"and its next page": lambda tx: query.more(tx, actor, locator)}


def _first_page(actor: Actor, text: str) -> Callable[[Tx], QueryResult]:
    return lambda tx: query.run(tx, actor, "UTC", text)


def _middle(database: Database, asked: Callable[[Tx], QueryResult]) -> float:
    times = []
    for _ in range(TIMES + 1):
        with database.snapshot() as tx:
            began = time.perf_counter()
            asked(tx)
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[1:])
