"""The clock of the house: the courier, the roll-up of usage, the weights of apps, the end of loosenings, and the purge of what has expired.

One node at a time works, by lease.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gatebridge.delivery import courier
from gatebridge.delivery.courier import Delivery
from gatebridge.monitoring import exposures
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.loosenings import TOLD_BEFORE
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.end_loosenings import (
    EndLoosening,
    LeaveLoosening,
    TellOfEnd,
    end_loosening,
    house_of,
    leave_loosening,
    tell_of_end,
)
from gatebridge.setup.end_try import end_overdue
from gatebridge.storage import (
    app_weights,
    assertions,
    codes,
    device_codes,
    idempotency,
    interactions,
    leases,
    loosenings,
    names,
    orgs,
    outbox,
    password_resets,
    refresh_tokens,
    revocations,
    sessions,
    sign_in_failures,
    strangers,
    tokens,
    tries,
    usage,
    verifications,
)
from gatebridge.storage.database import Database, Randomness
from gatebridge.storage.tx import Tx

LEASE = "worker"
LEASE_LIFE = timedelta(seconds=60)
CHUNK = 1_000
MOST_CHUNKS = 20  # of one kind of work in one round, so that no work waits long for another
PURGE_EVERY = timedelta(minutes=1)
LOOSENINGS_EVERY = timedelta(minutes=1)
WEIGHTS_EVERY = timedelta(minutes=2)
BEHIND_EVERY_APP = f"{Prefix.APP}~"

KEEP_EXPIRED_TOKENS = timedelta(days=1)  # so that a caller is told for a while that its token expired
KEEP_IDEMPOTENCY_KEYS = timedelta(hours=24)
KEEP_STRANGER_COUNTS = timedelta(days=90)
KEEP_DELIVERED = timedelta(days=7)
KEEP_USED_CODES = timedelta(days=1)  # so that a replay is known as one (CG-05)
KEEP_DEVICE_CODES = timedelta(hours=1)  # what became of one is in the history
KEEP_ENDED_FAMILIES = timedelta(days=30)
KEEP_REVOCATIONS = timedelta(days=30)  # no JWT lives for longer than half a day; who revoked what stays in the records
KEEP_ENDED_SESSIONS = timedelta(days=30)
KEEP_INTERACTIONS = timedelta(days=1)
KEEP_USED_LINKS = timedelta(days=30)
KEEP_FAILURES = timedelta(days=1)
KEEP_TRY_CREDENTIALS = timedelta(days=1)
KEEP_TRIES = timedelta(days=180)

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


class Worker:
    """One node's worker. `run_once` does a round in the caller's thread; `start` does rounds in a thread of its own until `stop`."""

    def __init__(
        self, database: Database, deliveries: Mapping[str, Delivery], *, interval_seconds: float = 2.0, random: Randomness
    ) -> None:
        self._database = database
        self._deliveries = deliveries
        self._interval = interval_seconds
        self._random = random
        self._holder = random(8).hex()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._next: dict[str, datetime] = {}  # when work is due again that is not done in every round

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
        if not self._lead():
            return Report(leading=False)
        sent, not_sent = self._deliver()
        rolled_up = self._in_each_org(lambda tx, org_id: usage.roll_up(tx, org_id, CHUNK))
        ended = self._end_loosenings()
        return Report(True, sent, not_sent, rolled_up, self._purge(), ended, self._weigh())

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

    def _deliver(self) -> tuple[int, int]:
        sent = not_sent = 0
        for _ in range(MOST_CHUNKS):
            done = courier.run_once(self._database, self._deliveries, self._jitter)
            sent, not_sent = sent + done.sent, not_sent + done.failed + done.given_up
            if done.given_up:
                log.error("outbox_entries_given_up", count=done.given_up)
            if done.sent + done.failed + done.given_up < courier.CHUNK or not self._goes_on():
                break
        return sent, not_sent

    def _in_each_org(self, work: Callable[[Tx, str], int]) -> int:
        with self._database.reading() as tx:
            ours = sorted(names.of_orgs(tx))
        return sum(self._in_chunks(lambda tx, org_id=org_id: work(tx, org_id)) for org_id in ours)  # type: ignore[misc]

    def _in_chunks(self, work: Callable[[Tx], int]) -> int:
        """Do the work one transaction a chunk, until a chunk is not full."""
        total = 0
        for _ in range(MOST_CHUNKS):
            with self._database.transaction() as tx:
                done = work(tx)
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
        now = self._due("loosenings", LOOSENINGS_EVERY)
        if now is None:
            return 0
        with self._database.reading() as tx:
            ours = sorted(names.of_orgs(tx))
            near = [(org_id, each) for org_id in ours for each in loosenings.ending(tx, org_id, now + TOLD_BEFORE, CHUNK)]
            over = [(org_id, each) for org_id in ours for each in loosenings.ended(tx, org_id, CHUNK)]
        done = 0
        for org_id, each in near:
            with self._database.transaction() as tx:
                done += tell_of_end(tx, house_of(org_id), TellOfEnd(each))
        for org_id, each in over:
            if not self._goes_on():
                break
            done += self._end_loosening(org_id, each)
        return done

    def _end_loosening(self, org_id: str, loosening_id: str) -> bool:
        house = house_of(org_id)
        try:
            with self._database.transaction() as tx:
                return bool(end_loosening(tx, house, EndLoosening(loosening_id)))
        except Refused as refused:
            if refused.reason is setup_reasons.VERSION_STALE:  # somebody saved the app at this very moment: the next round tries again
                return False
            log.warning("loosening_not_closed", org=org_id, loosening=loosening_id, reason=refused.reason.code)
            because = f"Gatebridge could not make the smaller setting by itself ({refused.reason.code}):"
        with self._database.transaction() as tx:
            return bool(leave_loosening(tx, house, LeaveLoosening(loosening_id, because)))

    def _weigh(self) -> int:
        """Weigh the apps of every org: looked at in a snapshot, so that nobody waits for that, and written down by themselves."""
        if self._due("weights", WEIGHTS_EVERY) is None:
            return 0
        with self._database.reading() as tx:
            ours = sorted(names.of_orgs(tx))
        return sum(self._weigh_org(org_id) for org_id in ours)

    def _weigh_org(self, org_id: str) -> int:
        after, weighed = "", 0
        while True:
            with self._database.snapshot() as tx:
                org = orgs.by_id(tx, org_id)
                found = exposures.weights(tx, org, after) if org is not None else {}
            more = len(found) == exposures.BATCH
            upto = max(found) if more else BEHIND_EVERY_APP
            with self._database.transaction() as tx:
                app_weights.replace(tx, org_id, after, upto, found)
            after, weighed = upto, weighed + len(found)
            if not more or not self._goes_on():
                return weighed

    def _purge(self) -> int:
        now = self._due("purge", PURGE_EVERY)
        if now is None:
            return 0
        purged = self._in_chunks(lambda tx: assertions.purge(tx, now, CHUNK))
        for purge in (_purge_tokens, _purge_idempotency_keys, _purge_stranger_counts, _purge_outbox, *_OF_PEOPLE, *_OF_TRIES):
            purged += self._in_each_org(purge)
        return purged

    def _jitter(self) -> float:
        return int.from_bytes(self._random(2)) / 0xFFFF


def _purge_tokens(tx: Tx, org_id: str) -> int:
    before = tx.now - KEEP_EXPIRED_TOKENS
    return tokens.purge(tx, org_id, before, ids.floor(Prefix.RECEIPT, before), CHUNK)


def _purge_idempotency_keys(tx: Tx, org_id: str) -> int:
    return idempotency.purge(tx, org_id, tx.now - KEEP_IDEMPOTENCY_KEYS, CHUNK)


def _purge_stranger_counts(tx: Tx, org_id: str) -> int:
    return strangers.purge(tx, org_id, tx.now - KEEP_STRANGER_COUNTS, CHUNK)


def _purge_outbox(tx: Tx, org_id: str) -> int:
    return outbox.purge(tx, org_id, ids.floor(Prefix.OUTBOX, tx.now - KEEP_DELIVERED), CHUNK)


def _older(purge: Callable[[Tx, str, datetime, int], int], kept: timedelta) -> Callable[[Tx, str], int]:
    return lambda tx, org_id: purge(tx, org_id, tx.now - kept, CHUNK)


_OF_PEOPLE = (
    _older(codes.purge, KEEP_USED_CODES),
    _older(device_codes.purge, KEEP_DEVICE_CODES),
    _older(refresh_tokens.purge, KEEP_ENDED_FAMILIES),
    _older(revocations.purge, KEEP_REVOCATIONS),
    _older(sessions.purge, KEEP_ENDED_SESSIONS),
    _older(interactions.purge, KEEP_INTERACTIONS),
    _older(verifications.purge, KEEP_INTERACTIONS),
    _older(password_resets.purge, KEEP_USED_LINKS),
    _older(sign_in_failures.purge, KEEP_FAILURES),
)

# Runs of Try it end first, then their credentials go, and at last the runs, by which their app is validated.
_OF_TRIES = (
    lambda tx, org_id: end_overdue(tx, org_id, CHUNK),
    _older(tries.forget_credentials, KEEP_TRY_CREDENTIALS),
    _older(tries.purge, KEEP_TRIES),
)
