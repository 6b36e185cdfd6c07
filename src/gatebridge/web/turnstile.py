"""The turnstile: hot requests that wait at the same moment go through together (house rule 7).

A thread and a transaction for each token request would pay one fsync per token. Here one worker thread per writing connection takes
what is waiting, decides each request on facts read outside any write lock, writes all outcomes in one short transaction, and answers
only after the commit. A batch of one is the ordinary case.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gatebridge.oauth import presented_token
from gatebridge.oauth.exercising import Uses, uses_of
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.oauth.record import record
from gatebridge.oauth.request import OAuthRequest
from gatebridge.storage import exercised_scopes
from gatebridge.storage.database import Database
from gatebridge.storage.dialects import is_conflict, is_outage
from gatebridge.storage.exercised_scopes import ScopeUse
from gatebridge.storage.facts import FactsReader

Decide = Callable[[FactsReader, OAuthRequest], Outcome]

log = logging.getLogger(__name__)

# How often one request is written anew when the transactions of two workers stand in each other's way.
TRIES = 3


class TurnstileFull(Exception):  # noqa: N818 - a state, answered with 503 and Retry-After
    """More requests wait than the server means to answer in time."""


class TurnstileShut(Exception):  # noqa: N818 - a state, answered with 503 and Retry-After
    """The server is stopping and lets nobody in any more."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One request in front of the turnstile, and where its answer is to go."""

    decide: Decide
    request: OAuthRequest
    future: asyncio.Future[Answer]
    loop: asyncio.AbstractEventLoop


@dataclass(slots=True)
class Counts:
    """What the turnstile tells the metrics. Written by its workers, read by anybody."""

    batches: int = 0
    requests: int = 0
    largest: int = 0
    retried: int = 0
    sizes: dict[int, int] = field(default_factory=dict)
    outcomes: dict[tuple[str, str], int] = field(default_factory=dict)  # recorded ones, by event and reason; no reason: a success


