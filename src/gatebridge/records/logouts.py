"""The pen of the logouts: that a session has ended is left for the apps that signed their users in by it (Back-Channel Logout 1.0).

One entry of the outbox for each app and session, in the transaction that ends the session; what is posted is made when it is sent. Nobody
who signs out waits for an app, and no app can keep a session alive.
"""

from collections.abc import Iterable
from datetime import datetime

from gatebridge.records import outbox
from gatebridge.storage import logouts
from gatebridge.storage.logouts import Place, Told
from gatebridge.storage.tx import Tx

KIND = "logout"  # one app hears of one session
OF_APP_KIND = "app_logout"  # one app hears of every session in which it got something; who they are is looked up later

CHUNK = 200


def announce(tx: Tx, org_id: str, session_id: str) -> int:
    """A session has ended, with all that it continued. How many are told."""
    return _leave(tx, org_id, logouts.of_session(tx, org_id, session_id))


def announce_user(tx: Tx, org_id: str, user_id: str) -> int:
    """The sessions of a user that this transaction has ended. How many are told."""
    return _leave(tx, org_id, logouts.of_user(tx, org_id, user_id))


def announce_devices(tx: Tx, org_id: str, user_id: str) -> int:
    """Everything that apps have of a user ends: the devices hear of it beside the sessions. How many are told."""
    return _leave(tx, org_id, logouts.of_devices(tx, org_id, user_id))


def announce_grants(tx: Tx, org_id: str, grant_ids: Iterable[str]) -> int:
    """Grants have ended that a user approved in a session: their apps end what they made of it, and the session goes on."""
    return _leave(tx, org_id, logouts.of_grants(tx, org_id, tuple(grant_ids)))


def announce_app(tx: Tx, org_id: str, app_id: str, installation_id: str) -> None:
    """Everything that an app had in this org has ended. One entry, however many users it had: a revoke costs the same for all."""
    if not logouts.listens(tx, app_id):
        return
    payload = {"app": app_id, "installation": installation_id, "before": tx.now.isoformat()}
    outbox.leave(tx, org_id, OF_APP_KIND, payload)


def spread(tx: Tx, org_id: str, payload: dict[str, object]) -> int:
    """Leave the entries for which `announce_app` left one, a chunk of them; and one more for the rest, where there is more."""
    user_id, grant_id = payload.get("after_user"), payload.get("after_grant")
    after = Place(str(user_id), str(grant_id)) if user_id is not None else None
    before = datetime.fromisoformat(str(payload["before"]))
    told, reached = logouts.of_app(tx, org_id, str(payload["installation"]), before=before, after=after, limit=CHUNK)
    if reached is not None:
        outbox.leave(tx, org_id, OF_APP_KIND, payload | {"after_user": reached.user_id, "after_grant": reached.grant_id})
    return _leave(tx, org_id, told)


def _leave(tx: Tx, org_id: str, told: list[Told]) -> int:
    for each in told:
        outbox.leave(tx, org_id, KIND, {"app": each.app_id, "user": each.user_id, "session": each.session_id})
    return len(told)
