"""What a guard is made of in one process."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gatebridge_guard.background import Follower
from gatebridge_guard.feed import Feed
from gatebridge_guard.introspection import Introspection
from gatebridge_guard.keys import Keys
from gatebridge_guard.server import Server
from gatebridge_guard.token import Token

MOST_CLEARED = 50_000
THREADS = 16


class Parts:
    """Connections, keys, what was ended, what is remembered, and the threads that ask. A fork begins with new ones."""

    def __init__(self, server: Server, audience: str, now: Callable[[], float], wall_clock: Callable[[], float]) -> None:
        self.server = server
        self.feed = Feed(server, now)
        self.keys = Keys(server, now)
        self.introspection = Introspection(server, self.feed, audience, now, wall_clock)
        self.follower: Follower | None = None
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="gatebridge-guard")  # starts none before there is work
        self.waiting = 0
        self._lock = threading.Lock()
        self._cleared: OrderedDict[str, int] = OrderedDict()

    def cleared_at(self, token: Token) -> int:
        """The number up to which the server has vouched for this token; below 0 where it was not asked."""
        return self._cleared.get(token.id, -1)

    def clear(self, token: Token, cursor: int) -> None:
        """The server has said that the token lives, when everything up to this number was known."""
        with self._lock:
            self._cleared[token.id] = cursor
            self._cleared.move_to_end(token.id)
            while len(self._cleared) > MOST_CLEARED:
                self._cleared.popitem(last=False)

    def close(self) -> None:
        if self.follower is not None:
            self.follower.stop()
        self.threads.shutdown(wait=False, cancel_futures=True)
        self.server.close()
