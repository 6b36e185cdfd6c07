"""Refused attempts of apps that are not installed become requests, in the transaction of their history lines.

One open request for each app and user, however often somebody tries, so nobody fills the queue. Whoever has proven nothing is not heard.
"""

from collections import Counter
from collections.abc import Sequence

from gatebridge.rules.access_requests import RequestKind
from gatebridge.rules.reasons import installed
from gatebridge.storage import access_requests
from gatebridge.storage.access_requests import Wanted
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.tx import Tx

# Where an app asks for something new. A browser names the user who sits at it; a client speaks for itself, whomever it names.
_BY_BROWSER, _BY_CLIENT = frozenset({"authorize", "device_approved"}), frozenset({"token", "device_started"})


def asks(line: HistoryLine, *, proven: bool) -> bool:
    """Whether this outcome is an attempt that an admin may want to decide about: by a user who is signed in, or by a proven client."""
    if line.reason != installed.APP_NOT_INSTALLED.code:
        return False
    return (line.event in _BY_BROWSER and line.user_id is not None) or (line.event in _BY_CLIENT and proven)


def count(tx: Tx, lines: Sequence[HistoryLine]) -> None:
    """Count these attempts. Of several by one app and user the last one is shown."""
    last: dict[tuple[str, str, str], HistoryLine] = {}
    times: Counter[tuple[str, str, str]] = Counter()
    for line in lines:
        user_id = line.user_id if line.event in _BY_BROWSER else None
        key = (line.org_id, line.app_id, user_id or "")
        last[key] = line
        times[key] += 1
    # In one order, so that two workers that count the same requests do not wait for each other.
    for (org_id, app_id, user_id), line in sorted(last.items()):
        wanted = Wanted(
            org_id=org_id,
            kind=RequestKind.APP,
            app_id=app_id,
            user_id=user_id or None,
            scopes=line.scopes_asked or "",
            flow=line.flow or "",
            address=line.address,
        )
        access_requests.count_up(tx, wanted, times[org_id, app_id, user_id])
