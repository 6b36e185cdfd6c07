"""The load: wrk on a core of its own, sending form bodies from a prepared file over so many connections."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.machine import LOAD_CORE

SCRIPT = Path(__file__).with_name("load.lua")
CLIENTS = 32


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one run of the load tool. Times in milliseconds, as a client sees them."""

    answered: int  # complete answers, with any status
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int  # answers with a status of 400 or more
    broken: int  # connections that broke, and answers that did not come in time
    repeated: bool  # whether the prepared bodies ran out and were sent again

    @property
    def succeeded(self) -> int:
        return self.answered - self.refused

    @property
    def rate(self) -> float:
        """Successful answers per second."""
        return self.succeeded / self.seconds

    @property
    def errors(self) -> int:
        return self.refused + self.broken


def write_bodies(path: Path, bodies: Iterable[str]) -> Path:
    """Prepare what is sent, one body a line."""
    path.write_text("".join(f"{body}\n" for body in bodies))
    return path


def drive(url: str, bodies: Path, seconds: int, clients: int = CLIENTS, method: str = "POST") -> Load:
    """Send what was prepared to the URL for so many seconds. Raises RuntimeError when the load tool fails."""
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError("The load tool wrk is missing; scripts/system-packages wrk installs it")
    result = bodies.with_suffix(".result")
    result.unlink(missing_ok=True)
    ran = subprocess.run(
        [
            program,
            "--threads",
            "1",
            "--connections",
            str(clients),
            "--duration",
            f"{seconds}s",
            "--timeout",
            "10s",
            "--script",
            SCRIPT,
            url,
        ],
        env={**os.environ, "BENCH_BODIES": str(bodies), "BENCH_RESULT": str(result), "BENCH_METHOD": method},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE}),
    )
    if ran.returncode != 0 or not result.exists():
        raise RuntimeError(f"wrk failed:\n{ran.stdout}{ran.stderr}")
    said = json.loads(result.read_text())
    return Load(
        answered=said["answered"],
        seconds=said["microseconds"] / 1e6,
        p50_ms=said["p50_us"] / 1000,
        p99_ms=said["p99_us"] / 1000,
        refused=said["refused"],
        broken=said["broken"] + said["timeout"],
        repeated=said["sent"] > said["prepared"],
    )
