"""What the numbers were measured on, and what the kernel counts while they are: processor time, memory, cores."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE = 0
LOAD_CORE = 1

TICKS = os.sysconf("SC_CLK_TCK")


class CannotMeasure(Exception):  # noqa: N818 - said of the machine
    """This machine cannot give each side a core of its own."""


def check() -> None:
    """Raise CannotMeasure unless the server and the load tool can each be given a core."""
    if not sys.platform.startswith("linux"):
        raise CannotMeasure("The measurements read /proc and pin processes to cores, which only Linux offers.")
    if not {SERVER_CORE, LOAD_CORE} <= os.sched_getaffinity(0):
        raise CannotMeasure("The measurements need cores 0 and 1: one for the server, one for the load tool.")


def describe() -> dict[str, str]:
    """The machine and the versions, for the head of the report."""
    return {
        "processor": f"{_field('/proc/cpuinfo', 'model name') or platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{int((_field('/proc/meminfo', 'MemTotal') or '0 kB').split()[0]) // 1024} MB",
        "system": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _field(path: str, name: str) -> str | None:
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of one process, in MB of a million bytes: now, and the most there ever was."""

    resident: float
    peak: float


def memory(pid: int) -> Memory:
    path = f"/proc/{pid}/status"
    resident, peak = (int((_field(path, name) or "0 kB").split()[0]) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
    return Memory(resident, peak)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of processor time: the main thread of a process, its other threads, and everything on the load tool's core."""

    main: float
    others: float
    load_core: float

    def since(self, earlier: "Spent") -> "Spent":
        return Spent(self.main - earlier.main, self.others - earlier.others, self.load_core - earlier.load_core)


def spent(pid: int) -> Spent:
    """What a process has spent so far. In the server the main thread speaks HTTP, and the turnstile is nearly all of the others."""
    threads = {int(task.name): _ticks(task / "stat") for task in Path(f"/proc/{pid}/task").iterdir()}
    return Spent(
        main=threads.pop(pid, 0) / TICKS,
        others=sum(threads.values()) / TICKS,
        load_core=_busy(LOAD_CORE) / TICKS,
    )


def _ticks(stat: Path) -> int:
    try:
        after_name = stat.read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # the thread has ended since the directory was read
        return 0
    return int(after_name[11]) + int(after_name[12])  # utime and stime, proc(5)


def _busy(core: int) -> int:
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _, _, irq, softirq, *_ = (int(each) for each in ticks)
            return user + nice + system + irq + softirq
    return 0


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Bind this process to one core for as long as the block lasts."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pin_family(pid: int, core: int) -> None:
    """Bind a process and those that it has started so far to one core; later ones inherit it."""
    parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    for member in family:
        try:
            os.sched_setaffinity(member, {core})
        except ProcessLookupError:  # it has ended since it was listed
            continue


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
