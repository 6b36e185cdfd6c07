"""The clock of the house: courier, roll-up of usage, weights of apps, end of loosenings, seals on the history, purge of what has expired.

One node at a time works, by lease.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from typing import Any

import structlog

from gatebridge.delivery import courier
from gatebridge.delivery.courier import Delivery
from gatebridge.monitoring import exposures
from gatebridge.records import history_seals
from gatebridge.rules.history_seals import MOST_LINES
from gatebridge.rules.ids import Prefix
from gatebridge.rules.loosenings import TOLD_BEFORE
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import end_loosenings
from gatebridge.setup.end_try import end_overdue
from gatebridge.storage import app_weights, assertions, dialects, leases, loosenings, names, orgs, retention, usage
from gatebridge.storage.database import Database, Randomness
from gatebridge.storage.retention import Purge

LEASE = "worker"
LEASE_LIFE = timedelta(seconds=60)
RENEW_SECONDS = 15.0  # while something takes long that waits for others
CHUNK = 1_000
MOST_CHUNKS = 20  # of one kind of work in one round, so that no work waits long for another
PURGE_EVERY = timedelta(minutes=1)
LOOSENINGS_EVERY = timedelta(minutes=1)
WEIGHTS_EVERY = timedelta(minutes=2)
SEALS_EVERY = timedelta(minutes=5)
SIZES_EVERY = timedelta(hours=1)
WEIGHED_AT_ONCE = 200  # apps, which takes a fifth of a second
A_SEAL = 100  # lines could be read in the time in which one is written
BEHIND_EVERY_APP = f"{Prefix.APP}~"

log = structlog.get_logger("gatebridge.worker")


@dataclass(frozen=True, slots=True)
class Report:
    """What one round did. Not `leading`: another node does the work, and this one did nothing."""

    leading: bool
    sent: int = 0
    not_sent: int = 0
    rolled_up: int = 0
    purged: int = 0
    loosenings: int = 0  # whose people were told, or which ended
    weighed: int = 0  # apps
    sealed: int = 0  # hours of login history


class Worker:
    """One node's worker. `run_once` does a round in the caller's thread; `start` does rounds in a thread of its own until `stop`.

    Rounds never overlap, whoever asks for them.
    """

    def __init__(
        self,
        database: Database,
        deliveries: Mapping[str, Delivery],
        *,
        interval_seconds: float = 2.0,
        random: Randomness,
        keep_days: int = 180,
    ) -> None:
        self._database = database
        self._deliveries = deliveries
        self._keep_history = timedelta(days=keep_days)
        self._interval = interval_seconds
        self._random = random
        self._holder = random(8).hex()
        self._stopping = threading.Event()
        self._round = threading.Lock()  # a round asked for while the thread is at one waits for it: two would send the same mail twice
        self._thread: threading.Thread | None = None
        self._next: dict[str, datetime] = {}  # when work is due again that is not done in every round
        self._to_weigh: deque[tuple[str, str]] = deque()  # the orgs whose apps are still to be weighed, each with the last app that was
        self._to_seal: deque[str] = deque()  # the orgs whose history is still to be sealed

    def start(self) -> None:
        """Begin to work. Does nothing when it already does."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
            self._thread.start()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Finish the chunk at hand and give the lease back. Waits at most `timeout_seconds`."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
            self._thread = None

    def run_once(self) -> Report:
        """One round: everything that is due, in bounded chunks. A database that is away raises, and nothing is lost by it."""
        with self._round:
            if not self._lead():
                return Report(leading=False)
            (sent, not_sent), *others, _ = _each(
                (self._deliver, self._roll_up, self._purge, self._end_loosenings, self._weigh, self._seal, self._look_at_sizes)
            )
            return Report(True, sent, not_sent, *others)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.run_once()
            except Exception:
                log.exception("worker_round_failed")
            self._stopping.wait(self._interval)
        try:
            with self._database.transaction() as tx:
                leases.release(tx, LEASE, self._holder)
        except Exception:
            log.exception("worker_lease_not_released")  # it runs out by itself

    def _lead(self) -> bool:
        with self._database.transaction() as tx:
            return leases.acquire(tx, LEASE, self._holder, LEASE_LIFE)

    def _goes_on(self) -> bool:
        """Whether to take another chunk: not when stopping, and not when the lease was lost meanwhile."""
        return not self._stopping.is_set() and self._lead()

    @contextmanager
    def _holding(self) -> Iterator[None]:
        """Keep the lease while something may take long, such as a slow mail server: else another node would deliver the same once more."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(RENEW_SECONDS):
                with suppress(Exception):  # a database that is away is told of by the work itself
                    self._lead()

        keeper = threading.Thread(target=renew, name="worker lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _deliver(self) -> tuple[int, int]:
        sent = not_sent = 0
        for _ in range(MOST_CHUNKS):
            with self._holding():
                done = courier.run_once(self._database, self._deliveries, self._jitter)
            sent, not_sent = sent + done.sent, not_sent + done.failed + done.given_up
            if done.given_up:
                log.error("outbox_entries_given_up", count=done.given_up)
            if done.sent + done.failed + done.given_up < courier.CHUNK or not self._goes_on():
                break
        return sent, not_sent

    def _roll_up(self) -> int:
        return self._in_each_org(usage.roll_up)

    def _in_each_org(self, work: Purge) -> int:
        with self._database.reading() as tx:
            ours = sorted(names.of_orgs(tx))
        return sum(_each([partial(self._in_chunks, work, org_id, CHUNK) for org_id in ours]))

    def _in_chunks(self, work: Callable[..., int], *given: object) -> int:
        """Do the work one transaction a chunk, until a chunk is not full."""
        total = 0
        for _ in range(MOST_CHUNKS):
            with self._database.transaction() as tx:
                done = work(tx, *given)
            total += done
            if done < CHUNK or not self._goes_on():
                break
        return total

    def _due(self, work: str, every: timedelta) -> datetime | None:
        """The time, if this work is due; it is due again so much later."""
        with self._database.reading() as tx:
            now = tx.now
        if now < self._next.get(work, now):
            return None
        self._next[work] = now + every
        return now

    def _end_loosenings(self) -> int:
        """Tell of the ends that come near, and end what is over: each in a transaction of its own, so that none holds up another."""
        if (now := self._due("loosenings", LOOSENINGS_EVERY)) is None:
            return 0
        with self._database.reading() as tx:
            ours = sorted(names.of_orgs(tx))
            near = [(org_id, each) for org_id in ours for each in loosenings.ending(tx, org_id, now + TOLD_BEFORE, CHUNK)]
            over = [(org_id, each) for org_id in ours for each in loosenings.ended(tx, org_id, CHUNK)]
        works = [*(partial(self._tell_of_end, *each) for each in near), *(partial(self._end_loosening, *each) for each in over)]
        return sum(_each(takewhile(lambda _: self._goes_on(), works)))

    def _tell_of_end(self, org_id: str, loosening_id: str) -> bool:
        with self._database.transaction() as tx:
            return bool(end_loosenings.tell_of_end(tx, end_loosenings.house_of(org_id), end_loosenings.TellOfEnd(loosening_id)))

    def _end_loosening(self, org_id: str, loosening_id: str) -> bool:
        house = end_loosenings.house_of(org_id)
        try:
            with self._database.transaction() as tx:
                return bool(end_loosenings.end_loosening(tx, house, end_loosenings.EndLoosening(loosening_id)))
        except Refused as refused:
            if refused.reason is setup_reasons.VERSION_STALE:  # somebody saved the app at this very moment: the next round tries again
                return False
            log.warning("loosening_not_closed", org=org_id, loosening=loosening_id, reason=refused.reason.code)
            because = f"Gatebridge could not make the smaller setting by itself ({refused.reason.code}):"
        with self._database.transaction() as tx:
            return bool(end_loosenings.leave_loosening(tx, house, end_loosenings.LeaveLoosening(loosening_id, because)))

    def _weigh(self) -> int:
        """Weigh the apps of every org, some in each round until all were: while it is thought about an app, no page can be drawn."""
        if not self._to_weigh and self._due("weights", WEIGHTS_EVERY) is not None:
            with self._database.reading() as tx:
                self._to_weigh.extend((org_id, "") for org_id in sorted(names.of_orgs(tx)))
        weighed = orgs_seen = 0
        while self._to_weigh and weighed + orgs_seen < WEIGHED_AT_ONCE and (not weighed or self._goes_on()):
            weighed += self._weigh_some(*self._to_weigh.popleft(), WEIGHED_AT_ONCE - weighed)
            orgs_seen += 1
        return weighed

    def _weigh_some(self, org_id: str, after: str, limit: int) -> int:
        """Looked at in a snapshot, so that nobody who writes waits for that, and written down by themselves."""
        with self._database.snapshot() as tx:
            org = orgs.by_id(tx, org_id)
            found = exposures.weights(tx, org, after, limit) if org is not None else {}
        upto = max(found) if len(found) == limit else BEHIND_EVERY_APP
        with self._database.transaction() as tx:
            app_weights.replace(tx, org_id, after, upto, found)
        if upto != BEHIND_EVERY_APP:
            self._to_weigh.appendleft((org_id, upto))
        return len(found)

    def _seal(self) -> int:
        """Seal what is over of the login history, hour by hour: so many lines in each round, where much was never sealed."""
        if not self._to_seal and self._due("seals", SEALS_EVERY) is not None:
            with self._database.reading() as tx:
                self._to_seal.extend(sorted(names.of_orgs(tx)))
        sealed = done = 0
        while self._to_seal and done < MOST_LINES and (not done or self._goes_on()):
            org_id = self._to_seal.popleft()
            with self._database.reading() as tx:
                seal = history_seals.next_seal(tx, org_id)
            if seal is not None:
                with self._database.transaction() as tx:
                    sealed += history_seals.write(tx, org_id, seal)
                done += seal.held.lines + A_SEAL
                self._to_seal.appendleft(org_id)
        return sealed

    def _purge(self) -> int:
        if (now := self._due("purge", PURGE_EVERY)) is None:
            return 0
        # Runs of Try it end first, and then what is left of them is forgotten.
        purges: list[Purge] = [end_overdue, *retention.PURGES, partial(history_seals.forget, keep=self._keep_history)]
        works = [partial(self._in_each_org, work) for work in purges]
        purged: int = sum(_each([partial(self._in_chunks, assertions.purge, now, CHUNK), *works]))
        if purged >= MOST_CHUNKS * CHUNK:
            del self._next["purge"]  # there may be more than one round takes, and the next need not wait
        return purged

    def _look_at_sizes(self) -> None:
        if self._due("sizes", SIZES_EVERY) is not None:
            with self._database.transaction() as tx:
                dialects.refresh_statistics(tx.connection)

    def _jitter(self) -> float:
        return int.from_bytes(self._random(2)) / 0xFFFF


def _each(works: Iterable[Callable[[], Any]]) -> list[Any]:
    """What each piece of work came to. One that fails holds up none of the others: the first failure is raised when all were tried."""
    came_to: list[Any] = []
    failures: list[Exception] = []
    for work in works:
        try:
            came_to.append(work())
        except Exception as failure:
            failures.append(failure)
    for other in failures[1:]:
        log.error("worker_work_failed", exc_info=other)
    if failures:
        raise failures[0]
    return came_to
