"""How far one app reaches in an org: what of it is alive, for whom, from where it came lately, and what it was given.

It is what somebody wants to know who is about to contain the app, and what those ask who come to look afterwards.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo

from gatebridge.monitoring import app_activity as activity
from gatebridge.monitoring.app_activity import AppUser
from gatebridge.records.change import permit
from gatebridge.rules.actors import Actor
from gatebridge.rules.permissions import Permission
from gatebridge.storage import app_activity, live_tokens
from gatebridge.storage.app_activity import AddressCounted
from gatebridge.storage.live_tokens import Counted
from gatebridge.storage.tx import Tx

FEW = 10


@dataclass(frozen=True, slots=True)
class Reach:
    """`live`: what would end now. The rest is of the last 30 days, among the newest 5,000 lines: the first few, and how many they are."""

    live: Counted
    users: tuple[AppUser, ...]
    user_number: int
    addresses: tuple[AddressCounted, ...]
    address_number: int
    scopes: Mapping[str, int]  # each with how many tokens had it, the most frequent first


def of_app(tx: Tx, actor: Actor, app_id: str, zone: tzinfo, few: int = FEW) -> Reach:
    """The reach of an app in the actor's org. Reads a bounded number of rows; read it in a snapshot. Raises Refused."""
    permit(actor, Permission.MANAGE_CONNECTED_APPS)
    since = activity.first_moment(tx.now, zone)
    addresses, number = app_activity.by_address(tx, actor.org_id, app_id, since, few)
    users = activity.users_of_app(tx, actor, app_id, few, zone)
    scopes = Counter[str]()
    for together, tokens in app_activity.scopes_given(tx, actor.org_id, app_id, since).items():
        scopes.update(dict.fromkeys(together.split(), tokens))
    return Reach(
        live_tokens.count(tx, actor.org_id, app_id=app_id),
        users.first,
        users.number,
        tuple(addresses),
        number,
        dict(sorted(scopes.items(), key=lambda each: (-each[1], each[0]))),
    )
