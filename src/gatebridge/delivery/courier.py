"""The courier: takes what is due from the outbox, delivers it outside any transaction, and writes down what came of it.

Everything is delivered at least once. A crash between the delivery and the note of it delivers once more, so a delivery must bear that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from gatebridge.storage import outbox
from gatebridge.storage.database import Database
from gatebridge.storage.outbox import Entry

CHUNK = 100
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=1)
MOST_ATTEMPTS = 15  # with the delays between them about eight hours
LONGEST_ERROR = 512


class Delivery(Protocol):
    """Whoever can deliver one kind of entry. Bears being given the same entry twice."""

    @property
    def most_attempts(self) -> int | None:
        """After how many failures an entry is given up; None: never, because losing it is worse than trying for ever."""

    def deliver(self, entry: Entry) -> None:
        """Deliver the entry durably, or raise. The error's text is kept for the admin, so it holds no secret."""


@runtime_checkable
class SideBySide(Delivery, Protocol):
    """A delivery that waits for strangers: its entries go out several at a time and after the others, so that none waits for a slow one."""

    @property
    def at_once(self) -> int:
        """How many at a time."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of the courier came to."""

    sent: int = 0
    failed: int = 0  # and to be tried again
    given_up: int = 0


def run_once(database: Database, deliveries: Mapping[str, Delivery], jitter: Callable[[], float], limit: int = CHUNK) -> Round:
    """Deliver at most `limit` entries that are due. `jitter` gives numbers from 0 to 1, so that retries do not come all at once."""
    with database.reading() as tx:
        due = outbox.due(tx, limit)
    sent: list[Entry] = []
    failed: list[tuple[Entry, str]] = []
    for entry, error in _carried(due, deliveries):
        if error is None:
            sent.append(entry)
        else:
            failed.append((entry, f"{type(error).__name__}: {error}"[:LONGEST_ERROR]))
    if not due:
        return Round()
    given_up = 0
    with database.transaction() as tx:
        outbox.mark_sent(tx, sent)
        for entry, error_text in failed:
            next_at = _next_attempt(tx.now, entry, deliveries, jitter())
            given_up += next_at == outbox.NEVER
            outbox.mark_failed(tx, entry, error_text, next_at)
    return Round(len(sent), len(failed) - given_up, given_up)


def delay(attempts: int, jitter: float) -> timedelta:
    """How long to wait after so many failed attempts (from 1): twice as long each time, up to an hour, of which `jitter` spreads half."""
    whole: timedelta = min(FIRST_DELAY * 2 ** min(attempts - 1, 20), LONGEST_DELAY)
    return whole * (0.5 + jitter / 2)


def _carried(due: Sequence[Entry], deliveries: Mapping[str, Delivery]) -> Iterator[tuple[Entry, Exception | None]]:
    """Each entry with what came of it: first those that go out one after another, in order, then those that may go side by side."""
    patient = {kind: delivery.at_once for kind, delivery in deliveries.items() if isinstance(delivery, SideBySide)}
    for entry in due:
        if entry.kind not in patient:
            yield entry, _tried(deliveries, entry)
    for kind, at_once in patient.items():
        if entries := [entry for entry in due if entry.kind == kind]:
            with ThreadPoolExecutor(min(at_once, len(entries)), thread_name_prefix=kind) as several:
                yield from zip(entries, several.map(lambda entry: _tried(deliveries, entry), entries), strict=True)


def _tried(deliveries: Mapping[str, Delivery], entry: Entry) -> Exception | None:
    try:
        _delivery_of(deliveries, entry).deliver(entry)
    except Exception as error:
        return error
    return None


def _delivery_of(deliveries: Mapping[str, Delivery], entry: Entry) -> Delivery:
    if entry.kind not in deliveries:
        raise LookupError(f"nobody delivers what is called {entry.kind}")
    return deliveries[entry.kind]


def _next_attempt(now: datetime, entry: Entry, deliveries: Mapping[str, Delivery], jitter: float) -> datetime:
    most = deliveries[entry.kind].most_attempts if entry.kind in deliveries else MOST_ATTEMPTS
    attempts = entry.attempts + 1
    return outbox.NEVER if most is not None and attempts >= most else now + delay(attempts, jitter)
