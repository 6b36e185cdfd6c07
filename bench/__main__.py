"""`python -m bench`: rates and latencies on both databases, written to bench/report.md and bench/report.json."""

import argparse
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, operations, profiling, report, revokes, sign_in, storm
from bench.installation import KINDS, Installation, installed
from bench.operations import OPERATIONS, Operation, Run
from bench.report import Row
from bench.seed import seed
from gatebridge.storage.dialects import sqlite_version

FULL = Run(warm_up=3, measured=15)
QUICK = Run(warm_up=1, measured=2)
STARTS = 3
REVOKES = (1_000, 100_000, 1_000_000)


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _parser().parse_args(arguments)
    try:
        machine.check()
    except machine.CannotMeasure as problem:
        print(problem, file=sys.stderr)
        return 2
    run = QUICK if wanted.quick else FULL
    rows: list[Row] = []
    profiles: dict[str, str] = {}
    for kind in wanted.database or KINDS:
        found, tables = _measure(kind, wanted.only or PARTS, run, REVOKES[:1] if wanted.quick else REVOKES)
        rows += found
        profiles |= tables
    about = machine.describe() | {"SQLite": ".".join(map(str, sqlite_version()))}
    words = f"{run.measured} s after {run.warm_up} s of warm-up, for each operation"
    report.write(rows, about, profiles, datetime.now(UTC), words, wanted.output)
    print(f"\nWritten to {wanted.output / 'report.md'}")
    return 0


PARTS = ("start", *(operation.name for operation in OPERATIONS), "sign-in", "storm", "revoke", "profile")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a run of seconds that shows that everything works; its numbers mean little")
    parser.add_argument("--database", action="append", choices=KINDS, help="only this database; may be repeated")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--output", type=Path, default=report.HERE, help="the directory of the report")
    return parser


def _measure(kind: str, parts: Sequence[str], run: Run, counts: Sequence[int]) -> tuple[list[Row], dict[str, str]]:
    chosen = [operation for operation in OPERATIONS if operation.name in parts]
    profiles: dict[str, str] = {}
    with installed(kind) as installation:
        with installation.database() as database:
            seeded = seed(database, installation.base_url)
        rows = [_start(installation)] if "start" in parts else []
        with installation.serving() as server:
            rows += [_said(operations.measure(operation, installation, server, seeded, run)) for operation in chosen]
            if chosen:
                rows.append(_said(_memory(installation, server.pid)))
            if "sign-in" in parts:
                rows.append(_said(sign_in.measure(installation, server, run.measured)))
            if "storm" in parts:
                rows.append(_said(storm.measure(installation, server, seeded, run)))
            if "revoke" in parts:
                rows += map(_said, revokes.measure(installation, server, seeded, counts))
        if "profile" in parts:
            profiles = {
                _title(operation, kind): profiling.profile(operation, installation, seeded)
                for operation in chosen
                if operation.method == "POST"
            }
    return rows, profiles


def _title(operation: Operation, kind: str) -> str:
    return f"The turnstile's time in {operation.name}, {kind}"


def _start(installation: Installation) -> Row:
    seconds = []
    for _ in range(STARTS):
        with installation.serving() as server:
            seconds.append(server.start_seconds)
    times = [round(each * 1000, 1) for each in (statistics.median(seconds), max(seconds))]
    return _said(
        Row("start, until /readyz says yes", installation.kind, 0, None, times[0], times[1], 0, "importing and one look at the schema")
    )


def _memory(installation: Installation, pid: int) -> Row:
    memory = machine.memory(pid)
    words = f"the most there ever was: {memory.peak:.0f} MB"
    return Row("memory of the server after these runs", installation.kind, 0, None, None, None, 0, words, round(memory.resident, 1))


def _said(row: Row) -> Row:
    numbers = (("/s", row.rate_per_s), (" ms p50", row.p50_ms), (" ms p99", row.p99_ms), (" MB", row.rss_mb))
    print(
        f"{row.database:11} {row.operation:40}",
        *(f"{value:,.1f}{unit}" for unit, value in numbers if value is not None),
        sep="  ",
        flush=True,
    )
    return row


if __name__ == "__main__":
    sys.exit(main())
