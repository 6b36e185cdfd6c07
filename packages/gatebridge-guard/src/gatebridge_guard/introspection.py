"""What the server says about a token at this moment, asked once for many requests, and remembered for seconds."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from gatebridge_guard import claims
from gatebridge_guard.feed import Feed
from gatebridge_guard.jws import BadToken
from gatebridge_guard.server import Server, Unavailable
from gatebridge_guard.token import Token

REMEMBERED_SECONDS = 5.0
MOST_REMEMBERED = 10_000
FAILED_SECONDS = 0.5  # how long nobody else tries after the server could not be reached

CLIENT_ADDRESS = "client_address"
SCOPE_NEEDED = "scope_needed"  # so that the server can record which scopes are made use of


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: a live token or, where it is None, no more than that there is none, and for what cause that we know of."""

    token: Token | None
    cause: str
    asked_at: float
    cursor: int  # of the feed, when the question left


@dataclass(frozen=True, slots=True)
class Question:
    """What an answer holds for. Two callers, or two audiences, may hear different things about the same token."""

    client_id: str
    audience: str
    address: str | None
    digest: bytes


class Introspection:
    """Asks the server, and remembers its answers for as long as nothing was ended that concerns them. Safe to use from many threads."""

    def __init__(self, server: Server, feed: Feed, audience: str, now: Callable[[], float], wall_clock: Callable[[], float]) -> None:
        self._server = server
        self._feed = feed
        self._audience = audience
        self._now = now
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._remembered: OrderedDict[Question, Answer] = OrderedDict()
        self._asking: dict[Question, Future[Answer]] = {}
        self._failed_at: float | None = None

    def at_hand(self, value: str, address: str | None) -> Answer | None:
        """A remembered answer that still holds."""
        return self._still_good(self._question(value, address))

    def ask(self, value: str, address: str | None, scopes: Sequence[str] = ()) -> Answer:
        """The answer of the server, remembered or new. `scopes`: what it is asked for, which the server notes. Raises Unavailable."""
        question = self._question(value, address)
        while True:
            with self._lock:
                remembered = self._still_good(question)
                if remembered is not None:
                    return remembered
                waiting = self._asking.get(question)
                if waiting is None:
                    self._fail_fast()
                    mine = self._asking[question] = Future()
                    break
            answer = waiting.result()
            # The question may have left before something was ended that we know of by now.
            if self._holds(answer):
                return answer
        try:
            answer = self._asked(question, value, scopes)
        except BaseException as fault:
            with self._lock:
                self._failed_at = self._now() if isinstance(fault, Unavailable) else self._failed_at
                del self._asking[question]
            # Whoever waits for this one is not interrupted with it.
            mine.set_exception(fault if isinstance(fault, Exception) else Unavailable("the question was interrupted"))
            raise
        with self._lock:
            self._remembered[question] = answer
            self._remembered.move_to_end(question)
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
            del self._asking[question]
        mine.set_result(answer)
        return answer

    def _question(self, value: str, address: str | None) -> Question:
        return Question(self._server.client_id, self._audience, address, hashlib.sha256(value.encode()).digest())

    def _asked(self, question: Question, value: str, scopes: Sequence[str]) -> Answer:
        cursor, asked_at = self._feed.cursor, self._now()
        more = {CLIENT_ADDRESS: question.address, SCOPE_NEEDED: " ".join(scopes)}
        said = self._server.introspect(value, {name: text for name, text in more.items() if text})
        try:
            token = claims.of_introspection(said, issuer=self._server.issuer, audience=self._audience, now=self._wall_clock())
        except BadToken as fault:
            return Answer(None, str(fault), asked_at, cursor)
        return Answer(token, "" if token is not None else "the server says that it is not active", asked_at, cursor)

    def _still_good(self, question: Question) -> Answer | None:
        """What is remembered dies with the feed: without word from the server nobody knows what was ended since."""
        answer = self._remembered.get(question)
        return answer if answer is not None and self._feed.is_fresh() and self._holds(answer) else None

    def _holds(self, answer: Answer) -> bool:
        if self._now() - answer.asked_at >= REMEMBERED_SECONDS:
            return False
        if answer.token is None:
            return True
        return answer.token.expires_at > self._wall_clock() and self._feed.touched(answer.token) <= answer.cursor

    def _fail_fast(self) -> None:
        if self._failed_at is not None and self._now() - self._failed_at < FAILED_SECONDS:
            raise Unavailable("the server could not be asked a moment ago")
