"""The published keys of the issuer: fetched in the background, and once a minute at most because a token names a key that is not known."""

import threading
from collections.abc import Callable

from gatebridge_guard.jws import BadToken, PublishedKey, published
from gatebridge_guard.server import Server, Unavailable

REFRESH_SECONDS = 60.0  # how old the keys become
UNKNOWN_SECONDS = 60.0  # how often a name that nobody knows may cause a request
RETRY_SECONDS = 10.0  # how soon a fetch that failed is tried again; the feed, which is fetched by the same thread, must not wait for it


class Keys:
    """The keys by name. `now` is a clock for waiting, in seconds, that never goes back."""

    def __init__(self, server: Server, now: Callable[[], float]) -> None:
        self._server = server
        self._now = now
        self._lock = threading.Lock()
        self._found: dict[str, PublishedKey] = {}
        self._fetched = False
        self._due_at: float | None = None
        self._asked_for_unknown_at: float | None = None
        self._everything_ended = 0

    def at_hand(self, kid: str) -> PublishedKey | None:
        """The key of this name, where it is known without asking."""
        return self._found.get(kid)

    def find(self, kid: str) -> PublishedKey:
        """The key of this name. Raises BadToken where the issuer has none, and Unavailable where that cannot be known."""
        found = self._found.get(kid)
        if found is None:
            with self._lock:
                if kid not in self._found and self._may_ask():
                    self._fetch()
            found = self._found.get(kid)
        if found is None:
            raise BadToken("the issuer has no such key")
        return found

    def refresh(self, everything_ended: int = 0) -> None:
        """Fetch the keys anew where they have become old; called by whoever follows the feed. Raises Unavailable.

        `everything_ended` is how often the feed told that the whole org was ended: whoever does that may have taken a stolen key away.
        """
        ended_since = everything_ended != self._everything_ended
        if ended_since or self._due_at is None or self._now() >= self._due_at:
            with self._lock:
                self._fetch()
            self._everything_ended = everything_ended

    def _may_ask(self) -> bool:
        if not self._fetched:
            return self._due_at is None or self._now() >= self._due_at
        now = self._now()
        if self._asked_for_unknown_at is not None and now - self._asked_for_unknown_at < UNKNOWN_SECONDS:
            return False
        self._asked_for_unknown_at = now
        return True

    def _fetch(self) -> None:
        self._due_at = self._now() + RETRY_SECONDS
        try:
            self._found = published(self._server.keys())
        except ValueError as fault:
            raise Unavailable(f"the issuer publishes no keys that can be read: {fault}") from None
        self._fetched = True
        self._due_at = self._now() + REFRESH_SECONDS
