"""The thread that follows the feed and keeps the keys new, for as long as the process lives or until the guard is closed."""

import logging
import threading

from gatebridge_guard.feed import Feed
from gatebridge_guard.keys import Keys
from gatebridge_guard.server import Unavailable

RETRY_SECONDS = 0.3

log = logging.getLogger("gatebridge_guard")


class Follower:
    """One thread per guard and process. It ends nothing of the process when it ends: a guard that hears nothing refuses everything."""

    def __init__(self, feed: Feed, keys: Keys) -> None:
        self._feed = feed
        self._keys = keys
        self._stop = threading.Event()
        self._well = True
        self._thread = threading.Thread(target=self._follow, name="gatebridge-guard", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                self._feed.poll()
                self._keys.refresh(self._feed.everything_ended)
                self._tell(None)
            except Unavailable as fault:
                self._tell(fault)
                self._stop.wait(RETRY_SECONDS)
            except Exception:
                if not self._stop.is_set():  # whoever closes the guard closes the connection that is asked over
                    log.exception("following the revocations failed")
                self._stop.wait(RETRY_SECONDS)

    def _tell(self, fault: Unavailable | None) -> None:
        """One line when the server goes away and one when it is back, however long it is away."""
        if fault is not None and self._well and not self._stop.is_set():
            log.error("the server does not tell what was revoked; access is refused until it does: %s", fault)
        elif fault is None and not self._well:
            log.warning("the server tells again what was revoked")
        self._well = fault is None