class Turnstile:
    """Takes requests from the event loop, and answers them from its worker threads."""

    def __init__(self, database: Database, *, workers: int = 1, batch: int = 64, limit: int = 1024) -> None:
        self._database = database
        # SQLite has one writer, so a second worker could only wait for the first.
        self._workers = 1 if database.is_sqlite else workers
        self._batch = batch
        self._limit = limit
        self._queue: deque[Waiting] = deque()
        self._wake = threading.Condition()
        self._shut = False
        self._threads: list[threading.Thread] = []
        self.counts = Counts()
        self.uses = Uses()  # of scopes, that were written down of late

    def start(self) -> None:
        """Open the turnstile."""
        for number in range(self._workers):
            thread = threading.Thread(target=self._work, name=f"turnstile-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float) -> None:
        """Answer everybody who waits, let nobody in any more, and end the workers. Waits at most `timeout` seconds for each."""
        with self._wake:
            self._shut = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def pass_through(self, decide: Decide, request: OAuthRequest) -> Answer:
        """Wait for a place in a batch, and for its commit. Raises TurnstileFull or TurnstileShut at once where there is none."""
        loop = asyncio.get_running_loop()
        waiting = Waiting(decide, request, loop.create_future(), loop)
        with self._wake:
            if self._shut:
                raise TurnstileShut
            if len(self._queue) >= self._limit:
                raise TurnstileFull
            self._queue.append(waiting)
            self._wake.notify()
        return await waiting.future

    def _work(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._shut:
                    self._wake.wait()
                if not self._queue:
                    return
                batch = [self._queue.popleft() for _ in range(min(self._batch, len(self._queue)))]
            self._count(batch)
            try:
                self._let_through(batch)
            except BaseException as error:  # whatever happens, nobody is left waiting for ever
                _fail(batch, error)

    def _count(self, batch: Sequence[Waiting]) -> None:
        counts, size = self.counts, len(batch)
        counts.batches += 1
        counts.requests += size
        counts.largest = max(counts.largest, size)
        bucket = 1 << (size - 1).bit_length()
        counts.sizes[bucket] = counts.sizes.get(bucket, 0) + 1

    def _let_through(self, batch: Sequence[Waiting], tries: int = TRIES) -> None:
        decided, now = self._decide(batch)
        uses = self.uses.due(uses_of(outcome for _, outcome in decided), now)
        writers = [each for each in decided if _writes(each[1], uses)]
        _answer([(waiting, outcome.answer) for waiting, outcome in decided if not _writes(outcome, uses)])
        if not writers:
            return
        try:
            with self._database.transaction() as tx:
                answers = record(tx, [outcome for _, outcome in writers])
                exercised_scopes.note(tx, uses)
        except Exception as error:
            alone = len(writers) == 1
            in_the_way = is_conflict(error) and tries > 1
            if not in_the_way and (alone or is_outage(error)):
                # That use was made of a scope is for a report: no answer fails that had nothing else to write.
                if uses:
                    log.warning("which scopes are used could not be written down: %s", type(error).__name__)
                _answer([(waiting, outcome.answer) for waiting, outcome in writers if not outcome.writes])
                _fail([waiting for waiting, outcome in writers if outcome.writes], error)
                return
            self._one_by_one([waiting for waiting, _ in writers], tries - 1 if alone else tries)
            return
        self.uses.written(uses, now)
        self._count_outcomes([outcome for _, outcome in writers])
        _answer([(waiting, answer) for (waiting, _), answer in zip(writers, answers, strict=True)])

    def _count_outcomes(self, outcomes: Sequence[Outcome]) -> None:
        counted = self.counts.outcomes
        for outcome in outcomes:
            if outcome.history is not None:
                kind = (outcome.history.line.event, outcome.history.line.reason or "")
                counted[kind] = counted.get(kind, 0) + 1

    def _decide(self, batch: Sequence[Waiting]) -> tuple[list[tuple[Waiting, Outcome]], datetime]:
        decided = []
        with self._database.reading() as tx:
            reader = FactsReader(tx)
            presented = [(waiting.request.host, waiting.request.parameters.get("token")) for waiting in batch]
            presented_token.expect(reader, [(host, value) for host, value in presented if value is not None])
            for waiting in batch:
                try:
                    decided.append((waiting, waiting.decide(reader, waiting.request)))
                except Exception as error:
                    if is_outage(error):
                        raise  # nobody's facts can be read; the others need not try
                    _fail([waiting], error)
        return decided, reader.now

    def _one_by_one(self, batch: Sequence[Waiting], tries: int) -> None:
        """The commit of a batch failed for one of them, and nobody knows for which: each is decided and written anew, alone."""
        for waiting in batch:
            self.counts.retried += 1
            try:
                self._let_through([waiting], tries)
            except Exception as error:
                _fail([waiting], error)


def _writes(outcome: Outcome, due: Sequence[ScopeUse]) -> bool:
    return outcome.writes or (bool(due) and not set(due).isdisjoint(outcome.exercised))


def _answer(answered: Sequence[tuple[Waiting, Answer]]) -> None:
    """Hand out answers with one call into each event loop, whatever the size of the batch."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Answer], Answer]]] = {}
    for waiting, answer in answered:
        by_loop.setdefault(waiting.loop, []).append((waiting.future, answer))
    for loop, results in by_loop.items():
        _call(loop, _set_results, results)


def _fail(batch: Sequence[Waiting], error: BaseException) -> None:
    for waiting in batch:
        _call(waiting.loop, _set_error, (waiting.future, error))


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], argument: object) -> None:
    try:
        loop.call_soon_threadsafe(function, argument)
    except RuntimeError:  # the loop has ended, and with it the connection
        log.debug("an answer came after its event loop had ended")


def _set_results(results: Sequence[tuple[asyncio.Future[Answer], Answer]]) -> None:
    for future, answer in results:
        if not future.done():
            future.set_result(answer)


def _set_error(result: tuple[asyncio.Future[Answer], BaseException]) -> None:
    future, error = result
    if not future.done():
        future.set_exception(error)
