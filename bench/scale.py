"""`python -m bench.scale`: large data. A flood of strangers must not fill the disk, a purge must not stop the traffic, the millionth
line of the history must be as near as the first, a month of decisions must be replayed while somebody waits, a query over half a year of
logins must be answered at once, and so must every list of setup."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from bench import large_org, lists, machine, replays, soql
from bench.installation import KINDS, Installation, installed
from bench.load import drive, write_bodies
from bench.operations import TOKEN, ask
from bench.recorded import newest_line, newest_token, recorded, size_in_mb
from bench.seed import Seeded, seed
from bench.tokens import add_live_tokens
from gatebridge.rules.ids import Prefix, floor
from gatebridge.rules.replays import Kind
from gatebridge.storage import history_reading, login_history, tokens
from gatebridge.storage.database import Database

MOST_GROWTH_MB = 20
SLICE_SECONDS = 10
BODIES = 100_000  # different bogus requests; each of them from a network of its own
PURGE_CHUNK = 1_000
LONGEST_CHUNK_MS = 500
PAGE = 50
SLOWEST_PAGE_MS = 50
REPLAYED = 100_000
SLOWEST_REPLAY_SECONDS = 10
QUERIED = 5  # times as many lines as a check is asked for
SLOWEST_QUERY_MS = 100
CHUNK = 5_000

# The benchmark plays the proxy on the loopback interface, so it may say from where its requests come.
SETTINGS = {"GATEBRIDGE_TRUSTED_PROXIES": "127.0.0.1/32", "GATEBRIDGE_LOG_LEVEL": "warning"}

Check = Callable[[Installation, Seeded, int], bool]


def bogus_requests(installation: Installation, seeded: Seeded, count: int) -> bool:
    """So many requests from strangers, from as many networks as there are: unknown keys, wrong secrets, no client, bodies that are none."""
    bodies = write_bodies(installation.directory / "bogus.txt", islice(_bogus(seeded), min(count, BODIES)))
    with installation.serving() as server, installation.database() as database:
        before, rows = size_in_mb(database), recorded(database)
        sent = succeeded = 0
        while sent < count:
            load = drive(server.url(TOKEN), bodies, SLICE_SECONDS)
            sent, succeeded = sent + load.answered, succeeded + load.succeeded
            _progress(f"{sent:,} bogus requests, {load.answered / load.seconds:,.0f}/s")
        grown = size_in_mb(database) - before
        written = recorded(database).since(rows)
        resident = machine.memory(server.pid).resident
    well = grown < MOST_GROWTH_MB and succeeded == 0 and written.tokens == 0
    return _said(
        well,
        f"{sent:,} bogus requests added {grown:.1f} MB ({written.history:,} receipts); the server holds {resident:.0f} MB",
        f"less than {MOST_GROWTH_MB} MB, and none let in",
    )


def _bogus(seeded: Seeded) -> Iterator[str]:
    app = seeded.apps["opaque"]
    kinds = (
        "grant_type=client_credentials&client_id=gbk_nobody{n}&client_secret=gbs_nothing",
        f"grant_type=client_credentials&client_id={app.consumer_key}&client_secret=gbs_wrong{{n}}",
        "grant_type=client_credentials",
        "grant_type=client_credentials&grant_type=password&client_id=x{n}",
        "%ff%fe{n}",
    )
    number = 0
    while True:
        address = f"{number % 223 + 1}.{number // 223 % 256}.{number // 57_088 % 256}.7"
        yield f"{address}\t{kinds[number % len(kinds)].format(n=number)}"
        number += 1


def purge(installation: Installation, seeded: Seeded, count: int) -> bool:
    """So many tokens that have expired go in chunks. No chunk may hold the writer for long, since the traffic waits behind it."""
    with installation.serving() as server:
        ask(server, TOKEN, seeded.apps["opaque"].form(grant_type="client_credentials"))
    with installation.database() as database:
        like = newest_token(database, seeded.apps["opaque"].id)
        add_live_tokens(database, like, count, life=timedelta(seconds=-1))
        _progress(f"{count:,} expired tokens are there")
        began, slowest, gone = time.perf_counter(), 0.0, 0
        while True:
            started = time.perf_counter()
            with database.transaction() as tx:
                chunk = tokens.purge(tx, seeded.org_id, tx.now, floor(Prefix.RECEIPT, tx.now), PURGE_CHUNK)
            slowest = max(slowest, (time.perf_counter() - started) * 1000)
            gone += chunk
            if chunk < PURGE_CHUNK:
                break
        seconds = time.perf_counter() - began
    return _said(
        gone >= count and slowest < LONGEST_CHUNK_MS,
        f"{gone:,} expired tokens purged in {seconds:.0f} s, the slowest chunk of {PURGE_CHUNK:,} in {slowest:.0f} ms",
        f"all of them, no chunk over {LONGEST_CHUNK_MS} ms",
    )


def deep_history(installation: Installation, seeded: Seeded, count: int) -> bool:
    """A page of the history costs the same at the newest line as behind so many others, with and without a filter."""
    app = seeded.apps["opaque"]
    with installation.serving() as server:
        ask(server, TOKEN, app.form(grant_type="client_credentials"))
    with installation.database() as database:
        like = newest_line(database, seeded.org_id, app.id)
        added = 0
        while added < count:
            with database.transaction() as tx:
                size = min(CHUNK, count - added)
                lines = [replace(like, id=tx.new_id(Prefix.RECEIPT), at=tx.now) for _ in range(size)]
                login_history.insert_many(tx, lines)
            added += size
        _progress(f"{count:,} lines are there")
        times = {
            where: _page_ms(database, seeded.org_id, before, app.id) for where, before in (("newest", None), ("oldest", like.id + "z"))
        }
    slowest = max(times.values())
    return _said(
        slowest < SLOWEST_PAGE_MS,
        f"a page of {PAGE} out of {count:,}: {times['newest']:.1f} ms at the newest line, {times['oldest']:.1f} ms at the oldest",
        f"under {SLOWEST_PAGE_MS} ms everywhere",
    )


def _page_ms(database: Database, org_id: str, before: str | None, app_id: str) -> float:
    slowest = 0.0
    for filtered in (None, app_id):
        with database.snapshot() as tx:
            history_reading.page(tx, org_id, before=before, limit=PAGE, app_id=filtered)  # the first time fills caches
            began = time.perf_counter()
            history_reading.page(tx, org_id, before=before, limit=PAGE, app_id=filtered)
            slowest = max(slowest, (time.perf_counter() - began) * 1000)
    return slowest


def policy_replay(installation: Installation, seeded: Seeded, count: int) -> bool:
    """So many decisions are judged again, on the facts of today and on those of a draft, by one process on one core."""
    count = min(count, REPLAYED)
    with installation.database() as database:
        replays.add_history(database, seeded, count)
        _progress(f"{count:,} decisions are there")
        with machine.pinned(machine.SERVER_CORE):
            found = replays.replay_once(database, seeded)
    answer = found.answer
    refused = answer.sums[Kind.REFUSED].lines
    return _said(
        found.seconds < SLOWEST_REPLAY_SECONDS and answer.judged == count and 0 < refused < count,
        f"{answer.judged:,} decisions ({answer.decisions:,} different ones) replayed in {found.seconds:.1f} s, of which "
        f"{found.processor_seconds:.1f} s on the processor; {refused:,} would be refused",
        f"all of them in {SLOWEST_REPLAY_SECONDS} s",
    )


def queries(installation: Installation, seeded: Seeded, count: int) -> bool:
    """A query in which an index serves answers at once, from its text to its last record, over five million lines."""
    count *= QUERIED
    with installation.database() as database:
        began = time.perf_counter()
        apps = [*(app.id for app in seeded.apps.values()), soql.NO_APP]
        soql.add_history(database, seeded.org_id, apps, [user.id for user in seeded.people.users], count)
        _progress(f"{count:,} lines are there, after {time.perf_counter() - began:.0f} s")
        with machine.pinned(machine.SERVER_CORE):
            times = soql.times_ms(database, seeded)
    for text, milliseconds in times.items():
        _progress(f"{milliseconds:6.1f} ms  {text}")
    slowest = max(times, key=times.__getitem__)
    return _said(
        times[slowest] < SLOWEST_QUERY_MS,
        f"{len(times)} queries over {count:,} lines: the slowest in {times[slowest]:.1f} ms ({slowest})",
        f"all under {SLOWEST_QUERY_MS} ms",
    )


def setup_lists(installation: Installation, seeded: Seeded, count: int) -> bool:
    """Every list of setup in a large org, in each of its orders: answered at once, and small."""
    with installation.database() as database:
        began = time.perf_counter()
        org = large_org.add(database, seeded, count * QUERIED, lambda words: _progress(f"{time.perf_counter() - began:4.0f} s  {words}"))
    with installation.serving() as server:
        found = lists.measure(server, org, lambda page: _progress(str(page)))
    slowest, largest = max(found, key=lambda page: page.milliseconds), max(found, key=lambda page: page.kilobytes)
    return _said(
        all(page.well for page in found),
        f"{len(found)} pages over {count * QUERIED:,} lines: the slowest in {slowest.milliseconds:.0f} ms ({slowest.path}), "
        f"the largest with {largest.kilobytes:.0f} kB ({largest.path})",
        f"all under {lists.SLOWEST_MS} ms and {lists.LARGEST_KB} kB",
    )


CHECKS: dict[str, Check] = {
    "bogus": bogus_requests,
    "purge": purge,
    "history": deep_history,
    "replay": policy_replay,
    "queries": queries,
    "lists": setup_lists,
}


def _progress(words: str) -> None:
    print(f"  {words}", flush=True)


def _said(well: bool, found: str, wanted: str) -> bool:
    print(f"{'ok    ' if well else 'FAILED'} {found} (wanted: {wanted})", flush=True)
    return well


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="requests, tokens and lines (a million)")
    parser.add_argument("--database", action="append", choices=KINDS, help="only this database; may be repeated")
    parser.add_argument("--only", action="append", choices=sorted(CHECKS), help="only this check; may be repeated")
    wanted = parser.parse_args(arguments)
    try:
        machine.check()
    except machine.CannotMeasure as problem:
        print(problem, file=sys.stderr)
        return 2
    well = True
    for kind in wanted.database or KINDS:
        for name in wanted.only or CHECKS:
            print(f"{kind}, {name}", flush=True)
            with installed(kind, SETTINGS) as installation:
                with installation.database() as database:
                    seeded = seed(database, installation.base_url)
                well = CHECKS[name](installation, seeded, wanted.count) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
