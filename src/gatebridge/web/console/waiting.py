"""What waits for the reader, so that the navigation says so on every page: a number beside a place."""

from collections.abc import Mapping

from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import Permission
from gatebridge.storage import access_requests
from gatebridge.storage.tx import Tx

MOST = 99  # beyond it, how many there are exactly changes nothing


def counts(tx: Tx, actor: Actor) -> Mapping[str, str]:
    """How much waits at each place, by its word, as it is shown: `3`, `99+`. A place at which nothing waits is not there."""
    if Permission.MANAGE_CONNECTED_APPS not in actor.permissions:
        return {}
    requests = access_requests.waiting(tx, actor.org_id, MOST + 1)
    return {"requests": told(requests)} if requests else {}


def told(number: int) -> str:
    """A number of things that were counted up to one more than `MOST`."""
    return f"{number}" if number <= MOST else f"{MOST}+"
