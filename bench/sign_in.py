"""Password sign-ins over HTTP: how many a second, what one hash costs, and what a storm of them leaves of the token rate."""

import os
import statistics
import threading
import time
from dataclasses import dataclass, field

import httpx

from bench.installation import Installation, Server
from bench.report import Row
from gatebridge.crypto.passwords import PasswordHasher
from gatebridge.demo.browser import Forms

PATH = "/signin"
PASSWORD = "bench: a long river of slow glass"
USERNAME = "user0@bench.example"
CLIENTS = 4


@dataclass
class Storm:
    """People who sign in one after the other, from so many browsers at once, until told to stop."""

    server: Server
    clients: int = CLIENTS
    took_ms: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Storm":
        self.threads = [threading.Thread(target=self._sign_in, daemon=True) for _ in range(self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def _sign_in(self) -> None:
        while not self.stopping.is_set():
            with httpx.Client(base_url=self.server.base_url, trust_env=False, timeout=30) as http:
                form = Forms(http.get(PATH).text).found["signin"]
                began = time.perf_counter()
                answer = http.post(form.action or PATH, data=form.fields | {"username": USERNAME, "password": PASSWORD})
                if answer.status_code == 303:
                    self.took_ms.append((time.perf_counter() - began) * 1000)
                else:
                    self.failed.append(str(answer.status_code))


def measure(installation: Installation, server: Server, seconds: int) -> Row:
    """The rate of sign-ins, each in a fresh browser, with the cost of one hash beside it."""
    cost = hash_ms()
    began = time.perf_counter()
    with Storm(server) as storm:
        time.sleep(seconds)
    took, times = time.perf_counter() - began, sorted(storm.took_ms)
    return Row(
        operation="password sign-in",
        database=installation.kind,
        clients=storm.clients,
        rate_per_s=round(len(times) / took, 1),
        p50_ms=round(statistics.median(times), 1) if times else None,
        p99_ms=round(times[int(len(times) * 0.99)], 1) if times else None,
        errors=len(storm.failed),
        bound_by=f"Argon2id: {cost:.0f} ms of one core for each hash",
    )


def hash_ms() -> float:
    """What one password hash costs on this machine, in milliseconds: the median of seven."""
    hasher = PasswordHasher(1, random=os.urandom)
    stored = hasher.hash(PASSWORD)
    times = []
    for _ in range(7):
        began = time.perf_counter()
        hasher.verify(stored, PASSWORD)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
