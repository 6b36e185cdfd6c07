"""`python -m bench.soak`: the server is killed under load, again and again, and every token that a client got must be there afterwards.

Clients write each token into a ledger when its answer has arrived, and not before. After every kill the server is started anew, and each
token of the ledger is looked for, with its history line. Between the kills the memory of a server that lives longer must stay flat.
"""

import argparse
import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from bench import machine
from bench.installation import KINDS, Installation, Server, installed
from bench.operations import INTROSPECT, TOKEN, ask
from bench.recorded import missing
from bench.seed import Seeded, SeededApp, seed

CLIENTS = 16
BEFORE_KILL = (0.5, 3.0)  # seconds of load
SETTLING = 0.4  # of a long life: caches fill in this part, and after it memory is compared
MOST_GROWTH_MB = 15
SAMPLES = 20


class Clients:
    """Clients that ask for tokens as fast as they get them, until told to stop or until the server is gone."""

    def __init__(self, server: Server, app: SeededApp) -> None:
        self._server = server
        self._form = app.form(grant_type="client_credentials")
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CLIENTS)]
        self.ledger: list[str] = []
        self.wrong: list[str] = []  # answers that are neither a token nor a broken connection

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        parts = urlsplit(self._server.base_url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        try:
            while not self._stop.is_set():
                connection.request("POST", TOKEN, self._form, {"Content-Type": "application/x-www-form-urlencoded"})
                answer = connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    self.ledger.append(json.loads(text)["access_token"])
                else:
                    self.wrong.append(f"{answer.status} {text[:200]!r}")
        except (OSError, http.client.HTTPException, ValueError):
            return  # the server is gone in the middle of an answer, which is what is wanted here
        finally:
            connection.close()


def kill_again_and_again(installation: Installation, seeded: Seeded, rounds: int) -> bool:
    """Load, kill -9, start, look for every acknowledged token. False as soon as one is missing."""
    app = seeded.apps["opaque"]
    chance = random.Random(rounds)
    acknowledged = 0
    for number in range(1, rounds + 1):
        server = installation.start()
        clients = Clients(server, app)
        try:
            clients.start()
            time.sleep(chance.uniform(*BEFORE_KILL))  # the load itself; nothing is waited for
        finally:
            server.kill()
            clients.stop()
        with installation.serving() as again, installation.database() as database:
            lost = missing(database, seeded.org_id, clients.ledger)
            newest = ask(again, INTROSPECT, app.form(token=clients.ledger[-1])) if clients.ledger else {"active": True}
        acknowledged += len(clients.ledger)
        if lost or clients.wrong or newest.get("active") is not True:
            print(f"FAILED round {number}: {len(lost)} acknowledged tokens are gone; newest: {newest}; wrong answers: {clients.wrong[:3]}")
            return False
        print(
            f"ok     round {number}: killed after {len(clients.ledger):,} tokens, started in {again.start_seconds:.1f} s, none lost",
            flush=True,
        )
    print(f"ok     {rounds} kills, {acknowledged:,} acknowledged tokens, all found", flush=True)
    return True


def live_long(installation: Installation, seeded: Seeded, seconds: float) -> bool:
    """Load for so long on one server, whose memory must stay flat once its caches are full."""
    with installation.serving() as server:
        clients = Clients(server, seeded.apps["opaque"])
        clients.start()
        try:
            time.sleep(seconds * SETTLING)
            samples = []
            for _ in range(SAMPLES):
                samples.append(machine.memory(server.pid).resident)
                time.sleep(seconds * (1 - SETTLING) / SAMPLES)
        finally:
            clients.stop()
    half = len(samples) // 2
    grown = max(samples[half:]) - max(samples[:half])
    well = grown < MOST_GROWTH_MB and not clients.wrong and bool(clients.ledger)
    print(
        f"{'ok    ' if well else 'FAILED'} {len(clients.ledger):,} tokens in {seconds:,.0f} s; memory {samples[0]:.0f} MB with full "
        f"caches, {samples[-1]:.0f} MB at the end (wanted: under {MOST_GROWTH_MB} MB more); wrong answers: {clients.wrong[:3]}",
        flush=True,
    )
    return well


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="how often the server is killed on each database (200)")
    parser.add_argument("--minutes", type=float, default=60, help="how long one server must live with flat memory (60)")
    parser.add_argument("--database", action="append", choices=KINDS, help="only this database; may be repeated")
    wanted = parser.parse_args(arguments)
    try:
        machine.check()
    except machine.CannotMeasure as problem:
        print(problem, file=sys.stderr)
        return 2
    well = True
    for kind in wanted.database or KINDS:
        print(kind, flush=True)
        with installed(kind, {"GATEBRIDGE_LOG_LEVEL": "warning"}) as installation:
            with installation.database() as database:
                seeded = seed(database, installation.base_url)
            well = kill_again_and_again(installation, seeded, wanted.rounds) and well
            well = live_long(installation, seeded, wanted.minutes * 60) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
