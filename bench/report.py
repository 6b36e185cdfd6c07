"""The report: rows for machines in report.json, and what they mean in report.md."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. Where nothing is counted by the second, or has no time of its own, the number is None."""

    operation: str
    database: str
    clients: int
    rate_per_s: float | None
    p50_ms: float | None
    p99_ms: float | None  # the slowest one, where there were fewer than a hundred
    errors: int
    bound_by: str
    rss_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """What a measurement is held against."""

    begins: str  # of the operation's name
    database: str
    words: str
    rate: float = 0
    p50_ms: float = float("inf")
    p99_ms: float = float("inf")
    rss_mb: float = float("inf")

    def met(self, row: Row) -> bool:
        return (
            (row.rate_per_s or float("inf")) >= self.rate
            and (row.p50_ms or 0) <= self.p50_ms
            and (row.p99_ms or 0) <= self.p99_ms
            and (row.rss_mb or 0) <= self.rss_mb
            and row.errors == 0
        )


AIMS = (
    Aim("client credentials", "sqlite", "3,000/s, p99 under 50 ms", rate=3000, p99_ms=50),
    Aim("client credentials", "postgresql", "1,200/s", rate=1200),
    Aim("introspection", "sqlite", "4,000/s, p99 under 50 ms", rate=4000, p99_ms=50),
    Aim("introspection", "postgresql", "1,600/s", rate=1600),
    Aim("revoke an app", "sqlite", "under 10 ms with any number", p50_ms=10),
    Aim("revoke an app", "postgresql", "under 10 ms with any number", p50_ms=10),
    Aim("start", "sqlite", "under 2 s", p50_ms=2000),
    Aim("start", "postgresql", "under 2 s", p50_ms=2000),
    Aim("memory", "sqlite", "under 150 MB", rss_mb=150),
    Aim("memory", "postgresql", "under 150 MB", rss_mb=150),
)

HEAD = """# Benchmark

What `make bench` measured on {date}. The server runs on one core, as `gatebridge serve` with the settings of production. The load tool
(wrk) runs on another, which PostgreSQL shares with it. Every token answer is durable before it leaves: SQLite with `synchronous=FULL`,
PostgreSQL with `fsync` and `synchronous_commit`; each has its history line with receipt. After every run the rows in the database are
counted and compared with the answers that clients got; a difference fails the benchmark.
"""


def aim_for(row: Row) -> Aim | None:
    return next((aim for aim in AIMS if row.operation.startswith(aim.begins) and row.database == aim.database), None)


def write(
    rows: Sequence[Row], machine: Mapping[str, str], profiles: Mapping[str, str], measured_at: datetime, run: str, directory: Path = HERE
) -> None:
    """Write both files. `profiles` holds a ready table for each thing that was profiled, `run` says how long was measured."""
    (directory / "report.json").write_text(json.dumps([_as_json(row) for row in rows], indent=2) + "\n")
    lines = [HEAD.format(date=measured_at.strftime("%d %B %Y")), "| | |", "|---|---|"]
    lines += [f"| {name} | {words} |" for name, words in machine.items()]
    lines += [f"| run | {run} |", "", "## Measurements", ""]
    lines += ["| Operation | Database | Clients | Per second | p50 | p99 | Memory | Errors | Aim | Met |"]
    lines += ["|---|---|---|---|---|---|---|---|---|---|", *map(_line, rows), ""]
    lines += ["Revokes are measured one at a time and their slowest stands under p99; the start is the median of several.", ""]
    lines += ["## What bounds it", "", "| Operation | Database | Bound by |", "|---|---|---|"]
    lines += [f"| {row.operation} | {row.database} | {row.bound_by} |" for row in rows if row.bound_by]
    for title, table in profiles.items():
        lines += ["", f"### {title}", "", table]
    (directory / "report.md").write_text("\n".join(lines).rstrip() + "\n")


def _as_json(row: Row) -> dict[str, object]:
    said = asdict(row)
    if row.rss_mb is None:
        del said["rss_mb"]
    return said


def _line(row: Row) -> str:
    aim = aim_for(row)
    rate = f"{row.rate_per_s:,.0f}" if row.rate_per_s is not None else ""
    memory = f"{row.rss_mb:.0f} MB" if row.rss_mb is not None else ""
    met = "" if aim is None else "yes" if aim.met(row) else "**no**"
    cells = [row.operation, row.database, str(row.clients or ""), rate, _ms(row.p50_ms), _ms(row.p99_ms), memory, str(row.errors)]
    return f"| {' | '.join(cells)} | {aim.words if aim else ''} | {met} |"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"
