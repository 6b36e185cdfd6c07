"""Use of a scope: an answer for which a live token acted, and whether that is news enough to write it down.

An endpoint says so in its outcome (`exercised`), and decides no more about it. Whoever commits it asks the process's `Uses` what is due:
the first use of a scope by a grant at once, later ones once a minute. So an answer that is repeated costs no statement.
"""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from threading import Lock

from gatebridge.oauth.outcome import Outcome
from gatebridge.rules.grants import AccessToken
from gatebridge.storage.exercised_scopes import ScopeUse

SELDOM = timedelta(seconds=60)
MOST_REMEMBERED = 50_000  # uses; one that is forgotten is written down once more than it need be


def exercised(token: AccessToken, scopes: Iterable[str]) -> tuple[ScopeUse, ...]:
    """That the token's grant made use of these scopes, for an outcome that refuses nothing."""
    return tuple((token.org_id, token.grant_id, scope) for scope in scopes)


def uses_of(outcomes: Iterable[Outcome]) -> list[ScopeUse]:
    """The uses that these outcomes speak of, each once."""
    return list(dict.fromkeys(use for outcome in outcomes for use in outcome.exercised))


class Uses:
    """What this process has written down of late. Bounded, and safe to ask from any thread."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._written: OrderedDict[ScopeUse, datetime] = OrderedDict()
        self._lock = Lock()

    def due(self, uses: Iterable[ScopeUse], now: datetime) -> list[ScopeUse]:
        """Those of the uses that are to be written down: first ones, and ones whose last writing is a minute old."""
        with self._lock:
            return [use for use in uses if (last := self._written.get(use)) is None or abs(now - last) >= SELDOM]

    def written(self, uses: Iterable[ScopeUse], now: datetime) -> None:
        """They are written down, and the transaction that did it has committed."""
        with self._lock:
            for use in uses:
                self._written[use] = now
                self._written.move_to_end(use)
            while len(self._written) > self._most:
                self._written.popitem(last=False)
