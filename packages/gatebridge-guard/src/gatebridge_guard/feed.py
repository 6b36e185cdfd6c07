"""What was ended, as the server tells it, and how far this can be relied on.

An entry says: everything issued up to a moment that its ids name together has ended. Times are whole seconds, and an ending takes effect
at its commit, a little after its moment. So there are three answers about a signed token: nothing was ended that concerns it; it was ended
for certain; or something happened near the moment of its issue, and the server is asked about this one token. The same doubt holds for
tokens from before the guard began to listen, so that it needs no history to start with.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from gatebridge_guard.claims import LONGEST_LIFE
from gatebridge_guard.server import Server, Unavailable
from gatebridge_guard.token import Token

STALE_AFTER = 5.0  # seconds without word from the server after which nothing is believed any more
WAIT = 1  # seconds that one request waits for news; short, because only an answer proves that the line is alive
MARGIN = 60  # seconds after an ending in which the server is asked about what was issued then
MOST_ENTRIES = 100_000  # remembered at most; older tokens are then asked about

# The app and the user whom an ending is about; None narrows nothing.
Key = tuple[str | None, str | None]


class Feed:
    """Follows the revocations of one org. `poll` is called again and again by one thread; everything else by any.

    `now` is a clock for waiting, in seconds, that never goes back.
    """

    def __init__(self, server: Server, now: Callable[[], float]) -> None:
        self._server = server
        self._now = now
        self._lock = threading.Lock()
        self._heard = threading.Condition(self._lock)
        self._heard_at: float | None = None
        self._cursor = -1
        self._before = (0, -1)  # tokens issued up to this second are from before the guard listened; and the number that stands for it
        self._tokens: OrderedDict[str, int] = OrderedDict()
        self._ended: dict[Key, tuple[int, int]] = {}  # up to which second, and the number of the entry
        self._grants: dict[Key, tuple[int, int]] = {}  # one grant of this app and user: which tokens hang from it, a token does not say
        self.everything_ended = 0  # how often the whole org was ended

    @property
    def cursor(self) -> int:
        """The number of the newest entry that is known."""
        return self._cursor

    def is_fresh(self) -> bool:
        """Whether the server has told what was ended as of the last five seconds."""
        return self._heard_at is not None and self._now() - self._heard_at < STALE_AFTER

    def wait_for_first(self, seconds: float) -> bool:
        """Wait until the server was heard at all. False: it was not, in this time."""
        with self._heard:
            return self._heard.wait_for(lambda: self._heard_at is not None, seconds)

    def poll(self, wait: int = WAIT) -> bool:
        """One request to the server, which waits for news; whether there was any. Raises Unavailable."""
        asked_at, first = self._now(), self._cursor < 0
        said = self._server.revocations("newest" if first else str(self._cursor), 0 if first else wait)
        try:
            cursor, server_now, entries, more = int(said["cursor"]), int(said["now"]), list(said["revocations"]), bool(said["more"])
            with self._heard:
                if first or cursor < self._cursor:
                    # The first answer, or a server that was set back to an older state: what was known says nothing about it.
                    self._begin(cursor, server_now)
                for entry in entries:
                    self._add(entry)
                self._cursor = cursor
                self._forget(server_now)
                if not more:
                    # As of when the question left: whatever was ended later may not be in the answer.
                    self._heard_at = asked_at
                    self._heard.notify_all()
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unavailable("the feed of revocations cannot be read") from None
        return bool(entries)

    def ended(self, token: Token) -> bool:
        """Whether the token was ended for certain."""
        with self._lock:
            if token.id in self._tokens:
                return True
            return any(token.issued_at < self._ended[key][0] for key in _keys(token) if key in self._ended)

    def touched(self, token: Token) -> int:
        """The number of the newest entry that could concern the token; below 0 where there is none. What the server said about the
        token while that number was known already is the truth about it."""
        issued, concerned = token.issued_at, [-1]
        with self._lock:
            if token.id in self._tokens:
                return self._cursor
            begun, number = self._before
            if issued <= begun + MARGIN:
                concerned.append(number)
            for known in (self._ended, self._grants):
                concerned += [known[key][1] for key in _keys(token) if key in known and issued <= known[key][0] + MARGIN]
        return max(concerned)

    def _begin(self, cursor: int, server_now: int) -> None:
        self._before = (server_now, cursor)
        self._tokens.clear()
        self._ended.clear()
        self._grants.clear()

    def _add(self, entry: Mapping[str, Any]) -> None:
        number, at = int(entry["sequence"]), int(entry["at"])
        app, user = entry.get("client_id"), entry.get("sub")
        if "jti" in entry:
            self._tokens[str(entry["jti"])] = at
            return
        if "app" in entry and app is None:
            # An app without its consumer key names no token that we could tell, so everybody's are asked about.
            self._grants[None, None] = (at, number)
            return
        if "grant" in entry:
            self._grants[app, user] = (at, number)
            return
        self._ended[app, user] = (at, number)
        self.everything_ended += (app, user) == (None, None)

    def _forget(self, server_now: int) -> None:
        """Forget what is older than any living token. Where too much is left, forget it all, and let the server be asked instead."""
        horizon = server_now - LONGEST_LIFE - MARGIN
        for known in (self._ended, self._grants):
            for key in [key for key, (at, _) in known.items() if at < horizon]:
                del known[key]
        while self._tokens and next(iter(self._tokens.values())) < horizon:
            self._tokens.popitem(last=False)
        if len(self._tokens) + len(self._ended) + len(self._grants) > MOST_ENTRIES:
            self._begin(self._cursor, server_now)


def _keys(token: Token) -> tuple[Key, ...]:
    return (token.client_id, token.user_id), (token.client_id, None), (None, token.user_id), (None, None)
